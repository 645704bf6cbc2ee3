/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_RECENT_H
#define DAEMON_RECENT_H

#include "proto/event.h"

/*
 * What the writer must know of events that the views do not hold yet: where
 * their ids are and at which revision their partnerships.  Consecutive
 * positions; old ones are forgotten when the views have caught up, new ones
 * when their append failed.
 *
 * An import holds a hundred thousand of them and asks twice for each, so they
 * are kept small, in tables without chains: an id as 40 bits of its hash and
 * 24 of its position, which the event itself confirms; a partnership as 128
 * bits of its hash, which are taken for its name: with the seed secret, two in
 * a million that collide are less likely than an undetected fault of memory.
 *
 * Writer thread only.
 */

/* Positions that can be held at once: their distance fits 24 bits. */
#define RECENT_COUNT_MAX (((size_t)1 << 24) - 1)

/* A partnership and its newest event. */
struct recent_home {
    uint64_t hash[2]; /* 0, 0: nothing stands here */
    uint64_t seq, rev;
};

/* How a position is forgotten again. */
struct recent_undo {
    uint64_t id;      /* its hash */
    uint64_t home[2]; /* the same of its partnership, and what that was at */
    uint64_t seq, rev;
};

struct recent {
    uint64_t *ids;               /* hash and position, 0: nothing stands here */
    size_t id_capacity, id_used; /* a power of two, or 0; not empty */
    struct recent_home *homes;
    size_t home_capacity, home_used;
    struct recent_undo *undo; /* of the newest positions */
    size_t undo_count, undo_capacity;
    uint64_t first; /* positions first .. end - 1 are held */
    uint64_t end;
    uint64_t seed; /* of the hash, so that no client can aim at a slot */
};

/* The first position to be added is `first`. */
void recent_init(struct recent *recent, uint64_t first);
void recent_deinit(struct recent *recent);

/* Add the next position, whose id is none of those held. 0 or -ENOMEM, and
 * then nothing is changed. */
int recent_add(struct recent *recent, uint64_t rev, struct span id,
               struct span partnership) __attribute__((warn_unused_result));

/*
 * The position of an id, or 0.  `is` says whether the event at a position has
 * it: asked where the hash is the same, which is nearly always right.
 */
uint64_t recent_find_id(const struct recent *recent, struct span id,
                        bool (*is)(void *context, uint64_t seq, struct span id),
                        void *context);

/* The revision of a partnership after its newest event; false where none is
 * held. */
bool recent_find_partnership(const struct recent *recent,
                             struct span partnership, uint64_t *rev);

/* Keep only positions above `seq`. */
void recent_forget_upto(struct recent *recent, uint64_t seq);

/* Keep only positions up to `seq`, which is at or behind the last that
 * recent_confirm was told. */
void recent_forget_above(struct recent *recent, uint64_t seq);

/* Positions up to `seq` are stored: they will not be forgotten from above. */
void recent_confirm(struct recent *recent, uint64_t seq);

/* How many are held. */
size_t recent_count(const struct recent *recent);

#endif
