/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ARGS_H
#define DAEMON_ARGS_H

#include "proto/edtf.h"
#include "proto/model.h"
#include "proto/mp.h"

#include <stdbool.h>

/*
 * The named arguments of a request: one table of all that any method takes,
 * checked and taken apart in one place.  PROTOCOL.md has their meaning.
 *
 * Spans borrow from the request's bytes.  Reactor thread.
 */

/* symbol, name, kind; cursors that clients keep count on their order */
#define ARGS(X)                                                                \
    X(CLIENT, "client", TEXT)                                                  \
    X(EVENTS, "events", RAW_ARRAY)                                             \
    X(EXPECT, "expect", RAW_MAP)                                               \
    X(ID, "id", ID)                                                            \
    X(SEQ, "seq", UINT)                                                        \
    X(CONTEXT, "context", BOOL)                                                \
    X(PARTNERSHIP, "partnership", SLUG)                                        \
    X(PARTY, "party", SLUG)                                                    \
    X(TYPES, "types", TYPES)                                                   \
    X(ORDER, "order", ORDER)                                                   \
    X(FROM, "from", POINT)                                                     \
    X(TO, "to", POINT)                                                         \
    X(AT, "at", DATE)                                                          \
    X(KNOWN, "known", DATE)                                                    \
    X(RECORDED, "recorded", POINT)                                             \
    X(SUPERSEDED, "superseded", BOOL)                                          \
    X(REVERSE, "reverse", BOOL)                                                \
    X(BEFORE, "before", RAW_MAP)                                               \
    X(AFTER, "after", RAW_MAP)                                                 \
    X(POSSIBLE, "possible", BOOL)                                              \
    X(LIMIT, "limit", LIMIT)                                                   \
    X(CURSOR, "cursor", TEXT)                                                  \
    X(STREAM, "stream", BOOL)                                                  \
    X(TOKEN, "token", TEXT)                                                    \
    X(PATH, "path", TEXT)                                                      \
    X(BEHIND, "after", UINT)                                                   \
    X(CONSUMER, "consumer", ID)                                                \
    X(POSITION, "position", UINT)

enum arg {
#define X(symbol, ...) ARG_##symbol,
    ARGS(X)
#undef X
        ARG_COUNT
};

/* A set of arguments. */
typedef uint32_t arg_set;
#define ARG_BIT(symbol) ((arg_set)1 << ARG_##symbol)

enum args_order { ARGS_RECORDED, ARGS_OCCURRED, ARGS_DISCLOSED };

/* Events in one answer of a paged method, if nothing else is said, and at
 * most. */
#define ARGS_LIMIT_MAX 1000u

/* Types in one filter: more than there are, and some of a user's own. */
#define ARGS_TYPES_MAX 64u

/* One argument's value; which members count follows from its kind. */
struct arg_value {
    bool given;
    bool truth;        /* BOOL */
    bool is_date;      /* POINT: a date, else a position */
    uint64_t number;   /* UINT, LIMIT, ORDER, POINT that is a position */
    struct edtf date;  /* DATE, POINT that is a date */
    struct span bytes; /* TEXT, SLUG, ID, DATE: of the str; else the value */
};

struct args {
    struct arg_value values[ARG_COUNT];
};

/* Why arguments are refused: INVALID_REQUEST or INVALID_DATE. */
struct args_fault {
    enum model_error code;
    const char *name; /* of the argument, or NULL */
    bool has_offset;
    size_t offset;
    char message[320];
};

/*
 * Read `params` ([{...}] or []): only arguments of `allowed`, all of
 * `required`.  False with `*fault` set.
 */
bool args_read(struct span params, arg_set allowed, arg_set required,
               struct args *args, struct args_fault *fault)
    __attribute__((warn_unused_result));

/* The same for a map within the arguments. */
bool args_read_map(struct span map, arg_set allowed, struct args *args,
                   struct args_fault *fault)
    __attribute__((warn_unused_result));

/* A hash of all arguments but the cursor: equal ones give the same, in any
 * order or encoding. */
uint64_t args_hash(const struct args *args, const char *method);

#endif
