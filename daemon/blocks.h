/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_BLOCKS_H
#define DAEMON_BLOCKS_H

#include <lmdb.h>

#include "daemon/block.h"

/*
 * An index of tuples in an LMDB database, some hundred to a value: a tree
 * whose leaves are daemon/block's.  A block is kept under a tuple that is at or
 * before all of its entries, the first one under TUPLE_FIRST, so that every
 * tuple has one block where it is or would be.
 *
 * Entries are added or replaced, never removed.  What returns an int returns
 * an MDB_* code; MDB_CORRUPTED for bytes that are no block.  Whoever has the
 * transaction calls.
 */

/* Where the zones of blocks come from: those of the events from a position
 * on.  Without any, no block can be passed over. */
struct blocks_zones {
    const struct block_zone *zones; /* or NULL */
    uint64_t first;                 /* the position of zones[0] */
};

/*
 * Bring sorted entries in, none of them twice; what stands under an equal tuple
 * is replaced.  `*puts` is
 * raised by the blocks that were written.  The order of cost is that of the
 * blocks touched.
 */
int blocks_merge(MDB_txn *txn, MDB_dbi dbi, const struct blocks_zones *zones,
                 const struct tuple_entry *entries, size_t count, size_t *puts);

/*
 * A walk over an index.  Start with {.reverse, .upto}, which may be others
 * before each seek; blocks_open in every transaction; blocks_release after the
 * last.
 */
struct blocks_iter {
    bool reverse;
    struct block_zone upto; /* pass over blocks where all is beyond */
    MDB_cursor *cursor;
    /* The block where it stands: */
    struct span block;
    struct tuple under;           /* what it is kept under */
    struct tuple first, last;     /* of its entries */
    size_t count;                 /* of them; 0: it stands nowhere */
    bool apart;                   /* all of them are in `entries` */
    struct block_reading reading; /* else: it stands at the last one read */
    struct tuple_entry *entries;
    size_t capacity, at;
    bool at_end;      /* a seek ended behind everything, that is `last` */
    bool passed_over; /* blocks were, on the way to where it stands */
};

/* Nothing is passed over. */
#define BLOCKS_EVERYTHING BLOCK_ZONE_NONE

/* Use a cursor of the transaction; one of an ended read transaction is
 * renewed.  What is merged in the same transaction is seen by those who open
 * after it: close first. */
int blocks_open(struct blocks_iter *iter, MDB_txn *txn, MDB_dbi dbi);

/* Close the cursor; the transaction may end before or after if it only
 * reads, and must not have ended if it writes. */
void blocks_close(struct blocks_iter *iter);
void blocks_release(struct blocks_iter *iter); /* the memory, too */

/*
 * Go to the first entry at or behind `from`, in the direction of the walk, or
 * to the next one.  MDB_NOTFOUND at the end of the index, and for as long as
 * one asks there.  What is passed over by zone may come all the same.
 */
int blocks_seek(struct blocks_iter *iter, const struct tuple *from);
int blocks_next(struct blocks_iter *iter);

/* Where it stands; the value is borrowed until the transaction ends or
 * writes. */
static inline const struct tuple_entry *
blocks_here(const struct blocks_iter *iter)
{
    return iter->apart ? &iter->entries[iter->at] : &iter->reading.entry;
}

#endif
