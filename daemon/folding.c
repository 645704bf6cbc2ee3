/* SPDX-License-Identifier: MIT */
#include "daemon/folding.h"

#include <string.h>

#include "daemon/order.h"

void
folding_init(struct folding *folding, uint32_t partnership,
             const struct asof *asof)
{
    *folding = (struct folding){
        .asof = *asof, .partnership = partnership, .next = VIEWS_PLACE_FIRST};
    liveness_init(&folding->known, asof->known, asof->seq);
    liveness_init(&folding->disclosed, EDTF_PLUS_INFINITY, asof->seq);
}

void
folding_deinit(struct folding *folding)
{
    fold_deinit(&folding->fold);
    liveness_deinit(&folding->known);
    liveness_deinit(&folding->disclosed);
}

static enum views_result
is_live(struct liveness *liveness, struct views_reader *views,
        const struct fold_op *op, bool *live)
{
    bool superseded = false;
    enum views_result result = VIEWS_OK;
    if (op->marked)
        result = liveness_superseded(liveness, views, op->seq, &superseded);
    *live = !superseded;
    return result;
}

enum views_result
folding_happened(struct liveness *known, const struct asof *asof,
                 struct views_reader *views, const struct fold_op *op,
                 bool *happened)
{
    *happened =
        op->seq <= asof->seq && op->k <= asof->known && op->t <= asof->at;
    return *happened ? is_live(known, views, op, happened) : VIEWS_OK;
}

/* Keep the first FOLDING_POSSIBLE_MAX by (start_lo, seq). */
static void
add_possible(struct folding *folding, const struct fold_op *op)
{
    struct folding_possible *list = folding->possible;
    size_t at = folding->possible_count;
    while (at > 0 && (op->start_lo < list[at - 1].start_lo ||
                      (op->start_lo == list[at - 1].start_lo &&
                       op->seq < list[at - 1].seq)))
        at--;
    if (at == FOLDING_POSSIBLE_MAX)
        return;
    size_t moved = folding->possible_count - at;
    if (folding->possible_count < FOLDING_POSSIBLE_MAX)
        folding->possible_count++;
    else
        moved--;
    memmove(&list[at + 1], &list[at], moved * sizeof *list);
    list[at] = (struct folding_possible){op->start_lo, op->seq};
}

static bool
names_party(const struct fold_op *op, uint32_t party)
{
    for (uint32_t i = 0; i < op->party_count; i++)
        if (order_get_u32(op->parties + 4 * (size_t)i) == party)
            return true;
    return false;
}

static enum views_result
apply(struct folding *folding, const struct fold_op *op)
{
    int rc = fold_apply(&folding->fold, op);
    if (rc == 0 && folding->party != 0 && names_party(op, folding->party))
        rc = fold_add_amount(folding->party_fold, op);
    return rc == 0 ? VIEWS_OK : VIEWS_FULL;
}

/* t <= A */
static enum views_result
take_past(struct folding *folding, struct views_reader *views,
          const struct fold_op *op)
{
    bool visible = op->k <= folding->asof.known, live;
    if (!visible && !folding->state)
        return VIEWS_OK;
    enum views_result result = is_live(
        visible ? &folding->known : &folding->disclosed, views, op, &live);
    if (result != VIEWS_OK || !live)
        return result;
    if (visible)
        return apply(folding, op);
    folding->undisclosed++;
    return VIEWS_OK;
}

/* A < t */
static enum views_result
take_future(struct folding *folding, struct views_reader *views,
            const struct fold_op *op)
{
    bool live = false;
    if (op->start_lo > folding->asof.at || op->k > folding->asof.known)
        return VIEWS_OK;
    enum views_result result = is_live(&folding->known, views, op, &live);
    if (result == VIEWS_OK && live)
        add_possible(folding, op);
    return result;
}

static enum views_result
take(struct folding *folding, struct views_reader *views,
     const struct fold_op *op)
{
    if (op->seq > folding->asof.seq)
        return VIEWS_OK;
    return op->t <= folding->asof.at ? take_past(folding, views, op)
                                     : take_future(folding, views, op);
}

enum views_result
folding_walk(struct folding *folding, struct service *service,
             struct job_slice *slice)
{
    struct views_walk over = {.reader = service->views_reader,
                              .kind = VIEWS_WALK_PARTNERSHIP,
                              .partnership = folding->partnership};
    struct views_hit hit;
    enum views_result result = views_walk_seek(&over, &folding->next, &hit);
    while (result == VIEWS_OK &&
           (folding->state || hit.op.t <= folding->asof.at)) {
        if (job_slice_over(slice)) {
            folding->next = hit.place;
            return VIEWS_OK;
        }
        result = take(folding, over.reader, &hit.op);
        if (result == VIEWS_OK)
            result = views_walk_next(&over, &hit);
    }
    if (result == VIEWS_OK)
        result = VIEWS_ABSENT;
    folding->done = result == VIEWS_ABSENT;
    return result;
}
