/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_APPLY_H
#define DAEMON_VIEWS_APPLY_H

#include "daemon/views_lists.h"

/*
 * One batch that brings events into the views: what its parts share.
 * daemon/views_apply takes event after event, views_names gives numbers to
 * names, views_refer follows what events say of each other, views_batch and
 * views_listing keep what the indexes gain and merges it in at the end, sorted:
 * so an index costs a page for a hundred entries, not one for each.  Nobody
 * else includes this.
 *
 * Functions that return an int return an MDB_* code.
 */

/* Events of one batch: the more, the more entries a block gains at once; their
 * entries take some 25 MiB. */
#define APPLY_EVENTS_MAX ((size_t)32768)

/* A partnership of which only the last revision is looked at. */
#define VIEWS_HEAD ((enum views_name_kind)'h')

/* A name that the batch has met, with what it becomes. */
struct apply_name {
    enum views_name_kind kind;
    struct span slug; /* in the log */
    struct views_name name;
    bool changed;
    /* Of a partnership: */
    bool head_changed;
    bool looked_for_folds, has_folds;
    struct views_place last_fold; /* the place of its last checkpoint */
    uint32_t late;                /* changes at or before that */
    bool keeps_late;
    struct views_place first; /* of these changes */
    uint32_t ops;
};

/* That an event changes a state at or before checkpoints. */
struct apply_change {
    size_t partnership; /* which of the names */
    uint64_t change, event;
    size_t at, size; /* its value, among the bytes */
};

/* Entries that an index gains. */
struct apply_entries {
    struct tuple_entry *entries;
    size_t count, capacity;
};

/* That an event belongs to a list; where, the operation says. */
struct apply_listed {
    uint64_t list;
    uint32_t event; /* its position less apply->first */
};

/* An operation of this batch, which is not in VIEWS_DB_OPS yet. */
struct apply_op {
    struct fold_op op;
    uint32_t partnership; /* 0: none, the event is damaged */
    size_t parties;       /* where its parties are among the bytes */
};

struct apply {
    struct views *views;
    struct views_file *file;
    struct log_reader *log;
    MDB_txn *txn;
    uint64_t first, last;   /* positions of the batch */
    uint64_t ids_position;  /* ids up to here are there already */
    uint64_t head_checksum; /* of the last event; 0 if damaged */
    size_t puts;
    /* what was met */
    struct apply_name *names;
    size_t name_count, name_capacity;
    struct number_map name_index; /* checksum of kind and slug -> name */
    struct number_map id_index;   /* part of an id -> event - first */
    size_t ids_indexed;           /* of `ids` */
    struct number_map members;    /* party and partnership -> nothing */
    struct number_map followed;   /* events whose superseding was followed */
    uint64_t *chain;              /* such events, still to be looked at */
    size_t chain_count, chain_capacity;
    struct blocks_iter find_id, find_op;
    /* what is to be merged in */
    struct apply_op *ops;     /* by event */
    struct block_zone *zones; /* by event */
    int64_t *starts;          /* start_lo, by event */
    size_t event_count, event_capacity;
    struct mp_buf bytes;                     /* parties and values */
    struct apply_entries ids, replaced, met; /* met: see apply_add_member */
    struct apply_listed *listed, *sorted;
    size_t listed_count, listed_capacity, sorted_capacity;
    size_t puts_before; /* the transaction */
    struct apply_change *changes;
    size_t change_count, change_capacity;
};

int apply_get(struct apply *apply, enum views_db db, MDB_val *key,
              MDB_val *value);
int apply_put(struct apply *apply, enum views_db db, MDB_val *key,
              const void *bytes, size_t size);

/* --- views_names ----------------------------------------------------------*/

/* Which of apply->names a name is; MDB_NOTFOUND where there is none such. */
int apply_find_name(struct apply *apply, enum views_name_kind kind,
                    struct span slug, size_t *name);
/* The same, given a number now if it never was. */
int apply_intern(struct apply *apply, enum views_name_kind kind,
                 struct span slug, size_t *name);
/* One of those that were met, of kind VIEWS_HEAD too. */
bool apply_met_name(struct apply *apply, enum views_name_kind kind,
                    struct span slug, size_t *name);
int apply_keep_head(struct apply *apply, struct span slug, uint64_t revision,
                    size_t *name);
/* Write those that changed. */
int apply_put_names(struct apply *apply);

/* A party takes part in a partnership. */
int apply_add_member(struct apply *apply, uint32_t party, struct span slug,
                     uint32_t partnership);
int apply_put_members(struct apply *apply);

int apply_find_id(struct apply *apply, struct span id, uint64_t *seq);
int apply_put_id(struct apply *apply, struct span id, uint64_t seq);

/* --- views_apply ----------------------------------------------------------*/

/* End the transaction, and begin the next where it has changed many pages. */
int apply_turn_over(struct apply *apply);

/* Take events up to a position, by `take`. */
int apply_batch(struct apply *apply, uint64_t to,
                int (*take)(struct apply *apply, uint64_t to));

/* The last position of a batch that begins behind `position`. */
uint64_t apply_last_of_batch(const struct views *views, uint64_t position,
                             size_t limit);

int apply_put_ids_position(struct apply *apply, uint64_t position);

/* The revision of a partnership after an event, and a damaged one or 0. */
void apply_set_revision(struct apply *apply, size_t partnership, uint64_t seq,
                        uint64_t revision, uint64_t damaged);

/* --- views_damage ---------------------------------------------------------*/

/*
 * An event whose checksum fails keeps its place: what can still be read of it
 * holds its id, unless another event has that, and a revision; its partnership
 * has no state until it is restored.
 */
int apply_damaged(struct apply *apply, uint64_t seq);

/* The partnership that a damaged event still names turns out to be another
 * one's: take back what was laid to its charge. */
int apply_acquit(struct apply *apply, uint64_t damaged);

/* --- views_refer ----------------------------------------------------------*/

/* k, root and re_root of an operation: what the events that this one names say
 * of it.  `*damaged` is the position of one that is damaged, else as it was;
 * what it would have said is left out. */
int apply_references(struct apply *apply, const struct event *event,
                     struct fold_op *op, uint64_t *damaged);
/* Note what an event corrects or retracts, and from where the state of its
 * partnership changes by that. */
int apply_marks(struct apply *apply, const struct event *event,
                const struct fold_op *op, size_t partnership,
                uint64_t *damaged);
/* The nearest damaged event below a position, or 0. */
uint64_t apply_damaged_before(struct apply *apply, uint64_t seq);
int apply_revelation(struct apply *apply, uint32_t partnership, uint64_t seq);

/* --- views_listing --------------------------------------------------------*/

/* An operation of this batch goes into lists. */
int apply_add_to_lists(struct apply *apply, uint32_t partnership,
                       const struct fold_op *op);
int apply_merge_lists(struct apply *apply);

/* --- views_late -----------------------------------------------------------*/

/* Does a partnership have checkpoints? */
int apply_has_folds(struct apply *apply, size_t partnership, bool *any);

/* The event at position `change` says that an operation counts, or does not
 * any more: note it where checkpoints are at or behind its place. */
int apply_note_change(struct apply *apply, size_t partnership,
                      const struct fold_op *op, uint64_t change);

/* Keep what was noted; where it is too much checkpoints are dropped. */
int apply_put_changes(struct apply *apply);

/* --- views_batch ----------------------------------------------------------*/

struct views_place apply_place(const struct event *event);

/* Room for events of a batch that is empty: 0, or ENOMEM. */
int apply_init(struct apply *apply, size_t events);
/* Its memory is kept for the next batch where there is one to follow. */
void apply_deinit(struct apply *apply);

/* The operation of an event of this batch, or NULL. */
struct apply_op *apply_op_at(struct apply *apply, uint64_t seq);

/* Keep an operation and what lists gain by it. */
int apply_add_op(struct apply *apply, uint32_t partnership,
                 const struct fold_op *op);
/* Replace the operation of an earlier event. */
int apply_replace_op(struct apply *apply, uint32_t partnership,
                     const struct fold_op *op);
int apply_add_entry(struct apply_entries *entries, const struct tuple *tuple,
                    struct span value);
int apply_sort(struct apply_entries *entries);

/* Entries that are merged in before a transaction may end. */
#define APPLY_MERGE_ENTRIES ((size_t)4096)

/* Merge sorted entries into an index; transactions end where they have to. */
int apply_merge_into(struct apply *apply, enum views_db db,
                     const struct blocks_zones *zones,
                     const struct tuple_entry *entries, size_t count);

/*
 * Merge everything in, in as many transactions as LMDB has pages for: whatever
 * is there of events beyond the head's position is there again, the same, when
 * they are applied anew after a crash, and nobody looks at it before.
 */
int apply_merge(struct apply *apply);

#endif
