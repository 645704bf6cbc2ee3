/* SPDX-License-Identifier: MIT */
#include "daemon/answers.h"
#include "daemon/filter.h"
#include "daemon/paging.h"

/*
 * `replay`: events by position, by when they happened, or by when they became
 * known; filtered, as of three dates, forwards or backwards, in pages or as a
 * stream.
 */

struct replay {
    struct paging paging;
    struct filter filter;
    enum args_order order;
    bool restricted;      /* by A, K or superseding: the operation is needed */
    uint32_t partnership; /* of the filter, where it is walked along */
    bool nothing;         /* the filter names one that nobody has seen */
    uint64_t from, to;    /* positions, by recording */
    int64_t from_ms, to_ms; /* t or k, by the others */
};

/* --- by recording ---------------------------------------------------------*/

/* The operation of a stored event, for its dates. */
static enum views_result
find_op(struct replay *replay, uint64_t seq, struct fold_op *op)
{
    struct service *service = replay->paging.job.service;
    struct span bytes;
    struct event event;
    struct views_name name;
    if (log_read(service->log_reader, seq, &bytes) != LOG_OK ||
        !event_read(bytes, &event))
        return VIEWS_ABSENT;
    enum views_result result =
        views_find_name(service->views_reader, VIEWS_PARTNERSHIP,
                        event.fields[MODEL_FIELD_PARTNERSHIP], &name);
    struct views_place place = {event_takes_effect(&event),
                                event_possible_from(&event), seq};
    if (result != VIEWS_OK)
        return result;
    return views_op(service->views_reader, name.number, &place, op);
}

/* A damaged event has no operation; the walk meets it and reports it. */
static enum views_result
at_position(struct replay *replay, uint64_t seq, struct views_hit *hit)
{
    if (seq < replay->from || seq > replay->to || seq == 0)
        return VIEWS_ABSENT;
    *hit = (struct views_hit){.place = {.seq = seq}, .op = {.seq = seq}};
    if (!replay->restricted)
        return VIEWS_OK;
    enum views_result result = find_op(replay, seq, &hit->op);
    if (result != VIEWS_ABSENT)
        return result;
    hit->op = (struct fold_op){.seq = seq,
                               .t = EDTF_MINUS_INFINITY,
                               .start_lo = EDTF_MINUS_INFINITY,
                               .k = EDTF_MINUS_INFINITY};
    return VIEWS_OK;
}

/* --- by the indexes -------------------------------------------------------*/

static struct views_walk
walk_of(const struct replay *replay)
{
    enum views_walk_kind kind = VIEWS_WALK_TIMES;
    if (replay->order == ARGS_DISCLOSED)
        kind = VIEWS_WALK_KNOWN;
    else if (replay->partnership != 0)
        kind = VIEWS_WALK_PARTNERSHIP;
    return (struct views_walk){
        .reader = replay->paging.job.service->views_reader,
        .kind = kind,
        .partnership = replay->partnership,
        .reverse = replay->paging.reverse,
    };
}

/* --- the class ------------------------------------------------------------*/

static struct views_place
first_place(const struct replay *replay)
{
    const struct question *question = &replay->paging.question;
    struct views_place place = question->place;
    if (question->resumed && replay->paging.reverse && place.seq > 0) {
        place.seq--;
        return place;
    }
    if (question->resumed) {
        place.seq++;
        return place;
    }
    if (replay->order == ARGS_RECORDED)
        return (struct views_place){
            .seq = replay->paging.reverse ? replay->to : replay->from};
    place = replay->paging.reverse ? VIEWS_PLACE_LAST : VIEWS_PLACE_FIRST;
    place.t = replay->paging.reverse ? replay->to_ms : replay->from_ms;
    return place;
}

static bool
start(struct paging *paging, struct mp_buf *out)
{
    struct replay *replay = (struct replay *)paging;
    struct views_name name = {0};
    paging->next = first_place(replay);
    if (replay->order != ARGS_RECORDED)
        paging->lost = views_damaged(paging->job.service->views,
                                     paging->question.asof.seq);
    if (replay->order != ARGS_OCCURRED ||
        replay->filter.partnership.data == NULL)
        return true;
    enum views_result result =
        views_find_name(paging->job.service->views_reader, VIEWS_PARTNERSHIP,
                        replay->filter.partnership, &name);
    if (result == VIEWS_OK)
        paging->lost = name.damaged;
    if (result == VIEWS_OK)
        replay->partnership = name.number;
    else if (result == VIEWS_ABSENT)
        replay->nothing = true;
    else
        job_views_error(&paging->job, out, result);
    return result == VIEWS_OK || result == VIEWS_ABSENT;
}

static enum views_result
seek(struct paging *paging, const struct views_place *from,
     struct views_hit *hit)
{
    struct replay *replay = (struct replay *)paging;
    if (replay->order == ARGS_RECORDED)
        return at_position(replay, from->seq, hit);
    struct views_walk walk = walk_of(replay);
    return views_walk_seek(&walk, from, hit);
}

static enum views_result
next(struct paging *paging, struct views_hit *hit)
{
    struct replay *replay = (struct replay *)paging;
    uint64_t seq = hit->place.seq;
    if (replay->order == ARGS_RECORDED)
        return at_position(replay, replay->paging.reverse ? seq - 1 : seq + 1,
                           hit);
    struct views_walk walk = walk_of(replay);
    return views_walk_next(&walk, hit);
}

static bool
is_past_end(const struct paging *paging, const struct views_hit *hit)
{
    const struct replay *replay = (const struct replay *)paging;
    if (replay->nothing)
        return true;
    if (replay->order == ARGS_RECORDED)
        return false; /* at_position ends it */
    return replay->paging.reverse ? hit->place.t < replay->from_ms
                                  : hit->place.t > replay->to_ms;
}

static enum views_result
is_seen(struct paging *paging, const struct views_hit *hit, bool *yes)
{
    const struct replay *replay = (const struct replay *)paging;
    *yes = hit->op.seq <= paging->question.asof.seq;
    return replay->restricted && *yes ? paging_is_seen(paging, hit, yes)
                                      : VIEWS_OK;
}

static bool
belongs(struct paging *paging, const struct views_hit *hit, struct span event)
{
    const struct replay *replay = (const struct replay *)paging;
    (void)hit;
    return filter_is_empty(&replay->filter) ||
           filter_matches(&replay->filter, event);
}

static void
put(struct paging *paging, struct mp_buf *buf, const struct views_hit *hit,
    struct span event)
{
    (void)paging;
    (void)hit;
    mp_put_raw(buf, event);
}

static uint32_t
put_page(struct paging *paging, struct mp_buf *buf)
{
    mp_put_text(buf, "events");
    mp_put_array(buf, (uint32_t)paging->count);
    mp_put_raw(buf, mp_buf_span(&paging->items));
    return 1;
}

static void
deinit(struct paging *paging)
{
    filter_deinit(&((struct replay *)paging)->filter);
}

/* --- the request ----------------------------------------------------------*/

static bool
refuse_point(struct request *request, const char *name)
{
    request_error(request, MODEL_INVALID_REQUEST,
                  "%s must be a date where the order is not that of "
                  "recording; positions go with order \"recorded\"",
                  name);
    return false;
}

/* The first position recorded at or after a moment, or the last by it. */
static bool
position_of(struct request *request, const struct arg_value *point,
            bool is_from, uint64_t *seq)
{
    struct log_reader *log = request->service->log_reader;
    uint64_t tip = log_tip(request->service->log);
    int64_t moment = is_from ? point->date.start_lo : point->date.end_hi;
    if (!point->is_date) {
        *seq = point->number;
        return true;
    }
    if (is_from && moment == EDTF_MINUS_INFINITY) {
        *seq = 1;
        return true;
    }
    enum log_result result = log_read_begin(log);
    if (result == LOG_OK) {
        result = asof_recorded_by(log, tip, is_from ? moment - 1 : moment, seq);
        log_read_end(log);
    }
    if (result != LOG_OK) {
        request_error(request, MODEL_INTERNAL, "the log cannot be read");
        return false;
    }
    *seq += is_from;
    return true;
}

static bool
read_positions(struct request *request, struct replay *replay, uint64_t last)
{
    const struct arg_value *from = &request->args.values[ARG_FROM];
    const struct arg_value *to = &request->args.values[ARG_TO];
    replay->from = 1;
    replay->to = last;
    if (from->given && !position_of(request, from, true, &replay->from))
        return false;
    if (to->given && !position_of(request, to, false, &replay->to))
        return false;
    if (replay->from == 0)
        replay->from = 1; /* where positions begin */
    if (replay->to > last)
        replay->to = last;
    return true;
}

static bool
read_moments(struct request *request, struct replay *replay)
{
    const struct arg_value *from = &request->args.values[ARG_FROM];
    const struct arg_value *to = &request->args.values[ARG_TO];
    replay->from_ms = EDTF_MINUS_INFINITY;
    replay->to_ms = EDTF_PLUS_INFINITY;
    if (from->given && !from->is_date)
        return refuse_point(request, "from");
    if (to->given && !to->is_date)
        return refuse_point(request, "to");
    if (from->given)
        replay->from_ms = from->date.start_lo;
    if (to->given)
        replay->to_ms = to->date.end_hi;
    return true;
}

static bool
needs_rebuilt_views(const struct request *request, const struct replay *replay)
{
    return (replay->order != ARGS_RECORDED || replay->restricted) &&
           writer_state(request->service->writer) == WRITER_STARTING;
}

static const struct paging_class replay_class = {
    .start = start,
    .seek = seek,
    .next = next,
    .is_past_end = is_past_end,
    .belongs = belongs,
    .is_seen = is_seen,
    .put = put,
    .put_page = put_page,
    .deinit = deinit,
};

/* Fill in a replay from the arguments; false when it has been answered. */
static bool
read_replay(struct request *request, struct replay *replay,
            const struct question *question)
{
    const struct arg_value *values = request->args.values;
    struct paging *paging = &replay->paging;
    replay->order = (enum args_order)values[ARG_ORDER].number;
    paging->reverse = values[ARG_REVERSE].truth;
    paging->superseded = values[ARG_SUPERSEDED].given
                             ? values[ARG_SUPERSEDED].truth
                             : replay->order == ARGS_RECORDED;
    replay->restricted = !paging->superseded ||
                         question->asof.at != EDTF_PLUS_INFINITY ||
                         question->asof.known != EDTF_PLUS_INFINITY;
    paging->job.needs_views =
        replay->order != ARGS_RECORDED || replay->restricted;
    paging->stream = paging->job.streaming = values[ARG_STREAM].truth;
    if (needs_rebuilt_views(request, replay)) {
        request_unavailable(request);
        return false;
    }
    if (!filter_init(&replay->filter, &request->args)) {
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
        return false;
    }
    return replay->order == ARGS_RECORDED
               ? read_positions(request, replay, question->asof.seq)
               : read_moments(request, replay);
}

void
answer_replay(struct request *request)
{
    struct question question;
    if (!question_read(request, QUESTION_REPLAY, &question))
        return;
    struct replay *replay =
        paging_new(request, sizeof *replay, &replay_class, &question);
    if (replay == NULL || read_replay(request, replay, &question))
        return;
    request->job->class->free(request->job);
    request->job = NULL;
}
