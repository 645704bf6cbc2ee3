/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_WIRE_H
#define TESTS_BENCH_PEERS_WIRE_H

#include "proto/mp.h"

/*
 * A connection to a server of any kind: bytes that go out and bytes that have
 * come.  Knows nothing of what they say; that is the dialects' business, who
 * keep their place in an answer in `scanned` and `left`, 0 at first.
 *
 * An address is "unix:PATH" or "tcp:PORT" of the loopback.
 */
struct wire {
    int fd;
    uint32_t number; /* another one for each wire of this process */
    struct mp_buf out, in;
    size_t in_start; /* what lies before was dropped */
    size_t scanned;
    uint64_t left;
};

/* A server that says nothing for so long has hung. */
#define WIRE_SILENCE_S 60

/* A negative errno when nobody listens there. */
int wire_open(struct wire *wire, const char *address)
    __attribute__((warn_unused_result));
void wire_close(struct wire *wire);

/* Send all that is in `out`, taking in what comes meanwhile; false when the
 * other side is gone. */
bool wire_flush(struct wire *wire) __attribute__((warn_unused_result));

/* Take in what has come; waits for it where `wait` says so.  False when the
 * other side is gone. */
bool wire_fill(struct wire *wire, bool wait)
    __attribute__((warn_unused_result));

/* What has come and was not dropped; up to the next wire_fill. */
struct span wire_came(const struct wire *wire);
void wire_drop(struct wire *wire, size_t size);

/* Up to `size` bytes, or ends in false: for greetings and the like. */
bool wire_await(struct wire *wire, size_t size)
    __attribute__((warn_unused_result));

/* The line at the start, without its CRLF; absent while there is none. */
struct span wire_line(const struct wire *wire);

#endif
