/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_DIALECT_H
#define TESTS_BENCH_PEERS_DIALECT_H

#include "tests/bench/peers/wire.h"

/*
 * A dialect: how a kind of server is asked, and what of its answers is
 * checked.  Each speaks its protocol on the socket itself, so that no library
 * of a server's costs one client more than another.  An error, and an answer
 * that is not the right one, ends the program.
 */

enum ask {
    ASK_APPEND,   /* event n, durably, as the server is configured */
    ASK_BATCH,    /* NOTE_BATCH events from n, all or none */
    ASK_LOAD,     /* the same into a server that is to be asked for them, so
                     that a position is a date where the server says so */
    ASK_FACTS,    /* the same again, into what only ASK_STATE looks at */
    ASK_AT,       /* the event at position n */
    ASK_SINCE,    /* the first event at or after a date shortly before that of
                     event n */
    ASK_STATE,    /* of the partnership of event n, as of the date of event m */
    ASK_TIMELINE, /* its first DIALECT_PAGE events, as of then */
    ASK_REPLAY,   /* events from n, in order: a page, or all up to m */
    ASK_PING,
};

#define ASKS(ask) (1u << (ask))

#define DIALECT_PAGE 50

struct request {
    enum ask ask;
    uint64_t n, m;
    double sent_us;
};

enum taken {
    TAKEN_NOTHING, /* more bytes must come first */
    TAKEN_PART,    /* something was taken, the answer goes on */
    TAKEN_ANSWER,  /* the answer ended */
};

struct dialect {
    const char *name;
    unsigned asks;         /* those that it has, ASKS(...) */
    uint32_t replay_page;  /* events in one; 0: all in one answer */
    uint32_t replay_ahead; /* pages that are asked for at a time */

    /* Say hello; false where the server is not ready to talk.  NULL: no need.
     */
    bool (*greet)(struct wire *wire);
    /* Make what an empty server needs.  NULL: nothing. */
    void (*create)(struct wire *wire);
    /* Called before ASK_FACTS and after it.  NULL: no need. */
    void (*facts_begin)(struct wire *wire);
    void (*facts_end)(struct wire *wire);
    /* Append the request to wire->out. */
    void (*put)(struct wire *wire, const struct request *request);
    /* Take what has come of the answer to `request`, adding the events of a
     * replay to `*rows`. */
    enum taken (*take)(struct wire *wire, const struct request *request,
                       uint64_t *rows);
};

extern const struct dialect dialect_entente, dialect_floor, dialect_redis,
    dialect_nats, dialect_postgresql, dialect_tarantool;

/* Milliseconds before event n and after the one before it. */
uint64_t dialect_since_ms(uint64_t n);

#endif
