/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_PAIRS_H
#define CLIENT_PAIRS_H

#include "proto/mp.h"

/*
 * Two maps side by side, or two lists of maps that have an `id`: what is the
 * same thing before and after.
 */

enum pairs_by {
    PAIRS_BY_KEY, /* maps */
    PAIRS_BY_ID,  /* lists */
};

struct pair {
    struct span key;    /* the key, or the id */
    struct span before; /* the encoded value; absent where it was not there */
    struct span after;
};

/*
 * Visit every pair, those of `before` in its order, then those that only
 * `after` has, in its order.  An absent map or list counts as empty.  False:
 * no memory, nothing was visited.
 */
bool pairs_walk(struct span before, struct span after, enum pairs_by by,
                void (*visit)(void *context, const struct pair *pair),
                void *context) __attribute__((warn_unused_result));

#endif
