/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_CHECK_H
#define DAEMON_LOG_CHECK_H

#include "daemon/log.h"

/*
 * What else log.mdb holds beside events, looked at without a change: a part of
 * daemon/log.
 */

/* Why a consumer is not sound; `name` may hold anything. */
struct log_check_consumer {
    struct span name;
    const char *fault;
    uint64_t position, tip; /* that it has, and that it may have at most */
};

/*
 * Hand out every consumer that is not sound; `*count` is how many there are in
 * all.  0 or a negative errno.
 */
int log_check_consumers(struct log *log, uint64_t *count,
                        void (*fault)(void *context,
                                      const struct log_check_consumer *),
                        void *context) __attribute__((warn_unused_result));

/* A log that is only read: its tip is that of this moment from now on.  0 or a
 * negative errno. */
int log_check_refresh(struct log *log) __attribute__((warn_unused_result));

#endif
