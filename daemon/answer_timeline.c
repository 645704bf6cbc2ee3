/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "daemon/answers.h"
#include "daemon/paging.h"

/* `timeline`: a partnership's happened events in fold order, and on request
 * the possible ones. */

struct timeline {
    struct paging paging;
    uint8_t slug[MODEL_SLUG_SIZE_MAX];
    size_t slug_size;
    uint32_t partnership;
    struct mp_buf lags; /* one for each event */
};

static struct views_walk
walk_of(const struct paging *paging)
{
    const struct timeline *timeline = (const struct timeline *)paging;
    return (struct views_walk){
        .reader = paging->job.service->views_reader,
        .kind = VIEWS_WALK_OPS,
        .partnership = timeline->partnership,
    };
}

static bool
start(struct paging *paging, struct mp_buf *out)
{
    struct timeline *timeline = (struct timeline *)paging;
    struct span slug = {timeline->slug, timeline->slug_size};
    paging->next = question_start(&paging->question);
    return job_find_partnership(&paging->job, out, slug, &timeline->partnership,
                                &paging->lost);
}

static enum views_result
seek(struct paging *paging, const struct views_place *from,
     struct views_hit *hit)
{
    struct views_walk walk = walk_of(paging);
    return views_walk_seek(&walk, from, hit);
}

static enum views_result
next(struct paging *paging, struct views_hit *hit)
{
    struct views_walk walk = walk_of(paging);
    return views_walk_next(&walk, hit);
}

static bool
is_past_end(const struct paging *paging, const struct views_hit *hit)
{
    return !paging->possible && hit->op.t > paging->question.asof.at;
}

static void
put(struct paging *paging, struct mp_buf *buf, const struct views_hit *hit,
    struct span event)
{
    struct timeline *timeline = (struct timeline *)paging;
    mp_put_raw(buf, event);
    asof_put_lag(&timeline->lags, hit->op.t, hit->op.k);
}

static uint32_t
put_page(struct paging *paging, struct mp_buf *buf)
{
    struct timeline *timeline = (struct timeline *)paging;
    mp_put_text(buf, "events");
    mp_put_array(buf, (uint32_t)paging->count);
    mp_put_raw(buf, mp_buf_span(&paging->items));
    mp_put_text(buf, "lag_days");
    mp_put_array(buf, (uint32_t)paging->count);
    mp_put_raw(buf, mp_buf_span(&timeline->lags));
    buf->failed |= timeline->lags.failed;
    return 2;
}

static void
deinit(struct paging *paging)
{
    mp_buf_deinit(&((struct timeline *)paging)->lags);
}

void
answer_timeline(struct request *request)
{
    static const struct paging_class class = {
        .start = start,
        .seek = seek,
        .next = next,
        .is_past_end = is_past_end,
        .is_seen = paging_is_seen,
        .put = put,
        .put_page = put_page,
        .deinit = deinit,
    };
    struct question question;
    struct span slug = request->args.values[ARG_PARTNERSHIP].bytes;
    if (!question_read(request, QUESTION_STATE, &question))
        return;
    struct timeline *timeline =
        paging_new(request, sizeof *timeline, &class, &question);
    if (timeline == NULL)
        return;
    timeline->paging.possible = request->args.values[ARG_POSSIBLE].truth;
    job_of_partnership(&timeline->paging.job, slug);
    timeline->slug_size = slug.size;
    memcpy(timeline->slug, slug.data, slug.size);
}
