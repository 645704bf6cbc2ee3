/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_COPY_H
#define DAEMON_LOG_COPY_H

#include "daemon/log.h"

#include <stdatomic.h>
#include <stdbool.h>

/*
 * Copying a log while it is appended to: a part of daemon/log.
 *
 * A copy is one file, log.mdb, that holds every event which was acknowledged
 * before it was begun, and some of those that came meanwhile.  With the mark
 * beside it a data directory is whole: a daemon runs on it.
 */

/*
 * Write the log to `fd`, a pipe or a file.  Takes as long as `fd` takes the
 * bytes; reading from a pipe no more, or `stop`, ends it early.  It reads one
 * moment of the log and so keeps the pages of that moment from being used
 * again: log.mdb grows by what is rewritten meanwhile.  0 or a negative errno.
 * Any thread.
 */
int log_copy(struct log *log, int fd, const _Atomic bool *stop)
    __attribute__((warn_unused_result));

/* What a copy holds. */
struct log_copied {
    uint64_t tip;
    uint64_t bytes;   /* of its file */
    uint64_t damaged; /* the first event that is not sound; 0 for none */
};

/*
 * Look at the log.mdb that a copy is, in a directory that holds nothing else:
 * of the same log, at least to the position that `copied->tip` is, every
 * position there, every checksum right.  Then mark the directory as one that
 * holds a log, durably.  0 with `*copied` set; -EBADMSG where an event is
 * damaged; -ECANCELED; another negative errno with `reason` set.
 */
int log_copy_settle(const struct log *log, const struct datadir *directory,
                    const _Atomic bool *stop, struct log_copied *copied,
                    struct diag_reason *reason)
    __attribute__((warn_unused_result));

#endif
