/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_ID_SET_H
#define CLIENT_ID_SET_H

#include "proto/mp.h"

/*
 * A set of ids that remembers their order: a hash table over one buffer, so
 * that an id costs its bytes and two words.  Start with {0}.
 */
struct id_set {
    struct mp_buf bytes; /* all ids, each behind its size */
    size_t *slots;       /* 1 + where in `bytes`; 0: free */
    size_t slot_count;   /* a power of two, or 0 */
    size_t count;
};

void id_set_deinit(struct id_set *set);

bool id_set_has(const struct id_set *set, struct span id);

/* Add what may be there already. False: no memory. */
bool id_set_add(struct id_set *set, struct span id)
    __attribute__((warn_unused_result));

/*
 * Walk in the order of adding: start with `*at` 0.  False at the end.  An id
 * borrows until the next one is added.
 */
bool id_set_next(const struct id_set *set, size_t *at, struct span *id);

#endif
