/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "daemon/answers.h"
#include "daemon/portfolio.h"
#include "daemon/question.h"

/* `portfolio`: the partnerships with something in them, a page at a time.  The
 * cursor's place holds the number of the last one. */

struct portfolio_job {
    struct job job;
    struct question question;
    uint8_t party[MODEL_SLUG_SIZE_MAX];
    size_t party_size; /* 0: any */
    bool started;
    struct portfolio portfolio;
    struct mp_buf rows;
    uint64_t count;
    struct views_place last; /* the number of the last row's, as seq */
};

/* A party that the log has never seen has no partnerships. */
static enum views_result
start(struct portfolio_job *listing)
{
    struct views_reader *views = listing->job.service->views_reader;
    const struct question *question = &listing->question;
    struct span after = {0}, party = {listing->party, listing->party_size};
    struct views_name name = {0};
    enum views_result result = VIEWS_OK;
    if (party.size > 0)
        result = views_find_name(views, VIEWS_PARTY, party, &name);
    if (result == VIEWS_OK && question->resumed)
        result = views_slug(views, VIEWS_PARTNERSHIP,
                            (uint32_t)question->place.seq, &after);
    if (result == VIEWS_OK)
        portfolio_init(&listing->portfolio, &question->asof, name.number,
                       after);
    listing->started = result == VIEWS_OK;
    return result;
}

static enum job_result
write_page(struct portfolio_job *listing, struct mp_buf *out, bool more)
{
    struct mp_buf page = {0};
    mp_put_map(&page, 2);
    mp_put_text(&page, "partnerships");
    mp_put_array(&page, (uint32_t)listing->count);
    mp_put_raw(&page, mp_buf_span(&listing->rows));
    question_put_cursor(&page, &listing->question, &listing->last, more);
    page.failed |= listing->rows.failed;
    job_answer(&listing->job, out, &page);
    mp_buf_deinit(&page);
    return JOB_DONE;
}

/* A damaged partnership is reported alone, with a cursor behind it. */
static enum job_result
end_at_corrupt(struct portfolio_job *listing, struct mp_buf *out,
               uint64_t corrupt)
{
    struct mp_buf cursor = {0};
    if (listing->count > 0)
        return write_page(listing, out, true);
    listing->last.seq = listing->portfolio.folding.partnership;
    question_put_cursor_value(&cursor, &listing->question, &listing->last,
                              true);
    job_corrupt_page(&listing->job, out, corrupt, mp_buf_span(&cursor));
    mp_buf_deinit(&cursor);
    return JOB_DONE;
}

static bool
is_full(const struct portfolio_job *listing)
{
    return listing->count == listing->question.limit ||
           listing->rows.size >= QUESTION_PAGE_SIZE_MAX;
}

static enum job_result
walk(struct portfolio_job *listing, struct mp_buf *out)
{
    struct portfolio *portfolio = &listing->portfolio;
    struct job_slice slice = job_slice_begin();
    uint64_t corrupt;
    enum views_result failure;
    for (;;) {
        switch (portfolio_next(portfolio, listing->job.service, &slice,
                               &corrupt, &failure)) {
        case PORTFOLIO_AGAIN:
            return JOB_AGAIN;
        case PORTFOLIO_END:
            return write_page(listing, out, false);
        case PORTFOLIO_FAILED:
            return job_views_error(&listing->job, out, failure);
        case PORTFOLIO_CORRUPT:
            return end_at_corrupt(listing, out, corrupt);
        case PORTFOLIO_ROW:
            if (is_full(listing))
                return write_page(listing, out, true);
            if (!portfolio_put_row(&listing->rows, portfolio,
                                   listing->job.service, &corrupt))
                return end_at_corrupt(listing, out, corrupt);
            listing->count++;
            listing->last.seq = portfolio->folding.partnership;
        }
    }
}

static enum job_result
step(struct job *job, struct mp_buf *out)
{
    struct portfolio_job *listing = (struct portfolio_job *)job;
    enum job_result answer;
    enum views_result result = VIEWS_OK;
    if (!job_read_begin(job, out))
        return JOB_DONE;
    if (!listing->started)
        result = start(listing);
    if (result == VIEWS_OK)
        answer = walk(listing, out);
    else if (result == VIEWS_ABSENT)
        answer = write_page(listing, out, false);
    else
        answer = job_views_error(job, out, result);
    job_read_end(job);
    return answer;
}

static void
release(struct job *job)
{
    struct portfolio_job *listing = (struct portfolio_job *)job;
    portfolio_deinit(&listing->portfolio);
    mp_buf_deinit(&listing->rows);
    free(listing);
}

void
answer_portfolio(struct request *request)
{
    static const struct job_class class = {.step = step, .free = release};
    struct question question;
    struct span party = request->args.values[ARG_PARTY].bytes;
    if (!question_read(request, QUESTION_STATE, &question))
        return;
    struct portfolio_job *listing = calloc(1, sizeof *listing);
    if (listing == NULL) {
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
        return;
    }
    job_init(&listing->job, &class, request);
    listing->question = question;
    listing->party_size = party.size;
    if (party.size > 0)
        memcpy(listing->party, party.data, party.size);
}
