/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <xxhash.h>

#include "daemon/order.h"
#include "daemon/views_apply.h"

/*
 * Events into the views: in position order, each by what its own bytes and the
 * views of lower positions say.  Everything that is computed "once, at append"
 * (EVENTS.md) is computed here.
 */

/* What one transaction puts at most, and one event more: LMDB's list of dirty
 * pages is finite. */
#define APPLY_PUTS_MAX ((size_t)16384)

/* --- one event ------------------------------------------------------------*/

static int
op_type(struct apply *apply, const struct event *event, uint32_t *type)
{
    struct views_name name;
    *type = (uint32_t)event->type;
    if (event->type != MODEL_USER_TYPE)
        return 0;
    int rc = apply_intern(apply, VIEWS_USER_TYPE,
                          event->fields[MODEL_FIELD_TYPE], &name);
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
    int rc = apply_get(apply, VIEWS_DB_MEMBERS, &key, &value);
    if (rc != MDB_NOTFOUND)
        return rc;
    order_put_u32(number, partnership);
    return apply_put(apply, VIEWS_DB_MEMBERS, &key, number, sizeof number);
}

static int
op_parties(struct apply *apply, const struct event *event, uint32_t partnership,
           uint8_t *parties)
{
    struct mp_reader reader = mp_reader(event->fields[MODEL_FIELD_PARTIES]);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count; i++) {
        struct views_name name;
        int rc = apply_intern(apply, VIEWS_PARTY, mp_str(&reader), &name);
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
put_id(struct apply *apply, const struct event *event)
{
    struct span id = event->fields[MODEL_FIELD_ID];
    uint8_t position[8];
    MDB_val key = {.mv_size = id.size, .mv_data = (void *)(uintptr_t)id.data};
    order_put_u64(position, event->seq);
    return apply_put(apply, VIEWS_DB_IDS, &key, position, sizeof position);
}

/* `*damaged` is the position of a damaged event that this one names, if any:
 * then what that one would have said is left out. */
static int
put_effects(struct apply *apply, const struct event *event,
            uint32_t partnership, uint64_t *damaged)
{
    struct views_place place = apply_place(event);
    uint8_t parties[4 * MODEL_PARTIES_MAX];
    struct fold_op op = {.seq = event->seq,
                         .t = place.t,
                         .start_lo = place.start_lo,
                         .k = place.t,
                         .root = event->seq,
                         .party_count = event->party_count,
                         .parties = parties};
    bool any_left;
    int rc = op_type(apply, event, &op.type);
    if (rc == 0)
        rc = op_parties(apply, event, partnership, parties);
    if (rc == 0)
        rc = apply_references(apply, event, &op, damaged);
    op_amounts(event, &op);
    if (rc == 0 && event->type == MODEL_COURT_REVELATION)
        rc = apply_revelation(apply, partnership, event->seq);
    if (rc == 0)
        rc = apply_orders(apply, partnership, &op);
    if (rc == 0)
        rc = views_drop_checkpoints(apply->views, apply->txn, partnership,
                                    &place, &any_left);
    views_count_op(apply->views, partnership);
    return rc != 0 ? rc : apply_marks(apply, event, &op, damaged);
}

static int
put_name_of(struct apply *apply, const struct event *event,
            struct views_name *name, uint64_t revision, uint64_t damaged)
{
    name->revision = revision;
    if (name->damaged == 0)
        name->damaged = damaged;
    return apply_put_name(apply, VIEWS_PARTNERSHIP,
                          event->fields[MODEL_FIELD_PARTNERSHIP], name);
}

/* The partnership that a damaged event still names turns out to be another
 * one's: take back what was laid to its charge. */
static int
acquit(struct apply *apply, uint64_t damaged)
{
    struct span bytes, slug;
    struct views_name name;
    if (damaged == 0 || log_salvage(apply->log, damaged, &bytes) != LOG_OK)
        return 0;
    slug = mp_get_str(bytes, "partnership");
    if (!event_is_slug(slug))
        return 0;
    int rc = apply_find_name(apply, VIEWS_PARTNERSHIP, slug, &name);
    if (rc != 0 || name.damaged != damaged)
        return rc == MDB_NOTFOUND ? 0 : rc;
    name.damaged = 0;
    name.revision--;
    return apply_put_name(apply, VIEWS_PARTNERSHIP, slug, &name);
}

/* A revision that is missing was of a damaged event; one that is there twice
 * shows that a damaged event was another partnership's. */
static int
check_revision(struct apply *apply, const struct event *event,
               struct views_name *name, uint64_t *damaged)
{
    if (event->rev <= name->revision)
        name->damaged = 0;
    if (event->rev <= name->revision + 1 || name->damaged != 0)
        return 0;
    *damaged = apply_damaged_before(apply, event->seq);
    return acquit(apply, *damaged);
}

static int
apply_event(struct apply *apply, const struct event *event)
{
    struct views_name name;
    uint64_t damaged = 0;
    int rc = apply_intern(apply, VIEWS_PARTNERSHIP,
                          event->fields[MODEL_FIELD_PARTNERSHIP], &name);
    if (rc == 0)
        rc = put_id(apply, event);
    if (rc == 0)
        rc = put_effects(apply, event, name.number, &damaged);
    if (rc == 0 && damaged == 0)
        rc = check_revision(apply, event, &name, &damaged);
    return rc != 0 ? rc : put_name_of(apply, event, &name, event->rev, damaged);
}

/* Remember the position. MDB_KEYEXIST when it is known. */
static int
note_position(struct apply *apply, uint64_t seq)
{
    uint8_t bytes[8 * VIEWS_DAMAGED_MAX];
    size_t size = 0;
    MDB_val key = {.mv_size = 7, .mv_data = (char[]){"damaged"}}, value;
    int rc = apply_get(apply, VIEWS_DB_META, &key, &value);
    if (rc == 0 && value.mv_size <= sizeof bytes) {
        size = value.mv_size;
        memcpy(bytes, value.mv_data, size);
    }
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    for (size_t at = 0; at + 8 <= size; at += 8)
        if (order_get_u64(bytes + at) == seq)
            return MDB_KEYEXIST;
    if (size + 8 > sizeof bytes)
        return 0;
    order_put_u64(bytes + size, seq);
    uint64_t lowest = atomic_load(&apply->views->damaged);
    if (lowest == 0 || seq < lowest)
        atomic_store(&apply->views->damaged, seq);
    return apply_put(apply, VIEWS_DB_META, &key, bytes, size + 8);
}

/*
 * An event whose checksum fails keeps its place: what can still be read of it
 * holds its id, unless another event has that, and a revision; its partnership
 * has no state until it is restored.
 */
static int
apply_damaged(struct apply *apply, uint64_t seq)
{
    struct span bytes, id;
    struct event event = {.seq = seq};
    struct views_name name;
    uint64_t other;
    int rc = note_position(apply, seq);
    if (rc != 0 || log_salvage(apply->log, seq, &bytes) != LOG_OK)
        return rc == MDB_KEYEXIST ? 0 : rc;
    id = mp_get_str(bytes, "id");
    event.fields[MODEL_FIELD_ID] = id;
    event.fields[MODEL_FIELD_PARTNERSHIP] = mp_get_str(bytes, "partnership");
    if (event_is_id(id) && apply_find_id(apply, id, &other) == MDB_NOTFOUND)
        rc = put_id(apply, &event);
    if (rc != 0 || !event_is_slug(event.fields[MODEL_FIELD_PARTNERSHIP]))
        return rc;
    rc = apply_intern(apply, VIEWS_PARTNERSHIP,
                      event.fields[MODEL_FIELD_PARTNERSHIP], &name);
    return rc != 0 ? rc
                   : put_name_of(apply, &event, &name, name.revision + 1, seq);
}

static int
apply_position(struct apply *apply, uint64_t seq)
{
    struct span bytes;
    struct event event;
    enum log_result result = log_read(apply->log, seq, &bytes);
    if (result == LOG_OK && event_read(bytes, &event) && event.seq == seq) {
        apply->head_checksum = XXH3_64bits(bytes.data, bytes.size);
        return apply_event(apply, &event);
    }
    apply->head_checksum = 0;
    diag(DIAG_ERROR, "event %llu is corrupt", (unsigned long long)seq);
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

static int
apply_range(struct apply *apply, uint64_t from, uint64_t *to)
{
    int rc = 0;
    uint64_t seq = from;
    for (; seq <= *to && rc == 0 && apply->puts < APPLY_PUTS_MAX; seq++)
        rc = apply_position(apply, seq);
    *to = seq - 1;
    if (rc == 0)
        rc = put_head(apply, *to);
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
        rc = apply_range(&apply, position + 1, &to);
    log_read_end(log);
    apply_chain_deinit(&apply.chain);
    if (rc == MDB_NOTFOUND) /* no reference is missing: find_target saw to it */
        rc = MDB_CORRUPTED;
    if (rc != 0)
        return views_commit_outcome(views, rc);
    atomic_store_explicit(&views->position, to, memory_order_release);
    *applied = (size_t)(to - position);
    return VIEWS_OK;
}

/* The number of the partnership of a position, by the one order that has them
 * all: a walk over everything, for what hardly ever happens. */
static int
find_partnership(struct apply *apply, uint64_t seq, uint32_t *partnership)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    struct views_place place = {0};
    int rc =
        mdb_cursor_open(apply->txn, apply->views->dbs[VIEWS_DB_TIMES], &cursor);
    if (rc != 0)
        return rc;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
        if (views_time_read(&key, &place) && place.seq == seq &&
            value.mv_size == 4)
            break;
    if (rc == 0)
        *partnership = order_get_u32(value.mv_data);
    mdb_cursor_close(cursor);
    return rc;
}

/* Only the flag: the event's revision was counted when it was sound.  What the
 * damaged bytes say of its partnership may be what is damaged. */
static int
note_damage(struct apply *apply, uint64_t seq)
{
    uint8_t bytes[VIEWS_SLUG_KEY_SIZE];
    uint32_t partnership = 0;
    struct views_name name;
    MDB_val value;
    int rc = note_position(apply, seq);
    if (rc == 0)
        rc = find_partnership(apply, seq, &partnership);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    MDB_val key = views_slug_key(bytes, VIEWS_PARTNERSHIP, partnership);
    rc = apply_get(apply, VIEWS_DB_SLUGS, &key, &value);
    if (rc != 0)
        return rc;
    struct span slug = {value.mv_data, value.mv_size};
    rc = apply_find_name(apply, VIEWS_PARTNERSHIP, slug, &name);
    if (rc != 0 || name.damaged != 0)
        return rc;
    name.damaged = seq;
    return apply_put_name(apply, VIEWS_PARTNERSHIP, slug, &name);
}

enum views_result
views_note_damage(struct views *views, struct log_reader *log, uint64_t seq)
{
    struct apply apply = {.views = views, .log = log};
    if (seq == 0 || seq > views_position(views))
        return VIEWS_OK;
    if (log_read_begin(log) != LOG_OK)
        return VIEWS_FAILED;
    int rc = mdb_txn_begin(views->env, NULL, 0, &apply.txn);
    if (rc == 0)
        rc = note_damage(&apply, seq);
    log_read_end(log);
    if (rc == 0)
        return views_commit(views, apply.txn);
    mdb_txn_abort(apply.txn);
    return rc == MDB_KEYEXIST ? VIEWS_OK : views_outcome(rc);
}
