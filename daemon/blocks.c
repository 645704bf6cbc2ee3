/* SPDX-License-Identifier: MIT */
#include "daemon/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- finding a block ------------------------------------------------------*/

/* The block where a tuple is or would be; MDB_NOTFOUND in an empty index. */
static int
locate(MDB_cursor *cursor, const struct tuple *tuple, MDB_val *key,
       MDB_val *block)
{
    uint8_t wanted[TUPLE_KEY_SIZE];
    tuple_write(wanted, tuple);
    *key = (MDB_val){.mv_size = sizeof wanted, .mv_data = wanted};
    int rc = mdb_cursor_get(cursor, key, block, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, key, block, MDB_LAST);
    if (rc == 0 && (key->mv_size != sizeof wanted ||
                    memcmp(key->mv_data, wanted, sizeof wanted) != 0))
        rc = mdb_cursor_get(cursor, key, block, MDB_PREV);
    return rc;
}

/* --- merging --------------------------------------------------------------*/

/* New entries that are merged into a block at once. */
#define MERGE_ENTRIES_MAX ((size_t)512)

struct merging {
    MDB_cursor *cursor;
    const struct blocks_zones *zones;
    size_t *puts;
    struct tuple key;              /* of the block at hand */
    uint8_t block[BLOCK_SIZE_MAX]; /* a copy: a put may move it */
    size_t size;
    struct tuple_entry *old;    /* what it holds */
    struct tuple_entry *merged; /* with what is new */
};

static int
put_block(struct merging *merging, const struct tuple *under,
          const uint8_t *block, size_t size)
{
    uint8_t bytes[TUPLE_KEY_SIZE];
    tuple_write(bytes, under);
    MDB_val key = {.mv_size = sizeof bytes, .mv_data = bytes};
    MDB_val value = {.mv_size = size, .mv_data = (void *)(uintptr_t)block};
    ++*merging->puts;
    /* The cursor is near: no search from the root. */
    return mdb_cursor_put(merging->cursor, &key, &value, 0);
}

static struct block_zone
zone_of(const struct blocks_zones *zones, const struct tuple_entry *entries,
        size_t count)
{
    struct block_zone zone = BLOCK_ZONE_NONE;
    if (zones->zones == NULL)
        return (struct block_zone){.t = INT64_MIN, .k = INT64_MIN};
    for (size_t i = 0; i < count; i++)
        block_zone_add(&zone,
                       &zones->zones[entries[i].tuple.seq - zones->first]);
    return zone;
}

/* Blocks of what does not go into the block at hand any more. */
static int
put_new_blocks(struct merging *merging, const struct tuple_entry *entries,
               size_t count)
{
    const struct block_zone none = BLOCK_ZONE_NONE;
    int rc = 0;
    while (count > 0 && rc == 0) {
        uint8_t block[BLOCK_SIZE_MAX];
        size_t taken;
        struct tuple key = entries->tuple;
        size_t size = block_write(block, sizeof block, &key, &none, entries,
                                  count, &taken);
        struct block_zone zone = zone_of(merging->zones, entries, taken);
        block_zone_write(block, &zone);
        rc = put_block(merging, &key, block, size);
        entries += taken;
        count -= taken;
    }
    return rc;
}

/* All of `entries` are behind what the block holds. */
static int
append(struct merging *merging, const struct tuple_entry *entries, size_t count)
{
    struct block_zone zone = zone_of(merging->zones, entries, count);
    size_t taken =
        block_append(merging->block, &merging->size, &zone, entries, count);
    int rc = 0;
    if (taken > 0)
        rc = put_block(merging, &merging->key, merging->block, merging->size);
    return rc != 0 ? rc
                   : put_new_blocks(merging, entries + taken, count - taken);
}

/* Both are sorted; of equal ones the new one stays. */
static size_t
merge_entries(struct merging *merging, size_t old_count,
              const struct tuple_entry *entries, size_t count)
{
    const struct tuple_entry *old = merging->old, *old_end = old + old_count;
    const struct tuple_entry *end = entries + count;
    struct tuple_entry *to = merging->merged;
    while (old < old_end && entries < end) {
        int order = tuple_compare(&old->tuple, &entries->tuple);
        old += order == 0;
        *to++ = order < 0 ? *old++ : *entries++;
    }
    while (old < old_end)
        *to++ = *old++;
    while (entries < end)
        *to++ = *entries++;
    return (size_t)(to - merging->merged);
}

/* How large the parts should be of what does not go into one block: alike,
 * with some air. */
static size_t
part_size(size_t size, size_t taken, size_t count)
{
    size_t body = (size - BLOCK_HEAD_SIZE) * count / taken + 1;
    size_t room = BLOCK_SIZE_MAX - BLOCK_HEAD_SIZE;
    size_t parts = (body + room - 1) / room;
    size_t part = body / parts + body / parts / 16 + TUPLE_KEY_SIZE;
    return part < room ? BLOCK_HEAD_SIZE + part : BLOCK_SIZE_MAX;
}

static size_t
distance(size_t one, size_t other)
{
    return one > other ? one - other : other - one;
}

/*
 * How many of entries that are too many for a block go into the next one, of
 * those that would fit: up to the end of a set, and of such ends the one that
 * is nearest to the middle.  So many small sets stay together, and a large one
 * comes to end its block: what follows in it is appended, which costs least and
 * leaves full blocks behind.  0 where no set ends.
 */
static size_t
count_to_cut(const struct tuple_entry *entries, size_t count, size_t fit)
{
    size_t middle = count / 2, cut = 0;
    for (size_t i = 1; i <= fit; i++)
        if (entries[i].tuple.set != entries[i - 1].tuple.set &&
            distance(i, middle) < distance(cut, middle))
            cut = i;
    return cut;
}

/* The first of the blocks that entries take which are not written yet. */
static size_t
write_part(uint8_t block[BLOCK_SIZE_MAX], const struct tuple *key,
           const struct block_zone *zone, const struct tuple_entry *entries,
           size_t count, size_t *taken)
{
    size_t size =
        block_write(block, BLOCK_SIZE_MAX, key, zone, entries, count, taken);
    if (*taken == count)
        return size;
    size_t cut = count_to_cut(entries, count, *taken);
    if (cut > 0)
        return block_write(block, BLOCK_SIZE_MAX, key, zone, entries, cut,
                           taken);
    return block_write(block, part_size(size, *taken, count), key, zone,
                       entries, count, taken);
}

/* Take the block at hand apart and write it anew with what is new, in as many
 * blocks as that takes. */
static int
rewrite(struct merging *merging, const struct tuple_entry *entries,
        size_t count)
{
    size_t old_count, taken;
    struct span old = {merging->block, merging->size};
    struct block_zone zone, new = zone_of(merging->zones, entries, count);
    struct tuple key = merging->key;
    if (!block_read(old, &key, merging->old, &old_count) ||
        !block_zone_read(old, &zone))
        return MDB_CORRUPTED;
    block_zone_add(&zone, &new); /* of each part, too: it is a lower bound */
    size_t total = merge_entries(merging, old_count, entries, count);
    const struct tuple_entry *merged = merging->merged;
    for (;;) {
        uint8_t block[BLOCK_SIZE_MAX];
        size_t size = write_part(block, &key, &zone, merged, total, &taken);
        int rc = put_block(merging, &key, block, size);
        merged += taken;
        total -= taken;
        if (rc != 0 || total == 0)
            return rc;
        key = merged->tuple;
    }
}

/* How many of the entries are before the next block: the first one is. */
static size_t
count_before_key(const struct tuple_entry *entries, size_t count,
                 const struct tuple *next)
{
    size_t belong = 1;
    while (belong < count && tuple_compare(&entries[belong].tuple, next) < 0)
        belong++;
    return belong;
}

/*
 * The block where a tuple is or would be, and the tuple that the next one is
 * kept under, where there is one.  The cursor stays at the block.
 */
static int
locate_between(MDB_cursor *cursor, const struct tuple *tuple, MDB_val *key,
               MDB_val *block, struct tuple *next, bool *has_next)
{
    uint8_t wanted[TUPLE_KEY_SIZE];
    tuple_write(wanted, tuple);
    *key = (MDB_val){.mv_size = sizeof wanted, .mv_data = wanted};
    int rc = mdb_cursor_get(cursor, key, block, MDB_SET_RANGE);
    bool exact = rc == 0 && key->mv_size == sizeof wanted &&
                 memcmp(key->mv_data, wanted, sizeof wanted) == 0;
    if (exact)
        rc = mdb_cursor_get(cursor, key, block, MDB_NEXT);
    *has_next = rc == 0;
    if (rc == 0 && key->mv_size != TUPLE_KEY_SIZE)
        return MDB_CORRUPTED;
    if (rc == 0)
        *next = tuple_read(key->mv_data);
    if (rc == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, key, block, MDB_LAST);
    return rc == 0 ? mdb_cursor_get(cursor, key, block, MDB_PREV) : rc;
}

/* Copy the block where the first entry belongs; of the entries those that
 * belong to it, and not too many. */
static int
take_block(struct merging *merging, const struct tuple_entry *entries,
           size_t *count)
{
    MDB_val key, block;
    struct tuple next;
    bool has_next;
    if (*count > MERGE_ENTRIES_MAX)
        *count = MERGE_ENTRIES_MAX;
    int rc = locate_between(merging->cursor, &entries->tuple, &key, &block,
                            &next, &has_next);
    if (rc == MDB_NOTFOUND) {
        struct block_zone zone = BLOCK_ZONE_NONE;
        size_t unused;
        merging->key = TUPLE_FIRST;
        merging->size = block_write(merging->block, BLOCK_SIZE_MAX,
                                    &merging->key, &zone, NULL, 0, &unused);
        return 0;
    }
    if (rc != 0)
        return rc;
    if (key.mv_size != TUPLE_KEY_SIZE || block.mv_size > BLOCK_SIZE_MAX)
        return MDB_CORRUPTED;
    merging->key = tuple_read(key.mv_data);
    merging->size = block.mv_size;
    memcpy(merging->block, block.mv_data, block.mv_size);
    if (has_next)
        *count = count_before_key(entries, *count, &next);
    return 0;
}

/* Some of `entries` are before what the block holds. */
static int
insert(struct merging *merging, const struct tuple_entry *entries, size_t count)
{
    struct block_zone zone = zone_of(merging->zones, entries, count);
    if (block_insert(merging->block, &merging->size, &merging->key, &zone,
                     entries, count))
        return put_block(merging, &merging->key, merging->block, merging->size);
    return rewrite(merging, entries, count);
}

static int
merge_some(struct merging *merging, const struct tuple_entry *entries,
           size_t *count)
{
    struct tuple last;
    int rc = take_block(merging, entries, count);
    if (rc != 0)
        return rc;
    if (!block_last((struct span){merging->block, merging->size}, &last))
        return MDB_CORRUPTED;
    if (tuple_compare(&entries->tuple, &last) > 0)
        return append(merging, entries, *count);
    return insert(merging, entries, *count);
}

int
blocks_merge(MDB_txn *txn, MDB_dbi dbi, const struct blocks_zones *zones,
             const struct tuple_entry *entries, size_t count, size_t *puts)
{
    struct merging merging = {.zones = zones};
    merging.puts = puts;
    if (count == 0)
        return 0;
    int rc = mdb_cursor_open(txn, dbi, &merging.cursor);
    if (rc != 0)
        return rc;
    merging.old = reallocarray(NULL, 2 * BLOCK_ENTRIES_MAX + MERGE_ENTRIES_MAX,
                               sizeof *merging.old);
    if (merging.old == NULL)
        rc = ENOMEM;
    else
        merging.merged = merging.old + BLOCK_ENTRIES_MAX;
    while (count > 0 && rc == 0) {
        size_t merged = count;
        rc = merge_some(&merging, entries, &merged);
        entries += merged;
        count -= merged;
    }
    free(merging.old);
    mdb_cursor_close(merging.cursor);
    return rc;
}

/* --- walking --------------------------------------------------------------*/

/*
 * Forwards a block is read as far as the walk gets: who wants one entry pays
 * for those before it, and who looks for what is not there for none.
 * Backwards, or back within a block, it has to be taken apart.
 */

/* It stands nowhere: what is at hand is not where the cursor is any more. */
static void
leave(struct blocks_iter *iter)
{
    iter->count = 0;
    iter->at = 0;
    iter->at_end = false;
    iter->apart = false;
    iter->reading.left = 0;
}

int
blocks_open(struct blocks_iter *iter, MDB_txn *txn, MDB_dbi dbi)
{
    leave(iter);
    if (iter->cursor == NULL)
        return mdb_cursor_open(txn, dbi, &iter->cursor);
    return mdb_cursor_dbi(iter->cursor) == dbi
               ? mdb_cursor_renew(txn, iter->cursor)
               : EINVAL;
}

void
blocks_close(struct blocks_iter *iter)
{
    if (iter->cursor != NULL)
        mdb_cursor_close(iter->cursor);
    iter->cursor = NULL;
    leave(iter);
}

void
blocks_release(struct blocks_iter *iter)
{
    blocks_close(iter);
    free(iter->entries);
    iter->entries = NULL;
    iter->capacity = 0;
}

/* Before the entries of the block where the cursor is. */
static int
enter(struct blocks_iter *iter, const MDB_val *key, const MDB_val *block)
{
    iter->block = (struct span){block->mv_data, block->mv_size};
    iter->apart = false;
    if (key->mv_size != TUPLE_KEY_SIZE)
        return MDB_CORRUPTED;
    iter->under = tuple_read(key->mv_data);
    if (!block_last(iter->block, &iter->last) ||
        !block_read_begin(&iter->reading, iter->block, &iter->under))
        return MDB_CORRUPTED;
    iter->count = iter->reading.left;
    return 0;
}

/* At the next entry of the block, which has one. */
static int
step(struct blocks_iter *iter)
{
    if (block_read_next(&iter->reading))
        return 0;
    leave(iter);
    return MDB_CORRUPTED;
}

/* At its first entry, where it has any. */
static int
start(struct blocks_iter *iter)
{
    int rc = iter->count > 0 ? step(iter) : 0;
    iter->first = iter->reading.entry.tuple;
    return rc;
}

/* All of its entries, to go anywhere among them. */
static int
take_apart(struct blocks_iter *iter)
{
    if (iter->count > iter->capacity) {
        struct tuple_entry *entries =
            reallocarray(iter->entries, iter->count, sizeof *entries);
        if (entries == NULL) {
            leave(iter);
            return ENOMEM;
        }
        iter->entries = entries;
        iter->capacity = iter->count;
    }
    iter->apart =
        block_read(iter->block, &iter->under, iter->entries, &iter->count);
    if (!iter->apart) {
        leave(iter);
        return MDB_CORRUPTED;
    }
    if (iter->count > 0) {
        iter->first = iter->entries[0].tuple;
        iter->last = iter->entries[iter->count - 1].tuple;
    }
    return 0;
}

static bool
is_beyond(const struct blocks_iter *iter, const MDB_val *block)
{
    struct block_zone zone;
    struct span bytes = {block->mv_data, block->mv_size};
    return block_zone_read(bytes, &zone) &&
           (zone.t > iter->upto.t || zone.k > iter->upto.k ||
            zone.seq > iter->upto.seq);
}

/* The next block that holds something, at its near end. */
static int
next_block(struct blocks_iter *iter)
{
    MDB_val key, block;
    int rc;
    leave(iter);
    iter->passed_over = false;
    do {
        rc = mdb_cursor_get(iter->cursor, &key, &block,
                            iter->reverse ? MDB_PREV : MDB_NEXT);
        if (rc != 0)
            return rc;
        if (is_beyond(iter, &block)) {
            iter->passed_over = true;
            continue;
        }
        rc = enter(iter, &key, &block);
        if (rc == 0)
            rc = iter->reverse ? take_apart(iter) : start(iter);
    } while (rc == 0 && iter->count == 0);
    iter->at = iter->reverse && rc == 0 ? iter->count - 1 : 0;
    return rc;
}

/* How many entries of the block are before a tuple. */
static size_t
count_before(const struct blocks_iter *iter, const struct tuple *tuple)
{
    size_t low = 0, high = iter->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tuple_compare(&iter->entries[middle].tuple, tuple) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* On to the next block from one where everything is before what is sought. */
static int
leave_forward(struct blocks_iter *iter)
{
    bool any = iter->count > 0;
    int rc = next_block(iter);
    iter->at_end = any && rc == MDB_NOTFOUND && !iter->passed_over;
    return rc;
}

/* Within a block that is taken apart, or on to the next one. */
static int
seek_apart(struct blocks_iter *iter, const struct tuple *from)
{
    size_t before = count_before(iter, from);
    bool exact = before < iter->count &&
                 tuple_compare(&iter->entries[before].tuple, from) == 0;
    if (!iter->reverse || exact) {
        iter->at = before;
        return before < iter->count ? 0 : leave_forward(iter);
    }
    iter->at = before - 1;
    return before > 0 ? 0 : next_block(iter);
}

/* On from the entry where it stands, or to the next block. */
static int
seek_on(struct blocks_iter *iter, const struct tuple *from)
{
    int rc = 0;
    while (rc == 0 && tuple_compare(&iter->reading.entry.tuple, from) < 0) {
        if (iter->reading.left == 0)
            return leave_forward(iter);
        rc = step(iter);
    }
    return rc;
}

/* Within the block where it stands. */
static int
seek_here(struct blocks_iter *iter, const struct tuple *from)
{
    int rc = 0;
    if (!iter->apart && !iter->reverse &&
        tuple_compare(&iter->reading.entry.tuple, from) <= 0)
        return seek_on(iter, from);
    if (!iter->apart)
        rc = take_apart(iter);
    return rc != 0 ? rc : seek_apart(iter, from);
}

/* Is the place among the entries at hand? */
static bool
is_here(const struct blocks_iter *iter, const struct tuple *from)
{
    return iter->count > 0 && tuple_compare(&iter->first, from) <= 0 &&
           tuple_compare(from, &iter->last) <= 0;
}

/* In a block that is new: the place is in it, or behind it. */
static int
seek_new(struct blocks_iter *iter, const struct tuple *from)
{
    if (iter->reverse) {
        int rc = take_apart(iter);
        return rc != 0 ? rc : seek_apart(iter, from);
    }
    if (iter->count == 0 || tuple_compare(from, &iter->last) > 0)
        return leave_forward(iter);
    int rc = start(iter);
    return rc != 0 ? rc : seek_on(iter, from);
}

int
blocks_seek(struct blocks_iter *iter, const struct tuple *from)
{
    MDB_val key, block;
    if (is_here(iter, from))
        return seek_here(iter, from);
    /* Keys that grow are looked for behind the last one, again and again. */
    if (iter->at_end && !iter->reverse && tuple_compare(from, &iter->last) > 0)
        return MDB_NOTFOUND;
    leave(iter);
    int rc = locate(iter->cursor, from, &key, &block);
    if (rc != 0)
        return rc;
    if (is_beyond(iter, &block))
        return next_block(iter);
    rc = enter(iter, &key, &block);
    return rc != 0 ? rc : seek_new(iter, from);
}

int
blocks_next(struct blocks_iter *iter)
{
    if (iter->apart && iter->reverse && iter->at > 0) {
        iter->at--;
        return 0;
    }
    if (iter->apart && !iter->reverse && iter->at + 1 < iter->count) {
        iter->at++;
        return 0;
    }
    if (!iter->apart && iter->reading.left > 0)
        return step(iter);
    return next_block(iter);
}
