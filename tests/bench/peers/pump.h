/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_PUMP_H
#define TESTS_BENCH_PEERS_PUMP_H

#include "tests/bench/peers/dialect.h"
#include "tests/bench/series.h"

/*
 * The load: connections that keep so many requests of one kind on their way,
 * and take the answers.  All servers get the same, from one thread.
 */

#define PUMP_CONNECTIONS_MAX 64

/* On their way while events are loaded. */
#define PUMP_LOAD_BATCHES 4
#define PUMP_LOAD_SINGLES 1024

struct pump_plan {
    const struct dialect *dialect;
    const char *address;
    enum ask ask;
    uint32_t connections, window; /* requests on their way on each */
    uint64_t first;  /* event of the first request, where they go in order */
    uint64_t stored; /* if not: positions and dates are at random among these;
                        0: event 0 is asked about */
    uint64_t requests_max;
    double seconds_max; /* ask nothing more after that; 0: no end */
};

struct pump_result {
    uint64_t requests; /* that were answered */
    uint64_t rows;     /* of replays */
    double seconds;
    struct series us; /* of each request; the caller deinits */
};

struct pump_result pump_run(const struct pump_plan *plan);

/* Replay all `stored` events, in order. */
struct pump_result pump_replay(const struct dialect *dialect,
                               const char *address, uint64_t stored);

/* Ask such a question of the first `stored` events, one at a time. */
struct pump_result pump_some(const struct dialect *dialect, const char *address,
                             enum ask ask, uint64_t stored, double seconds);
void pump_once(const struct dialect *dialect, const char *address, enum ask ask,
               uint64_t stored);

/* Append `count` events from `first`; the seconds that it took. */
double pump_load(const struct dialect *dialect, const char *address,
                 enum ask ask, uint64_t first, uint64_t count);

/* Events that one such request is about. */
uint32_t pump_step(const struct dialect *dialect, enum ask ask);

#endif
