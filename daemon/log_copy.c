/* SPDX-License-Identifier: MIT */
#include "daemon/log_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/log_create.h"
#include "daemon/log_parts.h"

/* Events between two looks at `stop`. */
#define LOG_COPY_STRIDE 256u

/*
 * Page by page as they are, free ones included: an append-only log has so few
 * that compacting it saves less than a thousandth.  Compacting would also walk
 * the tree, and fail where a page is damaged or lost.
 */
int
log_copy(struct log *log, int fd, const _Atomic bool *stop)
{
    if (atomic_load(stop))
        return -ECANCELED;
    enum log_result settled = log_settle(log);
    if (settled != LOG_OK)
        return settled == LOG_FULL ? -ENOSPC : -EIO;
    return env_error(mdb_env_copyfd2(log->env, fd, 0));
}

/* --- checking -------------------------------------------------------------*/

static int
read_events(struct log_reader *reader, uint64_t tip, const _Atomic bool *stop,
            struct log_copied *copied, struct diag_reason *reason)
{
    if (log_read_begin(reader) != LOG_OK) {
        diag_because(reason, "the copy cannot be read");
        return -EIO;
    }
    int rc = 0;
    for (uint64_t seq = 1; seq <= tip && rc == 0; seq++) {
        struct span event;
        if ((seq - 1) % LOG_COPY_STRIDE == 0 && atomic_load(stop)) {
            rc = -ECANCELED;
        } else if (log_read(reader, seq, &event) != LOG_OK) {
            copied->damaged = seq;
            rc = -EBADMSG;
        }
    }
    log_read_end(reader);
    return rc;
}

/* `copied` has the tip that there must be, and gets the one that there is. */
static int
check_copy(const struct log *log, struct log *copy, uint64_t count,
           const _Atomic bool *stop, struct log_copied *copied,
           struct diag_reason *reason)
{
    uint64_t tip = log_tip(copy);
    if (strcmp(log_id(log), log_id(copy)) != 0 || count != tip ||
        tip < copied->tip) {
        diag_because(reason, "the copy is not the log that was copied");
        return -EIO;
    }
    struct log_reader *reader = log_reader_new(copy);
    if (reader == NULL) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    copied->tip = tip;
    int rc = read_events(reader, tip, stop, copied, reason);
    log_reader_free(reader);
    return rc;
}

/* The journal stays where it is, so the copy must not ask for it. */
static int
forget_journal(const struct datadir *directory, struct diag_reason *reason)
{
    MDB_env *env = NULL;
    char *path = datadir_file(directory, LOG_FILE_NAME);
    if (path == NULL) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    int rc = env_open(path, MDB_NOLOCK, LOG_DATABASES, &env, reason);
    free(path);
    if (rc != 0)
        return rc;
    rc = log_forget_state(env);
    mdb_env_close(env);
    if (rc != 0)
        diag_because(reason, "the copy: %s", mdb_strerror(rc));
    return env_error(rc);
}

static int
measure(const struct datadir *directory, struct log_copied *copied,
        struct diag_reason *reason)
{
    struct stat status;
    if (fstatat(directory->directory_fd, LOG_FILE_NAME, &status, 0) != 0) {
        int rc = -errno;
        diag_because(reason, "the copy: %s", strerror(-rc));
        return rc;
    }
    copied->bytes = (uint64_t)status.st_size;
    return 0;
}

int
log_copy_settle(const struct log *log, const struct datadir *directory,
                const _Atomic bool *stop, struct log_copied *copied,
                struct diag_reason *reason)
{
    struct log *copy = NULL;
    uint64_t count;
    int rc = forget_journal(directory, reason);
    if (rc == 0)
        rc =
            log_open_to_read(directory->path, LOG_ALONE, &copy, &count, reason);
    if (rc == 0)
        rc = check_copy(log, copy, count, stop, copied, reason);
    log_close(copy);
    if (rc == 0)
        rc = measure(directory, copied, reason);
    if (rc == 0)
        rc = log_create_mark(directory, log_id(log), reason);
    return rc;
}
