/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "daemon/answers.h"
#include "daemon/liveness.h"
#include "daemon/question.h"
#include "daemon/state_put.h"
#include "proto/rpc.h"

/* `state`: walk the partnership's operations in fold order, a slice at a time,
 * then write what they folded to. */

struct possible {
    int64_t start_lo;
    uint64_t seq;
};

struct state_job {
    struct job job;
    struct asof asof;
    uint8_t slug[MODEL_SLUG_SIZE_MAX];
    size_t slug_size;
    uint32_t partnership; /* 0 until it is looked up */
    struct views_place next;
    struct fold fold;
    struct liveness known;     /* as of (K, S) */
    struct liveness disclosed; /* as of (+inf, S) */
    uint64_t undisclosed;
    struct possible possible[STATE_POSSIBLE_MAX]; /* sorted */
    size_t possible_count;
};

static struct span
slug_of(const struct state_job *state)
{
    return (struct span){state->slug, state->slug_size};
}

/* --- one operation -------------------------------------------------------*/

static enum views_result
is_live(struct state_job *state, struct liveness *liveness,
        const struct fold_op *op, bool *live)
{
    bool superseded = false;
    enum views_result result = VIEWS_OK;
    if (op->marked)
        result = liveness_superseded(liveness, state->job.service->views_reader,
                                     op->seq, &superseded);
    *live = !superseded;
    return result;
}

/* Keep the first STATE_POSSIBLE_MAX by (start_lo, seq). */
static void
add_possible(struct state_job *state, const struct fold_op *op)
{
    size_t at = state->possible_count;
    while (at > 0 && (op->start_lo < state->possible[at - 1].start_lo ||
                      (op->start_lo == state->possible[at - 1].start_lo &&
                       op->seq < state->possible[at - 1].seq)))
        at--;
    if (at == STATE_POSSIBLE_MAX)
        return;
    size_t moved = state->possible_count - at;
    if (state->possible_count < STATE_POSSIBLE_MAX)
        state->possible_count++;
    else
        moved--;
    memmove(&state->possible[at + 1], &state->possible[at],
            moved * sizeof *state->possible);
    state->possible[at] = (struct possible){op->start_lo, op->seq};
}

/* t <= A */
static enum views_result
take_past(struct state_job *state, const struct fold_op *op)
{
    bool visible = op->k <= state->asof.known, live;
    enum views_result result =
        is_live(state, visible ? &state->known : &state->disclosed, op, &live);
    if (result != VIEWS_OK || !live)
        return result;
    if (!visible)
        state->undisclosed++;
    else if (fold_apply(&state->fold, op) != 0)
        return VIEWS_FULL;
    return VIEWS_OK;
}

/* A < t */
static enum views_result
take_future(struct state_job *state, const struct fold_op *op)
{
    bool live = false;
    if (op->start_lo > state->asof.at || op->k > state->asof.known)
        return VIEWS_OK;
    enum views_result result = is_live(state, &state->known, op, &live);
    if (result == VIEWS_OK && live)
        add_possible(state, op);
    return result;
}

static enum views_result
take(struct state_job *state, const struct fold_op *op)
{
    if (op->seq > state->asof.seq)
        return VIEWS_OK;
    return op->t <= state->asof.at ? take_past(state, op)
                                   : take_future(state, op);
}

/* --- the walk ------------------------------------------------------------*/

/* VIEWS_ABSENT at the end, VIEWS_OK when the slice is over. */
static enum views_result
walk(struct state_job *state)
{
    struct views_walk over = {.reader = state->job.service->views_reader,
                              .kind = VIEWS_WALK_PARTNERSHIP,
                              .partnership = state->partnership};
    struct job_slice slice = job_slice_begin();
    struct views_hit hit;
    enum views_result result = views_walk_seek(&over, &state->next, &hit);
    while (result == VIEWS_OK) {
        if (job_slice_over(&slice)) {
            state->next = hit.place;
            return VIEWS_OK;
        }
        result = take(state, &hit.op);
        if (result == VIEWS_OK)
            result = views_walk_next(&over, &hit);
    }
    return result;
}

static enum job_result
write_answer(struct state_job *state, struct mp_buf *out)
{
    uint64_t possible[STATE_POSSIBLE_MAX], corrupt;
    for (size_t i = 0; i < state->possible_count; i++)
        possible[i] = state->possible[i].seq;
    struct state_answer answer = {
        .service = state->job.service,
        .partnership = slug_of(state),
        .asof = state->asof,
        .fold = &state->fold,
        .possible = possible,
        .possible_count = state->possible_count,
        .undisclosed = state->undisclosed,
    };
    struct mp_buf buf = {0};
    switch (state_put(&buf, &answer, &corrupt)) {
    case STATE_PUT_CORRUPT:
        job_corrupt(&state->job, out, corrupt);
        break;
    case STATE_PUT_FAILED:
        job_views_error(&state->job, out, VIEWS_FULL);
        break;
    case STATE_PUT_OK:
        job_answer(&state->job, out, &buf);
        break;
    }
    mp_buf_deinit(&buf);
    return JOB_DONE;
}

/* False when an answer has been written. */
static bool
look_up(struct state_job *state, struct mp_buf *out)
{
    struct views_name name;
    enum views_result result =
        views_find_name(state->job.service->views_reader, VIEWS_PARTNERSHIP,
                        slug_of(state), &name);
    if (result == VIEWS_ABSENT)
        job_error(&state->job, out, MODEL_NOT_FOUND,
                  "no partnership \"%.*s\" in this log", (int)state->slug_size,
                  (const char *)state->slug);
    else if (result != VIEWS_OK)
        job_views_error(&state->job, out, result);
    else if (name.damaged != 0 && name.damaged <= state->asof.seq)
        job_corrupt(&state->job, out, name.damaged);
    else
        state->partnership = name.number;
    return state->partnership != 0;
}

static enum job_result
step_state(struct job *job, struct mp_buf *out)
{
    struct state_job *state = (struct state_job *)job;
    enum job_result answer = JOB_DONE;
    if (!job_read_begin(job, out))
        return JOB_DONE;
    if (state->partnership != 0 || look_up(state, out)) {
        enum views_result result = walk(state);
        if (result == VIEWS_OK)
            answer = JOB_AGAIN;
        else if (result == VIEWS_ABSENT)
            answer = write_answer(state, out);
        else
            answer = job_views_error(job, out, result);
    }
    job_read_end(job);
    return answer;
}

static void
free_state(struct job *job)
{
    struct state_job *state = (struct state_job *)job;
    fold_deinit(&state->fold);
    liveness_deinit(&state->known);
    liveness_deinit(&state->disclosed);
    free(state);
}

void
answer_state(struct request *request)
{
    static const struct job_class class = {step_state, free_state};
    struct question question;
    struct span slug = request->args.values[ARG_PARTNERSHIP].bytes;
    if (!question_read(request, QUESTION_STATE, &question))
        return;
    struct state_job *state = calloc(1, sizeof *state);
    if (state == NULL) {
        request_error(request, MODEL_OVERLOADED, "out of memory");
        return;
    }
    job_init(&state->job, &class, request);
    state->asof = question.asof;
    state->slug_size = slug.size;
    memcpy(state->slug, slug.data, slug.size);
    state->next = VIEWS_PLACE_FIRST;
    liveness_init(&state->known, state->asof.known, state->asof.seq);
    liveness_init(&state->disclosed, EDTF_PLUS_INFINITY, state->asof.seq);
}
