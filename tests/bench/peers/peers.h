/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_PEERS_H
#define TESTS_BENCH_PEERS_PEERS_H

#include "tests/bench/peers/scores.h"
#include "tests/bench/peers/server.h"

/*
 * The workloads on the systems that take part, by turns; tests/bench/README.md
 * says what W1 to W9 are.
 */

#define PEERS_CLIENTS 32       /* of W3 */
#define PEERS_OUTSTANDING 1024 /* of W2 */

struct peers {
    const char *scratch; /* on a real disk */
    bool takes_part[SYSTEM_COUNT];
    int rounds;
    double seconds;  /* of one workload in one round */
    uint64_t stored; /* events of W5 to W9 */
    struct scores scores;
};

/* How a system is talked to; NULL where it is no server. */
const struct dialect *peers_dialect(enum system system);

/* Prepare it, unless it takes no part or is not installed, which ends its
 * part.  On true the caller removes the server. */
bool peers_prepare(struct peers *peers, enum system system,
                   struct server *server);

void peers_append(struct peers *peers); /* W1 to W4 */
void peers_stored(struct peers *peers); /* W5 to W9 */

/* `ping` and `state` of our daemon, idle and while events are imported. */
void peers_import(struct peers *peers);

/* The page on growth: our daemon at 10 k events, and ten times as many again
 * and again, up to peers->stored; Markdown on standard output. */
void peers_growth(struct peers *peers);

/*
 * What a system flushes while it acknowledges, by strace.  Ends the program
 * where a durable one acknowledged more than it flushed for.
 */
void peers_sync(struct peers *peers);

#endif
