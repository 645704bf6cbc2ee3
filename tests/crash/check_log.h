/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_CHECK_LOG_H
#define TESTS_CRASH_CHECK_LOG_H

#include <jansson.h>

/*
 * What every restart must show of the fixture's log: positions without a gap.
 */

/* The whole log by pages: positions 1, 2, 3, ... up to the tip.  Returns the
 * events, a new reference. */
json_t *check_log_events(void);

/* The same, dropped: how many there are. */
json_int_t check_log(void);

/* An event of ours: {'id': id, 'type': 'note', ...}; a new reference. */
json_t *check_log_event(const char *id);

/* Send it; the answer, [1, msgid, error, result], or NULL where the daemon
 * closed instead.  A new reference. */
json_t *check_log_send(const char *id);

/* The position that such an answer acknowledges; 0 where it does not. */
json_int_t check_log_acknowledged(const json_t *answer);

/* Send it to a daemon that works; its position. */
enum check_log_novelty {
    CHECK_LOG_NEW,    /* it must be stored now */
    CHECK_LOG_AGAIN,  /* it must have been there */
    CHECK_LOG_EITHER, /* it was indeterminate */
};
json_int_t check_log_store(const char *id, enum check_log_novelty wanted);

#endif
