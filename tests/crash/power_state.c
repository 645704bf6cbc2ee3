/* SPDX-License-Identifier: MIT */
/* The part of power_disk that is about directories. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/crash/bytes.h"
#include "tests/crash/power_disk.h"
#include "tests/system/scratch.h"

#define NANOSECONDS 1000000000

/* Zeros in blocks of this size become holes. */
#define BLOCK_SIZE ((size_t)4096)

void
power_state_deinit(struct power_state *state)
{
    for (size_t i = 0; i < POWER_FILES_MAX; i++)
        free(state->files[i].bytes);
    *state = (struct power_state){0};
}

/* --- writing --------------------------------------------------------------*/

static bool
is_zero(const uint8_t *bytes, size_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* From `at` on: the end of what is to be written, or to be left out. */
static size_t
run_end(const struct power_file *file, size_t at, bool *zero)
{
    size_t end = at;
    while (end < file->size) {
        size_t left = file->size - end;
        size_t size = left < BLOCK_SIZE ? left : BLOCK_SIZE;
        bool this = is_zero(file->bytes + end, size);
        if (end == at)
            *zero = this;
        else if (this != *zero)
            break;
        end += size;
    }
    return end;
}

static void
write_file(const struct power_file *file, const char *directory)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, directory, file->name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(ftruncate(fd, (off_t)file->size), 0);
    for (size_t at = 0, end; at < file->size; at = end) {
        bool zero = false;
        end = run_end(file, at, &zero);
        if (!zero)
            ck_assert_int_eq(pwrite(fd, file->bytes + at, end - at, (off_t)at),
                             (ssize_t)(end - at));
    }
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_NOW},
        {.tv_sec = file->mtime / NANOSECONDS,
         .tv_nsec = file->mtime % NANOSECONDS},
    };
    ck_assert_int_eq(futimens(fd, times), 0);
    close(fd);
}

void
power_state_write(const struct power_state *state, const char *directory)
{
    scratch_remove(directory);
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    for (size_t i = 0; i < state->file_count; i++)
        write_file(&state->files[i], directory);
}

/* --- reading --------------------------------------------------------------*/

static void
read_file(struct power_file *file, const char *directory, const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat status;
    struct bytes bytes;
    scratch_join(path, directory, name);
    ck_assert_int_eq(stat(path, &status), 0);
    bytes_read(&bytes, path);
    free(file->bytes);
    snprintf(file->name, sizeof(file->name), "%s", name);
    file->bytes = bytes.data;
    file->size = file->room = bytes.size;
    file->mtime =
        (int64_t)status.st_mtim.tv_sec * NANOSECONDS + status.st_mtim.tv_nsec;
}

static bool
is_state(const char *name)
{
    size_t size = strlen(name);
    return name[0] != '.' && strcmp(name, "entented.lock") != 0 &&
           (size < 5 || strcmp(name + size - 5, "-lock") != 0);
}

void
power_state_read(struct power_state *state, const char *directory)
{
    DIR *entries = opendir(directory);
    ck_assert_ptr_nonnull(entries);
    const struct dirent *entry;
    state->file_count = 0;
    state->what[0] = '\0';
    while ((entry = readdir(entries)) != NULL) {
        if (!is_state(entry->d_name))
            continue;
        ck_assert_uint_lt(state->file_count, POWER_FILES_MAX);
        read_file(&state->files[state->file_count++], directory, entry->d_name);
    }
    closedir(entries);
}
