/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "daemon/fold_list.h"
#include "daemon/liveness.h"
#include "daemon/views_late.h"

/*
 * A checkpoint as it would be now (daemon/views_late.h).
 *
 * Most of what an operation does is a sum, added or taken back wherever the
 * operation stands.  The rest concerns what stands under one root: that is
 * folded anew from the operations that name this root, and from those that end
 * all agreements; so daemon/fold alone knows what operations do.  First and
 * last are looked up at the ends of the fold order.
 */

/* More is not worth it: folding is as quick. */
#define PATCH_ROOTS_MAX 128u
#define PATCH_OPS_MAX ((size_t)512)
#define PATCH_WALK_MAX 512u

struct ops {
    struct fold_op *ops;
    size_t count, capacity;
};

struct patching {
    struct views_reader *reader;
    struct log_reader *log;
    uint32_t partnership;
    const struct views_checkpoint *checkpoint;
    struct liveness before, now;
    struct fold *fold;
    struct ops changes;
    uint64_t roots[PATCH_ROOTS_MAX];
    size_t root_count;
    bool changed;
    struct ops endings; /* what ends all agreements */
    struct ops ops;     /* the same and those of one root */
};

/* VIEWS_ABSENT: there are too many. */
static enum views_result
push(struct ops *ops, const struct fold_op *op)
{
    if (ops->count == PATCH_OPS_MAX)
        return VIEWS_ABSENT;
    if (ops->count == ops->capacity) {
        size_t capacity = ops->capacity == 0 ? 16 : 2 * ops->capacity;
        struct fold_op *grown = reallocarray(ops->ops, capacity, sizeof *grown);
        if (grown == NULL)
            return VIEWS_FULL;
        ops->ops = grown;
        ops->capacity = capacity;
    }
    ops->ops[ops->count++] = *op;
    return VIEWS_OK;
}

static struct views_place
place_of(const struct fold_op *op)
{
    return (struct views_place){op->t, op->start_lo, op->seq};
}

static bool
is_behind(const struct patching *patching, const struct views_place *place)
{
    return views_place_compare(place, &patching->checkpoint->place) > 0;
}

/* --- what changed ---------------------------------------------------------*/

static int
compare_seqs(const void *one, const void *other)
{
    const struct fold_op *left = one, *right = other;
    return (left->seq > right->seq) - (left->seq < right->seq);
}

/* One event may be noted several times; whether it is marked, the last time
 * says. */
static void
unite(struct patching *patching)
{
    struct fold_op *ops = patching->changes.ops;
    size_t kept = 0, count = patching->changes.count;
    if (count > 0)
        qsort(ops, count, sizeof *ops, compare_seqs);
    for (size_t i = 0; i < count; i++) {
        bool again = kept > 0 && ops[kept - 1].seq == ops[i].seq;
        if (again)
            ops[kept - 1].marked |= ops[i].marked;
        else
            ops[kept++] = ops[i];
    }
    patching->changes.count = kept;
}

static enum views_result
collect(struct patching *patching)
{
    struct views_change change;
    enum views_result result =
        views_late_seek(patching->reader, patching->partnership,
                        patching->checkpoint->position + 1, &change);
    for (; result == VIEWS_OK;
         result = views_late_next(patching->reader, patching->partnership,
                                  &change)) {
        struct views_place place = place_of(&change.op);
        if (is_behind(patching, &place))
            continue;
        result = push(&patching->changes, &change.op);
        if (result != VIEWS_OK)
            return result;
    }
    unite(patching);
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* Is it among what is folded as of these dates? */
static enum views_result
counts(struct patching *patching, struct liveness *liveness,
       const struct fold_op *op, bool *yes)
{
    bool superseded = false;
    enum views_result result = VIEWS_OK;
    *yes = op->seq <= liveness->seq && op->k <= liveness->known;
    if (*yes && op->marked)
        result = liveness_superseded(liveness, patching->reader, op->seq,
                                     &superseded);
    *yes = *yes && !superseded;
    return result;
}

/* --- what that concerns ---------------------------------------------------*/

static enum views_result
add_root(struct patching *patching, uint64_t root)
{
    for (size_t i = 0; i < patching->root_count; i++)
        if (patching->roots[i] == root)
            return VIEWS_OK;
    if (patching->root_count == PATCH_ROOTS_MAX)
        return VIEWS_ABSENT;
    patching->roots[patching->root_count++] = root;
    return VIEWS_OK;
}

static enum views_result
add_all_agreements(struct patching *patching)
{
    const struct fold_list *list = &patching->fold->agreements;
    enum views_result result = VIEWS_OK;
    for (size_t i = 0; i < list->size && result == VIEWS_OK; i++)
        if (!list->entries[i].gone)
            result = add_root(patching, list->entries[i].root);
    return result;
}

/* What ended all agreements and does not count any more: which ones, nobody
 * knows. */
static enum views_result
add_roots(struct patching *patching, const struct fold_op *op, bool counts_now)
{
    enum views_result result = VIEWS_OK;
    if (op->type == MODEL_TERMINATION && op->re_root == 0)
        return counts_now ? add_all_agreements(patching) : VIEWS_ABSENT;
    if (op->type == MODEL_OFFER || op->type == MODEL_AGREEMENT ||
        op->type == MODEL_DISPUTE)
        result = add_root(patching, op->root);
    if (result == VIEWS_OK && op->re_root != 0 && fold_touches(op->type))
        result = add_root(patching, op->re_root);
    return result;
}

static enum views_result
change(struct patching *patching, const struct fold_op *op)
{
    bool did = false, does = false;
    enum views_result result = counts(patching, &patching->before, op, &did);
    if (result == VIEWS_OK)
        result = counts(patching, &patching->now, op, &does);
    if (result != VIEWS_OK || did == does)
        return result;
    patching->changed = true;
    if (!does)
        fold_uncount(patching->fold, op);
    else if (fold_count(patching->fold, op) != 0)
        return VIEWS_FULL;
    return add_roots(patching, op, does);
}

/* --- the operations of a root ---------------------------------------------*/

/* An operation, where it counts now; `*root` is its own, 0 where the
 * partnership has none there. */
static enum views_result
add_op(struct patching *patching, struct ops *ops,
       const struct views_place *place, uint64_t *root)
{
    struct fold_op op;
    bool yes;
    enum views_result result =
        views_op(patching->reader, patching->partnership, place, &op);
    *root = result == VIEWS_OK ? op.root : 0;
    if (result == VIEWS_ABSENT)
        return VIEWS_OK; /* another partnership's */
    if (result == VIEWS_OK)
        result = counts(patching, &patching->now, &op, &yes);
    if (result != VIEWS_OK || !yes || is_behind(patching, place))
        return result;
    op.party_count = 0; /* only what stands under the root matters */
    op.has_amount = false;
    return push(ops, &op);
}

static enum views_result
add_endings(struct patching *patching)
{
    struct views_place next = VIEWS_PLACE_FIRST, place = {0};
    uint64_t unused;
    enum views_result result;
    while ((result = views_next_ending(patching->reader, patching->partnership,
                                       &next, &place)) == VIEWS_OK) {
        if (is_behind(patching, &place))
            break;
        result = add_op(patching, &patching->endings, &place, &unused);
        if (result != VIEWS_OK)
            return result;
        next = place;
        next.seq++;
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

static enum views_result
add_answers(struct patching *patching, uint64_t target)
{
    struct views_place place = {0};
    uint64_t unused;
    bool touches;
    enum views_result result;
    while ((result = views_answer_at(patching->reader, target, place.seq,
                                     &place, &touches)) == VIEWS_OK) {
        if (touches)
            result = add_op(patching, &patching->ops, &place, &unused);
        if (result != VIEWS_OK)
            return result;
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* Events under one root whose answers and corrections are to be added. */
struct family {
    uint64_t members[PATCH_OPS_MAX];
    size_t count;
};

static enum views_result
add_member(struct patching *patching, struct family *family, uint64_t root,
           const struct views_place *place)
{
    uint64_t own;
    enum views_result result = add_op(patching, &patching->ops, place, &own);
    if (result != VIEWS_OK || own != root)
        return result;
    if (family->count == PATCH_OPS_MAX)
        return VIEWS_ABSENT;
    family->members[family->count++] = place->seq;
    return VIEWS_OK;
}

static enum views_result
add_corrections(struct patching *patching, struct family *family, uint64_t root,
                uint64_t target)
{
    struct views_place place = {0};
    int64_t k;
    enum views_result result;
    while ((result = views_superseder_at(patching->reader, target, place.seq,
                                         &place, &k)) == VIEWS_OK) {
        result = add_member(patching, family, root, &place);
        if (result != VIEWS_OK)
            return result;
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* False where the event is damaged. */
static bool
find_place(struct patching *patching, uint64_t seq, struct views_place *place)
{
    struct span bytes;
    struct event event;
    if (log_read(patching->log, seq, &bytes) != LOG_OK ||
        !event_read(bytes, &event))
        return false;
    *place = (struct views_place){event_takes_effect(&event),
                                  event_possible_from(&event), seq};
    return true;
}

static enum views_result
gather(struct patching *patching, uint64_t root)
{
    struct family family = {.count = 0};
    struct views_place place = {0};
    enum views_result result = VIEWS_OK;
    patching->ops.count = 0;
    for (size_t i = 0; i < patching->endings.count && result == VIEWS_OK; i++)
        result = push(&patching->ops, &patching->endings.ops[i]);
    if (result == VIEWS_OK && !find_place(patching, root, &place))
        result = VIEWS_ABSENT;
    if (result == VIEWS_OK)
        result = add_member(patching, &family, root, &place);
    for (size_t i = 0; i < family.count && result == VIEWS_OK; i++) {
        result = add_answers(patching, family.members[i]);
        if (result == VIEWS_OK)
            result =
                add_corrections(patching, &family, root, family.members[i]);
    }
    return result;
}

/* --- folding a root anew --------------------------------------------------*/

static int
compare_places(const void *one, const void *other)
{
    struct views_place left = place_of(one), right = place_of(other);
    return views_place_compare(&left, &right);
}

/* Into `fold`, which is empty: what the operations gathered make of it. */
static enum views_result
fold_ops(struct patching *patching, struct fold *fold)
{
    struct fold_op *ops = patching->ops.ops;
    size_t count = patching->ops.count;
    if (count > 0)
        qsort(ops, count, sizeof *ops, compare_places);
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && ops[i].seq == ops[i - 1].seq;
        if (!again && fold_apply(fold, &ops[i]) != 0)
            return VIEWS_FULL;
    }
    return VIEWS_OK;
}

/* How many entries of a list were set before a place. */
static enum views_result
count_before(struct patching *patching, const struct fold_list *list,
             const struct views_place *place, size_t *before)
{
    size_t low = 0, high = list->size;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct views_place here = {0};
        if (!find_place(patching, list->entries[middle].seq, &here))
            return VIEWS_ABSENT;
        if (views_place_compare(&here, place) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *before = low;
    return VIEWS_OK;
}

/* What stands under a root in `from` stands there in `to`. */
static enum views_result
replace(struct patching *patching, struct fold_list *to, struct fold_list *from,
        uint64_t root)
{
    struct fold_entry *entry = fold_list_find(from, root);
    struct views_place place = {0};
    size_t before = 0;
    fold_list_remove(to, root);
    if (entry == NULL)
        return VIEWS_OK;
    if (fold_list_squeeze(to) != 0)
        return VIEWS_FULL;
    enum views_result result = find_place(patching, entry->seq, &place)
                                   ? count_before(patching, to, &place, &before)
                                   : VIEWS_ABSENT;
    if (result == VIEWS_OK && fold_list_insert(to, before, entry) != 0)
        result = VIEWS_FULL;
    if (result == VIEWS_OK) {
        entry->amendments = NULL; /* they are the other list's now */
        entry->amendment_count = entry->amendment_capacity = 0;
    }
    return result;
}

static enum views_result
refold(struct patching *patching, uint64_t root)
{
    struct fold anew = {0}, *fold = patching->fold;
    enum views_result result = gather(patching, root);
    if (result == VIEWS_OK)
        result = fold_ops(patching, &anew);
    if (result == VIEWS_OK)
        result = replace(patching, &fold->offers, &anew.offers, root);
    if (result == VIEWS_OK)
        result = replace(patching, &fold->disputes, &anew.disputes, root);
    if (result == VIEWS_OK)
        result = replace(patching, &fold->agreements, &anew.agreements, root);
    fold_deinit(&anew);
    return result;
}

/* --- first and last -------------------------------------------------------*/

/* The first that counts, from one end of the fold order. */
static enum views_result
find_end(struct patching *patching, bool reverse, uint64_t *seq)
{
    struct views_walk over = {.reader = patching->reader,
                              .kind = VIEWS_WALK_OPS,
                              .reverse = reverse,
                              .partnership = patching->partnership};
    struct views_place from =
        reverse ? patching->checkpoint->place : VIEWS_PLACE_FIRST;
    struct views_hit hit;
    bool yes = false;
    enum views_result result = views_walk_seek(&over, &from, &hit);
    for (unsigned i = 0; result == VIEWS_OK; i++) {
        result = counts(patching, &patching->now, &hit.op, &yes);
        if (result != VIEWS_OK || yes)
            break;
        if (i == PATCH_WALK_MAX)
            return VIEWS_ABSENT;
        result = views_walk_next(&over, &hit);
    }
    if (result == VIEWS_OK)
        *seq = hit.op.seq;
    return result;
}

static enum views_result
find_ends(struct patching *patching)
{
    struct fold *fold = patching->fold;
    fold->first = fold->last = 0;
    if (fold->events == 0)
        return VIEWS_OK;
    enum views_result result = find_end(patching, false, &fold->first);
    return result == VIEWS_OK ? find_end(patching, true, &fold->last) : result;
}

/* --- the whole ------------------------------------------------------------*/

static enum views_result
patch(struct patching *patching)
{
    enum views_result result = VIEWS_OK;
    for (size_t i = 0; i < patching->changes.count && result == VIEWS_OK; i++)
        result = change(patching, &patching->changes.ops[i]);
    if (result != VIEWS_OK || !patching->changed)
        return result;
    if (patching->root_count > 0)
        result = add_endings(patching);
    for (size_t i = 0; i < patching->root_count && result == VIEWS_OK; i++)
        result = refold(patching, patching->roots[i]);
    return result == VIEWS_OK ? find_ends(patching) : result;
}

enum views_result
views_patch(struct views_reader *reader, struct log_reader *log,
            uint32_t partnership, const struct views_checkpoint *checkpoint,
            int64_t known, uint64_t seq, struct fold *fold)
{
    struct views_change change;
    enum views_result result =
        views_late_seek(reader, partnership, checkpoint->position + 1, &change);
    if (result != VIEWS_OK)
        return result == VIEWS_ABSENT ? VIEWS_OK : result;
    struct patching patching = {.reader = reader,
                                .log = log,
                                .partnership = partnership,
                                .checkpoint = checkpoint,
                                .fold = fold};
    liveness_init(&patching.before, EDTF_PLUS_INFINITY, checkpoint->position);
    liveness_init(&patching.now, known, seq);
    result = collect(&patching);
    if (result == VIEWS_OK)
        result = patch(&patching);
    liveness_deinit(&patching.before);
    liveness_deinit(&patching.now);
    free(patching.changes.ops);
    free(patching.endings.ops);
    free(patching.ops.ops);
    return result;
}
