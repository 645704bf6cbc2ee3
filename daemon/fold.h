/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_FOLD_H
#define DAEMON_FOLD_H

#include "daemon/number_map.h"
#include "proto/event.h"

/*
 * The state of a partnership: events in, in fold order, state out.
 * EVENTS.md, "The state", says what each type does.
 *
 * Pure: knows neither LMDB nor sockets.  It works on compact operations, one
 * per event, that hold what changes the state and no text; whoever answers
 * reads titles and terms of the few events that the state names.  One thread
 * at a time.
 */

/* Raise when the same operations would fold to another state, or operations
 * hold something else: views of another version are rebuilt. */
#define FOLD_VERSION 2u

/* A user's own type x-... is this plus its number among the names. */
#define FOLD_USER_TYPE_BASE ((uint32_t)MODEL_TYPE_COUNT)

struct fold_op {
    uint64_t seq;
    int64_t t; /* takes effect */
    int64_t start_lo;
    int64_t k; /* known from */
    uint64_t root;
    uint64_t re_root; /* root of the event that re names, or 0 */
    uint32_t type;    /* enum model_type, or FOLD_USER_TYPE_BASE + number */
    bool marked;      /* some event corrects or retracts it, live or not */

    bool has_amount;
    enum model_amount_kind amount_kind;
    uint32_t currency; /* three letters, the first in the highest byte */
    event_money amount;

    bool sets_effective;     /* terms has "effective", nil included */
    int64_t effective_start; /* -inf where none */
    int64_t effective_end;   /* +inf where none, or not an interval */

    uint32_t party_count;
    const uint8_t *parties; /* big-endian numbers of 4 bytes, borrowed */
};

/* An open offer or dispute, or an agreement that was not terminated. */
struct fold_entry {
    uint64_t root;
    uint64_t seq; /* the event that set it last */
    int64_t effective_start, effective_end;
    uint64_t *amendments; /* positions, in fold order */
    uint32_t amendment_count, amendment_capacity;
    bool gone;
};

/* In the order in which they were set. */
struct fold_list {
    struct fold_entry *entries; /* some are gone */
    size_t size, capacity;
    size_t count;            /* that are not gone */
    struct number_map index; /* root -> entry */
};

struct fold_total {
    enum model_amount_kind kind;
    uint32_t currency;
    event_money sum;
    uint64_t events; /* that have such an amount */
};

struct fold_party {
    uint32_t number;
    uint64_t events; /* that it takes part in */
};

struct fold_count {
    uint32_t type;
    uint64_t count;
};

struct fold {
    uint64_t events;
    uint64_t first, last; /* positions, 0 for none */
    struct fold_count *counts;
    struct fold_total *totals;
    struct fold_party *parties;
    size_t count_size, total_size, party_size;
    size_t count_capacity, total_capacity, party_capacity;
    struct number_map count_index, total_index, party_index;
    struct fold_list agreements, offers, disputes;
};

enum fold_status { FOLD_PENDING, FOLD_IN_FORCE, FOLD_EXPIRED };

/* Start with {0}. */
void fold_deinit(struct fold *fold);

/* Take the next operation in fold order. 0 or -ENOMEM. */
int fold_apply(struct fold *fold, const struct fold_op *op)
    __attribute__((warn_unused_result));

/*
 * What an operation does whatever stands before and behind it: it is counted,
 * its parties join, its amount is added; and how that is taken back.  The rest,
 * `first` and `last` too, is as it was.  0 or -ENOMEM.
 */
int fold_count(struct fold *fold, const struct fold_op *op)
    __attribute__((warn_unused_result));
void fold_uncount(struct fold *fold, const struct fold_op *op);

/* Only add the operation's amount, if it has one. 0 or -ENOMEM. */
int fold_add_amount(struct fold *fold, const struct fold_op *op)
    __attribute__((warn_unused_result));

/* Does an operation of that type change what stands under its re_root? */
bool fold_touches(uint32_t type);

uint64_t fold_count_of(const struct fold *fold, enum model_type type);

/* Where an agreement stands at a moment. */
enum fold_status fold_status_at(const struct fold_entry *agreement, int64_t at);

/* "active", "negotiating", ... as of a moment. */
const char *fold_stage(const struct fold *fold, int64_t at);

/* Agreements in force at a moment. */
size_t fold_in_force(const struct fold *fold, int64_t at);

#endif
