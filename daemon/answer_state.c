/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "daemon/answers.h"
#include "daemon/folding.h"
#include "daemon/question.h"
#include "daemon/state_put.h"

/* `state`: a partnership folded as of three dates. */

struct state_job {
    struct job job;
    uint8_t slug[MODEL_SLUG_SIZE_MAX];
    size_t slug_size;
    struct folding folding; /* its partnership is 0 until it is looked up */
};

static enum job_result
write_answer(struct state_job *state, struct mp_buf *out)
{
    struct mp_buf buf = {0};
    uint64_t corrupt;
    struct state_answer answer = {
        .service = state->job.service,
        .partnership = {state->slug, state->slug_size},
        .folding = &state->folding,
    };
    enum state_put_result result = state_put(&buf, &answer, &corrupt);
    state_put_answer(&state->job, out, result, corrupt, &buf);
    mp_buf_deinit(&buf);
    return JOB_DONE;
}

static enum job_result
step(struct job *job, struct mp_buf *out)
{
    struct state_job *state = (struct state_job *)job;
    struct folding *folding = &state->folding;
    struct span slug = {state->slug, state->slug_size};
    enum job_result answer = JOB_DONE;
    if (!job_read_begin(job, out))
        return JOB_DONE;
    if (folding->partnership != 0 ||
        job_find_sound(job, out, slug, folding->asof.seq,
                       &folding->partnership)) {
        struct job_slice slice = job_slice_begin();
        enum views_result result = folding_walk(folding, job->service, &slice);
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
release(struct job *job)
{
    struct state_job *state = (struct state_job *)job;
    folding_deinit(&state->folding);
    free(state);
}

void
answer_state(struct request *request)
{
    static const struct job_class class = {.step = step, .free = release};
    struct question question;
    struct span slug = request->args.values[ARG_PARTNERSHIP].bytes;
    if (!question_read(request, QUESTION_STATE, &question))
        return;
    struct state_job *state = calloc(1, sizeof *state);
    if (state == NULL) {
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
        return;
    }
    job_init(&state->job, &class, request);
    job_of_partnership(&state->job, slug);
    state->slug_size = slug.size;
    memcpy(state->slug, slug.data, slug.size);
    folding_init(&state->folding, 0, &question.asof);
    state->folding.state = true;
}
