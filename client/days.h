/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_DAYS_H
#define CLIENT_DAYS_H

#include "proto/calendar.h"
#include "proto/edtf.h"

/*
 * Where the date of an event stands in a calendar that knows days and moments
 * and nothing else.  What is open at one end stands at the other; what may be
 * at any time stands nowhere.
 */

enum days_kind {
    DAYS_NOWHERE,
    DAYS_MOMENT, /* one instant: from_ms */
    DAYS_DAY,
    DAYS_MONTH,
    DAYS_YEAR,
    DAYS_RANGE, /* any other run of days */
};

struct days {
    enum days_kind kind;
    bool exact;      /* written as just that: no interval, no `?`, `~`, `%` */
    int64_t from_ms; /* its first millisecond */
    int64_t to_ms;   /* its last */
};

/* Of an EDTF string; DAYS_NOWHERE also where it is none. */
struct days days_of(struct span edtf);

/* The day of a moment, and the milliseconds since it began. */
struct calendar_day days_day(int64_t moment_ms, int64_t *rest_ms);

#endif
