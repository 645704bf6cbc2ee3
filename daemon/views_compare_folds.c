/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "daemon/fold_bytes.h"
#include "daemon/order.h"
#include "daemon/views_compare.h"
#include "daemon/views_late.h"
#include "daemon/views_refold.h"

/* Checkpoints, and what is noted of changes behind their backs, against what
 * folding gives. */

/* --- folds ----------------------------------------------------------------*/

/* Checkpoints are where they came to be, and as of different positions; what
 * each holds must be what folding up to there gives. */
struct folding_check {
    struct views_telling *telling;
    struct views_reader reader; /* of what was found */
    struct views_refold *refold;
    uint32_t partnership;
    struct mp_buf wanted, patched;
};

static int
code_of(enum views_result result)
{
    return result == VIEWS_OK || result == VIEWS_ABSENT ? 0
           : result == VIEWS_FULL                       ? ENOMEM
                                                        : MDB_CORRUPTED;
}

/* Does a change that is noted concern a checkpoint? */
static enum views_result
is_concerned(struct folding_check *folding,
             const struct views_checkpoint *checkpoint, bool *yes)
{
    struct views_change change;
    enum views_result result =
        views_late_seek(&folding->reader, folding->partnership,
                        checkpoint->position + 1, &change);
    *yes = false;
    for (; result == VIEWS_OK && !*yes;
         result =
             views_late_next(&folding->reader, folding->partnership, &change)) {
        struct views_place place = {change.op.t, change.op.start_lo,
                                    change.op.seq};
        *yes = views_place_compare(&place, &checkpoint->place) <= 0;
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* The bytes of its fold, made good for what changed; VIEWS_ABSENT where that
 * cannot be done. */
static enum views_result
patch(struct folding_check *folding, const struct views_checkpoint *checkpoint)
{
    const struct views_compare *compare = folding->telling->compare;
    struct fold fold = {0};
    int rc = fold_load(&fold, checkpoint->fold);
    enum views_result result = rc == 0         ? VIEWS_OK
                               : rc == -ENOMEM ? VIEWS_FULL
                                               : VIEWS_ABSENT;
    if (result == VIEWS_OK)
        result = views_patch(&folding->reader, compare->log,
                             folding->partnership, checkpoint,
                             EDTF_PLUS_INFINITY, compare->position, &fold);
    mp_buf_clear(&folding->patched);
    if (result == VIEWS_OK)
        fold_save(&folding->patched, &fold);
    fold_deinit(&fold);
    return folding->patched.failed ? VIEWS_FULL : result;
}

/* What folding gives there, as of the position of the checkpoint. */
static enum views_result
refold_then(struct folding_check *folding,
            const struct views_checkpoint *checkpoint)
{
    enum views_result result = VIEWS_FULL;
    struct views_refold *refold =
        views_refold_new(folding->telling->compare->fresh_views,
                         folding->partnership, checkpoint->position);
    mp_buf_clear(&folding->wanted);
    if (refold != NULL)
        result = views_refold_to(refold, &checkpoint->place, &folding->wanted);
    views_refold_free(refold);
    return result;
}

/* Is it what folding gives, which is in `wanted`? */
static enum views_result
judge(struct folding_check *folding, const struct views_checkpoint *checkpoint,
      bool *right)
{
    struct views_checkpoint wanted;
    MDB_val value = {.mv_size = folding->wanted.size,
                     .mv_data = folding->wanted.data};
    struct span fold = checkpoint->fold;
    bool concerned = false;
    enum views_result result = is_concerned(folding, checkpoint, &concerned);
    if (result == VIEWS_OK && concerned)
        result = patch(folding, checkpoint);
    if (result == VIEWS_OK && concerned)
        fold = mp_buf_span(&folding->patched);
    if (result == VIEWS_ABSENT) {
        concerned = false;
        result = refold_then(folding, checkpoint);
        value = (MDB_val){.mv_size = folding->wanted.size,
                          .mv_data = folding->wanted.data};
    }
    *right = result == VIEWS_OK && views_checkpoint_read(&value, &wanted) &&
             checkpoint->position <= folding->telling->compare->position &&
             span_equal(fold, wanted.fold) &&
             (concerned ||
              (checkpoint->k == wanted.k && checkpoint->seq == wanted.seq));
    return result;
}

static int
check_fold(struct folding_check *folding, const MDB_val *key,
           const MDB_val *value)
{
    struct views_compare *compare = folding->telling->compare;
    struct views_checkpoint found;
    uint32_t partnership;
    bool right = false;
    if (!views_place_read(key, &partnership, &found.place) ||
        !views_checkpoint_read(value, &found)) {
        views_tell(folding->telling, "an entry has no place", 0);
        return 0;
    }
    if (folding->refold == NULL || partnership != folding->partnership) {
        views_refold_free(folding->refold);
        folding->partnership = partnership;
        folding->refold = views_refold_new(compare->fresh_views, partnership,
                                           compare->position);
        if (folding->refold == NULL)
            return ENOMEM;
    }
    mp_buf_clear(&folding->wanted);
    enum views_result result =
        views_refold_to(folding->refold, &found.place, &folding->wanted);
    compare->entries++;
    if (result == VIEWS_ABSENT)
        views_tell(folding->telling, "a state is where no event is",
                   found.place.seq);
    if (result == VIEWS_OK)
        result = judge(folding, &found, &right);
    if (result == VIEWS_OK && !right)
        views_tell(folding->telling, "a state is another", found.place.seq);
    return code_of(result);
}

static int
check_folds(struct folding_check *folding)
{
    struct views_compare *compare = folding->telling->compare;
    MDB_cursor *found = NULL;
    MDB_val key, value;
    int rc = mdb_cursor_open(compare->found,
                             compare->found_file->dbs[VIEWS_DB_FOLDS], &found);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(found, &key, &value, MDB_FIRST);
    while (rc == 0) {
        rc = check_fold(folding, &key, &value);
        if (rc == 0)
            rc = mdb_cursor_get(found, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(found);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static struct views_file *
found_file(const struct views_compare *compare)
{
    return (struct views_file *)(uintptr_t)compare->found_file;
}

int
views_compare_folds(struct views_telling *telling)
{
    struct views_compare *compare = telling->compare;
    struct folding_check folding = {.telling = telling,
                                    .reader = {.views = compare->fresh_views,
                                               .file = found_file(compare),
                                               .txn = compare->found}};
    if (log_read_begin(compare->log) != LOG_OK)
        return EIO;
    int rc = check_folds(&folding);
    log_read_end(compare->log);
    views_close_cursors(&folding.reader);
    views_release_iters(&folding.reader);
    views_refold_free(folding.refold);
    mp_buf_deinit(&folding.wanted);
    mp_buf_deinit(&folding.patched);
    return rc;
}

/* --- what is late ---------------------------------------------------------*/

/* What is noted of an event is what the event is, but that it may not have been
 * marked then. */
static enum views_result
is_event(struct views_reader *fresh, uint32_t partnership,
         const struct fold_op *noted, bool *yes)
{
    uint8_t wanted[VIEWS_OP_SIZE_MAX], found[VIEWS_OP_SIZE_MAX];
    struct views_place place = {noted->t, noted->start_lo, noted->seq};
    struct fold_op op, same = *noted;
    enum views_result result = views_op(fresh, partnership, &place, &op);
    *yes = false;
    if (result != VIEWS_OK)
        return result == VIEWS_ABSENT ? VIEWS_OK : result;
    same.marked = op.marked;
    size_t size = views_op_write(wanted, &op);
    *yes = views_op_write(found, &same) == size &&
           memcmp(found, wanted, size) == 0;
    return VIEWS_OK;
}

static enum views_result
check_late(struct views_telling *telling, struct views_reader *fresh,
           struct views_reader *found, uint32_t partnership)
{
    struct views_change change;
    enum views_result result = views_late_seek(found, partnership, 0, &change);
    for (; result == VIEWS_OK;
         result = views_late_next(found, partnership, &change)) {
        bool yes;
        result = is_event(fresh, partnership, &change.op, &yes);
        telling->compare->entries++;
        if (result != VIEWS_OK)
            return result;
        if (!yes)
            views_tell(telling, "a change is another", change.op.seq);
    }
    return result;
}

/* The first partnership from `*partnership` on that has any. */
static int
next_late(const struct views_compare *compare, uint32_t *partnership)
{
    uint8_t bytes[4];
    MDB_val key = {.mv_size = sizeof bytes, .mv_data = bytes}, value;
    MDB_cursor *cursor;
    order_put_u32(bytes, *partnership);
    int rc = mdb_cursor_open(compare->found,
                             compare->found_file->dbs[VIEWS_DB_LATE], &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc == 0 && key.mv_size != VIEWS_LATE_KEY_SIZE)
        rc = MDB_CORRUPTED;
    if (rc == 0)
        *partnership = order_get_u32(key.mv_data);
    mdb_cursor_close(cursor);
    return rc;
}

int
views_compare_late(struct views_telling *telling)
{
    struct views_compare *compare = telling->compare;
    struct views_reader fresh = {.views = compare->fresh_views,
                                 .file =
                                     atomic_load(&compare->fresh_views->file),
                                 .txn = compare->fresh};
    struct views_reader found = {.views = compare->fresh_views,
                                 .file = found_file(compare),
                                 .txn = compare->found};
    int rc = 0;
    for (uint32_t partnership = 1; (rc = next_late(compare, &partnership)) == 0;
         partnership++) {
        rc = code_of(check_late(telling, &fresh, &found, partnership));
        if (rc != 0)
            break;
    }
    views_close_cursors(&fresh);
    views_release_iters(&fresh);
    views_close_cursors(&found);
    views_release_iters(&found);
    return rc == MDB_NOTFOUND ? 0 : rc;
}
