/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_SQLITE_H
#define TESTS_BENCH_PEERS_SQLITE_H

#include <stdbool.h>

#include "tests/bench/peers/scores.h"

/*
 * SQLite in this very process, without a socket: a WAL that is flushed at
 * each commit (synchronous=FULL), indexes by position and date.  Left out
 * where it was not there to build with; then both give false.
 */

/* W1 and W4 on an empty database below `scratch`. */
bool sqlite_append(struct scores *scores, const char *scratch, double seconds);

/* Load so many events and do W5 to W8, so many rounds. */
bool sqlite_stored(struct scores *scores, const char *scratch, uint64_t stored,
                   int rounds, double seconds);

#endif
