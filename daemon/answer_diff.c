/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "daemon/answers.h"
#include "daemon/folding.h"
#include "daemon/question.h"
#include "daemon/state_put.h"

/* `diff`: what changed in a partnership between two as-of triples. */

#define SIDES 2 /* before, after */

struct positions {
    uint64_t *list;
    size_t count, capacity;
};

struct diff_job {
    struct job job;
    uint8_t slug[MODEL_SLUG_SIZE_MAX];
    size_t slug_size;
    uint32_t partnership; /* 0 until it is looked up */
    struct folding sides[SIDES];
    struct views_place next; /* of the walk that compares */
    struct positions added, removed;
};

/* --- which events ---------------------------------------------------------*/

static bool
add_position(struct positions *positions, uint64_t seq)
{
    if (positions->count == positions->capacity) {
        size_t capacity =
            positions->capacity == 0 ? 16 : 2 * positions->capacity;
        uint64_t *list = reallocarray(positions->list, capacity, sizeof *list);
        if (list == NULL)
            return false;
        positions->list = list;
        positions->capacity = capacity;
    }
    positions->list[positions->count++] = seq;
    return true;
}

static enum views_result
compare_op(struct diff_job *diff, struct views_reader *views,
           const struct fold_op *op)
{
    bool happened[SIDES];
    for (size_t i = 0; i < SIDES; i++) {
        enum views_result result =
            folding_happened(&diff->sides[i].known, &diff->sides[i].asof, views,
                             op, &happened[i]);
        if (result != VIEWS_OK)
            return result;
    }
    if (happened[0] == happened[1])
        return VIEWS_OK;
    struct positions *positions = happened[1] ? &diff->added : &diff->removed;
    return add_position(positions, op->seq) ? VIEWS_OK : VIEWS_FULL;
}

/* No event behind both A has happened in either. */
static int64_t
last_moment(const struct diff_job *diff)
{
    int64_t before = diff->sides[0].asof.at, after = diff->sides[1].asof.at;
    return before > after ? before : after;
}

/* With the same K and S, events up to both A have happened in both. */
static struct views_place
first_place(const struct asof *before, const struct asof *after)
{
    struct views_place place = VIEWS_PLACE_FIRST;
    int64_t first = before->at < after->at ? before->at : after->at;
    if (before->known == after->known && before->seq == after->seq &&
        first < EDTF_PLUS_INFINITY)
        place.t = first + 1;
    return place;
}

/* VIEWS_ABSENT when it is done, VIEWS_OK when the slice is over first. */
static enum views_result
compare(struct diff_job *diff, struct job_slice *slice)
{
    struct views_walk over = {.reader = diff->job.service->views_reader,
                              .kind = VIEWS_WALK_OPS,
                              .partnership = diff->partnership};
    struct views_hit hit;
    enum views_result result = views_walk_seek(&over, &diff->next, &hit);
    while (result == VIEWS_OK && hit.op.t <= last_moment(diff)) {
        if (job_slice_over(slice)) {
            diff->next = hit.place;
            return VIEWS_OK;
        }
        result = compare_op(diff, over.reader, &hit.op);
        if (result == VIEWS_OK)
            result = views_walk_next(&over, &hit);
    }
    return result == VIEWS_OK ? VIEWS_ABSENT : result;
}

/* --- the answer -----------------------------------------------------------*/

static void
put_asof(struct mp_buf *buf, const struct asof *asof)
{
    mp_put_map(buf, 3);
    mp_put_text(buf, "at");
    asof_put_moment(buf, asof->at);
    mp_put_text(buf, "known");
    asof_put_moment(buf, asof->known);
    mp_put_text(buf, "position");
    mp_put_uint(buf, asof->seq);
}

/* False with `*corrupt` set where an event is damaged. */
static bool
put_ids(struct diff_job *diff, struct mp_buf *buf,
        const struct positions *positions, uint64_t *corrupt)
{
    struct span event;
    mp_put_array(buf, (uint32_t)positions->count);
    for (size_t i = 0; i < positions->count; i++) {
        *corrupt = positions->list[i];
        if (log_read(diff->job.service->log_reader, positions->list[i],
                     &event) != LOG_OK)
            return false;
        mp_put_str(buf, mp_get_str(event, "id"));
    }
    return true;
}

/* Two maps with the same keys: those whose values differ. */
static void
put_changed(struct mp_buf *buf, struct span before, struct span after)
{
    struct mp_reader left = mp_reader(before), right = mp_reader(after);
    uint32_t pairs = mp_map(&left), count = 0;
    mp_map(&right);
    size_t mark = mp_open_map(buf);
    for (uint32_t i = 0; i < pairs; i++) {
        struct span key = mp_str(&left), old = mp_value(&left);
        mp_str(&right);
        struct span new = mp_value(&right);
        if (event_value_equal(old, new))
            continue;
        mp_put_str(buf, key);
        mp_put_map(buf, 2);
        mp_put_text(buf, "before");
        mp_put_raw(buf, old);
        mp_put_text(buf, "after");
        mp_put_raw(buf, new);
        count++;
    }
    mp_close(buf, mark, count);
}

static enum state_put_result
put_compared(struct diff_job *diff, struct mp_buf *buf, uint64_t *corrupt)
{
    struct mp_buf sides[SIDES] = {{0}};
    enum state_put_result result = STATE_PUT_OK;
    for (size_t i = 0; i < SIDES && result == STATE_PUT_OK; i++) {
        struct state_answer answer = {.service = diff->job.service,
                                      .folding = &diff->sides[i]};
        result = state_put_compared(&sides[i], &answer, corrupt);
    }
    if (result == STATE_PUT_OK)
        put_changed(buf, mp_buf_span(&sides[0]), mp_buf_span(&sides[1]));
    for (size_t i = 0; i < SIDES; i++)
        mp_buf_deinit(&sides[i]);
    return result;
}

static enum state_put_result
put_answer(struct diff_job *diff, struct mp_buf *buf, uint64_t *corrupt)
{
    mp_put_map(buf, 6);
    mp_put_text(buf, "partnership");
    mp_put_str(buf, (struct span){diff->slug, diff->slug_size});
    mp_put_text(buf, "before");
    put_asof(buf, &diff->sides[0].asof);
    mp_put_text(buf, "after");
    put_asof(buf, &diff->sides[1].asof);
    mp_put_text(buf, "added");
    if (!put_ids(diff, buf, &diff->added, corrupt))
        return STATE_PUT_CORRUPT;
    mp_put_text(buf, "removed");
    if (!put_ids(diff, buf, &diff->removed, corrupt))
        return STATE_PUT_CORRUPT;
    mp_put_text(buf, "changed");
    return put_compared(diff, buf, corrupt);
}

/* --- the job --------------------------------------------------------------*/

static bool
start(struct diff_job *diff, struct mp_buf *out)
{
    struct span slug = {diff->slug, diff->slug_size};
    uint64_t highest = diff->sides[0].asof.seq > diff->sides[1].asof.seq
                           ? diff->sides[0].asof.seq
                           : diff->sides[1].asof.seq;
    if (!job_find_sound(&diff->job, out, slug, highest, &diff->partnership))
        return false;
    diff->sides[0].partnership = diff->partnership;
    diff->sides[1].partnership = diff->partnership;
    return true;
}

static enum views_result
walk(struct diff_job *diff)
{
    struct job_slice slice = job_slice_begin();
    for (size_t i = 0; i < SIDES; i++) {
        if (diff->sides[i].phase == FOLDING_DONE)
            continue;
        enum views_result result =
            folding_walk(&diff->sides[i], diff->job.service, &slice);
        if (result != VIEWS_ABSENT)
            return result;
    }
    return compare(diff, &slice);
}

static enum job_result
step(struct job *job, struct mp_buf *out)
{
    struct diff_job *diff = (struct diff_job *)job;
    struct mp_buf buf = {0};
    uint64_t corrupt = 0;
    enum job_result answer = JOB_DONE;
    if (!job_read_begin(job, out))
        return JOB_DONE;
    if (diff->partnership != 0 || start(diff, out)) {
        enum views_result result = walk(diff);
        if (result == VIEWS_OK) {
            answer = JOB_AGAIN;
        } else if (result == VIEWS_ABSENT) {
            enum state_put_result put = put_answer(diff, &buf, &corrupt);
            state_put_answer(job, out, put, corrupt, &buf);
        } else {
            answer = job_views_error(job, out, result);
        }
    }
    job_read_end(job);
    mp_buf_deinit(&buf);
    return answer;
}

static void
release(struct job *job)
{
    struct diff_job *diff = (struct diff_job *)job;
    folding_deinit(&diff->sides[0]);
    folding_deinit(&diff->sides[1]);
    free(diff->added.list);
    free(diff->removed.list);
    free(diff);
}

/* One of the two as-of triples; false when an error was written. */
static bool
read_side(struct request *request, enum arg arg, struct asof *asof)
{
    struct request side = *request;
    struct args_fault fault;
    struct question question;
    bool good = args_read_map(request->args.values[arg].bytes,
                              ARG_BIT(AT) | ARG_BIT(KNOWN) | ARG_BIT(RECORDED),
                              &side.args, &fault);
    if (!good)
        request_fault(request, &fault);
    else
        good = question_read(&side, QUESTION_STATE, &question);
    request->answered |= side.answered;
    if (good)
        *asof = question.asof;
    return good;
}

void
answer_diff(struct request *request)
{
    static const struct job_class class = {.step = step, .free = release};
    struct asof before, after;
    struct span slug = request->args.values[ARG_PARTNERSHIP].bytes;
    if (!read_side(request, ARG_BEFORE, &before) ||
        !read_side(request, ARG_AFTER, &after))
        return;
    struct diff_job *diff = calloc(1, sizeof *diff);
    if (diff == NULL) {
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
        return;
    }
    job_init(&diff->job, &class, request);
    job_of_partnership(&diff->job, slug);
    diff->slug_size = slug.size;
    memcpy(diff->slug, slug.data, slug.size);
    diff->next = first_place(&before, &after);
    folding_init(&diff->sides[0], 0, &before);
    folding_init(&diff->sides[1], 0, &after);
}
