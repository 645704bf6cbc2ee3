/* SPDX-License-Identifier: MIT */
#ifndef PROTO_EDTF_H
#define PROTO_EDTF_H

#include "proto/span.h"

/*
 * Dates as people know them: Extended Date/Time Format, ISO 8601-2:2019.
 *
 * Level 0 and level 1 whole; of level 2 the sub-year groupings 25-41,
 * qualifiers on components and unspecified digits anywhere.  The calendar is
 * proleptic Gregorian with astronomical years.  EVENTS.md, "Dates", says what
 * each form means.  Pure functions; any thread.
 */

/* Longest accepted text: two dates with every qualifier fit several times. */
#define EDTF_TEXT_MAX ((size_t)128)

/* Bounds are milliseconds since 1970-01-01T00:00:00Z; these two are never a
 * real moment. */
#define EDTF_MINUS_INFINITY INT64_MIN
#define EDTF_PLUS_INFINITY INT64_MAX

/* start_lo <= start_hi and end_lo <= end_hi. */
struct edtf {
    int64_t start_lo, start_hi, end_lo, end_hi;
    bool is_interval; /* written with a slash */
};

/* Where and why a text is not a date that we know. */
struct edtf_fault {
    size_t offset;      /* byte of the mistake, from 0; may be text.size */
    const char *reason; /* static; says what would be right */
};

/*
 * Read `text`.  True: `*date` is set, `*fault` untouched.  False: the
 * reverse.
 */
bool edtf_parse(struct span text, struct edtf *date, struct edtf_fault *fault)
    __attribute__((warn_unused_result));

/*
 * The moment from which the date has certainly begun: start_hi, or end_hi
 * where the start is open.  EVENTS.md, "When an event takes effect".
 */
int64_t edtf_certain(const struct edtf *date);

/* Room for any moment that edtf_format writes, with its NUL. */
#define EDTF_FORMAT_SIZE ((size_t)40)

/*
 * Write a finite moment as RFC 3339 in UTC with milliseconds.  Years outside
 * 0000-9999 carry their sign and at least four digits.  Returns the length
 * without the NUL.
 */
size_t edtf_format(int64_t moment_ms, char text[EDTF_FORMAT_SIZE]);

#endif
