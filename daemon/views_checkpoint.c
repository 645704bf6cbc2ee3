/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/fold_bytes.h"
#include "daemon/liveness.h"
#include "daemon/order.h"
#include "daemon/views_refold.h"

/*
 * Checkpoints: the folded state of a partnership at places of its fold order,
 * so that a question folds a few operations instead of all.
 *
 * Value: k 8, seq 8, then the fold.  It was folded with everything known and
 * recorded, so it holds for a question (K, S) when K >= k and S >= seq, where
 * k and seq are the greatest of all operations up to its place and of all that
 * supersedes them, directly or not.  Both only grow along the fold order.
 *
 * What changes a state drops the checkpoints behind it (views_apply.c): a new
 * event at or before a place, and an event that supersedes, from the first
 * event on whose liveness it changes.
 */
#define CHECKPOINT_HEAD_SIZE ((size_t)16)

/* Operations between two checkpoints (VIEWS_SPACING_MIN at least): their bytes
 * are no more than those of the operations between them. */
#define CHECKPOINT_BYTES_PER_OP ((size_t)64)

/* Operations that one transaction folds, at least: a request to append waits
 * no longer than that takes, some milliseconds. */
#define CHECKPOINT_OPS_MAX ((size_t)16384)

/* --- dropping -------------------------------------------------------------*/

static bool
is_of(const MDB_val *key, uint32_t partnership)
{
    return key->mv_size == VIEWS_PLACE_KEY_SIZE &&
           order_get_u32(key->mv_data) == partnership;
}

int
views_drop_checkpoints(struct views *views, MDB_txn *txn, uint32_t partnership,
                       const struct views_place *from)
{
    MDB_dbi db = atomic_load(&views->file)->dbs[VIEWS_DB_FOLDS];
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE];
    MDB_cursor *cursor;
    MDB_val key = views_place_key(bytes, partnership, from), value;
    bool dropped = false;
    int rc = mdb_cursor_open(txn, db, &cursor);
    if (rc != 0)
        return rc;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)) == 0 &&
           is_of(&key, partnership)) {
        memcpy(bytes, key.mv_data, sizeof bytes);
        key.mv_data = bytes;
        if ((rc = mdb_del(txn, db, &key, NULL)) != 0)
            break;
        dropped = true;
    }
    mdb_cursor_close(cursor);
    if (dropped)
        views_want_checkpoint(views, partnership);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int
views_has_checkpoints(struct views *views, MDB_txn *txn, uint32_t partnership,
                      bool *any)
{
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE];
    MDB_cursor *cursor;
    MDB_val key = views_place_key(bytes, partnership, &VIEWS_PLACE_FIRST);
    MDB_val value;
    int rc = mdb_cursor_open(
        txn, atomic_load(&views->file)->dbs[VIEWS_DB_FOLDS], &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    *any = rc == 0 && is_of(&key, partnership);
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* --- finding --------------------------------------------------------------*/

struct found {
    struct views_place place;
    int64_t k;
    uint64_t seq;
    struct span fold;
};

/* The last checkpoint at or before a place: VIEWS_ABSENT for none. */
static enum views_result
last_upto(struct views_reader *reader, uint32_t partnership,
          const struct views_place *upto, struct found *found)
{
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE], wanted[VIEWS_PLACE_KEY_SIZE];
    MDB_val key = views_place_key(bytes, partnership, upto), value;
    MDB_cursor *cursor = views_cursor(reader, VIEWS_DB_FOLDS);
    if (cursor == NULL)
        return VIEWS_FULL;
    memcpy(wanted, bytes, sizeof wanted);
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    else if (rc == 0 && (key.mv_size != sizeof wanted ||
                         memcmp(key.mv_data, wanted, sizeof wanted) != 0))
        rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    if (rc != 0)
        return views_outcome(rc);
    if (!is_of(&key, partnership))
        return VIEWS_ABSENT;
    const uint8_t *at = value.mv_data;
    uint32_t number;
    if (value.mv_size < CHECKPOINT_HEAD_SIZE ||
        !views_place_read(&key, &number, &found->place))
        return views_outcome(MDB_CORRUPTED);
    found->k = order_get_i64(at);
    found->seq = order_get_u64(at + 8);
    found->fold = (struct span){at + CHECKPOINT_HEAD_SIZE,
                                value.mv_size - CHECKPOINT_HEAD_SIZE};
    return VIEWS_OK;
}

static bool
holds(const struct found *found, int64_t known, uint64_t seq)
{
    return found->k <= known && found->seq <= seq;
}

/* The middle of two moments, below the later one. */
static int64_t
middle_of(int64_t low, int64_t high)
{
    return (int64_t)(((__int128)low + high) >> 1);
}

/*
 * The last one that holds: whether they hold changes once along the order, so
 * bisect by t.  `found` is one that does not hold.
 */
static enum views_result
bisect(struct views_reader *reader, uint32_t partnership, int64_t known,
       uint64_t seq, struct found *found)
{
    int64_t low = EDTF_MINUS_INFINITY, high = found->place.t;
    struct found best = {0};
    bool any = false;
    while (low < high) {
        struct views_place upto = VIEWS_PLACE_LAST;
        struct found tried = {0};
        upto.t = middle_of(low, high);
        enum views_result result =
            last_upto(reader, partnership, &upto, &tried);
        if (result != VIEWS_OK && result != VIEWS_ABSENT)
            return result;
        if (result == VIEWS_OK && !holds(&tried, known, seq)) {
            high = tried.place.t < upto.t ? tried.place.t : upto.t;
            continue;
        }
        if (result == VIEWS_OK) {
            best = tried;
            any = true;
        }
        low = upto.t + 1;
    }
    *found = best;
    return any ? VIEWS_OK : VIEWS_ABSENT;
}

enum views_result
views_find_checkpoint(struct views_reader *reader, uint32_t partnership,
                      int64_t known, uint64_t seq, struct views_place *upto,
                      struct fold *fold)
{
    struct found found = {0};
    enum views_result result = last_upto(reader, partnership, upto, &found);
    if (result == VIEWS_OK && !holds(&found, known, seq))
        result = bisect(reader, partnership, known, seq, &found);
    if (result != VIEWS_OK)
        return result;
    *upto = found.place;
    int rc = fold_load(fold, found.fold);
    if (rc == -EINVAL)
        return views_outcome(MDB_CORRUPTED);
    return rc == 0 ? VIEWS_OK : VIEWS_FULL;
}

/* --- making ---------------------------------------------------------------*/

struct making {
    struct views_reader reader; /* in the write transaction */
    uint32_t partnership;
    struct fold fold;
    struct liveness liveness;
    struct number_map visited; /* superseders that are in k and seq */
    uint64_t *stack;           /* of them, not looked behind yet */
    size_t stack_size, stack_capacity;
    int64_t k;
    uint64_t seq;
    size_t since; /* operations since the last checkpoint */
    size_t spacing;
    bool made;
};

static bool
push(struct making *making, uint64_t target)
{
    if (making->stack_size == making->stack_capacity) {
        size_t capacity =
            making->stack_capacity == 0 ? 16 : 2 * making->stack_capacity;
        uint64_t *stack = reallocarray(making->stack, capacity, sizeof *stack);
        if (stack == NULL)
            return false;
        making->stack = stack;
        making->stack_capacity = capacity;
    }
    making->stack[making->stack_size++] = target;
    return true;
}

/* The superseders of one event; those not met before are looked at next. */
static enum views_result
reach_one(struct making *making, uint64_t target)
{
    uint64_t superseder = 0;
    int64_t k;
    uint32_t unused;
    enum views_result result;
    while ((result = views_superseder(&making->reader, target, superseder,
                                      &superseder, &k)) == VIEWS_OK) {
        making->k = k > making->k ? k : making->k;
        making->seq = superseder > making->seq ? superseder : making->seq;
        if (number_map_find(&making->visited, superseder, &unused))
            continue;
        if (number_map_put(&making->visited, superseder, 0) != 0 ||
            !push(making, superseder))
            return VIEWS_FULL;
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* Everything that supersedes an event, directly or not, counts. */
static enum views_result
reach(struct making *making, uint64_t target)
{
    enum views_result result = reach_one(making, target);
    while (result == VIEWS_OK && making->stack_size > 0)
        result = reach_one(making, making->stack[--making->stack_size]);
    return result;
}

static enum views_result
fold_one(struct making *making, const struct fold_op *op)
{
    bool superseded = false;
    enum views_result result = VIEWS_OK;
    making->k = op->k > making->k ? op->k : making->k;
    making->seq = op->seq > making->seq ? op->seq : making->seq;
    making->since++;
    if (op->marked)
        result = reach(making, op->seq);
    if (result == VIEWS_OK && op->marked)
        result = liveness_superseded(&making->liveness, &making->reader,
                                     op->seq, &superseded);
    if (result != VIEWS_OK || superseded)
        return result;
    return fold_apply(&making->fold, op) == 0 ? VIEWS_OK : VIEWS_FULL;
}

/* The value of a checkpoint here. */
static void
put_value(struct mp_buf *buf, const struct making *making)
{
    uint8_t head[CHECKPOINT_HEAD_SIZE];
    order_put_i64(head, making->k);
    order_put_u64(head + 8, making->seq);
    mp_buf_append(buf, head, sizeof head);
    fold_save(buf, &making->fold);
}

static enum views_result
write_one(struct making *making, const struct views_place *place)
{
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE];
    struct mp_buf buf = {0};
    put_value(&buf, making);
    MDB_val key = views_place_key(bytes, making->partnership, place);
    MDB_val value = {.mv_size = buf.size, .mv_data = buf.data};
    int rc = buf.failed ? ENOMEM
                        : mdb_put(making->reader.txn,
                                  making->reader.file->dbs[VIEWS_DB_FOLDS],
                                  &key, &value, 0);
    making->spacing = buf.size / CHECKPOINT_BYTES_PER_OP;
    if (making->spacing < VIEWS_SPACING_MIN)
        making->spacing = VIEWS_SPACING_MIN;
    making->since = 0;
    making->made = true;
    mp_buf_deinit(&buf);
    return views_outcome(rc);
}

/* Begin behind the last checkpoint. */
static enum views_result
begin(struct making *making, struct views_place *next)
{
    struct found found = {0};
    struct views_place upto = VIEWS_PLACE_LAST;
    enum views_result result =
        last_upto(&making->reader, making->partnership, &upto, &found);
    *next = VIEWS_PLACE_FIRST;
    making->k = EDTF_MINUS_INFINITY;
    making->spacing = VIEWS_SPACING_MIN;
    if (result != VIEWS_OK)
        return result == VIEWS_ABSENT ? VIEWS_OK : result;
    *next = found.place;
    next->seq++;
    making->k = found.k;
    making->seq = found.seq;
    if (found.fold.size / CHECKPOINT_BYTES_PER_OP > making->spacing)
        making->spacing = found.fold.size / CHECKPOINT_BYTES_PER_OP;
    return fold_load(&making->fold, found.fold) == 0 ? VIEWS_OK : VIEWS_FULL;
}

/* `*more` when it stopped before the end. */
static enum views_result
make(struct making *making, bool *more)
{
    struct views_walk over = {.reader = &making->reader,
                              .kind = VIEWS_WALK_OPS,
                              .partnership = making->partnership};
    struct views_place next;
    struct views_hit hit;
    size_t folded = 0;
    enum views_result result = begin(making, &next);
    if (result == VIEWS_OK)
        result = views_walk_seek(&over, &next, &hit);
    while (result == VIEWS_OK) {
        result = fold_one(making, &hit.op);
        folded++;
        if (result == VIEWS_OK && making->since >= making->spacing)
            result = write_one(making, &hit.place);
        *more = folded >= CHECKPOINT_OPS_MAX && making->made;
        if (result != VIEWS_OK || *more)
            return result;
        result = views_walk_next(&over, &hit);
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

static void
end_reading(struct making *making)
{
    views_close_cursors(&making->reader);
    views_release_iters(&making->reader);
    fold_deinit(&making->fold);
    liveness_deinit(&making->liveness);
    number_map_deinit(&making->visited);
    free(making->stack);
}

enum views_result
views_checkpoint(struct views *views)
{
    struct views_wants *wants = &views->wants;
    bool more = false;
    if (wants->count == 0)
        return VIEWS_ABSENT;
    struct making making = {
        .reader = {.views = views, .file = atomic_load(&views->file)},
        .partnership = wants->list[--wants->count]};
    number_map_remove(&wants->listed, making.partnership);
    liveness_init(&making.liveness, EDTF_PLUS_INFINITY, views_position(views));
    int rc =
        mdb_txn_begin(making.reader.file->env, NULL, 0, &making.reader.txn);
    if (rc != 0)
        return views_outcome(rc);
    enum views_result result = make(&making, &more);
    end_reading(&making);
    if (result == VIEWS_OK && making.made) {
        result = views_commit(views, making.reader.txn);
    } else {
        mdb_txn_abort(making.reader.txn);
    }
    if (result == VIEWS_OK && more)
        views_want_checkpoint(views, making.partnership);
    return result;
}

/* --- folding anew ---------------------------------------------------------*/

struct views_refold {
    struct making making;
    struct views_walk walk;
    struct views_hit hit; /* not folded yet */
    enum views_result at; /* VIEWS_OK where there is one */
};

struct views_refold *
views_refold_new(struct views *views, uint32_t partnership)
{
    struct views_refold *refold = calloc(1, sizeof *refold);
    if (refold == NULL)
        return NULL;
    struct making *making = &refold->making;
    making->reader.views = views;
    making->reader.file = atomic_load(&views->file);
    making->partnership = partnership;
    making->k = EDTF_MINUS_INFINITY;
    liveness_init(&making->liveness, EDTF_PLUS_INFINITY, views_position(views));
    if (mdb_txn_begin(making->reader.file->env, NULL, MDB_RDONLY,
                      &making->reader.txn) != 0) {
        free(refold);
        return NULL;
    }
    refold->walk = (struct views_walk){.reader = &making->reader,
                                       .kind = VIEWS_WALK_OPS,
                                       .partnership = partnership};
    refold->at =
        views_walk_seek(&refold->walk, &VIEWS_PLACE_FIRST, &refold->hit);
    return refold;
}

void
views_refold_free(struct views_refold *refold)
{
    if (refold == NULL)
        return;
    end_reading(&refold->making);
    mdb_txn_abort(refold->making.reader.txn);
    free(refold);
}

static int
compare_places(const struct views_place *a, const struct views_place *b)
{
    if (a->t != b->t)
        return a->t < b->t ? -1 : 1;
    if (a->start_lo != b->start_lo)
        return a->start_lo < b->start_lo ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

enum views_result
views_refold_to(struct views_refold *refold, const struct views_place *place,
                struct mp_buf *value)
{
    int order = -1;
    while (refold->at == VIEWS_OK && order < 0) {
        order = compare_places(&refold->hit.place, place);
        if (order > 0)
            return VIEWS_ABSENT;
        refold->at = fold_one(&refold->making, &refold->hit.op);
        if (refold->at == VIEWS_OK)
            refold->at = views_walk_next(&refold->walk, &refold->hit);
    }
    if (refold->at != VIEWS_OK && refold->at != VIEWS_ABSENT)
        return refold->at;
    if (order != 0)
        return VIEWS_ABSENT;
    put_value(value, &refold->making);
    return value->failed ? VIEWS_FULL : VIEWS_OK;
}
