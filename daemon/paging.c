/* SPDX-License-Identifier: MIT */
#include "daemon/paging.h"

#include <stdlib.h>

#include "proto/rpc.h"

enum views_result
paging_is_live(struct paging *paging, const struct fold_op *op, bool *live)
{
    bool superseded = false;
    enum views_result result = VIEWS_OK;
    if (op->marked)
        result = liveness_superseded(&paging->liveness,
                                     paging->job.service->views_reader, op->seq,
                                     &superseded);
    *live = !superseded;
    return result;
}

enum views_result
paging_is_seen(struct paging *paging, const struct views_hit *hit, bool *yes)
{
    const struct asof *asof = &paging->question.asof;
    const struct fold_op *op = &hit->op;
    bool happened =
        op->t <= asof->at || (paging->possible && op->start_lo <= asof->at);
    *yes = op->seq <= asof->seq && op->k <= asof->known && happened;
    if (!*yes || paging->superseded)
        return VIEWS_OK;
    return paging_is_live(paging, op, yes);
}

/* --- one event ------------------------------------------------------------*/

/* A damaged event is reported alone, so that a page before it is not lost. */
static bool
end_at_corrupt(struct paging *paging, const struct views_hit *hit)
{
    paging->corrupt = hit->place.seq;
    paging->more = true;
    if (paging->stream || paging->count == 0)
        paging->last = hit->place; /* the cursor goes on behind it */
    return false;
}

/* Nothing more goes into the page, whatever follows. */
static bool
is_full(const struct paging *paging, const struct mp_buf *sink)
{
    return paging->count >= paging->question.limit ||
           (!paging->stream && sink->size >= QUESTION_PAGE_SIZE_MAX);
}

/* False when the page ends before this event, which then is not read: mostly it
 * is elsewhere than what is in the page. */
static bool
add_event(struct paging *paging, const struct views_hit *hit,
          struct mp_buf *sink)
{
    const struct paging_class *class = paging->class;
    struct span event;
    paging->more = !paging->picks && is_full(paging, sink);
    if (paging->more)
        return false;
    if (log_read(paging->job.service->log_reader, hit->place.seq, &event) !=
        LOG_OK)
        return end_at_corrupt(paging, hit);
    if (paging->picks && !class->belongs(paging, hit, event))
        return true;
    paging->more = is_full(paging, sink);
    if (paging->more)
        return false;
    class->put(paging, sink, hit, event);
    paging->last = hit->place;
    paging->count++;
    return true;
}

/* --- the walk -------------------------------------------------------------*/

static bool
is_step_over(const struct paging *paging, struct job_slice *slice,
             size_t written)
{
    return job_slice_over(slice) ||
           (paging->stream && written >= JOB_CHUNK_SIZE);
}

/* VIEWS_ABSENT at the end, VIEWS_OK when the step is over. */
static enum views_result
walk(struct paging *paging, struct mp_buf *sink)
{
    const struct paging_class *class = paging->class;
    struct job_slice slice = job_slice_begin();
    size_t start = sink->size;
    struct views_hit hit;
    bool yes;
    enum views_result result = class->seek(paging, &paging->next, &hit);
    while (result == VIEWS_OK && !class->is_past_end(paging, &hit)) {
        if (is_step_over(paging, &slice, sink->size - start)) {
            paging->next = hit.place;
            return VIEWS_OK;
        }
        result = class->is_seen(paging, &hit, &yes);
        if (result == VIEWS_OK && yes && !add_event(paging, &hit, sink))
            return VIEWS_ABSENT;
        if (result == VIEWS_OK)
            result = class->next(paging, &hit);
    }
    return result == VIEWS_OK ? VIEWS_ABSENT : result;
}

/* --- pages ----------------------------------------------------------------*/

static enum job_result
write_corrupt(struct paging *paging, struct mp_buf *out)
{
    struct mp_buf cursor = {0};
    question_put_cursor_value(&cursor, &paging->question, &paging->last, true);
    job_corrupt_page(&paging->job, out, paging->corrupt,
                     cursor.failed ? (struct span){0} : mp_buf_span(&cursor));
    mp_buf_deinit(&cursor);
    return JOB_DONE;
}

static enum job_result
write_page(struct paging *paging, struct mp_buf *out)
{
    struct mp_buf page = {0}, fields = {0};
    if (paging->corrupt != 0 && paging->count == 0)
        return write_corrupt(paging, out);
    uint32_t count = paging->class->put_page(paging, &fields);
    mp_put_map(&page, count + 1);
    mp_put_raw(&page, mp_buf_span(&fields));
    question_put_cursor(&page, &paging->question, &paging->last, paging->more);
    page.failed |= fields.failed || paging->items.failed;
    job_answer(&paging->job, out, &page);
    mp_buf_deinit(&fields);
    mp_buf_deinit(&page);
    return JOB_DONE;
}

static enum job_result
step_page(struct paging *paging, struct mp_buf *out)
{
    enum views_result result = walk(paging, &paging->items);
    if (result == VIEWS_OK)
        return JOB_AGAIN;
    if (result != VIEWS_ABSENT)
        return job_views_error(&paging->job, out, result);
    return write_page(paging, out);
}

/* --- streams --------------------------------------------------------------*/

static enum job_result
write_end(struct paging *paging, struct mp_buf *out)
{
    bool cancelled = paging->job.cancelled;
    if (paging->corrupt != 0 && !cancelled)
        return write_corrupt(paging, out);
    rpc_put_result(out, paging->job.msgid);
    mp_put_map(out, cancelled ? 3 : 2);
    mp_put_text(out, "count");
    mp_put_uint(out, paging->count);
    mp_put_text(out, "cursor");
    mp_put_nil(out);
    if (cancelled) {
        mp_put_text(out, "cancelled");
        mp_put_bool(out, true);
    }
    return JOB_DONE;
}

/* The chunk is written where it is sent from: one copy. */
static enum job_result
step_stream(struct paging *paging, struct mp_buf *out)
{
    size_t start = out->size;
    uint64_t before = paging->count;
    if (paging->job.cancelled)
        return write_end(paging, out);
    mp_buf_reserve(out, JOB_CHUNK_SIZE + MODEL_EVENT_SIZE_MAX / 16);
    rpc_put_notification(out, "events");
    mp_put_array(out, 2);
    mp_put_uint(out, paging->job.msgid);
    size_t mark = mp_open_array(out);
    enum views_result result = walk(paging, out);
    if (paging->count > before)
        mp_close(out, mark, (uint32_t)(paging->count - before));
    else
        out->size = start; /* nothing belonged: no empty chunk */
    if (result == VIEWS_OK)
        return JOB_AGAIN;
    if (result != VIEWS_ABSENT)
        return job_views_error(&paging->job, out, result);
    return write_end(paging, out);
}

/*
 * A damaged event has no place in the orders that the views keep, so it is
 * reported before the first page; the cursor begins at the beginning.
 */
static bool
has_lost_events(struct paging *paging)
{
    if (paging->question.resumed || paging->lost > paging->question.asof.seq)
        return false;
    paging->corrupt = paging->lost;
    paging->last = paging->reverse ? VIEWS_PLACE_LAST : VIEWS_PLACE_FIRST;
    return paging->corrupt != 0;
}

/* --- the job --------------------------------------------------------------*/

static enum job_result
step(struct job *job, struct mp_buf *out)
{
    struct paging *paging = (struct paging *)job;
    uint64_t before = paging->count;
    enum job_result result = JOB_DONE;
    if (!job_read_begin(job, out))
        return JOB_DONE;
    if (!paging->started)
        paging->started = paging->class->start(paging, out);
    if (paging->started && paging->count == 0 && has_lost_events(paging))
        result = write_corrupt(paging, out);
    else if (paging->started)
        result =
            paging->stream ? step_stream(paging, out) : step_page(paging, out);
    job_read_end(job);
    job->service->replayed += paging->count - before;
    return result;
}

static void
release(struct job *job)
{
    struct paging *paging = (struct paging *)job;
    if (paging->class->deinit != NULL)
        paging->class->deinit(paging);
    liveness_deinit(&paging->liveness);
    mp_buf_deinit(&paging->items);
    free(paging);
}

void *
paging_new(struct request *request, size_t size,
           const struct paging_class *class, const struct question *question)
{
    static const struct job_class job_class = {.step = step, .free = release};
    struct paging *paging = calloc(1, size);
    if (paging == NULL) {
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
        return NULL;
    }
    job_init(&paging->job, &job_class, request);
    paging->class = class;
    paging->question = *question;
    liveness_init(&paging->liveness, question->asof.known, question->asof.seq);
    return paging;
}
