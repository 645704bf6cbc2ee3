/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_LIMITS_H
#define TESTS_BENCH_PEERS_LIMITS_H

#include "tests/bench/peers/scores.h"

/*
 * What the machine itself does, without any server: the bound of all of them.
 */

/* Rows W1 and W4: one event of 4 KiB, or 1000 of 350 bytes, written into a
 * file that was filled before, and flushed. */
void limits_flush(struct scores *scores, const char *scratch, double seconds);

/* Rows W6: 400 bytes to another process over a Unix socket, and back. */
void limits_echo(struct scores *scores, double seconds);

/* Row W5: a cursor over all events of an LMDB environment, all bytes read; and
 * what it takes to get at the pages of its file, which are in memory. */
void limits_scan(struct scores *scores, const char *environment);

#endif
