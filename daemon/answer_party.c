/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "daemon/answers.h"
#include "daemon/portfolio.h"
#include "daemon/question.h"
#include "daemon/state_put.h"

/* `party`: one organisation over all its partnerships. */

/* Another party of one of them. */
struct counterpart {
    uint32_t party;
    uint32_t order; /* of the partnership, by slug */
    uint32_t partnership;
    struct span slug; /* the party's, while the answer is written */
};

struct party_job {
    struct job job;
    struct asof asof;
    uint8_t slug[MODEL_SLUG_SIZE_MAX];
    size_t slug_size;
    uint32_t number; /* 0 until it is looked up */
    struct portfolio portfolio;
    struct fold totals;
    struct mp_buf rows;
    uint32_t row_count;
    struct counterpart *counterparts;
    size_t counterpart_count, counterpart_capacity;
};

/* --- gathering ------------------------------------------------------------*/

static bool
add_counterpart(struct party_job *party, uint32_t other)
{
    if (party->counterpart_count == party->counterpart_capacity) {
        size_t capacity = party->counterpart_capacity == 0
                              ? 16
                              : 2 * party->counterpart_capacity;
        struct counterpart *list =
            reallocarray(party->counterparts, capacity, sizeof *list);
        if (list == NULL)
            return false;
        party->counterparts = list;
        party->counterpart_capacity = capacity;
    }
    party->counterparts[party->counterpart_count++] = (struct counterpart){
        .party = other,
        .order = party->row_count,
        .partnership = party->portfolio.folding.partnership,
    };
    return true;
}

static bool
add_row(struct party_job *party, uint64_t *corrupt)
{
    const struct fold *fold = &party->portfolio.folding.fold;
    for (size_t i = 0; i < fold->party_size; i++)
        if (fold->parties[i].number != party->number &&
            !add_counterpart(party, fold->parties[i].number))
            party->rows.failed = true;
    party->row_count++;
    return portfolio_put_row(&party->rows, &party->portfolio,
                             party->job.service, corrupt);
}

/* --- the answer -----------------------------------------------------------*/

static int
compare(const void *left, const void *right)
{
    const struct counterpart *a = left, *b = right;
    int order = span_compare(a->slug, b->slug);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

/* Of sorted counterparts: how many at the front are of one party. */
static size_t
same_party(const struct counterpart *list, size_t count)
{
    size_t same = 0;
    while (same < count && list[same].party == list[0].party)
        same++;
    return same;
}

static void
put_slug(struct party_job *party, struct mp_buf *buf, enum views_name_kind kind,
         uint32_t number)
{
    struct span slug = {0};
    buf->failed |= views_slug(party->job.service->views_reader, kind, number,
                              &slug) != VIEWS_OK;
    mp_put_str(buf, slug);
}

static void
put_counterparts(struct party_job *party, struct mp_buf *buf)
{
    struct counterpart *list = party->counterparts;
    size_t count = party->counterpart_count;
    uint32_t parties = 0;
    for (size_t i = 0; i < count; i++)
        buf->failed |= views_slug(party->job.service->views_reader, VIEWS_PARTY,
                                  list[i].party, &list[i].slug) != VIEWS_OK;
    if (count > 0)
        qsort(list, count, sizeof *list, compare);
    size_t mark = mp_open_array(buf);
    for (size_t i = 0; i < count; parties++) {
        size_t same = same_party(list + i, count - i);
        mp_put_map(buf, 2);
        mp_put_text(buf, "party");
        mp_put_str(buf, list[i].slug);
        mp_put_text(buf, "partnerships");
        mp_put_array(buf, (uint32_t)same);
        for (size_t end = i + same; i < end; i++)
            put_slug(party, buf, VIEWS_PARTNERSHIP, list[i].partnership);
    }
    mp_close(buf, mark, parties);
}

static enum job_result
write_answer(struct party_job *party, struct mp_buf *out)
{
    struct mp_buf buf = {0};
    mp_put_map(&buf, 7);
    mp_put_text(&buf, "party");
    mp_put_str(&buf, (struct span){party->slug, party->slug_size});
    mp_put_text(&buf, "at");
    asof_put_moment(&buf, party->asof.at);
    mp_put_text(&buf, "known");
    asof_put_moment(&buf, party->asof.known);
    mp_put_text(&buf, "position");
    mp_put_uint(&buf, party->asof.seq);
    mp_put_text(&buf, "partnerships");
    mp_put_array(&buf, party->row_count);
    mp_put_raw(&buf, mp_buf_span(&party->rows));
    buf.failed |= party->rows.failed;
    mp_put_text(&buf, "counterparts");
    put_counterparts(party, &buf);
    mp_put_text(&buf, "totals");
    state_put_totals(&buf, &party->totals);
    job_answer(&party->job, out, &buf);
    mp_buf_deinit(&buf);
    return JOB_DONE;
}

/* --- the walk -------------------------------------------------------------*/

static enum job_result
walk(struct party_job *party, struct mp_buf *out)
{
    struct job_slice slice = job_slice_begin();
    uint64_t corrupt;
    enum views_result failure;
    for (;;) {
        switch (portfolio_next(&party->portfolio, party->job.service, &slice,
                               &corrupt, &failure)) {
        case PORTFOLIO_AGAIN:
            return JOB_AGAIN;
        case PORTFOLIO_END:
            return write_answer(party, out);
        case PORTFOLIO_FAILED:
            return job_views_error(&party->job, out, failure);
        case PORTFOLIO_CORRUPT:
            return job_corrupt(&party->job, out, corrupt);
        case PORTFOLIO_ROW:
            if (!add_row(party, &corrupt))
                return job_corrupt(&party->job, out, corrupt);
        }
    }
}

static bool
start(struct party_job *party, struct mp_buf *out)
{
    struct span slug = {party->slug, party->slug_size};
    struct views_name name;
    enum views_result result = views_find_name(party->job.service->views_reader,
                                               VIEWS_PARTY, slug, &name);
    if (result == VIEWS_ABSENT)
        job_error(&party->job, out, MODEL_NOT_FOUND,
                  "no party \"%.*s\" in this log", (int)slug.size,
                  (const char *)slug.data);
    else if (result != VIEWS_OK)
        job_views_error(&party->job, out, result);
    if (result != VIEWS_OK)
        return false;
    party->number = name.number;
    portfolio_init(&party->portfolio, &party->asof, name.number,
                   (struct span){0});
    party->portfolio.party_totals = &party->totals;
    return true;
}

static enum job_result
step(struct job *job, struct mp_buf *out)
{
    struct party_job *party = (struct party_job *)job;
    enum job_result answer = JOB_DONE;
    if (!job_read_begin(job, out))
        return JOB_DONE;
    if (party->number != 0 || start(party, out))
        answer = walk(party, out);
    job_read_end(job);
    return answer;
}

static void
release(struct job *job)
{
    struct party_job *party = (struct party_job *)job;
    portfolio_deinit(&party->portfolio);
    fold_deinit(&party->totals);
    mp_buf_deinit(&party->rows);
    free(party->counterparts);
    free(party);
}

void
answer_party(struct request *request)
{
    static const struct job_class class = {.step = step, .free = release};
    struct question question;
    struct span slug = request->args.values[ARG_PARTY].bytes;
    if (!question_read(request, QUESTION_STATE, &question))
        return;
    struct party_job *party = calloc(1, sizeof *party);
    if (party == NULL) {
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
        return;
    }
    job_init(&party->job, &class, request);
    party->asof = question.asof;
    party->slug_size = slug.size;
    memcpy(party->slug, slug.data, slug.size);
}
