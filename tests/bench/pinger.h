/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PINGER_H
#define TESTS_BENCH_PINGER_H

#include "tests/bench/series.h"

/*
 * A second client, on a thread and a connection of its own, that asks `ping`
 * again and again: what one client's work costs another.
 */
struct pinger;

struct pinger *pinger_start(const char *socket);

/* Stop it; its latencies in microseconds, which the caller deinits. */
struct series pinger_stop(struct pinger *pinger);

#endif
