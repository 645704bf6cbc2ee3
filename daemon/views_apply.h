/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_APPLY_H
#define DAEMON_VIEWS_APPLY_H

#include "daemon/views_file.h"

/*
 * One transaction that brings events into the views: what its parts share.
 * daemon/views_apply takes event after event, views_names gives numbers to
 * names, views_refer follows what events say of each other, views_orders puts
 * them where walks find them.  Nobody else includes this.
 *
 * Functions that return an int return an MDB_* code.
 */

/* Events whose liveness changed in this transaction. */
struct apply_chain {
    struct number_map seen; /* their checkpoints are dropped already */
    uint64_t *list;         /* still to be looked at */
    size_t count, capacity;
};

struct apply {
    struct views *views;
    struct log_reader *log;
    MDB_txn *txn;
    size_t puts;
    struct apply_chain chain;
    uint64_t head_checksum; /* of the last event taken; 0 if damaged */
};

int apply_get(struct apply *apply, enum views_db db, MDB_val *key,
              MDB_val *value);
int apply_put(struct apply *apply, enum views_db db, MDB_val *key,
              const void *bytes, size_t size);

/* --- views_names ----------------------------------------------------------*/

int apply_find_name(struct apply *apply, enum views_name_kind kind,
                    struct span slug, struct views_name *name);
int apply_put_name(struct apply *apply, enum views_name_kind kind,
                   struct span slug, const struct views_name *name);
/* The number of a name, given now if it never was. */
int apply_intern(struct apply *apply, enum views_name_kind kind,
                 struct span slug, struct views_name *name);

/* The position of an id; MDB_NOTFOUND for none. */
int apply_find_id(struct apply *apply, struct span id, uint64_t *seq);

/* --- views_refer ----------------------------------------------------------*/

/* k, root and re_root of an operation: what the events that this one names say
 * of it.  `*damaged` is the position of one that is damaged, else as it was;
 * what it would have said is left out. */
int apply_references(struct apply *apply, const struct event *event,
                     struct fold_op *op, uint64_t *damaged);
/* Note what an event corrects or retracts, and drop the checkpoints that no
 * longer hold. */
int apply_marks(struct apply *apply, const struct event *event,
                const struct fold_op *op, uint64_t *damaged);
void apply_chain_deinit(struct apply_chain *chain);
/* The nearest damaged event below a position, or 0. */
uint64_t apply_damaged_before(struct apply *apply, uint64_t seq);
int apply_revelation(struct apply *apply, uint32_t partnership, uint64_t seq);

/* --- views_orders ---------------------------------------------------------*/

struct views_place apply_place(const struct event *event);
int apply_put_op(struct apply *apply, uint32_t partnership,
                 const struct fold_op *op);
int apply_orders(struct apply *apply, uint32_t partnership,
                 const struct fold_op *op);

#endif
