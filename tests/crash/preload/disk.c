/* SPDX-License-Identifier: MIT */
/* A disk that fails, hangs, or is slow, when a test says so: preloaded into the
 * daemon under test, for log.journal, whose flush an acknowledgement waits for,
 * and for log.mdb behind it.  LMDB writes pages through one descriptor and the
 * meta page through another, opened with O_DSYNC. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/crash/preload/control.h"

#define LOG_NAME "/log.mdb"
#define JOURNAL_NAME "/log.journal"
#define META_SIZE ((size_t)120) /* of LMDB 0.9's meta page, without header */

static struct control_disk *control;

__attribute__((constructor)) static void
control_map(void)
{
    const char *path = getenv(CONTROL_VARIABLE);
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        abort();
    control =
        mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
}

static bool
is_file(int fd, const char *name)
{
    char link[64];
    char path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof(path));
    size_t name_size = strlen(name);
    return size > (ssize_t)name_size &&
           memcmp(path + size - name_size, name, name_size) == 0;
}

static bool
is_log(int fd)
{
    return is_file(fd, LOG_NAME);
}

/* True for one of the next `*count`. */
static bool
take(_Atomic int *count)
{
    int left = atomic_load(count);
    while (left > 0 && !atomic_compare_exchange_weak(count, &left, left - 1))
        ;
    return left > 0;
}

/* True for the last of the next `*count`. */
static bool
take_last(_Atomic int *count)
{
    return take(count) && atomic_load(count) == 0;
}

/* --- pages ----------------------------------------------------------------*/

/* True, with errno set, where writing pages is to fail. */
static bool
data_fails(int fd)
{
    if (!is_log(fd) || !take(&control->data_full))
        return false;
    errno = ENOSPC;
    return true;
}

ssize_t
writev(int fd, const struct iovec *pieces, int count)
{
    static ssize_t (*real)(int, const struct iovec *, int);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "writev");
    return data_fails(fd) ? -1 : real(fd, pieces, count);
}

/* --- the meta page --------------------------------------------------------*/

static ssize_t
real_pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "pwrite64");
    return real(fd, bytes, size, at);
}

static ssize_t
meta_write(int fd, const void *bytes, size_t size, off_t at)
{
    if (!take_last(&control->meta_at))
        return real_pwrite(fd, bytes, size, at);
    if (atomic_load(&control->meta_how) == CONTROL_META_GHOST) {
        (void)real_pwrite(fd, bytes, size, at);
        atomic_store(&control->take_back, 1);
    }
    errno = EIO;
    return -1;
}

static ssize_t
log_write(int fd, const void *bytes, size_t size, off_t at)
{
    if ((fcntl(fd, F_GETFL) & O_DSYNC) != 0)
        return meta_write(fd, bytes, size, at);
    if (size <= META_SIZE && take(&control->take_back)) {
        errno = EIO;
        return -1;
    }
    return data_fails(fd) ? -1 : real_pwrite(fd, bytes, size, at);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    return is_log(fd) ? log_write(fd, bytes, size, at)
                      : real_pwrite(fd, bytes, size, at);
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite64(fd, bytes, size, at);
}

/* --- flushing -------------------------------------------------------------*/

int
fdatasync(int fd)
{
    static int (*real)(int);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "fdatasync");
    bool is_journal = is_file(fd, JOURNAL_NAME);
    if (is_journal) {
        atomic_store(&control->flusher, gettid());
        atomic_fetch_add(&control->flushes, 1);
        usleep((useconds_t)atomic_load(&control->slow_us));
    }
    while (atomic_load(&control->stuck) != 0 && is_log(fd))
        pause();
    if (is_journal && take_last(&control->flush_at)) {
        errno = EIO;
        return -1;
    }
    if (atomic_load(&control->hold) != 0 && is_journal) {
        sem_post(&control->held);
        while (sem_wait(&control->go_on) != 0)
            ;
    }
    return real(fd);
}
