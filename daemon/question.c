/* SPDX-License-Identifier: MIT */
#include "daemon/question.h"

static const struct arg_value *
given(const struct request *request, enum arg arg)
{
    const struct arg_value *value = &request->args.values[arg];
    return value->given ? value : NULL;
}

/* `recorded`: a position, or the last one recorded by a date. */
static bool
read_recorded(struct request *request, uint64_t tip, uint64_t *seq)
{
    const struct arg_value *recorded = given(request, ARG_RECORDED);
    struct log_reader *log = request->service->log_reader;
    *seq = tip;
    if (recorded == NULL)
        return true;
    if (!recorded->is_date) {
        *seq = recorded->number < tip ? recorded->number : tip;
        return true;
    }
    if (log_read_begin(log) == LOG_OK) {
        enum log_result result =
            asof_recorded_by(log, tip, recorded->date.end_hi, seq);
        log_read_end(log);
        if (result == LOG_OK)
            return true;
    }
    request_error(request, MODEL_INTERNAL, "the log cannot be read");
    return false;
}

static bool
read_asof(struct request *request, enum question_default defaults,
          struct asof *asof)
{
    const struct arg_value *at = given(request, ARG_AT);
    const struct arg_value *known = given(request, ARG_KNOWN);
    if (at != NULL)
        asof->at = at->date.end_hi;
    else if (defaults == QUESTION_REPLAY)
        asof->at = EDTF_PLUS_INFINITY;
    else
        asof->at = asof_end_of_day(request->service->now_ms);
    if (known != NULL)
        asof->known = known->date.end_hi;
    else
        asof->known = defaults == QUESTION_GAP ? asof->at : EDTF_PLUS_INFINITY;
    return read_recorded(request, log_tip(request->service->log), &asof->seq);
}

static bool
resume(struct request *request, struct span text, struct question *question)
{
    struct cursor cursor;
    if (!cursor_read(text, &cursor)) {
        request_error(request, MODEL_INVALID_REQUEST,
                      "cursor is none that this daemon gave; hand back what "
                      "the last page had");
        return false;
    }
    if (cursor.arguments != question->arguments) {
        request_error(request, MODEL_INVALID_REQUEST,
                      "cursor belongs to other arguments; send it with those "
                      "of its first page");
        return false;
    }
    uint64_t tip = log_tip(request->service->log);
    question->asof = cursor.asof;
    if (question->asof.seq > tip)
        question->asof.seq = tip;
    question->place = cursor.place;
    question->resumed = true;
    return true;
}

bool
question_read(struct request *request, enum question_default defaults,
              struct question *question)
{
    const struct arg_value *limit = given(request, ARG_LIMIT);
    const struct arg_value *cursor = given(request, ARG_CURSOR);
    bool stream = request->args.values[ARG_STREAM].truth;
    *question = (struct question){
        .limit = limit != NULL ? limit->number
                 : stream      ? UINT64_MAX
                               : ARGS_LIMIT_MAX,
        .arguments = args_hash(&request->args, request->method),
    };
    if (!stream && question->limit > ARGS_LIMIT_MAX) {
        request_error(request, MODEL_INVALID_REQUEST,
                      "limit must be a whole number from 1 to %u; ask for "
                      "more with the cursor of each page",
                      ARGS_LIMIT_MAX);
        return false;
    }
    if (cursor != NULL)
        return resume(request, cursor->bytes, question);
    return read_asof(request, defaults, &question->asof);
}

struct views_place
question_start(const struct question *question)
{
    struct views_place place = question->place;
    if (!question->resumed)
        return VIEWS_PLACE_FIRST;
    place.seq++;
    return place;
}

void
question_put_cursor_value(struct mp_buf *buf, const struct question *question,
                          const struct views_place *place, bool more)
{
    struct cursor cursor = {.asof = question->asof,
                            .place = *place,
                            .arguments = question->arguments};
    if (more)
        cursor_put(buf, &cursor);
    else
        mp_put_nil(buf);
}

void
question_put_cursor(struct mp_buf *buf, const struct question *question,
                    const struct views_place *place, bool more)
{
    mp_put_text(buf, "cursor");
    question_put_cursor_value(buf, question, place, more);
}
