/* SPDX-License-Identifier: MIT */
#include "tests/system/model_ask.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "tests/system/json_text.h"
#include "tests/system/object.h"

/* Most pages are short, so that most answers are followed by a cursor. */
#define LIMIT_MAX 60
/* Of walks that have one more page: so long ones end, short ones come anew. */
#define ABANDONED_PERCENT 15
#define STREAMED_PERCENT 25
/* Before the daemon is asked again what it could not answer yet. */
#define RETRY_MS 1

/* --- walks ----------------------------------------------------------------*/

static size_t
random_limit(struct random_log *dice)
{
    if (random_chance(dice, 30))
        return 0;
    return random_chance(dice, 25) ? 1 : 1 + random_below(dice, LIMIT_MAX);
}

static void
walk_begin(struct model_walk *walk, struct model_log *log)
{
    *walk = (struct model_walk){.question = question_random(log)};
    walk->arguments = json_copy(walk->question.arguments);
    if (!question_is_paged(&walk->question))
        return;
    walk->streamed = walk->question.method == QUESTION_REPLAY &&
                     random_chance(&log->asked, STREAMED_PERCENT);
    if (!walk->streamed)
        walk->limit = random_limit(&log->asked);
    if (walk->streamed)
        json_object_set_new(walk->arguments, "stream", json_true());
    if (walk->limit != 0)
        json_object_set_new(walk->arguments, "limit",
                            json_integer((json_int_t)walk->limit));
}

static void
walk_end(struct model_walk *walk)
{
    json_decref(walk->arguments);
    question_deinit(&walk->question);
    *walk = (struct model_walk){0};
}

/* --- asking ---------------------------------------------------------------*/

void
model_asker_init(struct model_asker *asker, struct model_log *log)
{
    *asker = (struct model_asker){.log = log};
}

void
model_asker_deinit(struct model_asker *asker)
{
    for (size_t i = 0; i < MODEL_ASK_WALKS; i++)
        walk_end(&asker->walks[i]);
    printf("%zu answers compared", asker->answers);
    if (asker->unavailable > 0)
        printf(", %zu asked again", asker->unavailable);
    printf("\n");
}

void
model_asker_prepare(struct model_asker *asker)
{
    for (size_t i = 0; i < MODEL_ASK_WALKS; i++) {
        if (asker->walks[i].arguments == NULL)
            walk_begin(&asker->walks[i], asker->log);
    }
}

/* A msgid is the index of a walk. */
static void
ask_all(struct model_asker *asker, struct wire *wire)
{
    model_asker_prepare(asker);
    for (uint32_t i = 0; i < MODEL_ASK_WALKS; i++) {
        struct model_walk *walk = &asker->walks[i];
        if (walk->pending)
            continue;
        wire_queue(wire, i, question_name(&walk->question), walk->arguments);
        walk->pending = true;
        asker->pending++;
    }
    wire_flush(wire);
}

/* --- answers --------------------------------------------------------------*/

/* What follows a page: another one, or nothing. */
static void
take_cursor(struct model_asker *asker, struct model_walk *walk,
            const msgpack_object *cursor)
{
    const struct model_question *question = &walk->question;
    bool more = walk->offset < question_count(question);
    if (object_is_nil(cursor) == more)
        question_fail(question, asker->log, "%s after %zu items of %zu",
                      more ? "no cursor" : "a cursor", walk->offset,
                      question_count(question));
    if (!more || random_chance(&asker->log->asked, ABANDONED_PERCENT)) {
        walk_end(walk);
        return;
    }
    json_object_set_new(walk->arguments, "cursor", json_of_msgpack(cursor));
}

static void
take_page(struct model_asker *asker, struct model_walk *walk,
          const msgpack_object *result)
{
    size_t count =
        question_check_page(&walk->question, asker->log, walk->offset, result);
    if (walk->limit != 0 && count > walk->limit)
        question_fail(&walk->question, asker->log, "%zu items, limit %zu",
                      count, walk->limit);
    walk->offset += count;
    const msgpack_object *cursor = object_get(result, "cursor");
    if (count == 0 && !object_is_nil(cursor))
        question_fail(&walk->question, asker->log, "an empty page, a cursor");
    take_cursor(asker, walk, cursor);
}

/* The end of a stream, whose events have come. */
static void
take_stream_end(struct model_asker *asker, struct model_walk *walk,
                const msgpack_object *result)
{
    uint64_t count = object_uint(object_get(result, "count"));
    if (count != walk->offset || count != question_count(&walk->question))
        question_fail(&walk->question, asker->log,
                      "count %llu, %zu events came, %zu should",
                      (unsigned long long)count, walk->offset,
                      question_count(&walk->question));
    if (!object_is_nil(object_get(result, "cursor")))
        question_fail(&walk->question, asker->log, "a cursor after a stream");
    walk_end(walk);
}

static void
take_result(struct model_asker *asker, struct model_walk *walk,
            const msgpack_object *result)
{
    if (walk->question.expected == NULL)
        question_fail(&walk->question, asker->log, "not not_found");
    if (walk->streamed) {
        take_stream_end(asker, walk, result);
    } else if (question_is_paged(&walk->question)) {
        take_page(asker, walk, result);
    } else {
        question_check_whole(&walk->question, asker->log, result);
        walk_end(walk);
    }
    asker->answers++;
}

static void
take_unavailable(struct model_asker *asker, const msgpack_object *error)
{
    const msgpack_object *progress = object_get(error, "progress");
    if (object_uint(object_get(error, "retry_ms")) == 0 ||
        progress->type != MSGPACK_OBJECT_FLOAT64 || progress->via.f64 < 0 ||
        progress->via.f64 > 1)
        ck_abort_msg("unavailable without retry_ms, or progress from 0 to 1");
    asker->unavailable++;
    (void)poll(NULL, 0, RETRY_MS);
}

static void
take_error(struct model_asker *asker, struct model_walk *walk,
           const msgpack_object *error)
{
    const msgpack_object *code = object_get(error, "code");
    if (asker->rebuilding && object_is_text(code, "unavailable")) {
        take_unavailable(asker, error);
        return;
    }
    if (walk->question.expected != NULL || !object_is_text(code, "not_found")) {
        json_auto_t *shown = json_of_msgpack(error);
        question_fail(&walk->question, asker->log, "refused: %s",
                      json_dumps(shown, JSON_COMPACT));
    }
    walk_end(walk);
    asker->answers++;
}

static struct model_walk *
walk_of(struct model_asker *asker, const msgpack_object *msgid)
{
    uint64_t index = object_uint(msgid);
    if (index >= MODEL_ASK_WALKS || !asker->walks[index].pending)
        ck_abort_msg("an answer to %llu, which was not asked",
                     (unsigned long long)index);
    return &asker->walks[index];
}

static void
take_response(struct model_asker *asker, const msgpack_object *message)
{
    struct model_walk *walk = walk_of(asker, object_at(message, 1));
    walk->pending = false;
    asker->pending--;
    if (object_is_nil(object_at(message, 2)))
        take_result(asker, walk, object_at(message, 3));
    else
        take_error(asker, walk, object_at(message, 2));
}

static void
take_events(struct model_asker *asker, const msgpack_object *params)
{
    struct model_walk *walk = walk_of(asker, object_at(params, 0));
    if (!walk->streamed || walk->question.expected == NULL)
        question_fail(&walk->question, asker->log, "a notification");
    walk->offset += question_check_events(&walk->question, asker->log,
                                          walk->offset, object_at(params, 1));
}

/* [1, msgid, error, result] or [2, "events", [msgid, events]] */
static void
take(struct model_asker *asker, struct wire *wire)
{
    const msgpack_object *message = wire_object(wire);
    uint64_t kind = object_uint(object_at(message, 0));
    if (kind == 1)
        take_response(asker, message);
    else if (kind == 2 && object_is_text(object_at(message, 1), "events"))
        take_events(asker, object_at(message, 2));
    else
        ck_abort_msg("neither an answer nor events");
}

/* Half of the walks are asked anew while the daemon has the other half. */
void
model_ask(struct model_asker *asker, struct wire *wire, size_t count)
{
    size_t end = asker->answers + count;
    while (asker->answers < end) {
        if (asker->pending <= MODEL_ASK_WALKS / 2)
            ask_all(asker, wire);
        take(asker, wire);
    }
    while (asker->pending > 0)
        take(asker, wire);
}
