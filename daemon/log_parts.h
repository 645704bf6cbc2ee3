/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_PARTS_H
#define DAEMON_LOG_PARTS_H

#include "daemon/env.h"
#include "daemon/log_ahead.h"
#include "daemon/log_pages.h"
#include "daemon/log_tail.h"
#include "daemon/xxh3.h"

#include <stdatomic.h>

/*
 * What the parts of daemon/log share.  Nobody else includes this.
 *
 *   log.c          opens, closes, counts
 *   log_create.c   makes log.mdb
 *   log_recover.c  brings journal and log.mdb together at a start
 *   log_append.c   what an acknowledgement waits for: the journal
 *   log_absorb.c   the thread that moves groups on into log.mdb
 *   log_journal.c  the journal's file; log_tail.c what of it is needed
 *   log_read.c     events, wherever they are
 *   log_ahead.c    the thread that asks the disk for what is read next
 *   log_pages.c    events in a row, of which log_page.h is the format
 *   log_copy.c     copies log.mdb; log_consumers.c knows a database of it
 */

#define LOG_CHECKSUM_SIZE ((size_t)8)
#define LOG_KEY_SIZE ((size_t)8)

/* "journal" in database "meta": the group that comes next: generation 8, number
 * 8, offset 8; clean 1: nothing was written behind it. */
#define LOG_STATE_SIZE ((size_t)25)

struct log_state {
    uint64_t generation, number, offset;
    bool clean;
};

struct log {
    MDB_env *env;
    MDB_dbi meta, events, consumers;
    MDB_dbi trees; /* LMDB's own, where the others are named */
    const struct datadir *datadir;
    uint64_t quota;
    _Atomic uint64_t tip;
    bool only_read;
    _Atomic bool failed;
    _Atomic bool stalled; /* log.mdb had no room the last time */
    char id[LOG_ID_SIZE];

    struct log_journal *journal;
    struct log_tail tail;
    struct log_ahead ahead;
    uint64_t generation, number; /* of the next group; who appends */
    _Atomic bool begun;          /* log.mdb says that groups are written */

    /* the absorber; under the tail's lock */
    pthread_t absorber;
    bool absorbing; /* the thread is there */
    bool stopping;
    size_t waiting;    /* threads that need it to get on */
    uint64_t attempts; /* transactions that it tried */
    void (*on_failure)(void *context);
    void *failure_context;
};

/* The last position in what a transaction sees, 0 while there is none; an MDB_*
 * code. */
int log_last_position(MDB_txn *txn, MDB_dbi events, uint64_t *last)
    __attribute__((warn_unused_result));

/* Of an event's bytes and its position. */
static inline uint64_t
log_checksum(uint64_t seq, struct span event)
{
    return XXH3_64bits_withSeed(event.data, event.size, seq);
}

/* Where the journal goes on once a transaction is committed. */
int log_put_state(struct log *log, MDB_txn *txn, const struct log_state *state)
    __attribute__((warn_unused_result));

/* Put a record (checksum and bytes) at the right edge. */
int log_put_record(struct log *log, MDB_txn *txn, uint64_t seq,
                   struct span record) __attribute__((warn_unused_result));

/* What a commit to log.mdb that failed means: LOG_FULL, or LOG_FAILED, which
 * is said and stays. */
enum log_result log_commit_failed(struct log *log, int rc);

/* --- log_absorb.c ---------------------------------------------------------*/

/* Move the oldest groups of the journal into log.mdb: one transaction.  The
 * absorber's, and that of a start before there is one. */
enum log_result log_absorb_some(struct log *log)
    __attribute__((warn_unused_result));

/* Put the consumers of all groups that wait. What LMDB says. */
int log_put_pending_consumers(struct log *log, MDB_txn *txn)
    __attribute__((warn_unused_result));

/* Start the thread. 0 or a negative errno. */
int log_absorb_start(struct log *log) __attribute__((warn_unused_result));

/* Absorb what can be, and end it. */
void log_absorb_stop(struct log *log);

/* There is something to do for it now: called with the tail's lock held. */
bool log_absorb_due(const struct log *log);

/* Wait until log.mdb holds all that was appended so far, or has been found to
 * have no room for it just now: LOG_FULL. Any thread but the absorber. */
enum log_result log_settle(struct log *log) __attribute__((warn_unused_result));

/* --- log_recover.c --------------------------------------------------------*/

/* Open the journal, absorb what it holds, begin a generation.  0, or a negative
 * errno with `reason` set. */
int log_recover(struct log *log, const struct log_options *options,
                struct diag_reason *reason) __attribute__((warn_unused_result));

/* In a copy: there is no journal to look for. What LMDB says. */
int log_forget_state(MDB_env *env) __attribute__((warn_unused_result));

/* Say on disk that groups are written: before the first append, by who
 * absorbs. */
enum log_result log_begin(struct log *log) __attribute__((warn_unused_result));

/* Say on disk that the journal is empty. */
void log_mark_clean(struct log *log);

#endif
