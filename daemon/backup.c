/* SPDX-License-Identifier: MIT */
#include "daemon/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/backup_target.h"
#include "daemon/log_copy.h"
#include "daemon/log_create.h"

/* What goes through the pipe at once, and between two looks at whether to go
 * on; /proc/sys/fs/pipe-max-size allows it to everybody. */
#define BACKUP_CHUNK_SIZE ((size_t)1 << 20)

/* Bytes that may wait to be written: an append that flushes beside us waits for
 * as many, and so does an end.  With 8 MiB the slowest hundredth of appends was
 * half as slow again, and a backup no faster. */
#define BACKUP_DIRTY_SIZE ((off_t)1 << 20)

/* A backup leaves so much free: it may be the log's own file system, and an
 * append counts more (LOG_FREE_SPACE_MIN, daemon/log.c, and some batches). */
#define BACKUP_FREE_SPACE_MIN ((uint64_t)8 << 20)

struct backup {
    struct backups *owner;
    pthread_t thread;
    char *path;       /* owned */
    uint64_t tip;     /* that it has to reach */
    unsigned holders; /* its owner and who began it; the reactor's */
    _Atomic int result;
    struct backup_outcome outcome; /* the thread's while that is RUNNING */
};

struct backups {
    struct log *log;
    int fd;
    _Atomic bool stop;
    struct backup *running;
};

/* --- from the log into a pipe ---------------------------------------------*/

struct copier {
    struct backups *backups;
    pthread_t thread;
    int fd; /* where the pipe begins */
    int rc;
};

static void *
run_copier(void *context)
{
    struct copier *copier = context;
    copier->rc =
        log_copy(copier->backups->log, copier->fd, &copier->backups->stop);
    close(copier->fd);
    return NULL;
}

/* Signals are the reactor's; SIGBUS comes to whoever causes it. */
static bool
start_thread(pthread_t *thread, void *(*run)(void *context), void *context)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

/* --- from the pipe into a file --------------------------------------------*/

static int
check_room(int fd, uint64_t needed)
{
    struct statvfs space;
    if (fstatvfs(fd, &space) != 0)
        return -errno;
    uint64_t room = (uint64_t)space.f_bavail * space.f_frsize;
    return room < needed + BACKUP_FREE_SPACE_MIN ? -ENOSPC : 0;
}

static int
write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written == 0 ? -EIO : -errno;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/* Start to write what has piled up, and wait for what was started before.  An
 * error here is one of fsync's later. */
static void
write_back(int fd, off_t *begun, off_t at)
{
    if (at - *begun < BACKUP_DIRTY_SIZE)
        return;
    (void)sync_file_range(fd, *begun, at - *begun,
                          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                              SYNC_FILE_RANGE_WAIT_AFTER);
    *begun = at;
}

/* Until the pipe ends. */
static int
pump(const struct backups *backups, int from, int to)
{
    uint8_t *chunk = malloc(BACKUP_CHUNK_SIZE);
    int rc = chunk == NULL ? -ENOMEM : 0;
    off_t at = 0, begun = 0;
    while (rc == 0) {
        ssize_t got = read(from, chunk, BACKUP_CHUNK_SIZE);
        if (got == 0)
            break;
        if (got < 0)
            rc = errno == EINTR ? 0 : -errno;
        else if (atomic_load(&backups->stop))
            rc = -ECANCELED;
        else
            rc = check_room(to, (uint64_t)got);
        if (rc != 0 || got < 0)
            continue;
        rc = write_all(to, chunk, (size_t)got);
        at += got;
        write_back(to, &begun, at);
    }
    free(chunk);
    return rc;
}

static int
copy_into(struct backups *backups, int file)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    (void)fcntl(ends[0], F_SETPIPE_SZ, (int)BACKUP_CHUNK_SIZE);
    struct copier copier = {.backups = backups, .fd = ends[1]};
    if (!start_thread(&copier.thread, run_copier, &copier)) {
        close(ends[0]);
        close(ends[1]);
        return -ENOMEM;
    }
    int rc = pump(backups, ends[0], file);
    close(ends[0]); /* one that still writes is told so */
    pthread_join(copier.thread, NULL);
    if (rc == 0)
        rc = copier.rc;
    return rc;
}

/* --- one backup -----------------------------------------------------------*/

/* Blocks for all of it: a file that grows has every flush of the file system
 * wait for its bytes, an append's too.  Not all file systems can. */
static int
reserve(int file, uint64_t size)
{
    if (fallocate(file, 0, 0, (off_t)size) == 0 || errno == EOPNOTSUPP)
        return 0;
    return -errno;
}

static int
make_copy(struct backup *backup, const struct backup_target *target)
{
    struct backups *backups = backup->owner;
    int file = backup_target_file(target, LOG_FILE_NAME);
    if (file < 0)
        return file;
    int rc = check_room(file, log_size(backups->log));
    if (rc == 0)
        rc = reserve(file, log_size(backups->log));
    if (rc == 0)
        rc = copy_into(backups, file);
    if (rc == 0 && ftruncate(file, lseek(file, 0, SEEK_CUR)) != 0)
        rc = -errno;
    if (rc == 0 && fsync(file) != 0)
        rc = -errno;
    if (rc == 0) /* what is checked next comes from the disk */
        (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    if (close(file) != 0 && rc == 0)
        rc = -errno;
    return rc;
}

/* What went wrong with the path is for whoever gave it to put right. */
static enum backup_result
result_of(int rc, bool of_path)
{
    switch (rc) {
    case 0:
        return BACKUP_DONE;
    case -ENOSPC:
    case -EDQUOT:
    case -EFBIG:
        return BACKUP_FULL;
    case -EBADMSG:
        return BACKUP_CORRUPT;
    case -ECANCELED:
        return BACKUP_STOPPED;
    default:
        return of_path && backup_target_is_unfit(rc) ? BACKUP_UNFIT
                                                     : BACKUP_FAILED;
    }
}

static int
check_copy(struct backup *backup, const struct backup_target *target)
{
    struct backup_outcome *outcome = &backup->outcome;
    struct log_copied copied = {.tip = backup->tip};
    int rc = log_copy_settle(backup->owner->log, &target->directory,
                             &backup->owner->stop, &copied, &outcome->reason);
    outcome->tip = copied.tip;
    outcome->bytes = copied.bytes;
    outcome->damaged = copied.damaged;
    return rc;
}

static enum backup_result
make(struct backup *backup)
{
    struct diag_reason *reason = &backup->outcome.reason;
    struct backup_target target;
    int rc = backup_target_open(&target, span_of(backup->path), reason);
    if (rc != 0)
        return result_of(rc, true);
    bool of_path = false;
    rc = make_copy(backup, &target);
    if (rc != 0)
        diag_because(reason, "%s: %s", target.path, strerror(-rc));
    if (rc == 0)
        rc = check_copy(backup, &target);
    if (rc == 0) {
        rc = backup_target_settle(&target, reason);
        of_path = true;
    }
    backup_target_close(&target);
    return result_of(rc, of_path);
}

static void
say_how_it_ended(const struct backup *backup, enum backup_result result)
{
    const struct backup_outcome *outcome = &backup->outcome;
    const char *path = backup->path;
    if (result == BACKUP_DONE)
        diag_of(DIAG_BACKUP_MADE,
                "backup %s: %" PRIu64 " bytes, up to position %" PRIu64, path,
                outcome->bytes, outcome->tip);
    else if (result == BACKUP_CORRUPT)
        diag_about(&(const struct diag_about){.kind = DIAG_BACKUP_FAILED,
                                              .position = outcome->damaged},
                   "no backup %s: the event at position %" PRIu64
                   " fails its checksum",
                   path, outcome->damaged);
    else if (result == BACKUP_STOPPED)
        diag_of(DIAG_BACKUP_FAILED, "no backup %s: the daemon ends", path);
    else if (result != BACKUP_UNFIT) /* which is for the client to put right */
        diag_of(DIAG_BACKUP_FAILED, "no backup: %s", outcome->reason.text);
}

static void *
run(void *context)
{
    struct backup *backup = context;
    const uint64_t one = 1;
    enum backup_result result = make(backup);
    atomic_store(&backup->result, (int)result);
    say_how_it_ended(backup, result); /* we are joined before it is freed */
    /* Fails where it is readable already. */
    ssize_t written = write(backup->owner->fd, &one, sizeof one);
    (void)written;
    return NULL;
}

/* --- all of them ----------------------------------------------------------*/

struct backups *
backups_new(struct log *log)
{
    struct backups *backups = calloc(1, sizeof *backups);
    if (backups == NULL)
        return NULL;
    backups->log = log;
    backups->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (backups->fd < 0) {
        free(backups);
        return NULL;
    }
    return backups;
}

int
backups_fd(const struct backups *backups)
{
    return backups->fd;
}

void
backup_release(struct backup *backup)
{
    if (--backup->holders > 0)
        return;
    free(backup->path);
    free(backup);
}

static void
join(struct backups *backups)
{
    pthread_join(backups->running->thread, NULL);
    backup_release(backups->running);
    backups->running = NULL;
}

static void
join_if_done(struct backups *backups)
{
    if (backups->running != NULL &&
        atomic_load(&backups->running->result) != BACKUP_RUNNING)
        join(backups);
}

void
backups_reap(struct backups *backups)
{
    uint64_t count;
    ssize_t got = read(backups->fd, &count, sizeof count);
    (void)got; /* empties it */
    join_if_done(backups);
}

void
backups_stop(struct backups *backups)
{
    atomic_store(&backups->stop, true);
}

void
backups_free(struct backups *backups)
{
    if (backups == NULL)
        return;
    backups_stop(backups);
    if (backups->running != NULL)
        join(backups);
    close(backups->fd);
    free(backups);
}

struct backup *
backup_begin(struct backups *backups, struct span path, uint64_t tip)
{
    join_if_done(backups);
    if (backups->running != NULL || atomic_load(&backups->stop))
        return NULL;
    struct backup *backup = calloc(1, sizeof *backup);
    if (backup == NULL)
        return NULL;
    backup->path = strndup((const char *)path.data, path.size);
    backup->owner = backups;
    backup->tip = tip;
    backup->holders = 2;
    if (backup->path != NULL && start_thread(&backup->thread, run, backup)) {
        backups->running = backup;
        return backup;
    }
    free(backup->path);
    free(backup);
    return NULL;
}

enum backup_result
backup_result(const struct backup *backup,
              const struct backup_outcome **outcome)
{
    *outcome = &backup->outcome;
    return (enum backup_result)atomic_load(&backup->result);
}
