/* SPDX-License-Identifier: MIT */
#include "tests/crash/small_disk.h"

#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

static void
map_to_self(const char *path, unsigned id)
{
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "%u %u 1\n", id, id);
    ck_assert_msg(fclose(file) == 0, "%s cannot be written", path);
}

/* Mounts of our own, which end with us and the daemon. */
static bool
mounts_of_our_own(void)
{
    if (unshare(CLONE_NEWNS) == 0)
        return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    unsigned user = geteuid();
    unsigned group = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    FILE *file = fopen("/proc/self/setgroups", "we");
    ck_assert_ptr_nonnull(file);
    fputs("deny", file);
    fclose(file);
    map_to_self("/proc/self/uid_map", user);
    map_to_self("/proc/self/gid_map", group);
    return true;
}

bool
small_disk(const char *directory, unsigned mib)
{
    char options[32];
    snprintf(options, sizeof(options), "size=%um", mib);
    return mounts_of_our_own() &&
           mount("tmpfs", directory, "tmpfs", 0, options) == 0;
}
