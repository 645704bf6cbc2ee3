/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_BLOCK_H
#define DAEMON_BLOCK_H

#include "daemon/tuple.h"

/*
 * Some hundred entries of an index as one run of bytes, each as its difference
 * from the one before: an entry costs 3 to 8 bytes where its key alone would
 * be 32.  Pure: knows no database.
 *
 *   head      count 2, place and size of the last value 2 and 2, scale 4,
 *             zone 24, last tuple 32
 *   entries   each: a byte of flags, then what they announce
 *
 * The first entry follows `key`, the tuple that the block is kept under, which
 * is at or before all of its entries.
 *
 * Differences of `a` are divided by the scale, their greatest common divisor:
 * dates are whole days, seconds or milliseconds.
 */

/* Four of them, with their keys, fill a page of LMDB's. */
#define BLOCK_SIZE_MAX ((size_t)976)

#define BLOCK_HEAD_SIZE ((size_t)66)

/* The smallest entry is its flags. */
#define BLOCK_ENTRIES_MAX (BLOCK_SIZE_MAX - BLOCK_HEAD_SIZE)

/* The least t, k and seq among the events behind the entries, or less: whoever
 * looks for less need not look inside. */
struct block_zone {
    int64_t t, k;
    uint64_t seq;
};

#define BLOCK_ZONE_NONE                                                        \
    ((struct block_zone){.t = INT64_MAX, .k = INT64_MAX, .seq = UINT64_MAX})

static inline void
block_zone_add(struct block_zone *zone, const struct block_zone *other)
{
    zone->t = other->t < zone->t ? other->t : zone->t;
    zone->k = other->k < zone->k ? other->k : zone->k;
    zone->seq = other->seq < zone->seq ? other->seq : zone->seq;
}

void block_zone_write(uint8_t *block, const struct block_zone *zone);

/* False when the bytes are no block. */
bool block_zone_read(struct span block, struct block_zone *zone);

/* How many entries it says it has; 0 when the bytes are no block. */
size_t block_count(struct span block);

/*
 * Take a block apart.  `entries` has room for block_count; their values are
 * borrowed from `block`.  False when the bytes are no block.
 */
bool block_read(struct span block, const struct tuple *key,
                struct tuple_entry *entries, size_t *count)
    __attribute__((warn_unused_result));

/* A block that is taken apart entry by entry, as far as it is needed. */
struct block_reading {
    const uint8_t *at, *end;
    uint64_t scale;
    size_t left;              /* entries to be read */
    struct tuple_entry entry; /* the last one; its value is borrowed */
};

/* Before the first entry.  False when the bytes are no block. */
bool block_read_begin(struct block_reading *reading, struct span block,
                      const struct tuple *key)
    __attribute__((warn_unused_result));

/* The next entry, where one is left.  False when the bytes are no block. */
bool block_read_next(struct block_reading *reading)
    __attribute__((warn_unused_result));

/*
 * A block of as many entries, from the first on, as go into `limit` bytes,
 * which is at most BLOCK_SIZE_MAX.  Returns its size; `*taken`, at least 1, is
 * how many.  Entries are sorted, none is there twice, and none is before `key`.
 */
size_t block_write(uint8_t block[BLOCK_SIZE_MAX], size_t limit,
                   const struct tuple *key, const struct block_zone *zone,
                   const struct tuple_entry *entries, size_t count,
                   size_t *taken);

/*
 * Add entries at the end of a block, which has room for BLOCK_SIZE_MAX bytes,
 * as long as there is room: `*size` is the block's; returns how many.  Only for
 * a block that has a block_last, and entries behind it; the zone is of all of
 * them.
 */
size_t block_append(uint8_t block[BLOCK_SIZE_MAX], size_t *size,
                    const struct block_zone *zone,
                    const struct tuple_entry *entries, size_t count);

/*
 * Bring sorted entries into a block where there is room: what it holds stays as
 * it is written, but for the entries behind new ones.  An equal tuple's entry
 * is replaced.  False, and nothing is changed, when they do not go in or the
 * bytes are no block.
 */
bool block_insert(uint8_t block[BLOCK_SIZE_MAX], size_t *size,
                  const struct tuple *key, const struct block_zone *zone,
                  const struct tuple_entry *entries, size_t count);

/* False when the bytes are no block. */
bool block_last(struct span block, struct tuple *last);

#endif
