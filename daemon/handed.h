/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_HANDED_H
#define DAEMON_HANDED_H

#include <stddef.h>
#include <stdint.h>

/*
 * The memory behind what a socket has still to take.
 *
 * A large chunk is handed over to libevent as it is, and its memory is free
 * when its last byte is sent: a client that leaves a byte of it holds all of
 * it.  This counts that.  Pure; one a connection.
 */

/* Chunks that are told apart.  A stream has two on their way; more are counted
 * as one, until the last of them is sent. */
#define HANDED_MAX 8

struct handed {
    struct {
        uint64_t end;    /* bytes that have to be sent for it to be free */
        size_t capacity; /* of its memory */
    } chunks[HANDED_MAX];
    size_t count;
    uint64_t queued; /* bytes that were ever queued */
};

/* Bytes are queued behind all others; `capacity` is that of the memory that
 * they stay in, or 0 if they were copied. */
void handed_add(struct handed *handed, size_t size, size_t capacity);

/* Of all that was queued so much is not sent: how much memory that holds. */
size_t handed_held(struct handed *handed, size_t unsent);

#endif
