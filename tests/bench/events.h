/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_EVENTS_H
#define TESTS_BENCH_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mp.h"
#include "tests/bench/dice.h"

/*
 * Logs of any size and shape, one valid event after another: offers that are
 * answered, agreements that are amended and ended, disputes that are settled,
 * and between them the letters, meetings and notes that most of a log is.
 *
 * The same shape gives the same events.  References name what was given out
 * before.  At no moment has a partnership more than one open offer, one open
 * dispute and EVENTS_AGREEMENTS_MAX agreements, whatever its age, so that the
 * answers of an old partnership are no longer than those of a young one; for
 * the same reason only events that are merely counted have imprecise dates or
 * come late.
 */

/* A party to every letter (`contact`), for filters that hit much of a log. */
#define EVENTS_BROAD_PARTY "correspondent"

#define EVENTS_AGREEMENTS_MAX 3

struct events_shape {
    uint64_t count;
    const char *names; /* of partnerships: this and 0, 1, 2, ... */
    uint32_t partnerships;
    uint32_t parties;          /* 0: one for each partnership, and one more */
    int year_first, year_last; /* all dates lie within them */
    double late;               /* share of events that become public later on */
    double behind;    /* share that happened long before their neighbours */
    double corrected; /* share that correct or retract an earlier one */
    double imprecise; /* share of counted events without a precise date */
    double hot;       /* share that the first partnership has beside its own */
    uint64_t seed;
    const char *prefix; /* of ids: this and 1, 2, 3, ... */
    bool only_counted;  /* no offers, agreements, disputes, money */
};

extern const struct events_shape events_shape_default;

/* What one partnership has open. Events are named by number, from 1; 0: none.
 */
struct events_stream {
    uint64_t offer, dispute;
    uint64_t agreements[EVENTS_AGREEMENTS_MAX];
    uint64_t counted; /* may still be corrected or retracted */
    int32_t counted_day;
    uint8_t counted_type;
};

struct events {
    struct events_shape shape;
    struct dice dice;
    struct events_stream *streams;
    uint64_t made;
    uint64_t superseded; /* of those made */
    uint64_t revelation; /* the last one, for `disclosed_by` */
    int64_t day_first, day_last;
};

/* Ends the program where the shape makes no sense. */
void events_init(struct events *events, const struct events_shape *shape);
void events_deinit(struct events *events);

/* Append the next event to `out`, one encoded map; false when all were. */
bool events_next(struct events *events, struct mp_buf *out);

#endif
