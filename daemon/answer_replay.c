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
    bool filtered;
    bool restricted;   /* by A, K or superseding: dates are needed */
    bool by_positions; /* over the log itself, not by an index */
    bool nothing;      /* the filter names one that nobody has seen */
    uint32_t partnership, party, types[VIEWS_TYPES_MAX]; /* of the filter */
    size_t type_count;
    struct views_upto upto;
    uint64_t from, to;      /* positions, by recording */
    int64_t from_ms, to_ms; /* t or k, by the others */
};

/* --- by position ----------------------------------------------------------*/

/* The dates of an event, where they matter.  A damaged one has none: as if it
 * had always been known, so that the walk meets and reports it. */
static enum views_result
add_dates(struct replay *replay, struct views_hit *hit)
{
    if (!replay->restricted)
        return VIEWS_OK;
    enum views_result result =
        job_find_op(&replay->paging.job, hit->place.seq, &hit->op);
    if (result != VIEWS_ABSENT)
        return result;
    hit->op = (struct fold_op){.seq = hit->place.seq,
                               .t = EDTF_MINUS_INFINITY,
                               .start_lo = EDTF_MINUS_INFINITY,
                               .k = EDTF_MINUS_INFINITY};
    return VIEWS_OK;
}

static enum views_result
at_position(struct replay *replay, uint64_t seq, struct views_hit *hit)
{
    if (seq < replay->from || seq > replay->to || seq == 0)
        return VIEWS_ABSENT;
    hit->place = (struct views_place){.seq = seq};
    hit->op.seq = seq; /* of the rest nobody asks */
    return add_dates(replay, hit);
}

/* --- by the indexes -------------------------------------------------------*/

static struct views_walk
walk_of(const struct replay *replay)
{
    static const enum views_walk_kind kinds[] = {
        [ARGS_RECORDED] = VIEWS_WALK_RECORDED,
        [ARGS_OCCURRED] = VIEWS_WALK_OCCURRED,
        [ARGS_DISCLOSED] = VIEWS_WALK_DISCLOSED,
    };
    return (struct views_walk){
        .reader = replay->paging.job.service->views_reader,
        .kind = kinds[replay->order],
        .reverse = replay->paging.reverse,
        .dated = replay->restricted,
        .partnership = replay->partnership,
        .party = replay->party,
        .types = replay->types,
        .type_count = replay->type_count,
        .upto = &replay->upto,
    };
}

/* By recording, an index knows no dates. */
static enum views_result
take_hit(struct replay *replay, enum views_result result, struct views_hit *hit)
{
    if (result != VIEWS_OK || replay->order != ARGS_RECORDED)
        return result;
    if (hit->place.seq < replay->from || hit->place.seq > replay->to)
        return VIEWS_ABSENT;
    return add_dates(replay, hit);
}

/* --- names of the filter --------------------------------------------------*/

/* The number of a name; 0, and nothing to be found, where nobody has it. */
static enum views_result
find_number(struct replay *replay, enum views_name_kind kind, struct span slug,
            struct views_name *name)
{
    *name = (struct views_name){0};
    if (slug.data == NULL)
        return VIEWS_OK;
    enum views_result result = views_find_name(
        replay->paging.job.service->views_reader, kind, slug, name);
    replay->nothing |= result == VIEWS_ABSENT;
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

/* The number of a type; VIEWS_ABSENT for a user's own that nobody has used. */
static enum views_result
find_type(struct replay *replay, struct span text, uint32_t *number)
{
    struct views_name name;
    *number = (uint32_t)model_type_find(text);
    if (*number != (uint32_t)MODEL_USER_TYPE)
        return VIEWS_OK;
    enum views_result result = views_find_name(
        replay->paging.job.service->views_reader, VIEWS_USER_TYPE, text, &name);
    if (result == VIEWS_OK)
        *number = FOLD_USER_TYPE_BASE + name.number;
    return result;
}

/* The type behind those found is one of them: it was named twice. */
static bool
has_type(const struct replay *replay)
{
    for (size_t i = 0; i < replay->type_count; i++)
        if (replay->types[i] == replay->types[replay->type_count])
            return true;
    return false;
}

static enum views_result
find_types(struct replay *replay)
{
    if (replay->filter.types.data == NULL)
        return VIEWS_OK;
    struct mp_reader reader = mp_reader(replay->filter.types);
    uint32_t count = mp_array(&reader);
    replay->type_count = 0;
    for (uint32_t i = 0; i < count && replay->type_count < VIEWS_TYPES_MAX;
         i++) {
        enum views_result result = find_type(
            replay, mp_str(&reader), &replay->types[replay->type_count]);
        replay->type_count += result == VIEWS_OK && !has_type(replay);
        if (result != VIEWS_OK && result != VIEWS_ABSENT)
            return result;
    }
    replay->nothing |= replay->type_count == 0;
    return VIEWS_OK;
}

/* A damaged event has no place in the orders that the views keep: by its
 * partnership, or anywhere. */
static enum views_result
find_names(struct replay *replay)
{
    struct paging *paging = &replay->paging;
    struct views_name partnership, party;
    enum views_result result = find_number(
        replay, VIEWS_PARTNERSHIP, replay->filter.partnership, &partnership);
    if (result == VIEWS_OK)
        result = find_number(replay, VIEWS_PARTY, replay->filter.party, &party);
    if (result == VIEWS_OK)
        result = find_types(replay);
    if (result != VIEWS_OK)
        return result;
    replay->partnership = partnership.number;
    replay->party = party.number;
    paging->lost = partnership.number != 0
                       ? partnership.damaged
                       : views_damaged(paging->job.service->views,
                                       paging->question.asof.seq);
    return VIEWS_OK;
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

/*
 * By recording, the log itself is an index, and serves where the views do not:
 * while they are rebuilt, and while an event is damaged, whose place they do
 * not know.
 */
static bool
is_by_positions(const struct replay *replay)
{
    const struct job *job = &replay->paging.job;
    return replay->order == ARGS_RECORDED &&
           (!job->needs_views ||
            views_damaged(job->service->views,
                          replay->paging.question.asof.seq) != 0);
}

static bool
start(struct paging *paging, struct mp_buf *out)
{
    struct replay *replay = (struct replay *)paging;
    paging->next = first_place(replay);
    replay->by_positions = is_by_positions(replay);
    paging->picks = replay->by_positions && replay->filtered;
    if (replay->by_positions)
        return true;
    enum views_result result = find_names(replay);
    if (result != VIEWS_OK)
        job_views_error(&paging->job, out, result);
    return result == VIEWS_OK;
}

static enum views_result
seek(struct paging *paging, const struct views_place *from,
     struct views_hit *hit)
{
    struct replay *replay = (struct replay *)paging;
    if (replay->by_positions)
        return at_position(replay, from->seq, hit);
    if (replay->nothing)
        return VIEWS_ABSENT;
    struct views_walk walk = walk_of(replay);
    return take_hit(replay, views_walk_seek(&walk, from, hit), hit);
}

static enum views_result
next(struct paging *paging, struct views_hit *hit)
{
    struct replay *replay = (struct replay *)paging;
    uint64_t seq = hit->place.seq;
    if (replay->by_positions)
        return at_position(replay, replay->paging.reverse ? seq - 1 : seq + 1,
                           hit);
    struct views_walk walk = walk_of(replay);
    return take_hit(replay, views_walk_next(&walk, hit), hit);
}

static bool
is_past_end(const struct paging *paging, const struct views_hit *hit)
{
    const struct replay *replay = (const struct replay *)paging;
    if (replay->order == ARGS_RECORDED)
        return false; /* the walk ends by itself */
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
    (void)hit;
    return filter_matches(&((struct replay *)paging)->filter, event);
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
    /* Nothing is seen beyond A, or K. */
    int64_t last =
        replay->order == ARGS_OCCURRED ? replay->upto.t : replay->upto.k;
    replay->to_ms = replay->to_ms < last ? replay->to_ms : last;
    return true;
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

/* What of the views a replay needs; false when it has been answered, since
 * they are being rebuilt. */
static bool
choose_index(struct request *request, struct replay *replay)
{
    bool ready = !writer_is_rebuilding(request->service->writer);
    replay->filtered = !filter_is_empty(&replay->filter);
    replay->paging.job.needs_views = replay->order != ARGS_RECORDED ||
                                     replay->restricted ||
                                     (replay->filtered && ready);
    if (replay->paging.job.needs_views && !ready)
        request_unavailable(request);
    return ready || !replay->paging.job.needs_views;
}

/* Fill in a replay from the arguments; false when it has been answered. */
static bool
read_replay(struct request *request, struct replay *replay,
            const struct question *question)
{
    const struct arg_value *values = request->args.values;
    const struct asof *asof = &question->asof;
    struct paging *paging = &replay->paging;
    replay->order = (enum args_order)values[ARG_ORDER].number;
    replay->upto = (struct views_upto){asof->at, asof->known, asof->seq};
    paging->reverse = values[ARG_REVERSE].truth;
    paging->superseded = values[ARG_SUPERSEDED].given
                             ? values[ARG_SUPERSEDED].truth
                             : replay->order == ARGS_RECORDED;
    replay->restricted = !paging->superseded ||
                         asof->at != EDTF_PLUS_INFINITY ||
                         asof->known != EDTF_PLUS_INFINITY;
    paging->stream = paging->job.streaming = values[ARG_STREAM].truth;
    if (!filter_init(&replay->filter, &request->args)) {
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
        return false;
    }
    if (!choose_index(request, replay))
        return false;
    return replay->order == ARGS_RECORDED
               ? read_positions(request, replay, asof->seq)
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
