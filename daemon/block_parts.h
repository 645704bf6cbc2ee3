/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_BLOCK_PARTS_H
#define DAEMON_BLOCK_PARTS_H

#include "daemon/block.h"

/* What the parts of daemon/block share. Nobody else includes this. */

/* Where the parts of the head are. */
enum {
    BLOCK_HEAD_COUNT = 0,
    BLOCK_HEAD_VALUE = 2,
    BLOCK_HEAD_VALUE_SIZE = 4,
    BLOCK_HEAD_SCALE = 6,
    BLOCK_HEAD_ZONE = 10,
    BLOCK_HEAD_LAST = 34,
};

static inline void
block_put_u16(uint8_t *at, size_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static inline size_t
block_get_u16(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* Where a block under construction ends, and what the next entry is told
 * from. */
struct block_writing {
    uint8_t *block, *at;
    size_t limit;
    int64_t scale;
    struct tuple last;
    struct span last_value; /* within the block */
    size_t count;
};

/* False when it does not go in. */
bool block_write_entry(struct block_writing *writing,
                       const struct tuple_entry *entry);

/* Returns the size of the block. */
size_t block_write_head(struct block_writing *writing,
                        const struct block_zone *zone);

/* `entry` is the one before and becomes the next; returns where it ends, NULL
 * when the bytes are no entry. */
const uint8_t *block_read_entry(const uint8_t *at, const uint8_t *end,
                                uint64_t scale, struct tuple_entry *entry);

#endif
