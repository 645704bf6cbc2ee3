/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "daemon/answers.h"
#include "daemon/gap_walk.h"
#include "daemon/paging.h"

/* `gap`: what had happened by A and was not public by K, in fold order, of one
 * partnership or of all. */

struct gap {
    struct paging paging;
    uint8_t slug[MODEL_SLUG_SIZE_MAX];
    size_t slug_size; /* 0: all partnerships */
    struct gap_walk walk;
};

static bool
start(struct paging *paging, struct mp_buf *out)
{
    struct gap *gap = (struct gap *)paging;
    struct span slug = {gap->slug, gap->slug_size};
    paging->next = question_start(&paging->question);
    gap->walk.views = paging->job.service->views_reader;
    gap->walk.at = paging->question.asof.at;
    gap->walk.known = paging->question.asof.known;
    paging->lost =
        views_damaged(paging->job.service->views, paging->question.asof.seq);
    if (slug.size == 0)
        return true;
    return job_find_partnership(&paging->job, out, slug, &gap->walk.partnership,
                                &paging->lost);
}

static enum views_result
seek(struct paging *paging, const struct views_place *from,
     struct views_hit *hit)
{
    return gap_walk_seek(&((struct gap *)paging)->walk, from, hit);
}

static enum views_result
next(struct paging *paging, struct views_hit *hit)
{
    return gap_walk_next(&((struct gap *)paging)->walk, hit);
}

static bool
is_past_end(const struct paging *paging, const struct views_hit *hit)
{
    (void)paging;
    (void)hit;
    return false; /* the walk ends by itself */
}

/* Happened under (A, +inf, S), and known only after K. */
static enum views_result
is_seen(struct paging *paging, const struct views_hit *hit, bool *yes)
{
    const struct asof *asof = &paging->question.asof;
    *yes = hit->op.seq <= asof->seq && hit->op.k > asof->known;
    return *yes ? paging_is_live(paging, &hit->op, yes) : VIEWS_OK;
}

static void
put(struct paging *paging, struct mp_buf *buf, const struct views_hit *hit,
    struct span event)
{
    (void)paging;
    mp_put_map(buf, 2);
    mp_put_text(buf, "event");
    mp_put_raw(buf, event);
    mp_put_text(buf, "lag_days");
    asof_put_lag(buf, hit->op.t, hit->op.k);
}

static uint32_t
put_page(struct paging *paging, struct mp_buf *buf)
{
    mp_put_text(buf, "events");
    mp_put_array(buf, (uint32_t)paging->count);
    mp_put_raw(buf, mp_buf_span(&paging->items));
    return 1;
}

void
answer_gap(struct request *request)
{
    static const struct paging_class class = {
        .start = start,
        .seek = seek,
        .next = next,
        .is_past_end = is_past_end,
        .is_seen = is_seen,
        .put = put,
        .put_page = put_page,
    };
    struct question question;
    struct span slug = request->args.values[ARG_PARTNERSHIP].bytes;
    if (!question_read(request, QUESTION_GAP, &question))
        return;
    struct gap *gap = paging_new(request, sizeof *gap, &class, &question);
    if (gap == NULL)
        return;
    liveness_init(&gap->paging.liveness, EDTF_PLUS_INFINITY, question.asof.seq);
    gap->slug_size = slug.size;
    if (slug.size > 0)
        memcpy(gap->slug, slug.data, slug.size);
}
