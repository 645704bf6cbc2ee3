/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_CANNED_H
#define TESTS_BENCH_PEERS_CANNED_H

#include "tests/bench/peers/scores.h"
#include "tests/bench/peers/server.h"

/*
 * Row W5, sent from memory: the replay of a server, byte for byte, sent again
 * by a process that has nothing else to do.  What the client and the socket
 * take is left; no server with these answers can be faster.  Returns how many
 * bytes they are.
 */
size_t canned_replay(struct scores *scores, const struct server *server,
                     const char *scratch, uint64_t stored);

#endif
