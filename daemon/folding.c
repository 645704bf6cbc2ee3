/* SPDX-License-Identifier: MIT */
#include "daemon/folding.h"

#include <string.h>

#include "daemon/gap_walk.h"
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

static enum views_result
take(struct folding *folding, struct views_reader *views,
     const struct fold_op *op)
{
    bool happened;
    enum views_result result =
        folding_happened(&folding->known, &folding->asof, views, op, &happened);
    return result == VIEWS_OK && happened ? apply(folding, op) : result;
}

/* --- from a checkpoint ----------------------------------------------------*/

/* A party's own totals need every operation. */
static enum views_result
begin(struct folding *folding, const struct service *service)
{
    struct views_place upto = VIEWS_PLACE_LAST;
    folding->phase = FOLDING_FOLD;
    upto.t = folding->asof.at;
    if (folding->party != 0)
        return VIEWS_OK;
    enum views_result result = views_find_checkpoint(
        service->views_reader, service->log_reader, folding->partnership,
        folding->asof.known, folding->asof.seq, &upto, &folding->fold);
    if (result == VIEWS_ABSENT)
        return VIEWS_OK;
    folding->next = upto;
    folding->next.seq++;
    return result;
}

static enum views_result
fold_on(struct folding *folding, struct views_reader *views,
        struct job_slice *slice)
{
    struct views_walk over = {.reader = views,
                              .kind = VIEWS_WALK_OPS,
                              .partnership = folding->partnership};
    struct views_hit hit;
    enum views_result result = views_walk_seek(&over, &folding->next, &hit);
    while (result == VIEWS_OK && hit.op.t <= folding->asof.at) {
        if (job_slice_over(slice)) {
            folding->next = hit.place;
            return VIEWS_OK;
        }
        result = take(folding, views, &hit.op);
        folding->folded++;
        if (result == VIEWS_OK)
            result = views_walk_next(&over, &hit);
    }
    return result == VIEWS_OK ? VIEWS_ABSENT : result;
}

/* --- what is possible -----------------------------------------------------*/

/* The first start_lo (or t, of an open start) that can be possible at A. */
static int64_t
first_of_duration(int64_t at, int64_t duration)
{
    int64_t first;
    if (duration == VIEWS_DURATION_OPEN)
        return at + 1;
    if (__builtin_sub_overflow(at, duration, &first))
        return EDTF_MINUS_INFINITY;
    return first + 1;
}

static enum views_result
next_duration(struct folding *folding, struct views_reader *views)
{
    enum views_result result = views_next_duration(
        views, folding->partnership, folding->duration, &folding->duration);
    folding->next = (struct views_place){
        .start_lo = first_of_duration(folding->asof.at, folding->duration)};
    folding->of_duration = 0;
    return result;
}

static enum views_result
take_possible(struct folding *folding, struct views_reader *views,
              const struct views_place *place)
{
    struct fold_op op;
    bool live;
    enum views_result result =
        views_op(views, folding->partnership, place, &op);
    if (result == VIEWS_ABSENT)
        return VIEWS_FAILED;
    if (result != VIEWS_OK || op.seq > folding->asof.seq ||
        op.k > folding->asof.known)
        return result;
    result = is_live(&folding->known, views, &op, &live);
    if (result == VIEWS_OK && live) {
        add_possible(folding, &op);
        folding->of_duration++;
    }
    return result;
}

/* The next possible event of the duration; VIEWS_ABSENT when it has no more
 * that could be among the first. */
static enum views_result
step_possible(struct folding *folding, struct views_reader *views)
{
    bool open = folding->duration == VIEWS_DURATION_OPEN;
    struct views_place place;
    if (!open && folding->of_duration >= FOLDING_POSSIBLE_MAX)
        return VIEWS_ABSENT;
    enum views_result result =
        views_next_imprecise(views, folding->partnership, folding->duration,
                             folding->next.start_lo, folding->next.seq, &place);
    if (result != VIEWS_OK || (!open && place.start_lo > folding->asof.at))
        return result == VIEWS_OK ? VIEWS_ABSENT : result;
    folding->next.start_lo = open ? place.t : place.start_lo;
    folding->next.seq = place.seq + 1;
    return take_possible(folding, views, &place);
}

static enum views_result
gather_possible(struct folding *folding, struct views_reader *views,
                struct job_slice *slice)
{
    enum views_result result = VIEWS_OK;
    if (folding->asof.at == EDTF_PLUS_INFINITY)
        return VIEWS_ABSENT; /* everything has happened */
    while (result == VIEWS_OK) {
        if (job_slice_over(slice))
            return VIEWS_OK;
        result = step_possible(folding, views);
        if (result == VIEWS_ABSENT)
            result = next_duration(folding, views);
    }
    return result;
}

/* --- what was not public --------------------------------------------------*/

static enum views_result
count_undisclosed(struct folding *folding, struct views_reader *views,
                  struct job_slice *slice)
{
    struct gap_walk walk = {.views = views,
                            .partnership = folding->partnership,
                            .at = folding->asof.at,
                            .known = folding->asof.known};
    struct views_hit hit;
    if (folding->asof.known == EDTF_PLUS_INFINITY)
        return VIEWS_ABSENT; /* everything is known */
    enum views_result result = gap_walk_seek(&walk, &folding->next, &hit);
    while (result == VIEWS_OK) {
        bool live = false;
        if (job_slice_over(slice)) {
            folding->next = hit.place;
            return VIEWS_OK;
        }
        if (hit.op.seq <= folding->asof.seq && hit.op.k > folding->asof.known)
            result = is_live(&folding->disclosed, views, &hit.op, &live);
        folding->undisclosed += live;
        if (result == VIEWS_OK)
            result = gap_walk_next(&walk, &hit);
    }
    return result;
}

/* --- phase after phase ----------------------------------------------------*/

/* Folding this many operations says that a checkpoint would pay. */
#define FOLDING_LONG 1024u

static void
end_fold(struct folding *folding, struct service *service)
{
    if (folding->folded > FOLDING_LONG &&
        folding->asof.known == EDTF_PLUS_INFINITY && folding->party == 0)
        writer_want_checkpoint(service->writer, folding->partnership);
    folding->phase = folding->state ? FOLDING_POSSIBLE : FOLDING_DONE;
    folding->duration = 0; /* without any they are never possible */
    folding->of_duration = FOLDING_POSSIBLE_MAX; /* on to the next */
}

static enum views_result
step_phase(struct folding *folding, struct service *service,
           struct job_slice *slice)
{
    struct views_reader *views = service->views_reader;
    enum views_result result = VIEWS_ABSENT;
    switch (folding->phase) {
    case FOLDING_BEGIN:
        return begin(folding, service);
    case FOLDING_FOLD:
        result = fold_on(folding, views, slice);
        if (result == VIEWS_ABSENT)
            end_fold(folding, service);
        break;
    case FOLDING_POSSIBLE:
        result = gather_possible(folding, views, slice);
        if (result == VIEWS_ABSENT) {
            folding->phase = FOLDING_UNDISCLOSED;
            folding->next = VIEWS_PLACE_FIRST;
        }
        break;
    case FOLDING_UNDISCLOSED:
        result = count_undisclosed(folding, views, slice);
        if (result == VIEWS_ABSENT)
            folding->phase = FOLDING_DONE;
        break;
    case FOLDING_DONE:
        break;
    }
    return result;
}

enum views_result
folding_walk(struct folding *folding, struct service *service,
             struct job_slice *slice)
{
    enum folding_phase phase;
    do {
        phase = folding->phase;
        enum views_result result = step_phase(folding, service, slice);
        if (result != VIEWS_OK && result != VIEWS_ABSENT)
            return result;
    } while (folding->phase != phase); /* else the slice is over, or all is */
    return folding->phase == FOLDING_DONE ? VIEWS_ABSENT : VIEWS_OK;
}
