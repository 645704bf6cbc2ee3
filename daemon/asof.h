/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ASOF_H
#define DAEMON_ASOF_H

#include "daemon/service.h"

/*
 * The three dates that a question is asked with (EVENTS.md, "What counts").
 */
struct asof {
    int64_t at;    /* A, +inf for no limit */
    int64_t known; /* K */
    uint64_t seq;  /* S, never beyond the tip */
};

/* The last millisecond of the day (UTC) of a moment: the default of A. */
int64_t asof_end_of_day(int64_t now_ms);

/*
 * The last position of at most `tip` that was recorded by `moment_ms`, 0 for
 * none.  LOG_OK or LOG_FAILED; reads between log_read_begin and log_read_end.
 */
enum log_result asof_recorded_by(struct log_reader *log, uint64_t tip,
                                 int64_t moment_ms, uint64_t *seq)
    __attribute__((warn_unused_result));

/* Whole days from t to k, for `lag_days`: 0 where k is not later. */
int64_t asof_lag_days(int64_t t, int64_t k);

/* Append an RFC 3339 str, or nil for +inf. */
void asof_put_moment(struct mp_buf *buf, int64_t moment_ms);

/* Append lag_days: nil where k is +inf. */
void asof_put_lag(struct mp_buf *buf, int64_t t, int64_t k);

#endif
