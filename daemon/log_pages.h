/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_PAGES_H
#define DAEMON_LOG_PAGES_H

#include "daemon/env.h"
#include "daemon/log_ahead.h"
#include "proto/span.h"

/*
 * Events that are read in a row: copied from log.mdb's file, many pages at a
 * time, where LMDB would have them mapped.
 *
 * To map a page takes longer than to copy it, several times in a guest, whose
 * hypervisor maps it once more, and again when it was not used for a while
 * (tests/bench, `make bench`, W5).  Which pages hold the events is read as LMDB
 * reads it, from the branch pages above them, as of the reader's transaction:
 * what these name no writer changes while it lasts, and an event never changes.
 * Wherever something is not as expected the caller asks LMDB.
 *
 * Belongs to one reader, hence to one thread.
 */

/* What is copied at a time, and what is lent at most between log_pages_begin
 * and the next: some chunks of a replay, or half of what the views take in at
 * a time. */
#define LOG_PAGES_SLOT_SIZE ((size_t)256 << 10)
#define LOG_PAGES_SLOTS_MAX 16u
#define LOG_PAGES_LIST_MAX (LOG_PAGES_SLOT_SIZE / 4096)

/* Pages that stand one behind the other in the file and in memory. */
struct log_pages_run {
    const uint8_t *bytes;
    uint64_t first; /* page number */
    size_t count;   /* 0: there are none */
};

struct log_pages {
    MDB_env *env;
    struct log_ahead *disk;
    MDB_dbi trees;    /* the database that names all others */
    size_t page_size; /* 0: all is asked of LMDB */
    uint8_t *slots[LOG_PAGES_SLOTS_MAX];
    size_t slot, taken; /* pages of the slot that are lent */
    bool full;          /* there is no other slot */
    struct log_pages_run leaves, values;
    uint16_t list[LOG_PAGES_LIST_MAX]; /* which of `leaves` are */
    size_t list_count, list_at;
    size_t leaf_slot;           /* where `leaves` is */
    uint64_t first, count;      /* positions in the leaf that is read */
    uint64_t next;              /* position behind the one found last */
    size_t ahead, values_ahead; /* pages to copy at a time */
    unsigned cold;              /* readings for which the disk is asked ahead */
};

/* What is given has to outlive it; `trees` is the database without a name. */
void log_pages_init(struct log_pages *pages, MDB_env *env, MDB_dbi trees,
                    struct log_ahead *disk);
void log_pages_deinit(struct log_pages *pages);

/* What was lent will not be used any more, and what follows is as of another
 * moment. */
void log_pages_begin(struct log_pages *pages);

/*
 * The value of a position in database "log" as of `txn`, lent until
 * log_pages_begin; false where LMDB has to be asked.
 */
bool log_pages_find(struct log_pages *pages, MDB_txn *txn, uint64_t seq,
                    struct span *value);

/* The same for one that is not in a row, nor among many: only its page is
 * copied. */
bool log_pages_find_one(struct log_pages *pages, MDB_txn *txn, uint64_t seq,
                        struct span *value);

#endif
