/* SPDX-License-Identifier: MIT */
/* The part of preload/record.c that is about names in the directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/crash/preload/record_parts.h"

#define LOCK_SUFFIX "-lock"
#define LOCK_NAME "entented.lock"
#define NAMES_SIZE ((uint32_t)sizeof(struct record_names))

static void
note_names(enum record_kind kind, uint32_t file, const char *name,
           const char *other)
{
    struct record_names names = {0};
    if (strlen(name) >= RECORD_NAME_SIZE || strlen(other) >= RECORD_NAME_SIZE)
        record_give_up("a name is too long");
    strcpy(names.name, name);
    strcpy(names.other, other);
    record_note(
        &(struct record_entry){.kind = kind, .file = file, .kept = NAMES_SIZE},
        &names);
}

/* The name within the directory, or NULL where it is elsewhere. */
static const char *
name_within(int at, const char *path)
{
    const char *slash = strrchr(path, '/');
    char parent[4096] = ".";
    struct stat status;
    if (record_tape == NULL)
        return NULL;
    if (slash != NULL)
        snprintf(parent, sizeof(parent), "%.*s/", (int)(slash - path), path);
    if (fstatat(at, parent, &status, 0) != 0 ||
        status.st_dev != record_directory.st_dev ||
        status.st_ino != record_directory.st_ino)
        return NULL;
    return slash == NULL ? path : slash + 1;
}

/* Locks hold nothing that a power loss could take. */
static bool
is_lock(const char *name)
{
    size_t size = strlen(name), suffix = strlen(LOCK_SUFFIX);
    return strcmp(name, LOCK_NAME) == 0 ||
           (size > suffix && strcmp(name + size - suffix, LOCK_SUFFIX) == 0);
}

/* --- names ----------------------------------------------------------------*/

static void
note_created(const char *name, int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        record_give_up("a new file cannot be looked at");
    record_forget_inode(&status);
    if (is_lock(name))
        return;
    if (record_tape->file_count == RECORD_FILES_MAX)
        record_give_up("too many files");
    record_tape->inodes[record_tape->file_count++] = status.st_ino;
    note_names(RECORD_CREATE, record_tape->file_count, name, "");
}

static void
note_truncated(int fd)
{
    struct stat status;
    uint32_t file = record_file(fd, &status);
    if (file != 0)
        record_note(&(struct record_entry){.kind = RECORD_SIZE,
                                           .file = file,
                                           .mtime = record_mtime(&status)},
                    NULL);
}

static int
open_within(int at, const char *path, const char *name, int flags, mode_t mode)
{
    struct stat before;
    record_lock();
    bool there = fstatat(at, path, &before, 0) == 0;
    int fd = REAL(openat)(at, path, flags, mode);
    int saved = errno;
    if (fd >= 0 && !there)
        note_created(name, fd);
    else if (fd >= 0 && (flags & O_TRUNC) != 0)
        note_truncated(fd);
    record_unlock();
    errno = saved;
    return fd;
}

static bool
takes_mode(int flags)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

int
openat(int at, const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = takes_mode(flags) ? va_arg(list, mode_t) : 0;
    va_end(list);
    const char *name = NULL;
    if ((flags & (O_CREAT | O_TRUNC)) != 0)
        name = name_within(at, path);
    return name != NULL ? open_within(at, path, name, flags, mode)
                        : REAL(openat)(at, path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = takes_mode(flags) ? va_arg(list, mode_t) : 0;
    va_end(list);
    return openat(AT_FDCWD, path, flags, mode);
}

int
renameat2(int from_at, const char *from, int to_at, const char *to,
          unsigned flags)
{
    const char *name = name_within(from_at, from);
    const char *other = name_within(to_at, to);
    struct stat replaced;
    if (name == NULL && other == NULL)
        return REAL(renameat2)(from_at, from, to_at, to, flags);
    if (name == NULL || other == NULL || (flags & RENAME_EXCHANGE) != 0)
        record_give_up("a file that comes from outside or goes there");
    record_lock();
    bool there = fstatat(to_at, to, &replaced, AT_SYMLINK_NOFOLLOW) == 0;
    int rc = REAL(renameat2)(from_at, from, to_at, to, flags);
    int saved = errno;
    if (rc == 0 && there && replaced.st_nlink == 1)
        record_forget_inode(&replaced);
    if (rc == 0 && !is_lock(other))
        note_names(RECORD_RENAME, RECORD_DIRECTORY, name, other);
    record_unlock();
    errno = saved;
    return rc;
}

int
renameat(int from_at, const char *from, int to_at, const char *to)
{
    return renameat2(from_at, from, to_at, to, 0);
}

int
rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    const char *name = name_within(from_at, from);
    const char *other = name_within(to_at, to);
    if (name == NULL && other == NULL)
        return REAL(linkat)(from_at, from, to_at, to, flags);
    if (name == NULL || other == NULL)
        record_give_up("a file that comes from outside or goes there");
    record_lock();
    int rc = REAL(linkat)(from_at, from, to_at, to, flags);
    int saved = errno;
    if (rc == 0)
        note_names(RECORD_LINK, RECORD_DIRECTORY, name, other);
    record_unlock();
    errno = saved;
    return rc;
}

int
link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlinkat(int at, const char *path, int flags)
{
    const char *name = name_within(at, path);
    struct stat status;
    if (name == NULL || flags != 0)
        return REAL(unlinkat)(at, path, flags);
    record_lock();
    bool there = fstatat(at, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
    int rc = REAL(unlinkat)(at, path, flags);
    int saved = errno;
    if (rc == 0 && there && status.st_nlink == 1)
        record_forget_inode(&status);
    if (rc == 0 && !is_lock(name))
        note_names(RECORD_UNLINK, RECORD_DIRECTORY, name, "");
    record_unlock();
    errno = saved;
    return rc;
}

int
unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}
