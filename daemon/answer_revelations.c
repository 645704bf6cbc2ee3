/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "daemon/answers.h"
#include "daemon/paging.h"

/* `revelations`: what each live court revelation disclosed, by position. */

struct revelations {
    struct paging paging;
    uint8_t slug[MODEL_SLUG_SIZE_MAX];
    size_t slug_size;     /* 0: of all partnerships */
    uint32_t partnership; /* 0: all */
};

/* A damaged event has no dates; who reads it next reports it. */
static enum views_result
find_op(struct paging *paging, uint64_t seq, struct fold_op *op)
{
    enum views_result result = job_find_op(&paging->job, seq, op);
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

static bool
start(struct paging *paging, struct mp_buf *out)
{
    struct revelations *revelations = (struct revelations *)paging;
    struct span slug = {revelations->slug, revelations->slug_size};
    uint64_t unused;
    paging->next.seq = paging->question.place.seq + 1;
    if (slug.size == 0)
        return true;
    return job_find_partnership(&paging->job, out, slug,
                                &revelations->partnership, &unused);
}

static enum views_result
seek(struct paging *paging, const struct views_place *from,
     struct views_hit *hit)
{
    struct revelations *revelations = (struct revelations *)paging;
    uint64_t seq;
    enum views_result result =
        views_linked(paging->job.service->views_reader, VIEWS_LINK_REVEALS,
                     revelations->partnership, from->seq - 1, &seq);
    if (result != VIEWS_OK)
        return result;
    hit->place = (struct views_place){.seq = seq};
    return find_op(paging, seq, &hit->op);
}

static enum views_result
next(struct paging *paging, struct views_hit *hit)
{
    struct views_place from = {.seq = hit->place.seq + 1};
    return seek(paging, &from, hit);
}

static bool
is_past_end(const struct paging *paging, const struct views_hit *hit)
{
    return hit->place.seq > paging->question.asof.seq;
}

static enum views_result
is_seen(struct paging *paging, const struct views_hit *hit, bool *yes)
{
    return paging_is_live(paging, &hit->op, yes);
}

/* --- what it disclosed ----------------------------------------------------*/

struct disclosed {
    uint32_t count;
    bool has_lag;
    int64_t longest_lag_days;
};

static enum views_result
put_disclosed_event(struct paging *paging, struct mp_buf *buf, uint64_t seq,
                    struct disclosed *disclosed)
{
    struct fold_op op;
    struct span event;
    bool live = false;
    enum views_result result = find_op(paging, seq, &op);
    if (result == VIEWS_OK)
        result = paging_is_live(paging, &op, &live);
    if (result != VIEWS_OK || !live ||
        log_read(paging->job.service->log_reader, seq, &event) != LOG_OK)
        return result;
    mp_put_str(buf, mp_get_str(event, "id"));
    disclosed->count++;
    if (op.k == EDTF_PLUS_INFINITY)
        return result; /* it has no lag that could be counted */
    int64_t lag_days = asof_lag_days(op.t, op.k);
    if (!disclosed->has_lag || lag_days > disclosed->longest_lag_days)
        disclosed->longest_lag_days = lag_days;
    disclosed->has_lag = true;
    return result;
}

static void
put_disclosed(struct paging *paging, struct mp_buf *buf, uint64_t target,
              struct disclosed *disclosed)
{
    struct views_reader *views = paging->job.service->views_reader;
    size_t mark = mp_open_array(buf);
    uint64_t seq = 0;
    enum views_result result;
    while ((result = views_linked(views, VIEWS_LINK_DISCLOSED, target, seq,
                                  &seq)) == VIEWS_OK &&
           seq <= paging->question.asof.seq)
        if ((result = put_disclosed_event(paging, buf, seq, disclosed)) !=
            VIEWS_OK)
            break;
    buf->failed |= result != VIEWS_OK && result != VIEWS_ABSENT;
    mp_close(buf, mark, disclosed->count);
}

static void
put(struct paging *paging, struct mp_buf *buf, const struct views_hit *hit,
    struct span event)
{
    struct disclosed disclosed = {0};
    mp_put_map(buf, 6);
    mp_put_text(buf, "id");
    mp_put_str(buf, mp_get_str(event, "id"));
    mp_put_text(buf, "seq");
    mp_put_uint(buf, hit->place.seq);
    mp_put_text(buf, "occurred");
    mp_put_str(buf, mp_get_str(event, "occurred"));
    mp_put_text(buf, "title");
    mp_put_str(buf, mp_get_str(event, "title"));
    mp_put_text(buf, "discloses");
    put_disclosed(paging, buf, hit->place.seq, &disclosed);
    mp_put_text(buf, "longest_lag_days");
    if (disclosed.has_lag)
        mp_put_int(buf, disclosed.longest_lag_days);
    else
        mp_put_nil(buf);
}

static uint32_t
put_page(struct paging *paging, struct mp_buf *buf)
{
    mp_put_text(buf, "revelations");
    mp_put_array(buf, (uint32_t)paging->count);
    mp_put_raw(buf, mp_buf_span(&paging->items));
    return 1;
}

void
answer_revelations(struct request *request)
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
    if (!question_read(request, QUESTION_REPLAY, &question))
        return;
    struct revelations *revelations =
        paging_new(request, sizeof *revelations, &class, &question);
    if (revelations == NULL)
        return;
    revelations->slug_size = slug.size;
    if (slug.size > 0)
        memcpy(revelations->slug, slug.data, slug.size);
}
