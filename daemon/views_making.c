/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "daemon/fold_bytes.h"
#include "daemon/liveness.h"
#include "daemon/views_late.h"
#include "daemon/views_refold.h"

/*
 * Making checkpoints: behind the last one, where operations were added there;
 * or all that have become wrong anew, from the first that changed, when much
 * has changed behind their backs.  The latter may take several transactions.
 */

/* Operations between two checkpoints (VIEWS_SPACING_MIN at least): their bytes
 * are no more than those of the operations between them. */
#define CHECKPOINT_BYTES_PER_OP ((size_t)64)

/* Operations that one transaction folds, at least: whoever waits for it waits
 * some milliseconds. */
#define CHECKPOINT_OPS_MAX ((size_t)16384)

struct making {
    struct views_reader reader; /* in the write transaction */
    struct log_reader *log;
    uint32_t partnership;
    uint64_t position; /* as of which they are made */
    struct fold fold;
    struct liveness liveness;
    struct number_map visited; /* superseders that are in k and seq */
    uint64_t *stack;           /* of them, not looked behind yet */
    size_t stack_size, stack_capacity;
    struct views_checkpoint last; /* what the next one says, or the last */
    size_t since;                 /* operations since the last checkpoint */
    size_t spacing;
    struct views_place old; /* the next of the checkpoints that are there */
    bool has_old;
    bool anew; /* what changed is made good for: views->refresh */
    bool made;
};

/* --- k and seq ------------------------------------------------------------*/

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

static void
cover(struct making *making, int64_t k, uint64_t seq)
{
    making->last.k = k > making->last.k ? k : making->last.k;
    making->last.seq = seq > making->last.seq ? seq : making->last.seq;
}

/* The superseders of one event, as of the position; those not met before are
 * looked at next. */
static enum views_result
reach_one(struct making *making, uint64_t target)
{
    uint64_t superseder = 0;
    int64_t k;
    uint32_t unused;
    enum views_result result;
    while ((result = views_superseder(&making->reader, target, superseder,
                                      &superseder, &k)) == VIEWS_OK) {
        if (superseder > making->position)
            return VIEWS_OK; /* they come in their order */
        cover(making, k, superseder);
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

/* --- folding --------------------------------------------------------------*/

/* What a batch that was not finished left behind is not there yet. */
static enum views_result
fold_one(struct making *making, const struct fold_op *op)
{
    bool superseded = false;
    enum views_result result = VIEWS_OK;
    if (op->seq > making->position)
        return VIEWS_OK;
    cover(making, op->k, op->seq);
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

static enum views_result
find_old(struct making *making, const struct views_place *from)
{
    enum views_result result = views_checkpoint_from(
        &making->reader, making->partnership, from, &making->old);
    making->has_old = result == VIEWS_OK;
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

static void
set_spacing(struct making *making, size_t size)
{
    making->spacing = size / CHECKPOINT_BYTES_PER_OP;
    if (making->spacing < VIEWS_SPACING_MIN)
        making->spacing = VIEWS_SPACING_MIN;
}

static enum views_result
write_one(struct making *making, const struct views_place *place)
{
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE];
    struct mp_buf buf = {0};
    making->last.place = *place;
    making->last.position = making->position;
    views_checkpoint_write(&buf, &making->last, &making->fold);
    MDB_val key = views_place_key(bytes, making->partnership, place);
    MDB_val value = {.mv_size = buf.size, .mv_data = buf.data};
    int rc = buf.failed ? ENOMEM
                        : mdb_put(making->reader.txn,
                                  making->reader.file->dbs[VIEWS_DB_FOLDS],
                                  &key, &value, 0);
    set_spacing(making, buf.size);
    making->since = 0;
    making->made = true;
    mp_buf_deinit(&buf);
    return views_outcome(rc);
}

/* Those that are there are made again where they are; between them, and behind
 * the last one, new ones where they are far apart. */
static enum views_result
write_if_due(struct making *making, const struct views_place *place)
{
    struct views_place next = *place;
    enum views_result result;
    if (!making->has_old)
        return making->since >= making->spacing ? write_one(making, place)
                                                : VIEWS_OK;
    if (views_place_compare(&making->old, place) > 0)
        return making->since >= 2 * making->spacing ? write_one(making, place)
                                                    : VIEWS_OK;
    result = write_one(making, place);
    next.seq++;
    return result == VIEWS_OK ? find_old(making, &next) : result;
}

/* --- where to begin -------------------------------------------------------*/

/* What the fold of a checkpoint lacks is covered by k and seq, too. */
static enum views_result
cover_changes(struct making *making, const struct views_checkpoint *from)
{
    struct views_change change;
    enum views_result result = views_late_seek(
        &making->reader, making->partnership, from->position + 1, &change);
    while (result == VIEWS_OK) {
        struct views_place place = {change.op.t, change.op.start_lo,
                                    change.op.seq};
        if (views_place_compare(&place, &from->place) <= 0) {
            cover(making, change.op.k, change.op.seq);
            result = reach(making, change.op.seq);
        }
        if (result == VIEWS_OK)
            result =
                views_late_next(&making->reader, making->partnership, &change);
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* VIEWS_ABSENT: what changed behind it cannot be made good for. */
static enum views_result
begin_at(struct making *making, const struct views_checkpoint *from)
{
    enum views_result result = VIEWS_FULL;
    set_spacing(making, from->fold.size);
    making->last = *from;
    if (fold_load(&making->fold, from->fold) == 0)
        result =
            views_patch(&making->reader, making->log, making->partnership, from,
                        EDTF_PLUS_INFINITY, making->position, &making->fold);
    if (result == VIEWS_OK)
        return cover_changes(making, from);
    fold_deinit(&making->fold);
    return result;
}

static void
begin_at_first(struct making *making)
{
    making->last = (struct views_checkpoint){.place = VIEWS_PLACE_FIRST,
                                             .k = EDTF_MINUS_INFINITY};
    set_spacing(making, 0);
}

/* All anew, from the last one that nothing has changed. */
static enum views_result
begin_anew(struct making *making, const struct views_place *first)
{
    struct views_checkpoint from;
    struct views_place upto = *first;
    upto.seq--; /* positions begin at 1 */
    enum views_result result = views_checkpoint_upto(
        &making->reader, making->partnership, &upto, &from);
    making->anew = true;
    making->reader.views->refresh = (struct views_refresh){
        .partnership = making->partnership, .position = making->position};
    if (result == VIEWS_OK)
        return begin_at(making, &from);
    if (result == VIEWS_ABSENT)
        begin_at_first(making);
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* On from where the last transaction has come; VIEWS_ABSENT where it has not
 * come to anything, or that is gone. */
static enum views_result
resume(struct making *making)
{
    struct views_refresh *refresh = &making->reader.views->refresh;
    struct views_checkpoint from;
    if (refresh->partnership != making->partnership)
        return VIEWS_ABSENT;
    enum views_result result = views_checkpoint_upto(
        &making->reader, making->partnership, &refresh->reached, &from);
    if (result == VIEWS_OK &&
        views_place_compare(&from.place, &refresh->reached) != 0)
        result = VIEWS_ABSENT;
    if (result == VIEWS_OK)
        result = begin_at(making, &from);
    making->anew = result == VIEWS_OK;
    if (!making->anew)
        *refresh = (struct views_refresh){0};
    return result;
}

static enum views_result
begin_behind_last(struct making *making)
{
    struct views_checkpoint from;
    struct views_place upto = VIEWS_PLACE_LAST;
    enum views_result result = views_checkpoint_upto(
        &making->reader, making->partnership, &upto, &from);
    if (result == VIEWS_OK)
        return begin_at(making, &from);
    if (result == VIEWS_ABSENT)
        begin_at_first(making);
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

static enum views_result
begin(struct making *making, uint64_t revision)
{
    struct views_place first;
    size_t count;
    enum views_result result =
        views_late_look(&making->reader, making->partnership, &count, &first);
    if (result == VIEWS_OK)
        result = resume(making);
    if (result == VIEWS_ABSENT && count < views_late_wanted(revision))
        result = begin_behind_last(making);
    if (result == VIEWS_ABSENT)
        result = begin_anew(making, &first);
    return result;
}

/* --- a transaction --------------------------------------------------------*/

/* `*more` when it stopped before the end. */
static enum views_result
make(struct making *making, bool *more)
{
    struct views_walk over = {.reader = &making->reader,
                              .kind = VIEWS_WALK_OPS,
                              .partnership = making->partnership};
    struct views_place next = making->last.place;
    struct views_hit hit;
    size_t folded = 0;
    next.seq += making->last.place.seq != 0; /* behind a checkpoint */
    enum views_result result = find_old(making, &next);
    if (result == VIEWS_OK)
        result = views_walk_seek(&over, &next, &hit);
    while (result == VIEWS_OK) {
        result = fold_one(making, &hit.op);
        folded++;
        if (result == VIEWS_OK)
            result = write_if_due(making, &hit.place);
        *more =
            folded >= CHECKPOINT_OPS_MAX && making->since == 0 && making->made;
        if (result != VIEWS_OK || *more)
            return result;
        result = views_walk_next(&over, &hit);
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* All of them are right as of the position where this was begun. */
static enum views_result
end_anew(struct making *making)
{
    struct views_refresh *refresh = &making->reader.views->refresh;
    int rc = views_late_forget(making->reader.file, making->reader.txn,
                               making->partnership, refresh->position);
    *refresh = (struct views_refresh){0};
    making->made = true; /* something to commit */
    return views_outcome(rc);
}

static enum views_result
run(struct making *making, bool *more)
{
    struct views *views = making->reader.views;
    struct views_name name = {0};
    struct span slug;
    enum views_result result = views_slug(&making->reader, VIEWS_PARTNERSHIP,
                                          making->partnership, &slug);
    if (result == VIEWS_OK)
        result =
            views_find_name(&making->reader, VIEWS_PARTNERSHIP, slug, &name);
    if (result == VIEWS_OK)
        result = begin(making, name.revision);
    if (result == VIEWS_OK)
        result = make(making, more);
    if (result == VIEWS_OK && making->anew && !*more)
        result = end_anew(making);
    if (making->anew && *more)
        views->refresh.reached = making->last.place;
    return result;
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

static bool
begin_log(struct views *views)
{
    if (views->log_reader == NULL)
        views->log_reader = log_reader_new(views->log);
    return views->log_reader != NULL &&
           log_read_begin(views->log_reader) == LOG_OK;
}

/* The transaction ends; what could not be kept is begun anew. */
static enum views_result
commit(struct making *making, enum views_result result)
{
    struct views *views = making->reader.views;
    if (result == VIEWS_OK && making->made)
        result = views_commit(views, making->reader.txn);
    else
        mdb_txn_abort(making->reader.txn);
    if (result != VIEWS_OK && making->anew)
        views->refresh = (struct views_refresh){0};
    return result;
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
        .partnership = wants->list[--wants->count],
        .position = views_position(views)};
    number_map_remove(&wants->listed, making.partnership);
    if (!begin_log(views))
        return VIEWS_FULL;
    making.log = views->log_reader;
    liveness_init(&making.liveness, EDTF_PLUS_INFINITY, making.position);
    int rc =
        mdb_txn_begin(making.reader.file->env, NULL, 0, &making.reader.txn);
    if (rc != 0) {
        end_reading(&making);
        log_read_end(making.log);
        return views_outcome(rc);
    }
    enum views_result result = run(&making, &more);
    end_reading(&making);
    log_read_end(making.log);
    result = commit(&making, result);
    if (result == VIEWS_OK && more)
        views_want_checkpoint(views, making.partnership);
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* --- folding anew ---------------------------------------------------------*/

struct views_refold {
    struct making making;
    struct views_walk walk;
    struct views_hit hit; /* not folded yet */
    enum views_result at; /* VIEWS_OK where there is one */
};

struct views_refold *
views_refold_new(struct views *views, uint32_t partnership, uint64_t position)
{
    struct views_refold *refold = calloc(1, sizeof *refold);
    if (refold == NULL)
        return NULL;
    struct making *making = &refold->making;
    making->reader.views = views;
    making->reader.file = atomic_load(&views->file);
    making->partnership = partnership;
    making->position = making->last.position = position;
    making->last.k = EDTF_MINUS_INFINITY;
    liveness_init(&making->liveness, EDTF_PLUS_INFINITY, position);
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

enum views_result
views_refold_to(struct views_refold *refold, const struct views_place *place,
                struct mp_buf *value)
{
    int order = -1;
    while (refold->at == VIEWS_OK && order < 0) {
        order = views_place_compare(&refold->hit.place, place);
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
    views_checkpoint_write(value, &refold->making.last, &refold->making.fold);
    return value->failed ? VIEWS_FULL : VIEWS_OK;
}
