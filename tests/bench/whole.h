/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_WHOLE_H
#define TESTS_BENCH_WHOLE_H

#include "tests/bench/entented.h"
#include "tests/bench/measure.h"
#include "tests/bench/series.h"

/* What is measured on one large log, with the daemon that has it. */
struct whole {
    struct measure *measure;
    uint64_t partnerships, size;
    struct entented daemon;
    struct link *link;
    struct series ping_alone;
};

/* A date after all that happened. */
#define WHOLE_NEWEST "2025-12-31"

void whole_tell(struct whole *whole, const char *group, const char *what,
                double value, const char *unit);

void whole_tell_latency(struct whole *whole, const char *group,
                        const char *what, struct latency *latency);

/* Compared with ping alone.  Takes the series. */
void whole_tell_ping(struct whole *whole, const char *group,
                     struct series *pings);

/* Start it without its views; how fast they are there again, and what is
 * served meanwhile. */
void whole_rebuild(struct whole *whole);

/* All events as a stream, to a reader that is fast and to one that is slow. */
void whole_stream(struct whole *whole);

#endif
