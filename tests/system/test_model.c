/* SPDX-License-Identifier: MIT */
/*
 * The daemon against the model: random logs, random questions, and every
 * answer compared in full.  The model itself is held against the golden
 * answers first.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/edtf.h"
#include "tests/system/corpus.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"
#include "tests/system/model_log.h"

#define QUESTION_COUNT 20000
#define REPLAY_COUNT 1000
/* The log grows between rounds of questions, so that what the daemon keeps
 * between questions has to follow. */
#define ROUND_COUNT 4
#define ROUND_EVENTS 100
/* Long enough for whatever the daemon keeps at intervals; no answer is longer
 * than a page. */
#define LONG_EVENTS 1000
#define LONG_QUESTIONS 1000
/* Asked at once; within the daemon's 1 024 in flight it never pauses. */
#define WINDOW_SIZE 250
#define SECONDS_MAX 300

/* --- the model against the golden answers ---------------------------------*/

static struct model *
golden_model(void)
{
    struct model *model = model_new();
    json_auto_t *events = corpus_events();
    for (size_t i = 0; i < json_array_size(events); i++)
        model_add(model, json_array_get(events, i));
    return model;
}

static struct model_asof
golden_asof(const struct model *model, const json_t *arguments,
            bool known_is_at)
{
    const char *at = json_string_value(json_object_get(arguments, "at"));
    const char *known = json_string_value(json_object_get(arguments, "known"));
    const json_t *recorded = json_object_get(arguments, "recorded");
    struct model_asof asof = {
        .at = model_log_moment(at),
        .known = EDTF_PLUS_INFINITY,
        .position = model->count,
    };
    if (known != NULL || known_is_at)
        asof.known = model_log_moment(known != NULL ? known : at);
    if (recorded != NULL)
        asof.position = (uint64_t)json_integer_value(recorded);
    return asof;
}

static const char *
partnership_of(const json_t *arguments)
{
    return json_string_value(json_object_get(arguments, "partnership"));
}

START_TEST(model_gives_the_golden_states)
{
    struct model *model = golden_model();
    json_auto_t *golden = corpus_golden("state");
    for (size_t i = 0; i < json_array_size(golden); i++) {
        const json_t *line = json_array_get(golden, i);
        const json_t *arguments = json_object_get(line, "params");
        struct model_asof asof = golden_asof(model, arguments, false);
        json_auto_t *state =
            model_state(model, partnership_of(arguments), &asof);
        expect_same_answer(state, json_object_get(line, "result"), "");
    }
    model_free(model);
}
END_TEST

START_TEST(model_gives_the_golden_timelines)
{
    struct model *model = golden_model();
    json_auto_t *golden = corpus_golden("timeline");
    for (size_t i = 0; i < json_array_size(golden); i++) {
        const json_t *line = json_array_get(golden, i);
        const json_t *arguments = json_object_get(line, "params");
        struct model_asof asof = golden_asof(model, arguments, false);
        json_auto_t *timeline =
            model_timeline(model, partnership_of(arguments), &asof, false);
        json_auto_t *ids = expect_ids(json_object_get(timeline, "events"));
        expect_same_json(ids, json_object_get(line, "ids"), "");
    }
    model_free(model);
}
END_TEST

START_TEST(model_gives_the_golden_gaps)
{
    struct model *model = golden_model();
    json_auto_t *golden = corpus_golden("gap");
    for (size_t i = 0; i < json_array_size(golden); i++) {
        const json_t *line = json_array_get(golden, i);
        const json_t *arguments = json_object_get(line, "params");
        struct model_asof asof = golden_asof(model, arguments, true);
        json_auto_t *gap = model_gap(model, partnership_of(arguments), &asof);
        json_auto_t *pairs = json_array();
        for (size_t j = 0; j < json_array_size(gap); j++) {
            const json_t *item = json_array_get(gap, j);
            const json_t *event = json_object_get(item, "event");
            json_array_append_new(
                pairs, json_pack("[O, O]", json_object_get(event, "id"),
                                 json_object_get(item, "lag_days")));
        }
        expect_same_json(pairs, json_object_get(line, "gap"), "");
    }
    model_free(model);
}
END_TEST

START_TEST(model_gives_the_golden_revelations)
{
    struct model *model = golden_model();
    json_auto_t *golden = corpus_golden("revelations");
    json_auto_t *revelations = model_revelations(model, NULL);
    for (size_t i = 0; i < json_array_size(revelations); i++) {
        json_t *item = json_array_get(revelations, i);
        json_object_del(item, "seq");
        json_object_del(item, "occurred");
        json_object_del(item, "title");
    }
    expect_same_json(revelations,
                     json_object_get(json_array_get(golden, 0), "revelations"),
                     "");
    model_free(model);
}
END_TEST

/* --- the daemon against the model -----------------------------------------*/

enum asked { ASKED_STATE, ASKED_TIMELINE, ASKED_GAP };

struct question {
    enum asked method;
    json_t *arguments;
    struct model_asof asof;
    bool possible;
};

static const char *const method_names[] = {
    [ASKED_STATE] = "state",
    [ASKED_TIMELINE] = "timeline",
    [ASKED_GAP] = "gap",
};

/* States are what costs thought; the lists cost bytes. */
static enum asked
random_method(struct random_log *dice)
{
    if (random_chance(dice, 70))
        return ASKED_STATE;
    return random_chance(dice, 50) ? ASKED_TIMELINE : ASKED_GAP;
}

static struct question
question_make(struct model_log *log)
{
    struct random_log *dice = &log->dice;
    struct question question = {
        .method = random_method(dice),
        .arguments = json_object(),
    };
    if (question.method != ASKED_GAP || random_chance(dice, 70))
        json_object_set_new(question.arguments, "partnership",
                            json_string(random_partnership(dice)));
    model_log_ask_asof(log, question.arguments, &question.asof);
    if (question.method == ASKED_GAP &&
        json_object_get(question.arguments, "known") == NULL)
        question.asof.known = question.asof.at;
    question.possible =
        question.method == ASKED_TIMELINE && random_chance(dice, 50);
    if (question.possible)
        json_object_set_new(question.arguments, "possible", json_true());
    return question;
}

/* What the model answers; NULL where the partnership is unknown. */
static json_t *
question_answer(const struct model_log *log, const struct question *question)
{
    const struct model *model = log->model;
    const char *slug = partnership_of(question->arguments);
    if (slug != NULL && !model_has_partnership(model, slug))
        return NULL;
    json_t *answer = NULL;
    switch (question->method) {
    case ASKED_STATE:
        return model_state(model, slug, &question->asof);
    case ASKED_TIMELINE:
        answer =
            model_timeline(model, slug, &question->asof, question->possible);
        break;
    case ASKED_GAP:
        answer = json_pack("{s:o}", "events",
                           model_gap(model, slug, &question->asof));
        break;
    }
    json_object_set_new(answer, "cursor", json_null());
    return answer;
}

static void
question_check(const struct model_log *log, const struct question *question,
               const json_t *message)
{
    json_auto_t *expected = question_answer(log, question);
    if (expected == NULL) {
        expect_error_in(message, "not_found");
        return;
    }
    const char *method = method_names[question->method];
    if (!json_is_null(json_array_get(message, 2)))
        model_log_compare(log, method, question->arguments, message, expected);
    model_log_compare(log, method, question->arguments,
                      json_array_get(message, 3), expected);
}

static void
window_ask(struct model_log *log, struct question *window, uint32_t msgid)
{
    for (uint32_t i = 0; i < WINDOW_SIZE; i++) {
        window[i] = question_make(log);
        wire_queue(fixture.wire, msgid + i, method_names[window[i].method],
                   window[i].arguments);
    }
    wire_flush(fixture.wire);
}

/* Answers may overtake each other, but all of a window come. */
static void
window_check(const struct model_log *log, struct question *window,
             uint32_t msgid)
{
    for (uint32_t i = 0; i < WINDOW_SIZE; i++) {
        json_auto_t *message = wire_message(fixture.wire);
        json_int_t answered = json_integer_value(json_array_get(message, 1));
        ck_assert_int_ge(answered, msgid);
        ck_assert_int_lt(answered, msgid + WINDOW_SIZE);
        struct question *question = &window[answered - msgid];
        ck_assert_ptr_nonnull(question->arguments);
        question_check(log, question, message);
        json_decref(question->arguments);
        question->arguments = NULL;
    }
}

static void
ask_many(struct model_log *log, uint32_t count)
{
    struct question window[WINDOW_SIZE];
    for (uint32_t asked = 0; asked < count; asked += WINDOW_SIZE) {
        window_ask(log, window, asked);
        window_check(log, window, asked);
    }
}

START_TEST(answers_are_the_models)
{
    struct model_log log;
    model_log_init(&log);
    for (int round = 0; round < ROUND_COUNT; round++) {
        model_log_grow(&log, fixture.wire, ROUND_EVENTS);
        ask_many(&log, QUESTION_COUNT / ROUND_COUNT);
    }
    model_log_deinit(&log);
}
END_TEST

START_TEST(answers_on_a_long_log_are_the_models)
{
    struct model_log log;
    model_log_init(&log);
    model_log_grow(&log, fixture.wire, LONG_EVENTS);
    ask_many(&log, LONG_QUESTIONS);
    model_log_deinit(&log);
}
END_TEST

START_TEST(answers_are_the_models_after_a_stop_and_a_kill)
{
    struct model_log log;
    model_log_init(&log);
    for (int round = 0; round < ROUND_COUNT; round++) {
        model_log_grow(&log, fixture.wire, ROUND_EVENTS / 2);
        ask_many(&log, WINDOW_SIZE);
        if (round % 2 == 0)
            fixture_kill();
        else
            fixture_stop();
        fixture_start();
        ask_many(&log, WINDOW_SIZE);
    }
    model_log_deinit(&log);
}
END_TEST

/* --- replays --------------------------------------------------------------*/

static const char *const order_names[] = {
    [MODEL_ORDER_RECORDED] = "recorded",
    [MODEL_ORDER_OCCURRED] = "occurred",
    [MODEL_ORDER_DISCLOSED] = "disclosed",
};

static void
replay_ask_filters(struct model_log *log, json_t *arguments,
                   struct model_replay *asked)
{
    struct random_log *dice = &log->dice;
    if (random_chance(dice, 40)) {
        asked->partnership = random_partnership(dice);
        json_object_set_new(arguments, "partnership",
                            json_string(asked->partnership));
    }
    if (random_chance(dice, 30)) {
        asked->party = random_party(dice);
        json_object_set_new(arguments, "party", json_string(asked->party));
    }
    if (random_chance(dice, 30)) {
        asked->type = random_type(dice);
        json_object_set_new(arguments, "types", json_pack("[s]", asked->type));
    }
}

static void
replay_ask_range(struct model_log *log, json_t *arguments,
                 struct model_replay *asked)
{
    struct random_log *dice = &log->dice;
    asked->from = EDTF_MINUS_INFINITY;
    asked->to = EDTF_PLUS_INFINITY;
    bool positions = asked->order == MODEL_ORDER_RECORDED;
    if (random_chance(dice, 40) && positions) {
        asked->from = 1 + (int64_t)random_below(dice, log->model->count);
        json_object_set_new(arguments, "from", json_integer(asked->from));
    } else if (random_chance(dice, 40) && !positions) {
        struct edtf date;
        struct edtf_fault fault;
        const char *text = random_date(dice);
        ck_assert(edtf_parse(span_of(text), &date, &fault));
        asked->from = date.start_lo;
        json_object_set_new(arguments, "from", json_string(text));
    }
    if (random_chance(dice, 40) && positions) {
        asked->to = (int64_t)random_below(dice, 2 * log->model->count);
        asked->to += asked->from > 0 ? asked->from : 1;
        json_object_set_new(arguments, "to", json_integer(asked->to));
    } else if (random_chance(dice, 40) && !positions) {
        const char *text = random_date(dice);
        asked->to = model_log_moment(text);
        json_object_set_new(arguments, "to", json_string(text));
    }
}

static void
replay_ask_asof(struct model_log *log, json_t *arguments,
                struct model_replay *asked)
{
    asked->asof = (struct model_asof){
        .at = EDTF_PLUS_INFINITY,
        .known = EDTF_PLUS_INFINITY,
        .position = log->model->count,
    };
    if (random_chance(&log->dice, 50))
        return;
    model_log_ask_asof(log, arguments, &asked->asof);
    if (random_chance(&log->dice, 50)) {
        json_object_del(arguments, "at");
        asked->asof.at = EDTF_PLUS_INFINITY;
    }
}

static struct model_replay
replay_make(struct model_log *log, json_t *arguments)
{
    struct random_log *dice = &log->dice;
    struct model_replay asked = {.order =
                                     (enum model_order)random_below(dice, 3)};
    if (asked.order != MODEL_ORDER_RECORDED || random_chance(dice, 50))
        json_object_set_new(arguments, "order",
                            json_string(order_names[asked.order]));
    asked.superseded = asked.order == MODEL_ORDER_RECORDED;
    if (random_chance(dice, 50)) {
        asked.superseded = random_chance(dice, 50);
        json_object_set_new(arguments, "superseded",
                            json_boolean(asked.superseded));
    }
    asked.reverse = random_chance(dice, 30);
    if (asked.reverse)
        json_object_set_new(arguments, "reverse", json_true());
    replay_ask_filters(log, arguments, &asked);
    replay_ask_range(log, arguments, &asked);
    replay_ask_asof(log, arguments, &asked);
    return asked;
}

/* All pages of a replay, of a random size, as one. */
static json_t *
replay_pages(struct model_log *log, json_t *arguments)
{
    json_t *all = json_array();
    json_auto_t *asked = json_copy(arguments);
    if (random_chance(&log->dice, 50))
        json_object_set_new(
            asked, "limit",
            json_integer((json_int_t)random_below(&log->dice, 100) + 1));
    for (;;) {
        json_auto_t *page = expect_ok_json(fixture.wire, "replay", asked);
        json_array_extend(all, json_object_get(page, "events"));
        json_t *cursor = json_object_get(page, "cursor");
        ck_assert_ptr_nonnull(cursor);
        if (json_is_null(cursor))
            return all;
        json_object_set(asked, "cursor", cursor);
    }
}

START_TEST(replays_are_the_models)
{
    struct model_log log;
    model_log_init(&log);
    model_log_grow(&log, fixture.wire, (size_t)ROUND_EVENTS * ROUND_COUNT);
    for (int i = 0; i < REPLAY_COUNT; i++) {
        json_auto_t *arguments = json_object();
        struct model_replay asked = replay_make(&log, arguments);
        json_auto_t *expected = model_replay(log.model, &asked);
        json_auto_t *actual = replay_pages(&log, arguments);
        json_auto_t *expected_ids = expect_ids(expected);
        json_auto_t *actual_ids = expect_ids(actual);
        char *what = json_dumps(arguments, JSON_COMPACT);
        expect_same_json(actual_ids, expected_ids, what);
        expect_same_json(actual, expected, what);
        free(what);
    }
    model_log_deinit(&log);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("model");
    TCase *golden = tcase_create("the model against the golden answers");
    tcase_add_test(golden, model_gives_the_golden_states);
    tcase_add_test(golden, model_gives_the_golden_timelines);
    tcase_add_test(golden, model_gives_the_golden_gaps);
    tcase_add_test(golden, model_gives_the_golden_revelations);
    suite_add_tcase(suite, golden);
    TCase *random = fixture_case(suite, "random logs", SECONDS_MAX);
    tcase_add_test(random, answers_are_the_models);
    tcase_add_test(random, answers_on_a_long_log_are_the_models);
    tcase_add_test(random, answers_are_the_models_after_a_stop_and_a_kill);
    tcase_add_test(random, replays_are_the_models);
    return fixture_run(suite);
}
