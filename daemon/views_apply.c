/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "daemon/xxh3.h"

#include "daemon/order.h"
#include "daemon/views_apply.h"

/*
 * Events into the views: in position order, each by what its own bytes and the
 * views of lower positions say.  Everything that is computed "once, at append"
 * (EVENTS.md) is computed here.
 */

/* Puts of one transaction, and some more for one event: LMDB keeps the pages
 * that it changed in memory, and takes up again those that a transaction has
 * left behind only when that is over: with fewer puts both memory and file are
 * smaller. */
#define APPLY_PUTS_MAX ((size_t)1024)

/* --- one event ------------------------------------------------------------*/

static int
op_type(struct apply *apply, const struct event *event, uint32_t *type)
{
    size_t name;
    *type = (uint32_t)event->type;
    if (event->type != MODEL_USER_TYPE)
        return 0;
    int rc = apply_intern(apply, VIEWS_USER_TYPE,
                          event->fields[MODEL_FIELD_TYPE], &name);
    if (rc == 0)
        *type = FOLD_USER_TYPE_BASE + apply->names[name].name.number;
    return rc;
}

static int
op_parties(struct apply *apply, const struct event *event, uint32_t partnership,
           uint8_t *parties)
{
    struct mp_reader reader = mp_reader(event->fields[MODEL_FIELD_PARTIES]);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count; i++) {
        struct span slug = mp_str(&reader);
        size_t name;
        int rc = apply_intern(apply, VIEWS_PARTY, slug, &name);
        if (rc != 0)
            return rc;
        uint32_t party = apply->names[name].name.number;
        rc = apply_add_member(
            apply, party, event->fields[MODEL_FIELD_PARTNERSHIP], partnership);
        if (rc != 0)
            return rc;
        order_put_u32(parties + 4 * (size_t)i, party);
    }
    return 0;
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

/* `*damaged` is the position of a damaged event that this one names, if any:
 * then what that one would have said is left out. */
static int
put_effects(struct apply *apply, const struct event *event, size_t partnership,
            uint64_t *damaged)
{
    struct views_place place = apply_place(event);
    uint32_t number = apply->names[partnership].name.number;
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
        rc = op_parties(apply, event, number, parties);
    if (rc == 0)
        rc = apply_references(apply, event, &op, damaged);
    op_amounts(event, &op);
    if (rc == 0 && event->type == MODEL_COURT_REVELATION)
        rc = apply_revelation(apply, number, event->seq);
    if (rc == 0)
        rc = apply_add_op(apply, number, &op);
    if (rc == 0)
        rc = apply_note_change(apply, partnership, &op, op.seq);
    apply->names[partnership].ops++;
    return rc != 0 ? rc : apply_marks(apply, event, &op, partnership, damaged);
}

void
apply_set_revision(struct apply *apply, size_t partnership, uint64_t seq,
                   uint64_t revision, uint64_t damaged)
{
    struct apply_name *name = &apply->names[partnership];
    name->name.revision = revision;
    if (name->name.damaged == 0)
        name->name.damaged = damaged;
    name->changed = true;
    name->head_changed |= seq > apply->ids_position;
}

/* A revision that is missing was of a damaged event; one that is there twice
 * shows that a damaged event was another partnership's. */
static int
check_revision(struct apply *apply, const struct event *event,
               size_t partnership, uint64_t *damaged)
{
    struct views_name *name = &apply->names[partnership].name;
    if (event->rev <= name->revision)
        name->damaged = 0;
    if (event->rev <= name->revision + 1 || name->damaged != 0)
        return 0;
    *damaged = apply_damaged_before(apply, event->seq);
    return apply_acquit(apply, *damaged);
}

static int
apply_event(struct apply *apply, const struct event *event)
{
    size_t name;
    uint64_t damaged = 0;
    int rc = apply_intern(apply, VIEWS_PARTNERSHIP,
                          event->fields[MODEL_FIELD_PARTNERSHIP], &name);
    if (rc == 0)
        rc = apply_put_id(apply, event->fields[MODEL_FIELD_ID], event->seq);
    if (rc == 0)
        rc = put_effects(apply, event, name, &damaged);
    if (rc == 0 && damaged == 0)
        rc = check_revision(apply, event, name, &damaged);
    if (rc == 0)
        apply_set_revision(apply, name, event->seq, event->rev, damaged);
    return rc;
}

static int
apply_position(struct apply *apply, uint64_t seq)
{
    struct span bytes;
    struct event event;
    enum log_result result = log_read(apply->log, seq, &bytes);
    if (result == LOG_OK && event_read(bytes, &event) && event.seq == seq) {
        if (seq == apply->last)
            apply->head_checksum = XXH3_64bits(bytes.data, bytes.size);
        return apply_event(apply, &event);
    }
    diag_about(
        &(const struct diag_about){.kind = DIAG_EVENT_CORRUPT, .position = seq},
        "event %llu is corrupt", (unsigned long long)seq);
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
    return apply_put(apply, VIEWS_DB_META, &key, head, sizeof head);
}

int
apply_put_ids_position(struct apply *apply, uint64_t position)
{
    uint8_t bytes[8];
    MDB_val key = {.mv_size = 3, .mv_data = (char[]){"ids"}};
    order_put_u64(bytes, position);
    return position <= apply->ids_position
               ? 0
               : apply_put(apply, VIEWS_DB_META, &key, bytes, sizeof bytes);
}

/* --- batches --------------------------------------------------------------*/

static int
take_events(struct apply *apply, uint64_t to)
{
    int rc = 0;
    uint64_t seq = apply->first;
    for (; seq <= to && rc == 0; seq++) {
        rc = apply_position(apply, seq);
        if (rc == 0)
            rc = apply_turn_over(apply);
    }
    if (rc == 0)
        rc = apply_merge(apply);
    if (rc == 0)
        rc = apply_put_ids_position(apply, to);
    return rc != 0 ? rc : put_head(apply, to);
}

/* Cursors of a transaction that writes end with it. */
static int
end_transaction(struct apply *apply, int rc)
{
    blocks_close(&apply->find_id);
    blocks_close(&apply->find_op);
    if (rc == 0)
        rc = mdb_txn_commit(apply->txn);
    else
        mdb_txn_abort(apply->txn);
    apply->txn = NULL;
    return rc;
}

int
apply_turn_over(struct apply *apply)
{
    if (apply->puts - apply->puts_before < APPLY_PUTS_MAX)
        return 0;
    apply->puts_before = apply->puts;
    int rc = end_transaction(apply, 0);
    return rc != 0 ? rc : mdb_txn_begin(apply->file->env, NULL, 0, &apply->txn);
}

int
apply_batch(struct apply *apply, uint64_t to,
            int (*take)(struct apply *apply, uint64_t to))
{
    if (log_read_begin(apply->log) != LOG_OK)
        return EIO;
    int rc = apply_init(apply, (size_t)(to - apply->first + 1));
    if (rc == 0)
        rc = mdb_txn_begin(apply->file->env, NULL, 0, &apply->txn);
    if (rc == 0)
        rc = take(apply, to);
    rc = end_transaction(apply, rc);
    log_read_end(apply->log);
    apply_deinit(apply);
    return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc; /* find_target saw to it */
}

uint64_t
apply_last_of_batch(const struct views *views, uint64_t position, size_t limit)
{
    uint64_t waiting = log_tip(views->log) - position;
    limit = limit < APPLY_EVENTS_MAX ? limit : APPLY_EVENTS_MAX;
    return position + (waiting < limit ? waiting : limit);
}

enum views_result
views_apply(struct views *views, struct log_reader *log, size_t limit,
            size_t *applied)
{
    uint64_t position = views_position(views);
    uint64_t to = apply_last_of_batch(views, position, limit);
    struct apply apply = {.views = views,
                          .file = atomic_load(&views->file),
                          .log = log,
                          .first = position + 1,
                          .last = to,
                          .ids_position = views_ids_position(views)};
    *applied = 0;
    if (to == position)
        return VIEWS_OK;
    int rc = apply_batch(&apply, to, take_events);
    if (rc != 0)
        return views_commit_outcome(views, rc);
    if (to > apply.ids_position)
        atomic_store_explicit(&views->ids_position, to, memory_order_release);
    atomic_store_explicit(&views->position, to, memory_order_release);
    *applied = (size_t)(to - position);
    return VIEWS_OK;
}
