/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_TERMS_H
#define DAEMON_TERMS_H

#include "proto/mp.h"

/*
 * Terms of agreements merged: later maps overwrite earlier keys; nil in an
 * amendment takes a key away.  Keys come out sorted by bytes, "effective" is
 * left out.  Spans borrow from the events.
 */

struct term {
    struct span key;
    struct span value;
    uint32_t order; /* later ones win */
    bool removes;   /* a nil of an amendment */
};

/* Start with {0}. */
struct terms {
    struct term *items;
    size_t size, capacity;
    bool failed; /* no memory */
};

void terms_deinit(struct terms *terms);

/* Merge a MessagePack map; an absent span changes nothing. */
void terms_merge(struct terms *terms, struct span map, bool amendment);

/* Merge what terms_settle left of others. */
void terms_merge_all(struct terms *terms, const struct terms *others);

/* Sort, and keep the last of each key. */
void terms_settle(struct terms *terms);

/* Write the settled terms as a map. */
void terms_put(struct mp_buf *buf, const struct terms *terms);

#endif
