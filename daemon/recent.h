/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_RECENT_H
#define DAEMON_RECENT_H

#include "proto/event.h"

/*
 * What the writer must know of events that the views do not hold yet: ids,
 * revisions, types.  One entry a position, consecutive; old ones are forgotten
 * when the views have caught up, new ones when their append failed.
 *
 * Writer thread only.
 */

struct recent_entry {
    uint64_t seq, rev;
    enum model_type type;
    uint8_t id_size, partnership_size;
    uint8_t id[MODEL_ID_SIZE_MAX];
    uint8_t partnership[MODEL_SLUG_SIZE_MAX];
    uint64_t next_id, next_partnership; /* older positions, same bucket */
};

struct recent {
    struct recent_entry *entries;               /* a ring, by position */
    uint64_t *id_buckets, *partnership_buckets; /* newest position of each */
    size_t capacity;                            /* a power of two, or 0 */
    uint64_t first; /* positions first .. end - 1 are held */
    uint64_t end;
    uint64_t seed; /* of the hash, so that no client can aim at a bucket */
};

/* The first position to be added is `first`. */
void recent_init(struct recent *recent, uint64_t first);
void recent_deinit(struct recent *recent);

/* Add the next position. 0 or -ENOMEM. */
int recent_add(struct recent *recent, uint64_t rev, enum model_type type,
               struct span id, struct span partnership)
    __attribute__((warn_unused_result));

/* Borrowed until the next add; NULL for none. */
const struct recent_entry *recent_find_id(const struct recent *recent,
                                          struct span id);
/* The newest one of a partnership. */
const struct recent_entry *recent_find_partnership(const struct recent *recent,
                                                   struct span partnership);

/* Keep only positions above, or only positions up to, `seq`. */
void recent_forget_upto(struct recent *recent, uint64_t seq);
void recent_forget_above(struct recent *recent, uint64_t seq);

/* How many are held. */
size_t recent_count(const struct recent *recent);

#endif
