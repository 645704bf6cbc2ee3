/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_TAIL_H
#define DAEMON_LOG_TAIL_H

#include "daemon/log_journal.h"

#include <pthread.h>

/*
 * The tail: which groups of the journal are still needed, where each of their
 * events is, and so which space of the file is free.  A part of daemon/log.
 *
 * A group is needed until log.mdb holds it and no reader is left that began
 * before that: such a reader finds the events of the group here.  Memory is
 * bounded by the size of the file; events themselves are read from its map.
 *
 * Its lock is held for moments only; whoever waits does so for `moved`.
 * Functions that end in _locked are called with the lock held.
 */

/* Events that the tail holds at most: eight bytes of memory each. */
#define LOG_TAIL_EVENTS_MAX ((size_t)1 << 18)

/* One reader: what it sees of the tail. */
struct log_pin {
    struct log_pin *next, *previous;
    uint64_t above; /* events above this position are read from the tail;
                       UINT64_MAX: it is not reading */
};

struct log_tail {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* groups came, were absorbed or are free */
    struct log_pin pins;  /* head of a ring */
    uint64_t *offsets;    /* of the record of each event, by position */
    struct log_journal_group *groups; /* a ring, oldest first */
    size_t group_index, group_count, group_capacity;
    size_t absorbed_count;   /* of them, those that log.mdb holds */
    uint64_t pushed_count;   /* groups that ever came */
    uint64_t absorbed;       /* the last position that log.mdb holds */
    uint64_t size;           /* of the file */
    uint64_t end;            /* behind the newest group */
    uint64_t pending_size;   /* bytes of groups that log.mdb does not hold, */
    uint64_t pending_length; /* and what they take in the file */
    uint64_t oldest_us;      /* when the oldest of them came */
};

void log_tail_init(struct log_tail *tail);
void log_tail_deinit(struct log_tail *tail);

/* Begin anew, for a journal of `size` bytes in which nothing is needed: log.mdb
 * holds everything up to `absorbed`.  No reader is there yet.  0 or -ENOMEM. */
int log_tail_fit(struct log_tail *tail, uint64_t size, uint64_t absorbed)
    __attribute__((warn_unused_result));

/* --- readers --------------------------------------------------------------*/

void log_tail_add_pin(struct log_tail *tail, struct log_pin *pin);
void log_tail_remove_pin(struct log_tail *tail, struct log_pin *pin);

/* From now on what the tail holds stays, and until log_tail_unpin. */
void log_tail_pin(struct log_tail *tail, struct log_pin *pin);
void log_tail_unpin(struct log_tail *tail, struct log_pin *pin);

/* The offset of the record of an event above `pin->above` and not above the
 * tip. */
uint64_t log_tail_find(const struct log_tail *tail, uint64_t seq);

/* --- groups ---------------------------------------------------------------*/

/* A group of that length and count fits when nothing else is in the way. */
bool log_tail_can_ever_hold(const struct log_tail *tail, uint64_t length,
                            size_t event_count);

/* Where it fits now; 0 for nowhere. */
uint64_t log_tail_place_locked(const struct log_tail *tail, uint64_t length,
                               size_t event_count);

/* A group is there.  Where each of its events is has been noted before, by
 * log_tail_note, without the lock: nobody looks for them yet. */
void log_tail_push_locked(struct log_tail *tail,
                          const struct log_journal_group *group,
                          uint64_t now_us);
void log_tail_note(struct log_tail *tail, uint64_t seq, uint64_t offset);

/* How many groups that ever came log.mdb holds. */
uint64_t log_tail_settled_locked(const struct log_tail *tail);

/* The groups that log.mdb does not hold: how many, and one of them. */
size_t log_tail_pending_locked(const struct log_tail *tail);
const struct log_journal_group *
log_tail_group_locked(const struct log_tail *tail, size_t index);

/* log.mdb holds the `count` oldest of them now. */
void log_tail_absorb_locked(struct log_tail *tail, size_t count,
                            uint64_t now_us);

/* log.mdb was given events past the journal; nothing is pending. */
void log_tail_pass_locked(struct log_tail *tail, uint64_t absorbed);

#endif
