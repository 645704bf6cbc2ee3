/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/order.h"
#include "daemon/views_apply.h"

/* What events say of each other. */

/* An event that is referred to, as the views know it. */
struct target {
    bool found;
    uint32_t partnership;
    struct fold_op op;
};

uint64_t
apply_damaged_before(struct apply *apply, uint64_t seq)
{
    struct span bytes;
    while (--seq > 0)
        if (log_read(apply->log, seq, &bytes) != LOG_OK)
            break;
    return seq;
}

/* The operation of a sound event that was applied before. */
static int
read_target(struct apply *apply, const struct event *event,
            struct target *target)
{
    size_t name;
    struct views_place place = apply_place(event);
    int rc = apply_find_name(apply, VIEWS_PARTNERSHIP,
                             event->fields[MODEL_FIELD_PARTNERSHIP], &name);
    if (rc != 0)
        return rc;
    target->partnership = apply->names[name].name.number;
    struct tuple tuple = views_op_tuple(target->partnership, &place);
    if (apply->find_op.cursor == NULL)
        rc = blocks_open(&apply->find_op, apply->txn,
                         apply->file->dbs[VIEWS_DB_OPS]);
    if (rc == 0)
        rc = blocks_seek(&apply->find_op, &tuple);
    if (rc != 0)
        return rc;
    const struct tuple_entry *entry = blocks_here(&apply->find_op);
    if (tuple_compare(&entry->tuple, &tuple) != 0)
        return MDB_NOTFOUND;
    target->found = views_op_read(entry->value, &place, &target->op);
    return target->found ? 0 : MDB_CORRUPTED;
}

/* The operation of a position: of this batch, or applied before. */
static int
find_op(struct apply *apply, uint64_t seq, const struct event *event,
        struct target *target)
{
    struct apply_op *new = apply_op_at(apply, seq);
    if (new == NULL)
        return read_target(apply, event, target);
    target->found = true;
    target->partnership = new->partnership;
    target->op = new->op;
    return 0;
}

/*
 * What an id that `event` names stands for.  Where `id` is absent, or its event
 * damaged, 0 with target->found false; the latter's position, or that of the
 * nearest damaged one where ids are lost, goes to `*damaged`.
 */
static int
find_target(struct apply *apply, const struct event *event, struct span id,
            struct target *target, uint64_t *damaged)
{
    struct span bytes;
    struct event named;
    uint64_t seq;
    target->found = false;
    if (id.data == NULL)
        return 0;
    int rc = apply_find_id(apply, id, &seq);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (rc == 0 && log_read(apply->log, seq, &bytes) == LOG_OK &&
        event_read(bytes, &named))
        return find_op(apply, seq, &named, target);
    *damaged = rc == 0 ? seq : apply_damaged_before(apply, event->seq);
    return 0;
}

/* --- links ----------------------------------------------------------------*/

static int
put_link(struct apply *apply, enum views_link link, uint64_t target,
         uint64_t seq)
{
    uint8_t bytes[VIEWS_LINK_KEY_SIZE];
    MDB_val key = views_link_key(bytes, link, target, seq);
    return apply_put(apply, VIEWS_DB_LINKS, &key, bytes, 0);
}

/* With its place where it changes what stands under the root of its target. */
static int
put_answer(struct apply *apply, uint64_t target, const struct fold_op *op)
{
    uint8_t bytes[VIEWS_LINK_KEY_SIZE], value[VIEWS_ANSWER_SIZE];
    MDB_val key = views_link_key(bytes, VIEWS_LINK_ANSWERED, target, op->seq);
    order_put_i64(value, op->t);
    order_put_i64(value + 8, op->start_lo);
    return apply_put(apply, VIEWS_DB_LINKS, &key, value,
                     fold_touches(op->type) ? sizeof value : 0);
}

int
apply_revelation(struct apply *apply, uint32_t partnership, uint64_t seq)
{
    int rc = put_link(apply, VIEWS_LINK_REVEALS, 0, seq);
    return rc != 0 ? rc : put_link(apply, VIEWS_LINK_REVEALS, partnership, seq);
}

static int
refer_disclosed(struct apply *apply, const struct event *event,
                struct fold_op *op, uint64_t *damaged)
{
    bool given = event->fields[MODEL_FIELD_DISCLOSED].data != NULL;
    struct target target;
    int rc = find_target(apply, event, event->fields[MODEL_FIELD_DISCLOSED_BY],
                         &target, damaged);
    if (given)
        op->k = edtf_certain(&event->disclosed);
    if (rc != 0 || !target.found)
        return rc;
    if (!given)
        op->k = target.op.k;
    return put_link(apply, VIEWS_LINK_DISCLOSED, target.op.seq, op->seq);
}

static int
refer_re(struct apply *apply, const struct event *event, struct fold_op *op,
         uint64_t *damaged)
{
    struct target target;
    int rc = find_target(apply, event, event->fields[MODEL_FIELD_RE], &target,
                         damaged);
    if (rc != 0 || !target.found)
        return rc;
    op->re_root = target.op.root;
    return put_answer(apply, target.op.seq, op);
}

int
apply_references(struct apply *apply, const struct event *event,
                 struct fold_op *op, uint64_t *damaged)
{
    struct target corrected;
    int rc = refer_disclosed(apply, event, op, damaged);
    if (rc == 0)
        rc = refer_re(apply, event, op, damaged);
    if (rc == 0)
        rc = find_target(apply, event, event->fields[MODEL_FIELD_CORRECTS],
                         &corrected, damaged);
    if (rc == 0 && corrected.found)
        op->root = corrected.op.root;
    return rc;
}

/* --- what changes behind checkpoints --------------------------------------*/

static int
chain_add(struct apply *apply, struct span id)
{
    uint32_t unused;
    uint64_t seq;
    int rc = id.data == NULL ? MDB_NOTFOUND : apply_find_id(apply, id, &seq);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    if (number_map_find(&apply->followed, seq, &unused))
        return 0;
    if (apply->chain_count == apply->chain_capacity) {
        size_t capacity =
            apply->chain_capacity == 0 ? 16 : 2 * apply->chain_capacity;
        uint64_t *chain = reallocarray(apply->chain, capacity, sizeof *chain);
        if (chain == NULL)
            return ENOMEM;
        apply->chain = chain;
        apply->chain_capacity = capacity;
    }
    apply->chain[apply->chain_count++] = seq;
    return number_map_put(&apply->followed, seq, 0) == 0 ? 0 : ENOMEM;
}

/* What an event superseded may be live again, or be superseded again. */
static int
chain_follow(struct apply *apply, uint64_t seq, size_t partnership,
             uint64_t change)
{
    struct span bytes;
    struct event event;
    struct target target = {0};
    if (log_read(apply->log, seq, &bytes) != LOG_OK ||
        !event_read(bytes, &event))
        return 0;
    int rc = find_op(apply, seq, &event, &target);
    target.op.marked = true;
    if (rc == 0)
        rc = apply_note_change(apply, partnership, &target.op, change);
    if (rc == 0)
        rc = chain_add(apply, event.fields[MODEL_FIELD_CORRECTS]);
    if (rc == 0 && event.type == MODEL_RETRACTION)
        rc = chain_add(apply, event.fields[MODEL_FIELD_RE]);
    return rc;
}

/*
 * Corrections and retractions stay in their partnership.  A transaction makes
 * no checkpoints, so whatever was followed once in it need not be again; and
 * where there are none nothing need be.
 */
static int
follow(struct apply *apply, struct span id, size_t partnership, uint64_t change)
{
    bool any;
    int rc = apply_has_folds(apply, partnership, &any);
    if (rc != 0 || !any)
        return rc;
    rc = chain_add(apply, id);
    while (rc == 0 && apply->chain_count > 0)
        rc = chain_follow(apply, apply->chain[--apply->chain_count],
                          partnership, change);
    return rc;
}

static int
mark_target(struct apply *apply, const struct target *target)
{
    uint8_t parties[4 * MODEL_PARTIES_MAX]; /* a put may move what it borrows */
    struct apply_op *new = apply_op_at(apply, target->op.seq);
    struct fold_op marked = target->op;
    if (marked.marked)
        return 0;
    if (new != NULL) {
        new->op.marked = true;
        return 0;
    }
    memcpy(parties, marked.parties, 4 * (size_t)marked.party_count);
    marked.parties = parties;
    marked.marked = true;
    return apply_replace_op(apply, target->partnership, &marked);
}

/* `op`, of `event`, corrects or retracts the event of that id. */
static int
mark(struct apply *apply, const struct event *event, struct span id,
     const struct fold_op *op, size_t partnership, uint64_t *damaged)
{
    struct target target;
    int rc = find_target(apply, event, id, &target, damaged);
    if (rc != 0 || !target.found)
        return rc;
    uint8_t bytes[VIEWS_MARK_KEY_SIZE], value[VIEWS_MARK_SIZE];
    MDB_val key = views_mark_key(bytes, target.op.seq, op->seq);
    order_put_i64(value, op->k);
    order_put_i64(value + 8, op->t);
    order_put_i64(value + 16, op->start_lo);
    rc = mark_target(apply, &target);
    if (rc == 0)
        rc = apply_put(apply, VIEWS_DB_MARKS, &key, value, sizeof value);
    return rc != 0 ? rc : follow(apply, id, partnership, op->seq);
}

int
apply_marks(struct apply *apply, const struct event *event,
            const struct fold_op *op, size_t partnership, uint64_t *damaged)
{
    int rc = mark(apply, event, event->fields[MODEL_FIELD_CORRECTS], op,
                  partnership, damaged);
    if (rc == 0 && event->type == MODEL_RETRACTION)
        rc = mark(apply, event, event->fields[MODEL_FIELD_RE], op, partnership,
                  damaged);
    return rc;
}
