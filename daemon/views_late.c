/* SPDX-License-Identifier: MIT */
#include "daemon/views_late.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/order.h"
#include "daemon/views_apply.h"

#define LATE_PLACE_SIZE ((size_t)16)

static MDB_val
late_key(uint8_t key[VIEWS_LATE_KEY_SIZE], uint32_t partnership,
         uint64_t change, uint64_t event)
{
    order_put_u32(key, partnership);
    order_put_u64(key + 4, change);
    order_put_u64(key + 12, event);
    return (MDB_val){.mv_size = VIEWS_LATE_KEY_SIZE, .mv_data = key};
}

static bool
is_of(const MDB_val *key, uint32_t partnership)
{
    return key->mv_size == VIEWS_LATE_KEY_SIZE &&
           order_get_u32(key->mv_data) == partnership;
}

/* The place of the event of an entry; false when the bytes are none. */
static bool
read_place(const MDB_val *key, const MDB_val *value, struct views_place *place)
{
    const uint8_t *at = value->mv_data;
    if (key->mv_size != VIEWS_LATE_KEY_SIZE || value->mv_size < LATE_PLACE_SIZE)
        return false;
    place->t = order_get_i64(at);
    place->start_lo = order_get_i64(at + 8);
    place->seq = order_get_u64((const uint8_t *)key->mv_data + 12);
    return true;
}

/* --- reading --------------------------------------------------------------*/

static enum views_result
take(uint32_t partnership, int rc, const MDB_val *key, const MDB_val *value,
     struct views_change *change)
{
    struct views_place place;
    if (rc != 0)
        return views_outcome(rc);
    if (!is_of(key, partnership))
        return VIEWS_ABSENT;
    if (!read_place(key, value, &place))
        return views_outcome(MDB_CORRUPTED);
    struct span op = {(const uint8_t *)value->mv_data + LATE_PLACE_SIZE,
                      value->mv_size - LATE_PLACE_SIZE};
    change->change = order_get_u64((const uint8_t *)key->mv_data + 4);
    return views_op_read(op, &place, &change->op)
               ? VIEWS_OK
               : views_outcome(MDB_CORRUPTED);
}

enum views_result
views_late_seek(struct views_reader *reader, uint32_t partnership,
                uint64_t position, struct views_change *change)
{
    uint8_t bytes[VIEWS_LATE_KEY_SIZE];
    MDB_val key = late_key(bytes, partnership, position, 0), value;
    MDB_cursor *cursor = views_cursor(reader, VIEWS_DB_LATE);
    if (cursor == NULL)
        return VIEWS_FULL;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    return take(partnership, rc, &key, &value, change);
}

enum views_result
views_late_next(struct views_reader *reader, uint32_t partnership,
                struct views_change *change)
{
    MDB_val key, value;
    MDB_cursor *cursor = views_cursor(reader, VIEWS_DB_LATE);
    if (cursor == NULL)
        return VIEWS_FULL;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    return take(partnership, rc, &key, &value, change);
}

enum views_result
views_late_look(struct views_reader *reader, uint32_t partnership,
                size_t *count, struct views_place *first)
{
    struct views_change change;
    enum views_result result = views_late_seek(reader, partnership, 0, &change);
    *count = 0;
    *first = VIEWS_PLACE_LAST;
    for (; result == VIEWS_OK;
         result = views_late_next(reader, partnership, &change)) {
        struct views_place place = {change.op.t, change.op.start_lo,
                                    change.op.seq};
        if (views_place_compare(&place, first) < 0)
            *first = place;
        ++*count;
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* --- forgetting -----------------------------------------------------------*/

int
views_late_forget(const struct views_file *file, MDB_txn *txn,
                  uint32_t partnership, uint64_t position)
{
    MDB_dbi db = file->dbs[VIEWS_DB_LATE];
    uint8_t bytes[VIEWS_LATE_KEY_SIZE];
    MDB_val key = late_key(bytes, partnership, 0, 0), value;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, db, &cursor);
    if (rc != 0)
        return rc;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)) == 0 &&
           is_of(&key, partnership) &&
           order_get_u64((const uint8_t *)key.mv_data + 4) <= position) {
        memcpy(bytes, key.mv_data, sizeof bytes);
        key.mv_data = bytes;
        if ((rc = mdb_del(txn, db, &key, NULL)) != 0)
            break;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* --- noting ---------------------------------------------------------------*/

int
apply_has_folds(struct apply *apply, size_t partnership, bool *any)
{
    struct apply_name *name = &apply->names[partnership];
    int rc = 0;
    if (!name->looked_for_folds)
        rc = views_last_checkpoint(apply->views, apply->txn, name->name.number,
                                   &name->last_fold, &name->has_folds);
    name->looked_for_folds = true;
    *any = name->has_folds;
    return rc;
}

static int
keep_change(struct apply *apply, const struct apply_change *change)
{
    if (apply->change_count == apply->change_capacity) {
        size_t capacity =
            apply->change_capacity == 0 ? 16 : 2 * apply->change_capacity;
        struct apply_change *changes =
            reallocarray(apply->changes, capacity, sizeof *changes);
        if (changes == NULL)
            return ENOMEM;
        apply->changes = changes;
        apply->change_capacity = capacity;
    }
    apply->changes[apply->change_count++] = *change;
    return 0;
}

int
apply_note_change(struct apply *apply, size_t partnership,
                  const struct fold_op *op, uint64_t change)
{
    uint8_t value[LATE_PLACE_SIZE + VIEWS_OP_SIZE_MAX];
    struct views_place place = {op->t, op->start_lo, op->seq};
    bool any;
    int rc = apply_has_folds(apply, partnership, &any);
    struct apply_name *name = &apply->names[partnership];
    if (rc != 0 || !any || views_place_compare(&place, &name->last_fold) > 0)
        return rc;
    if (name->late++ == 0 || views_place_compare(&place, &name->first) < 0)
        name->first = place;
    if (name->late > VIEWS_LATE_MAX)
        return 0; /* they are dropped */
    order_put_i64(value, op->t);
    order_put_i64(value + 8, op->start_lo);
    struct apply_change kept = {
        .partnership = partnership,
        .change = change,
        .event = op->seq,
        .at = apply->bytes.size,
        .size = LATE_PLACE_SIZE + views_op_write(value + LATE_PLACE_SIZE, op)};
    mp_buf_append(&apply->bytes, value, kept.size);
    return apply->bytes.failed ? ENOMEM : keep_change(apply, &kept);
}

/* What is noted already, besides what this batch adds. */
static int
look(struct apply *apply, const struct apply_name *name, size_t *count,
     struct views_place *first)
{
    struct views_reader reader = {
        .views = apply->views, .file = apply->file, .txn = apply->txn};
    enum views_result result =
        views_late_look(&reader, name->name.number, count, first);
    views_close_cursors(&reader);
    if (views_place_compare(&name->first, first) < 0)
        *first = name->first;
    return result == VIEWS_OK ? 0 : MDB_CORRUPTED;
}

/* Keep it, or drop the checkpoints that it concerns. */
static int
settle(struct apply *apply, struct apply_name *name)
{
    struct views_place first;
    uint32_t number = name->name.number;
    size_t count;
    int rc = look(apply, name, &count, &first);
    if (rc != 0)
        return rc;
    count += name->late;
    if (count >= views_late_wanted(name->name.revision))
        views_want_checkpoint(apply->views, number);
    name->keeps_late = count <= views_late_max(name->name.revision);
    if (name->keeps_late)
        return 0;
    rc = views_drop_checkpoints(apply->views, apply->txn, number, &first);
    return rc != 0
               ? rc
               : views_late_forget(apply->file, apply->txn, number, UINT64_MAX);
}

int
apply_put_changes(struct apply *apply)
{
    int rc = 0;
    for (size_t i = 0; i < apply->name_count && rc == 0; i++)
        if (apply->names[i].late > 0)
            rc = settle(apply, &apply->names[i]);
    for (size_t i = 0; i < apply->change_count && rc == 0; i++) {
        const struct apply_change *change = &apply->changes[i];
        const struct apply_name *name = &apply->names[change->partnership];
        uint8_t bytes[VIEWS_LATE_KEY_SIZE];
        MDB_val key =
            late_key(bytes, name->name.number, change->change, change->event);
        if (name->keeps_late)
            rc = apply_put(apply, VIEWS_DB_LATE, &key,
                           apply->bytes.data + change->at, change->size);
    }
    return rc;
}
