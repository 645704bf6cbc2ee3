/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "daemon/order.h"
#include "daemon/views_file.h"

/*
 * Events into the views: in position order, each by what its own bytes and the
 * views of lower positions say.  Everything that is computed "once, at append"
 * (EVENTS.md) is computed here.
 */

/* One transaction's work. */
struct apply {
    struct views *views;
    struct log_reader *log;
    MDB_txn *txn;
    uint64_t head_checksum; /* of the last event taken; 0 if damaged */
};

/* An event that is referred to, as the views know it. */
struct target {
    uint32_t partnership;
    struct fold_op op;
};

static int
get(struct apply *apply, enum views_db db, MDB_val *key, MDB_val *value)
{
    return mdb_get(apply->txn, apply->views->dbs[db], key, value);
}

static int
put(struct apply *apply, enum views_db db, MDB_val *key, const void *bytes,
    size_t size)
{
    MDB_val value = {.mv_size = size, .mv_data = (void *)(uintptr_t)bytes};
    return mdb_put(apply->txn, apply->views->dbs[db], key, &value, 0);
}

/* --- names ---------------------------------------------------------------*/

static int
find_name(struct apply *apply, enum views_name_kind kind, struct span slug,
          struct views_name *name)
{
    uint8_t bytes[VIEWS_NAME_KEY_SIZE];
    MDB_val key = views_name_key(bytes, kind, slug), value;
    int rc = get(apply, VIEWS_DB_NAMES, &key, &value);
    if (rc == 0 && !views_name_read(&value, name))
        rc = MDB_CORRUPTED;
    return rc;
}

static int
put_name(struct apply *apply, enum views_name_kind kind, struct span slug,
         const struct views_name *name)
{
    uint8_t key_bytes[VIEWS_NAME_KEY_SIZE], value[VIEWS_NAME_SIZE];
    MDB_val key = views_name_key(key_bytes, kind, slug);
    views_name_write(value, name);
    return put(apply, VIEWS_DB_NAMES, &key, value, sizeof value);
}

/* Numbers are given from 1 on, so the last key of a kind has the last one. */
static int
next_number(struct apply *apply, enum views_name_kind kind, uint32_t *number)
{
    uint8_t bytes[VIEWS_SLUG_KEY_SIZE];
    MDB_val key = views_slug_key(bytes, kind, UINT32_MAX), value;
    MDB_cursor *cursor;
    int rc =
        mdb_cursor_open(apply->txn, apply->views->dbs[VIEWS_DB_SLUGS], &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    rc = mdb_cursor_get(cursor, &key, &value,
                        rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    *number = 1;
    const uint8_t *last = key.mv_data;
    if (rc == 0 && key.mv_size == VIEWS_SLUG_KEY_SIZE && last[0] == kind)
        *number = order_get_u32(last + 1) + 1;
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The number of a name, given now if it never was. */
static int
intern(struct apply *apply, enum views_name_kind kind, struct span slug,
       struct views_name *name)
{
    int rc = find_name(apply, kind, slug, name);
    if (rc != MDB_NOTFOUND)
        return rc;
    *name = (struct views_name){0};
    uint8_t bytes[VIEWS_SLUG_KEY_SIZE];
    rc = next_number(apply, kind, &name->number);
    if (rc != 0)
        return rc;
    MDB_val key = views_slug_key(bytes, kind, name->number);
    rc = put(apply, VIEWS_DB_SLUGS, &key, slug.data, slug.size);
    return rc != 0 ? rc : put_name(apply, kind, slug, name);
}

/* --- references ----------------------------------------------------------*/

static struct views_place
place_of(const struct event *event)
{
    return (struct views_place){.t = event_takes_effect(event),
                                .start_lo = event_possible_from(event),
                                .seq = event->seq};
}

/* MDB_NOTFOUND where the event that is named is damaged or gone. */
static int
find_target(struct apply *apply, struct span id, struct target *target)
{
    MDB_val key = {.mv_size = id.size, .mv_data = (void *)(uintptr_t)id.data};
    MDB_val value;
    struct span bytes;
    struct event event;
    int rc = get(apply, VIEWS_DB_IDS, &key, &value);
    if (rc != 0 || value.mv_size != 8)
        return rc != 0 ? rc : MDB_CORRUPTED;
    uint64_t seq = order_get_u64(value.mv_data);
    if (log_read(apply->log, seq, &bytes) != LOG_OK ||
        !event_read(bytes, &event))
        return MDB_NOTFOUND;
    struct views_name name;
    struct views_place place = place_of(&event);
    rc = find_name(apply, VIEWS_PARTNERSHIP,
                   event.fields[MODEL_FIELD_PARTNERSHIP], &name);
    if (rc != 0)
        return rc;
    uint8_t place_bytes[VIEWS_PLACE_KEY_SIZE];
    key = views_place_key(place_bytes, name.number, &place);
    rc = get(apply, VIEWS_DB_OPS, &key, &value);
    if (rc == 0 && !views_op_read(&value, &place, &target->op))
        rc = MDB_CORRUPTED;
    target->partnership = name.number;
    return rc;
}

static int
put_op(struct apply *apply, uint32_t partnership, const struct fold_op *op)
{
    struct views_place place = {
        .t = op->t, .start_lo = op->start_lo, .seq = op->seq};
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE], value[VIEWS_OP_SIZE_MAX];
    MDB_val key = views_place_key(bytes, partnership, &place);
    return put(apply, VIEWS_DB_OPS, &key, value, views_op_write(value, op));
}

/* --- checkpoints that no longer hold -------------------------------------*/

/* Events whose liveness may have changed, to be looked at. */
struct chain {
    struct number_map seen;
    uint64_t *list;
    size_t count, capacity;
};

static int
chain_add(struct apply *apply, struct chain *chain, struct span id)
{
    MDB_val key = {.mv_size = id.size, .mv_data = (void *)(uintptr_t)id.data};
    MDB_val value;
    uint32_t unused;
    int rc =
        id.data == NULL ? MDB_NOTFOUND : get(apply, VIEWS_DB_IDS, &key, &value);
    if (rc != 0 || value.mv_size != 8)
        return rc == MDB_NOTFOUND ? 0 : rc;
    uint64_t seq = order_get_u64(value.mv_data);
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
chain_follow(struct apply *apply, struct chain *chain, uint64_t seq,
             uint32_t partnership, bool *any_left)
{
    struct span bytes;
    struct event event;
    if (log_read(apply->log, seq, &bytes) != LOG_OK ||
        !event_read(bytes, &event))
        return 0;
    struct views_place place = place_of(&event);
    int rc = views_drop_checkpoints(apply->views, apply->txn, partnership,
                                    &place, any_left);
    if (rc == 0)
        rc = chain_add(apply, chain, event.fields[MODEL_FIELD_CORRECTS]);
    if (rc == 0 && event.type == MODEL_RETRACTION)
        rc = chain_add(apply, chain, event.fields[MODEL_FIELD_RE]);
    return rc;
}

/* Corrections and retractions stay in their partnership. */
static int
drop_chain(struct apply *apply, const struct target *target)
{
    struct chain chain = {0};
    bool any_left = true;
    int rc = chain_follow(apply, &chain, target->op.seq, target->partnership,
                          &any_left);
    while (rc == 0 && any_left && chain.count > 0)
        rc = chain_follow(apply, &chain, chain.list[--chain.count],
                          target->partnership, &any_left);
    number_map_deinit(&chain.seen);
    free(chain.list);
    return rc;
}

/* `op` corrects or retracts the event of that id. */
static int
mark(struct apply *apply, struct span id, const struct fold_op *op)
{
    struct target target;
    int rc = find_target(apply, id, &target);
    if (rc != 0)
        return rc;
    uint8_t parties[4 * MODEL_PARTIES_MAX]; /* a put may move what it borrows */
    memcpy(parties, target.op.parties, 4 * (size_t)target.op.party_count);
    target.op.parties = parties;
    uint8_t bytes[VIEWS_MARK_KEY_SIZE], value[8];
    MDB_val key = views_mark_key(bytes, target.op.seq, op->seq);
    order_put_i64(value, op->k);
    rc = put(apply, VIEWS_DB_MARKS, &key, value, sizeof value);
    if (rc == 0 && !target.op.marked) {
        target.op.marked = true;
        rc = put_op(apply, target.partnership, &target.op);
    }
    return rc != 0 ? rc : drop_chain(apply, &target);
}

/* --- the orders ----------------------------------------------------------*/

static int
put_late(struct apply *apply, uint32_t partnership,
         const struct views_place *place)
{
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE], value[4];
    order_put_u32(value, partnership);
    MDB_val key = views_place_key(bytes, partnership, place);
    int rc = put(apply, VIEWS_DB_LATE, &key, value, sizeof value);
    if (rc != 0)
        return rc;
    key = views_place_key(bytes, 0, place);
    return put(apply, VIEWS_DB_LATE, &key, value, sizeof value);
}

static int
put_imprecise(struct apply *apply, uint32_t partnership,
              const struct views_place *place)
{
    int64_t duration = views_duration(place);
    uint8_t bytes[VIEWS_IMPRECISE_KEY_SIZE];
    MDB_val key = views_imprecise_key(
        bytes, partnership, duration,
        duration == VIEWS_DURATION_OPEN ? place->t : place->start_lo,
        place->seq);
    return put(apply, VIEWS_DB_IMPRECISE, &key, bytes, 0);
}

static int
put_known(struct apply *apply, uint32_t partnership, const struct fold_op *op)
{
    uint8_t bytes[VIEWS_KNOWN_KEY_SIZE], value[VIEWS_KNOWN_SIZE];
    order_put_i64(bytes, op->k);
    order_put_u64(bytes + 8, op->seq);
    order_put_u32(value, partnership);
    order_put_i64(value + 4, op->t);
    order_put_i64(value + 12, op->start_lo);
    MDB_val key = {.mv_size = sizeof bytes, .mv_data = bytes};
    return put(apply, VIEWS_DB_KNOWN, &key, value, sizeof value);
}

static int
put_orders(struct apply *apply, uint32_t partnership, const struct fold_op *op)
{
    struct views_place place = {
        .t = op->t, .start_lo = op->start_lo, .seq = op->seq};
    uint8_t bytes[VIEWS_TIME_KEY_SIZE], value[4];
    order_put_u32(value, partnership);
    MDB_val key = views_time_key(bytes, &place);
    int rc = put_op(apply, partnership, op);
    if (rc == 0)
        rc = put(apply, VIEWS_DB_TIMES, &key, value, sizeof value);
    if (rc == 0)
        rc = put_known(apply, partnership, op);
    if (rc == 0 && op->k > op->t)
        rc = put_late(apply, partnership, &place);
    if (rc == 0 && op->start_lo != op->t)
        rc = put_imprecise(apply, partnership, &place);
    return rc;
}

/* --- one event -----------------------------------------------------------*/

static int
op_type(struct apply *apply, const struct event *event, uint32_t *type)
{
    struct views_name name;
    *type = (uint32_t)event->type;
    if (event->type != MODEL_USER_TYPE)
        return 0;
    int rc =
        intern(apply, VIEWS_USER_TYPE, event->fields[MODEL_FIELD_TYPE], &name);
    *type = FOLD_USER_TYPE_BASE + name.number;
    return rc;
}

/* Most events add no party that the partnership did not have. */
static int
put_member(struct apply *apply, uint32_t party, struct span slug,
           uint32_t partnership)
{
    uint8_t bytes[VIEWS_MEMBER_KEY_SIZE], number[4];
    MDB_val key = views_member_key(bytes, party, slug), value;
    int rc = get(apply, VIEWS_DB_MEMBERS, &key, &value);
    if (rc != MDB_NOTFOUND)
        return rc;
    order_put_u32(number, partnership);
    return put(apply, VIEWS_DB_MEMBERS, &key, number, sizeof number);
}

static int
op_parties(struct apply *apply, const struct event *event, uint32_t partnership,
           uint8_t *parties)
{
    struct mp_reader reader = mp_reader(event->fields[MODEL_FIELD_PARTIES]);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count; i++) {
        struct views_name name;
        int rc = intern(apply, VIEWS_PARTY, mp_str(&reader), &name);
        if (rc == 0)
            rc =
                put_member(apply, name.number,
                           event->fields[MODEL_FIELD_PARTNERSHIP], partnership);
        if (rc != 0)
            return rc;
        order_put_u32(parties + 4 * (size_t)i, name.number);
    }
    return 0;
}

static int
put_link(struct apply *apply, enum views_link link, uint64_t target,
         uint64_t seq)
{
    uint8_t bytes[VIEWS_LINK_KEY_SIZE];
    MDB_val key = views_link_key(bytes, link, target, seq);
    return put(apply, VIEWS_DB_LINKS, &key, bytes, 0);
}

static int
put_revelation(struct apply *apply, uint32_t partnership, uint64_t seq)
{
    int rc = put_link(apply, VIEWS_LINK_REVEALS, 0, seq);
    return rc != 0 ? rc : put_link(apply, VIEWS_LINK_REVEALS, partnership, seq);
}

static int
refer_disclosed(struct apply *apply, const struct event *event,
                struct fold_op *op)
{
    struct span id = event->fields[MODEL_FIELD_DISCLOSED_BY];
    struct target target;
    if (event->fields[MODEL_FIELD_DISCLOSED].data != NULL)
        op->k = edtf_certain(&event->disclosed);
    if (id.data == NULL)
        return 0;
    int rc = find_target(apply, id, &target);
    if (rc != 0)
        return rc;
    if (event->fields[MODEL_FIELD_DISCLOSED].data == NULL)
        op->k = target.op.k;
    return put_link(apply, VIEWS_LINK_DISCLOSED, target.op.seq, op->seq);
}

static int
refer_corrects(struct apply *apply, const struct event *event,
               struct fold_op *op)
{
    struct span id = event->fields[MODEL_FIELD_CORRECTS];
    struct target target;
    if (id.data == NULL)
        return 0;
    int rc = find_target(apply, id, &target);
    if (rc == 0)
        op->root = target.op.root;
    return rc;
}

static int
refer_re(struct apply *apply, const struct event *event, struct fold_op *op)
{
    struct span id = event->fields[MODEL_FIELD_RE];
    struct target target;
    if (id.data == NULL)
        return 0;
    int rc = find_target(apply, id, &target);
    if (rc != 0)
        return rc;
    op->re_root = target.op.root;
    return put_link(apply, VIEWS_LINK_ANSWERED, target.op.seq, op->seq);
}

/* k, root and re_root: what the events that this one names say of it. */
static int
op_references(struct apply *apply, const struct event *event,
              struct fold_op *op)
{
    int rc = refer_disclosed(apply, event, op);
    if (rc == 0)
        rc = refer_corrects(apply, event, op);
    return rc != 0 ? rc : refer_re(apply, event, op);
}

static void
op_amounts(const struct event *event, struct fold_op *op)
{
    if (event->has_amount) {
        const uint8_t *letters = event->currency.data;
        op->has_amount = true;
        op->amount_kind = event->amount_kind;
        op->amount = event->amount;
        op->currency =
            (uint32_t)letters[0] << 16 | (uint32_t)letters[1] << 8 | letters[2];
    }
    op->effective_start = EDTF_MINUS_INFINITY;
    op->effective_end = EDTF_PLUS_INFINITY;
    op->sets_effective = event->has_effective;
    if (event->has_effective && !event->effective_nil) {
        op->effective_start = event->effective.start_hi;
        if (event->effective.is_interval)
            op->effective_end = event->effective.end_hi;
    }
}

static int
mark_targets(struct apply *apply, const struct event *event,
             const struct fold_op *op)
{
    int rc = 0;
    if (event->fields[MODEL_FIELD_CORRECTS].data != NULL)
        rc = mark(apply, event->fields[MODEL_FIELD_CORRECTS], op);
    if (rc == 0 && event->type == MODEL_RETRACTION)
        rc = mark(apply, event->fields[MODEL_FIELD_RE], op);
    return rc;
}

static int
put_id(struct apply *apply, const struct event *event)
{
    struct span id = event->fields[MODEL_FIELD_ID];
    uint8_t position[8];
    MDB_val key = {.mv_size = id.size, .mv_data = (void *)(uintptr_t)id.data};
    order_put_u64(position, event->seq);
    return put(apply, VIEWS_DB_IDS, &key, position, sizeof position);
}

static int
put_head_of_partnership(struct apply *apply, const struct event *event,
                        struct views_name *name)
{
    name->revision = event->rev;
    return put_name(apply, VIEWS_PARTNERSHIP,
                    event->fields[MODEL_FIELD_PARTNERSHIP], name);
}

/* MDB_NOTFOUND where an event that this one names is damaged. */
static int
put_effects(struct apply *apply, const struct event *event,
            uint32_t partnership)
{
    struct views_place place = place_of(event);
    uint8_t parties[4 * MODEL_PARTIES_MAX];
    struct fold_op op = {.seq = event->seq,
                         .t = place.t,
                         .start_lo = place.start_lo,
                         .k = place.t,
                         .root = event->seq,
                         .party_count = event->party_count,
                         .parties = parties};
    int rc = op_type(apply, event, &op.type);
    if (rc == 0)
        rc = op_parties(apply, event, partnership, parties);
    if (rc == 0)
        rc = op_references(apply, event, &op);
    if (rc != 0)
        return rc;
    op_amounts(event, &op);
    if (event->type == MODEL_COURT_REVELATION)
        rc = put_revelation(apply, partnership, event->seq);
    bool any_left;
    if (rc == 0)
        rc = put_orders(apply, partnership, &op);
    if (rc == 0)
        rc = views_drop_checkpoints(apply->views, apply->txn, partnership,
                                    &place, &any_left);
    views_count_op(apply->views, partnership);
    return rc != 0 ? rc : mark_targets(apply, event, &op);
}

static int
apply_event(struct apply *apply, const struct event *event, bool sound)
{
    struct views_name name;
    int rc = intern(apply, VIEWS_PARTNERSHIP,
                    event->fields[MODEL_FIELD_PARTNERSHIP], &name);
    if (rc == 0)
        rc = put_id(apply, event);
    if (rc == 0)
        rc = sound ? put_effects(apply, event, name.number) : MDB_NOTFOUND;
    if (rc == MDB_NOTFOUND) {
        if (name.damaged == 0)
            name.damaged = event->seq;
        rc = 0;
    }
    return rc != 0 ? rc : put_head_of_partnership(apply, event, &name);
}

/*
 * An event whose checksum fails keeps its place: what can still be read of it
 * holds its id and revision, and its partnership has no state until it is
 * restored.
 */
static int
apply_damaged(struct apply *apply, uint64_t seq)
{
    struct span bytes;
    struct event event;
    diag(DIAG_ERROR, "event %llu is corrupt", (unsigned long long)seq);
    if (log_salvage(apply->log, seq, &bytes) != LOG_OK ||
        !event_read(bytes, &event) || event.seq != seq ||
        !event_is_slug(event.fields[MODEL_FIELD_PARTNERSHIP]) ||
        !event_is_id(event.fields[MODEL_FIELD_ID]))
        return 0;
    return apply_event(apply, &event, false);
}

static int
apply_position(struct apply *apply, uint64_t seq)
{
    struct span bytes;
    struct event event;
    enum log_result result = log_read(apply->log, seq, &bytes);
    if (result == LOG_OK && event_read(bytes, &event) && event.seq == seq) {
        apply->head_checksum = XXH3_64bits(bytes.data, bytes.size);
        return apply_event(apply, &event, true);
    }
    apply->head_checksum = 0;
    return apply_damaged(apply, seq);
}

static int
put_head(struct apply *apply, uint64_t position)
{
    uint8_t head[VIEWS_HEAD_SIZE];
    order_put_u32(head, VIEWS_FORMAT);
    order_put_u32(head + 4, FOLD_VERSION);
    memcpy(head + 8, log_id(apply->views->log), LOG_ID_SIZE - 1);
    order_put_u64(head + 40, position);
    order_put_u64(head + 48, apply->head_checksum);
    MDB_val key = {.mv_size = 4, .mv_data = (char[]){"head"}};
    return put(apply, VIEWS_DB_META, &key, head, sizeof head);
}

static int
apply_range(struct apply *apply, uint64_t from, uint64_t to)
{
    int rc = 0;
    for (uint64_t seq = from; seq <= to && rc == 0; seq++)
        rc = apply_position(apply, seq);
    if (rc == 0)
        rc = put_head(apply, to);
    if (rc != 0) {
        mdb_txn_abort(apply->txn);
        return rc;
    }
    return mdb_txn_commit(apply->txn);
}

enum views_result
views_apply(struct views *views, struct log_reader *log, size_t limit,
            size_t *applied)
{
    uint64_t position = views_position(views);
    uint64_t tip = log_tip(views->log);
    uint64_t to = tip - position > limit ? position + limit : tip;
    *applied = 0;
    if (to == position)
        return VIEWS_OK;
    struct apply apply = {.views = views, .log = log};
    if (log_read_begin(log) != LOG_OK)
        return VIEWS_FAILED;
    int rc = mdb_txn_begin(views->env, NULL, 0, &apply.txn);
    if (rc == 0)
        rc = apply_range(&apply, position + 1, to);
    log_read_end(log);
    if (rc == MDB_NOTFOUND) /* no reference is missing: apply_event saw to it */
        rc = MDB_CORRUPTED;
    if (rc != 0)
        return views_outcome(rc);
    atomic_store_explicit(&views->position, to, memory_order_release);
    *applied = (size_t)(to - position);
    return VIEWS_OK;
}
