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

/* The operation of a sound event. */
static int
read_target(struct apply *apply, const struct event *event,
            struct target *target)
{
    struct views_name name;
    struct views_place place = apply_place(event);
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE];
    int rc = apply_find_name(apply, VIEWS_PARTNERSHIP,
                             event->fields[MODEL_FIELD_PARTNERSHIP], &name);
    if (rc != 0)
        return rc;
    MDB_val key = views_place_key(bytes, name.number, &place), value;
    rc = apply_get(apply, VIEWS_DB_OPS, &key, &value);
    if (rc == 0 && !views_op_read(&value, &place, &target->op))
        rc = MDB_CORRUPTED;
    target->partnership = name.number;
    target->found = rc == 0;
    return rc;
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
        return read_target(apply, &named, target);
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
    return put_link(apply, VIEWS_LINK_ANSWERED, target.op.seq, op->seq);
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

/* --- checkpoints that no longer hold --------------------------------------*/

void
apply_chain_deinit(struct apply_chain *chain)
{
    number_map_deinit(&chain->seen);
    free(chain->list);
}

static int
chain_add(struct apply *apply, struct span id)
{
    struct apply_chain *chain = &apply->chain;
    uint32_t unused;
    uint64_t seq;
    int rc = id.data == NULL ? MDB_NOTFOUND : apply_find_id(apply, id, &seq);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    if (number_map_find(&chain->seen, seq, &unused))
        return 0;
    if (chain->count == chain->capacity) {
        size_t capacity = chain->capacity == 0 ? 16 : 2 * chain->capacity;
        uint64_t *list = reallocarray(chain->list, capacity, sizeof *list);
        if (list == NULL)
            return ENOMEM;
        chain->list = list;
        chain->capacity = capacity;
    }
    chain->list[chain->count++] = seq;
    return number_map_put(&chain->seen, seq, 0) == 0 ? 0 : ENOMEM;
}

/* What an event superseded may be live again, or be superseded again. */
static int
chain_follow(struct apply *apply, uint64_t seq, uint32_t partnership,
             bool *any_left)
{
    struct span bytes;
    struct event event;
    if (log_read(apply->log, seq, &bytes) != LOG_OK ||
        !event_read(bytes, &event))
        return 0;
    struct views_place place = apply_place(&event);
    int rc = views_drop_checkpoints(apply->views, apply->txn, partnership,
                                    &place, any_left);
    if (rc == 0)
        rc = chain_add(apply, event.fields[MODEL_FIELD_CORRECTS]);
    if (rc == 0 && event.type == MODEL_RETRACTION)
        rc = chain_add(apply, event.fields[MODEL_FIELD_RE]);
    return rc;
}

/*
 * Corrections and retractions stay in their partnership.  A transaction makes
 * no checkpoints, so whatever was followed once in it need not be again.
 */
static int
drop_chain(struct apply *apply, struct span id, uint32_t partnership)
{
    struct apply_chain *chain = &apply->chain;
    bool any_left = true;
    int rc = chain_add(apply, id);
    while (rc == 0 && any_left && chain->count > 0)
        rc = chain_follow(apply, chain->list[--chain->count], partnership,
                          &any_left);
    chain->count = 0; /* with none left there is nothing to drop */
    return rc;
}

/* `op`, of `event`, corrects or retracts the event of that id. */
static int
mark(struct apply *apply, const struct event *event, struct span id,
     const struct fold_op *op, uint64_t *damaged)
{
    struct target target;
    int rc = find_target(apply, event, id, &target, damaged);
    if (rc != 0 || !target.found)
        return rc;
    uint8_t parties[4 * MODEL_PARTIES_MAX]; /* a put may move what it borrows */
    memcpy(parties, target.op.parties, 4 * (size_t)target.op.party_count);
    target.op.parties = parties;
    uint8_t bytes[VIEWS_MARK_KEY_SIZE], value[8];
    MDB_val key = views_mark_key(bytes, target.op.seq, op->seq);
    order_put_i64(value, op->k);
    rc = apply_put(apply, VIEWS_DB_MARKS, &key, value, sizeof value);
    if (rc == 0 && !target.op.marked) {
        target.op.marked = true;
        rc = apply_put_op(apply, target.partnership, &target.op);
    }
    return rc != 0 ? rc : drop_chain(apply, id, target.partnership);
}

int
apply_marks(struct apply *apply, const struct event *event,
            const struct fold_op *op, uint64_t *damaged)
{
    int rc =
        mark(apply, event, event->fields[MODEL_FIELD_CORRECTS], op, damaged);
    if (rc == 0 && event->type == MODEL_RETRACTION)
        rc = mark(apply, event, event->fields[MODEL_FIELD_RE], op, damaged);
    return rc;
}
