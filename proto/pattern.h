/* SPDX-License-Identifier: MIT */
#ifndef PROTO_PATTERN_H
#define PROTO_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Dates with unknown digits (1XXX-02-3X), and the first and last day that
 * exists and fits.  Does not read text: that is edtf.c.
 */

/* No number of a date is negative. */
#define PATTERN_NONE (-1)
#define PATTERN_YEAR_DIGITS ((size_t)4)
#define PATTERN_YEAR_MAX 9999

struct digits {
    const uint8_t *data; /* borrowed: '0' to '9' and 'X' */
    size_t count;
    int low, high; /* every X taken as 0, as 9 */
};

/* Two unknown digits: a month or a day of which nothing was said. */
extern const struct digits digits_unsaid;

struct pattern {
    bool negative; /* the year has a minus; then it is not 0000 */
    struct digits year;
    struct digits month; /* or a season, 21 to 41, in which `day` is unsaid */
    struct digits day;
};

/* The lowest (or highest) value from `min` to `max` that fits, or
 * PATTERN_NONE. */
int digits_edge(const struct digits *digits, int min, int max, bool highest);

/* True for 21 to 41, each a group of whole months.  No X is among them. */
bool digits_is_season(const struct digits *month);

/*
 * The first day that exists and fits, and the day after the last, both in
 * days since 1970-01-01.  False when there is none.
 */
bool pattern_range(const struct pattern *pattern, int64_t *first_out,
                   int64_t *after_out) __attribute__((warn_unused_result));

#endif
