/* SPDX-License-Identifier: MIT */
/* Every change of a data directory and every flush, in their order, and what
 * is sent to clients between them: preloaded into the daemon under test.
 *
 * What this does not see, such as writes through a mapping, shows: the test
 * compares its idea of the files with the files. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/crash/preload/control.h"
#include "tests/crash/preload/record_parts.h"

#define SECTOR_SIZE ((size_t)512)
#define DESCRIPTORS_MAX 65536

struct record_tape *record_tape;
struct stat record_directory;
static uint32_t connections[DESCRIPTORS_MAX]; /* 0: not a client's */

void *
record_find(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL)
        abort();
    return function;
}

_Noreturn void
record_give_up(const char *why)
{
    fprintf(stderr, "record: %s\n", why);
    abort();
}

/* --- entries --------------------------------------------------------------*/

struct record_entry *
record_note(const struct record_entry *entry, const void *bytes)
{
    uint64_t kept = ((uint64_t)entry->kept + 7) & ~(uint64_t)7;
    uint64_t end =
        sizeof(*record_tape) + record_tape->used + sizeof(*entry) + kept;
    if (end > RECORD_TAPE_SIZE)
        record_give_up("the tape is full");
    struct record_entry *at =
        (struct record_entry *)((char *)record_tape->first + record_tape->used);
    *at = *entry;
    at->kept = (uint32_t)kept;
    if (bytes != NULL)
        memcpy(at + 1, bytes, entry->kept);
    record_tape->used += sizeof(*entry) + kept;
    record_tape->count++;
    return at;
}

void
record_lock(void)
{
    int saved = errno;
    pthread_mutex_lock(&record_tape->lock);
    errno = saved;
}

void
record_unlock(void)
{
    int saved = errno;
    pthread_mutex_unlock(&record_tape->lock);
    errno = saved;
}

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv(CONTROL_VARIABLE);
    int fd = path == NULL ? -1 : REAL(open)(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        abort();
    record_tape =
        mmap(NULL, RECORD_TAPE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    REAL(close)(fd);
    if (record_tape == MAP_FAILED ||
        stat(record_tape->directory, &record_directory) != 0)
        record_give_up("no tape, or no directory");
    record_lock();
    record_note(&(struct record_entry){.kind = RECORD_START}, NULL);
    record_unlock();
}

/* --- files ----------------------------------------------------------------*/

static uint32_t
file_of_inode(const struct stat *status)
{
    if (record_tape == NULL || status->st_dev != record_directory.st_dev)
        return 0;
    for (uint32_t i = record_tape->file_count; i > 0; i--)
        if (record_tape->inodes[i - 1] == status->st_ino)
            return i;
    return 0;
}

/* The number of a file that is recorded, or 0. */
uint32_t
record_file(int fd, struct stat *status)
{
    if (record_tape == NULL || fstat(fd, status) != 0 ||
        !S_ISREG(status->st_mode))
        return 0;
    return file_of_inode(status);
}

/* An inode that is freed may be another file's tomorrow. */
void
record_forget_inode(const struct stat *status)
{
    uint32_t file = file_of_inode(status);
    if (file != 0)
        record_tape->inodes[file - 1] = 0;
}

int64_t
record_mtime(const struct stat *status)
{
    return status->st_mtim.tv_sec * INT64_C(1000000000) +
           status->st_mtim.tv_nsec;
}

static int64_t
mtime_now(int fd)
{
    struct stat status = {0};
    int saved = errno;
    fstat(fd, &status);
    errno = saved;
    return record_mtime(&status);
}

/* --- bytes ----------------------------------------------------------------*/

/* A write as all of its kinds are: from a place on, or at the descriptor's. */
struct writing {
    int fd;
    const struct iovec *pieces;
    int count;
    off_t at; /* -1: the descriptor's */
    int flags;
};

static ssize_t
real_write(const struct writing *writing)
{
    return REAL(pwritev2)(writing->fd, writing->pieces, writing->count,
                          writing->at, writing->flags);
}

static size_t
gather(const struct writing *writing, char **bytes)
{
    size_t size = 0, at = 0;
    for (int i = 0; i < writing->count; i++)
        size += writing->pieces[i].iov_len;
    *bytes = malloc(size + 1);
    if (*bytes == NULL)
        record_give_up("no memory");
    for (int i = 0; i < writing->count; i++) {
        if (writing->pieces[i].iov_len > 0)
            memcpy(*bytes + at, writing->pieces[i].iov_base,
                   writing->pieces[i].iov_len);
        at += writing->pieces[i].iov_len;
    }
    return size;
}

static bool
is_zero(const char *bytes, size_t size)
{
    return size >= SECTOR_SIZE && bytes[0] == 0 &&
           memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* Where the first byte will go. */
static off_t
place_of(const struct writing *writing, const struct stat *before)
{
    if ((fcntl(writing->fd, F_GETFL) & O_APPEND) != 0)
        return before->st_size;
    return writing->at >= 0 ? writing->at : lseek(writing->fd, 0, SEEK_CUR);
}

static struct record_entry *
note_write(uint32_t file, off_t at, const char *bytes, size_t size)
{
    bool zero = is_zero(bytes, size);
    struct record_entry entry = {
        .kind = zero ? RECORD_ZERO : RECORD_WRITE,
        .file = file,
        .at = (uint64_t)at,
        .size = size,
        .kept = zero ? 0 : (uint32_t)size,
    };
    return record_note(&entry, bytes);
}

/* The disk is waited for without the lock, so that others write meanwhile. */
static ssize_t
write_waiting(const struct writing *writing, struct record_entry *entry,
              size_t size)
{
    uint64_t number = record_tape->count - 1;
    entry->waits = 1;
    record_tape->waiting++;
    record_unlock();
    ssize_t written = real_write(writing);
    record_lock();
    record_tape->waiting--;
    entry->size = written > 0 ? (uint64_t)written : 0;
    if (written == (ssize_t)size &&
        (record_tape->forget & RECORD_FORGET_WAITING) == 0)
        record_note(&(struct record_entry){.kind = RECORD_STORED,
                                           .file = entry->file,
                                           .at = number},
                    NULL);
    return written;
}

static ssize_t
write_file(const struct writing *writing, uint32_t file,
           const struct stat *before)
{
    char *bytes;
    size_t size = gather(writing, &bytes);
    record_lock();
    off_t at = place_of(writing, before);
    bool waits = (fcntl(writing->fd, F_GETFL) & O_DSYNC) != 0 ||
                 (writing->flags & (RWF_DSYNC | RWF_SYNC)) != 0;
    ssize_t written;
    struct record_entry *entry = NULL;
    if (waits) {
        entry = note_write(file, at, bytes, size);
        written = write_waiting(writing, entry, size);
    } else {
        written = real_write(writing);
        if (written > 0)
            entry = note_write(file, at, bytes, (size_t)written);
    }
    if (entry != NULL)
        entry->mtime = mtime_now(writing->fd);
    record_unlock();
    int saved = errno;
    free(bytes);
    errno = saved;
    return written;
}

static ssize_t
send_client(const struct writing *writing, uint32_t connection)
{
    char *bytes;
    gather(writing, &bytes);
    record_lock();
    ssize_t sent = real_write(writing);
    int saved = errno;
    if (sent > 0)
        record_note(&(struct record_entry){.kind = RECORD_SENT,
                                           .file = connection,
                                           .size = (uint64_t)sent,
                                           .kept = (uint32_t)sent},
                    bytes);
    record_unlock();
    free(bytes);
    errno = saved;
    return sent;
}

static ssize_t
write_any(struct writing writing)
{
    struct stat before;
    uint32_t file = record_file(writing.fd, &before);
    if (file != 0)
        return write_file(&writing, file, &before);
    if (writing.fd >= 0 && writing.fd < DESCRIPTORS_MAX &&
        connections[writing.fd] != 0)
        return send_client(&writing, connections[writing.fd]);
    return real_write(&writing);
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = size};
    return write_any((struct writing){fd, &piece, 1, -1, 0});
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = size};
    return write_any((struct writing){fd, &piece, 1, at, 0});
}

ssize_t
writev(int fd, const struct iovec *pieces, int count)
{
    return write_any((struct writing){fd, pieces, count, -1, 0});
}

ssize_t
pwritev(int fd, const struct iovec *pieces, int count, off_t at)
{
    return write_any((struct writing){fd, pieces, count, at, 0});
}

ssize_t
pwritev2(int fd, const struct iovec *pieces, int count, off_t at, int flags)
{
    if (record_tape == NULL)
        return REAL(pwritev2)(fd, pieces, count, at, flags);
    return write_any((struct writing){fd, pieces, count, at, flags});
}

static void
note_size(int fd, uint64_t size, bool may_shrink)
{
    struct stat before = {0};
    uint32_t file = record_file(fd, &before);
    if (file != 0 && (may_shrink || size > (uint64_t)before.st_size))
        record_note(&(struct record_entry){.kind = RECORD_SIZE,
                                           .file = file,
                                           .size = size,
                                           .mtime = record_mtime(&before)},
                    NULL);
}

int
ftruncate(int fd, off_t size)
{
    record_lock();
    int rc = REAL(ftruncate)(fd, size);
    if (rc == 0)
        note_size(fd, (uint64_t)size, true);
    record_unlock();
    return rc;
}

/* Noted before it is done, as the size of the file decides. */
int
fallocate(int fd, int mode, off_t at, off_t size)
{
    struct stat status;
    if (record_file(fd, &status) == 0)
        return REAL(fallocate)(fd, mode, at, size);
    if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0)
        record_give_up("a hole in a file");
    record_lock();
    int rc = REAL(fallocate)(fd, mode | FALLOC_FL_KEEP_SIZE, at, size);
    if (rc == 0 && mode == 0 && at + size > status.st_size) {
        note_size(fd, (uint64_t)(at + size), false);
        rc = REAL(ftruncate)(fd, at + size);
    }
    record_unlock();
    return rc;
}

int
posix_fallocate(int fd, off_t at, off_t size)
{
    int saved = errno;
    int rc = fallocate(fd, 0, at, size) == 0 ? 0 : errno;
    errno = saved;
    return rc;
}

/* --- flushes --------------------------------------------------------------*/

static int
flush(int fd, uint32_t file, bool data_only)
{
    record_lock();
    struct record_entry entry = {
        .kind = RECORD_FLUSH, .file = file, .data_only = data_only};
    uint64_t number = record_tape->count;
    bool forget = (record_tape->forget & RECORD_FORGET_FLUSHES) != 0;
    if (!forget)
        record_note(&entry, NULL);
    record_unlock();
    if (forget)
        return 0;
    int rc = data_only ? REAL(fdatasync)(fd) : REAL(fsync)(fd);
    entry.kind = RECORD_FLUSHED;
    entry.at = number;
    record_lock();
    if (rc == 0)
        record_note(&entry, NULL);
    record_unlock();
    return rc;
}

/* What a flush of the descriptor flushes of ours; false: nothing. */
static bool
flushes(int fd, uint32_t *file)
{
    struct stat status;
    *file = record_file(fd, &status);
    if (*file != 0)
        return true;
    *file = RECORD_DIRECTORY;
    return record_tape != NULL && fstat(fd, &status) == 0 &&
           status.st_dev == record_directory.st_dev &&
           status.st_ino == record_directory.st_ino;
}

int
fsync(int fd)
{
    uint32_t file;
    return flushes(fd, &file) ? flush(fd, file, false) : REAL(fsync)(fd);
}

int
fdatasync(int fd)
{
    uint32_t file;
    return flushes(fd, &file) ? flush(fd, file, true) : REAL(fdatasync)(fd);
}

/* --- clients --------------------------------------------------------------*/

int
accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    int client = REAL(accept4)(fd, address, size, flags);
    if (client < 0 || client >= DESCRIPTORS_MAX)
        return client;
    record_lock();
    connections[client] = ++record_tape->connections;
    record_unlock();
    return client;
}

int
close(int fd)
{
    if (fd >= 0 && fd < DESCRIPTORS_MAX)
        connections[fd] = 0;
    return REAL(close)(fd);
}

ssize_t
send(int fd, const void *bytes, size_t size, int flags)
{
    if (fd < 0 || fd >= DESCRIPTORS_MAX || connections[fd] == 0)
        return REAL(send)(fd, bytes, size, flags);
    return write(fd, bytes, size);
}
