/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_FLOOR_PROTOCOL_H
#define TESTS_BENCH_PEERS_FLOOR_PROTOCOL_H

#include <stdint.h>

/*
 * What the floor (floor.c) is asked.  Both ends run on one machine and live
 * for one run, so the structs go over the socket as they are.
 */

enum floor_op {
    FLOOR_APPEND, /* `count` events of NOTE_SIZE follow: all or none */
    FLOOR_AT,     /* the event at position n */
    FLOOR_SINCE,  /* the first event at or after n, in milliseconds */
    FLOOR_REPLAY, /* all; then an answer of size 0 */
    FLOOR_PING,
};

struct floor_request {
    uint32_t op, count;
    uint64_t n;
    uint32_t size, unused; /* of what follows */
};

struct floor_answer {
    uint64_t position;
    uint32_t size, unused; /* of the event that follows, or 0 */
};

#endif
