/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_MARKS_H
#define TESTS_BENCH_MARKS_H

#include "tests/bench/link.h"

/*
 * A log in which some questions have the same answer whatever its size: ten
 * years of generated events, then marks, then ten more years.
 *
 * The marks are MARKS_COUNT events that happened in MARKS_YEAR, when nothing
 * else did, with MARKS_PARTY, which no other event has.  By their number
 * modulo 4 they are
 *   0  of type MARKS_TYPE
 *   1  of type MARKS_TYPE, and public only in MARKS_DISCLOSED_YEAR
 *   2  a meeting "in June"
 *   3  regulatory, with the party that writes all letters
 */
#define MARKS_COUNT 200u
#define MARKS_YEAR 2010
#define MARKS_PARTY "marked-party"
#define MARKS_TYPE "x-mark"
#define MARKS_DISCLOSED_YEAR 2030
#define MARKS_OF_TYPE (MARKS_COUNT / 2)
#define MARKS_MEETINGS (MARKS_COUNT / 4)
#define MARKS_REGULATORY (MARKS_COUNT / 4)
#define MARKS_LATE (MARKS_COUNT / 4)

/* The middle of the log: marks of the first half year, without the meetings
 * of June, which are possible then. */
#define MARKS_MIDDLE "2010-06-15"
uint64_t marks_by_middle(void);
uint64_t marks_late_by_middle(void); /* those of them that are public later */

/* A date after all that happened. */
#define MARKS_NEWEST "2021-12-31"

struct marks_log {
    uint64_t count;          /* events, the marks and the knots included */
    const char *names;       /* of partnerships, as in struct events_shape */
    uint32_t partnerships;   /* of the years around the marks */
    const char *partnership; /* that has the marks */
    bool knots;              /* knots.h, with strands among the others */
};

/* What the log holds, so that answers can be checked. */
struct marks_content {
    uint64_t live_before, live_after; /* not superseded, around the marks */
};

struct marks_content marks_load(struct link *link, const struct marks_log *log);

#endif
