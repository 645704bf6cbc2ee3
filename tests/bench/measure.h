/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include "tests/bench/probe.h"
#include "tests/bench/report.h"

/*
 * The measurements, one function for each group of rows; tests/bench/README.md
 * says what the rows mean.  Each runs daemons of its own in the scratch
 * directory.
 */

#define MEASURE_SIZES_MAX 5

struct measure {
    const char *scratch; /* on a real disk */
    struct report report;
    int rounds;
    double seconds; /* of one repeated thing in one round */
    uint64_t partnership_sizes[MEASURE_SIZES_MAX]; /* ends with 0 */
    uint64_t log_sizes[MEASURE_SIZES_MAX];         /* ends with 0 */
    uint64_t portfolio_size;                       /* partnerships */
};

void measure_append(struct measure *measure);
void measure_state(struct measure *measure); /* with late arrivals */
void measure_late(struct measure *measure);  /* these alone */
void measure_filters(struct measure *measure);
/* Portfolio, rebuild and streamed replay of the same large log, and each of
 * them alone. */
void measure_whole(struct measure *measure);
void measure_portfolio(struct measure *measure);
void measure_rebuild(struct measure *measure);
void measure_stream(struct measure *measure);

#endif
