/* SPDX-License-Identifier: MIT */
#include "daemon/block_parts.h"

#include <string.h>

#include "daemon/order.h"

/* New entries among those of a block. */

/* A block that is read, and what becomes of it. */
struct inserting {
    const uint8_t *at, *end;
    const uint8_t *copied;    /* up to here it is written again */
    struct tuple_entry entry; /* the last one read */
    size_t left, pending;     /* entries to read; read and to copy */
    bool changed;             /* what stood before the next to read */
    const struct tuple_entry *new, *new_end;
    uint64_t scale;
    struct block_writing writing;
};

/* Write again, as they are, the entries from `copied` to `upto`, the last of
 * which has that tuple and value. */
static bool
copy(struct inserting *inserting, const uint8_t *upto, const struct tuple *last,
     struct span last_value)
{
    struct block_writing *writing = &inserting->writing;
    size_t size = (size_t)(upto - inserting->copied);
    if (size == 0)
        return true;
    if (size > writing->limit - (size_t)(writing->at - writing->block))
        return false;
    memcpy(writing->at, inserting->copied, size);
    if (last_value.size == 0)
        writing->last_value = (struct span){0};
    else if (last_value.data >= inserting->copied)
        writing->last_value =
            (struct span){writing->at + (last_value.data - inserting->copied),
                          last_value.size};
    writing->at += size;
    writing->last = *last;
    writing->count += inserting->pending;
    inserting->pending = 0;
    inserting->copied = upto;
    return true;
}

/* Write the new entries up to the one that was read last; `*replaced` when
 * that is among them. */
static bool
write_new(struct inserting *inserting, bool *replaced)
{
    int order = -1;
    while (inserting->new < inserting->new_end && order < 0) {
        order = tuple_compare(&inserting->new->tuple, &inserting->entry.tuple);
        if (order <= 0 &&
            !block_write_entry(&inserting->writing, inserting->new ++))
            return false;
    }
    *replaced = order == 0;
    return true;
}

/* The next entry of the block, and what of the new ones belongs before it or
 * in its place. */
static bool
take_next(struct inserting *inserting)
{
    const struct tuple_entry before = inserting->entry;
    const uint8_t *start = inserting->at;
    bool replaced;
    if (start == inserting->end)
        return false;
    inserting->at = block_read_entry(start, inserting->end, inserting->scale,
                                     &inserting->entry);
    inserting->left--;
    if (inserting->at == NULL)
        return false;
    if (!inserting->changed &&
        tuple_compare(&inserting->new->tuple, &inserting->entry.tuple) > 0) {
        inserting->pending++;
        return true;
    }
    if (!copy(inserting, start, &before.tuple, before.value) ||
        !write_new(inserting, &replaced))
        return false;
    inserting->copied = inserting->at;
    inserting->changed = replaced;
    return replaced ||
           block_write_entry(&inserting->writing, &inserting->entry);
}

bool
block_insert(uint8_t block[BLOCK_SIZE_MAX], size_t *size,
             const struct tuple *key, const struct block_zone *zone,
             const struct tuple_entry *entries, size_t count)
{
    uint8_t written[BLOCK_SIZE_MAX];
    struct span old = {block, *size};
    struct block_zone all = *zone, old_zone;
    struct tuple last;
    bool unused;
    if (!block_zone_read(old, &old_zone) || !block_last(old, &last))
        return false;
    const uint8_t *first = block + BLOCK_HEAD_SIZE;
    uint32_t scale = order_get_u32(block + BLOCK_HEAD_SCALE);
    struct inserting inserting = {.at = first,
                                  .end = block + *size,
                                  .copied = first,
                                  .entry = {.tuple = *key},
                                  .left =
                                      block_get_u16(block + BLOCK_HEAD_COUNT),
                                  .new = entries,
                                  .new_end = entries + count,
                                  .scale = scale,
                                  .writing = {.block = written,
                                              .at = written + BLOCK_HEAD_SIZE,
                                              .limit = BLOCK_SIZE_MAX,
                                              .scale = scale,
                                              .last = *key}};
    while (inserting.left > 0 &&
           (inserting.changed || inserting.new < inserting.new_end))
        if (!take_next(&inserting))
            return false;
    if (inserting.left == 0 && inserting.at != inserting.end)
        return false;
    struct span value = {block + block_get_u16(block + BLOCK_HEAD_VALUE),
                         block_get_u16(block + BLOCK_HEAD_VALUE_SIZE)};
    inserting.pending += inserting.left;
    inserting.entry.tuple = (struct tuple){UINT64_MAX, INT64_MAX, INT64_MAX,
                                           UINT64_MAX}; /* behind all */
    if (!copy(&inserting, inserting.end, &last, value) ||
        !write_new(&inserting, &unused))
        return false;
    block_zone_add(&all, &old_zone);
    *size = block_write_head(&inserting.writing, &all);
    memcpy(block, written, *size);
    return true;
}
