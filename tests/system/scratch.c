/* SPDX-License-Identifier: MIT */
#include "tests/system/scratch.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* nftw holds one descriptor per level; ours is at most data/file deep. */
#define TREE_DEPTH_MAX 8

static char root[SCRATCH_PATH_SIZE];

static void
join(char *path, const char *directory, const char *name)
{
    int size = snprintf(path, SCRATCH_PATH_SIZE, "%s/%s", directory, name);
    if (size < 0 || (size_t)size >= SCRATCH_PATH_SIZE) {
        fprintf(stderr, "%s is too long a directory; set TMPDIR\n", directory);
        exit(EXIT_FAILURE);
    }
}

void
scratch_root_make(void)
{
    const char *parent = getenv("TMPDIR");
    join(root, parent == NULL ? "/tmp" : parent, "entente-XXXXXX");
    if (mkdtemp(root) == NULL) {
        perror(root);
        exit(EXIT_FAILURE);
    }
}

void
scratch_root_remove(void)
{
    scratch_remove(root);
}

void
scratch_make(char path[SCRATCH_PATH_SIZE])
{
    join(path, root, "XXXXXX");
    ck_assert_msg(mkdtemp(path) != NULL, "%s: cannot be made", path);
}

void
scratch_join(char path[SCRATCH_PATH_SIZE], const char *directory,
             const char *name)
{
    join(path, directory, name);
}

static int
remove_entry(const char *path, const struct stat *status, int kind,
             struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void
scratch_remove(const char *path)
{
    (void)nftw(path, remove_entry, TREE_DEPTH_MAX, FTW_DEPTH | FTW_PHYS);
}
