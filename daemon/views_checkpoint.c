/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/fold_bytes.h"
#include "daemon/order.h"
#include "daemon/views_late.h"

/*
 * Checkpoints: the folded state of a partnership at places of its fold order,
 * so that a question folds a few operations instead of all.
 *
 * Value: k 8, seq 8, position 8, then the fold.  It was folded with everything
 * known and recorded up to that position, so it holds for a question (K, S)
 * when K >= k and S >= seq, where k and seq are the greatest of all operations
 * up to its place and of all that supersedes them, directly or not.  Both grow
 * along the fold order, as far as the positions are one.
 *
 * What arrives behind the position and concerns the state at the place is made
 * good for by whoever uses it (daemon/views_late.h).
 */
#define CHECKPOINT_HEAD_SIZE ((size_t)24)

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
views_last_checkpoint(struct views *views, MDB_txn *txn, uint32_t partnership,
                      struct views_place *place, bool *any)
{
    struct views_reader reader = {
        .views = views, .file = atomic_load(&views->file), .txn = txn};
    struct views_checkpoint last;
    enum views_result result =
        views_checkpoint_upto(&reader, partnership, &VIEWS_PLACE_LAST, &last);
    views_close_cursors(&reader);
    *any = result == VIEWS_OK;
    if (*any)
        *place = last.place;
    return result == VIEWS_OK || result == VIEWS_ABSENT ? 0 : MDB_CORRUPTED;
}

/* --- finding --------------------------------------------------------------*/

enum views_result
views_checkpoint_upto(struct views_reader *reader, uint32_t partnership,
                      const struct views_place *upto,
                      struct views_checkpoint *found)
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
    uint32_t number;
    if (!views_checkpoint_read(&value, found) ||
        !views_place_read(&key, &number, &found->place))
        return views_outcome(MDB_CORRUPTED);
    return VIEWS_OK;
}

enum views_result
views_checkpoint_from(struct views_reader *reader, uint32_t partnership,
                      const struct views_place *from, struct views_place *place)
{
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE];
    MDB_val key = views_place_key(bytes, partnership, from), value;
    MDB_cursor *cursor = views_cursor(reader, VIEWS_DB_FOLDS);
    uint32_t number;
    if (cursor == NULL)
        return VIEWS_FULL;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc != 0)
        return views_outcome(rc);
    if (!is_of(&key, partnership))
        return VIEWS_ABSENT;
    return views_place_read(&key, &number, place)
               ? VIEWS_OK
               : views_outcome(MDB_CORRUPTED);
}

void
views_checkpoint_write(struct mp_buf *buf,
                       const struct views_checkpoint *checkpoint,
                       const struct fold *fold)
{
    uint8_t head[CHECKPOINT_HEAD_SIZE];
    order_put_i64(head, checkpoint->k);
    order_put_u64(head + 8, checkpoint->seq);
    order_put_u64(head + 16, checkpoint->position);
    mp_buf_append(buf, head, sizeof head);
    fold_save(buf, fold);
}

bool
views_checkpoint_read(const MDB_val *value, struct views_checkpoint *checkpoint)
{
    const uint8_t *at = value->mv_data;
    if (value->mv_size < CHECKPOINT_HEAD_SIZE)
        return false;
    checkpoint->k = order_get_i64(at);
    checkpoint->seq = order_get_u64(at + 8);
    checkpoint->position = order_get_u64(at + 16);
    checkpoint->fold = (struct span){at + CHECKPOINT_HEAD_SIZE,
                                     value->mv_size - CHECKPOINT_HEAD_SIZE};
    return true;
}

static bool
holds(const struct views_checkpoint *found, int64_t known, uint64_t seq)
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
       uint64_t seq, struct views_checkpoint *found)
{
    int64_t low = EDTF_MINUS_INFINITY, high = found->place.t;
    struct views_checkpoint best = {0};
    bool any = false;
    while (low < high) {
        struct views_place upto = VIEWS_PLACE_LAST;
        struct views_checkpoint tried = {0};
        upto.t = middle_of(low, high);
        enum views_result result =
            views_checkpoint_upto(reader, partnership, &upto, &tried);
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

static enum views_result
last_that_holds(struct views_reader *reader, uint32_t partnership,
                int64_t known, uint64_t seq, const struct views_place *upto,
                struct views_checkpoint *found)
{
    enum views_result result =
        views_checkpoint_upto(reader, partnership, upto, found);
    if (result == VIEWS_OK && !holds(found, known, seq))
        result = bisect(reader, partnership, known, seq, found);
    return result;
}

/* The same before everything that changed behind checkpoints' backs. */
static enum views_result
last_untouched(struct views_reader *reader, uint32_t partnership, int64_t known,
               uint64_t seq, const struct views_place *upto,
               struct views_checkpoint *found)
{
    struct views_place first;
    size_t unused;
    enum views_result result =
        views_late_look(reader, partnership, &unused, &first);
    if (result != VIEWS_OK)
        return result;
    first.seq--; /* positions begin at 1 */
    return last_that_holds(
        reader, partnership, known, seq,
        views_place_compare(&first, upto) < 0 ? &first : upto, found);
}

static enum views_result
load(struct fold *fold, const struct views_checkpoint *found)
{
    int rc = fold_load(fold, found->fold);
    if (rc == -EINVAL)
        return views_outcome(MDB_CORRUPTED);
    return rc == 0 ? VIEWS_OK : VIEWS_FULL;
}

enum views_result
views_find_checkpoint(struct views_reader *reader, struct log_reader *log,
                      uint32_t partnership, int64_t known, uint64_t seq,
                      struct views_place *upto, struct fold *fold)
{
    struct views_checkpoint found = {0};
    enum views_result result =
        last_that_holds(reader, partnership, known, seq, upto, &found);
    if (result != VIEWS_OK)
        return result;
    result = load(fold, &found);
    if (result == VIEWS_OK)
        result =
            views_patch(reader, log, partnership, &found, known, seq, fold);
    if (result == VIEWS_ABSENT) {
        fold_deinit(fold);
        result = last_untouched(reader, partnership, known, seq, upto, &found);
        if (result == VIEWS_OK)
            result = load(fold, &found);
    }
    if (result == VIEWS_OK)
        *upto = found.place;
    return result;
}
