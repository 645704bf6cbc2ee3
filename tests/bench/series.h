/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SERIES_H
#define TESTS_BENCH_SERIES_H

#include <stddef.h>
#include <stdint.h>

/* Measured values, and what is said of them.  Start with {0}. */
struct series {
    double *values;
    size_t count, capacity;
};

void series_deinit(struct series *series);
void series_clear(struct series *series);
void series_add(struct series *series, double value);

/* The value that `share` (0 to 1) of them do not exceed; 0 of none.  Sorts. */
double series_at(struct series *series, double share);

/*
 * Latencies in rounds: what is said of them is the median of the rounds' own
 * p50 and p99, so that one rough second of the machine does not decide.
 */
struct latency {
    struct series round;
    struct series p50s, p99s;
};

void latency_deinit(struct latency *latency);
void latency_add(struct latency *latency, double us);
void latency_end_round(struct latency *latency);
double latency_p50(struct latency *latency);
double latency_p99(struct latency *latency);

/* Microseconds of the monotonic clock. */
double clock_us(void);

#endif
