/* SPDX-License-Identifier: MIT */
#include "tests/system/model_question.h"

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/edtf.h"
#include "tests/system/json_text.h"
#include "tests/system/object.h"

#define MESSAGE_SIZE 1024
#define TYPES_MAX 3

/* --- arguments ------------------------------------------------------------*/

static void
set_text(json_t *arguments, const char *key, const char *text)
{
    json_object_set_new(arguments, key, json_string(text));
}

/* A slug, or now and then none where none is needed; NULL then. */
static const char *
ask_partnership(struct model_log *log, json_t *arguments, unsigned percent)
{
    if (!random_chance(&log->asked, percent))
        return NULL;
    const char *slug = random_partnership(&log->asked);
    set_text(arguments, "partnership", slug);
    return slug;
}

static const char *
ask_party(struct model_log *log, json_t *arguments, unsigned percent)
{
    if (!random_chance(&log->asked, percent))
        return NULL;
    const char *slug = random_party(&log->asked);
    set_text(arguments, "party", slug);
    return slug;
}

static const json_t *
ask_types(struct model_log *log, json_t *arguments, unsigned percent)
{
    if (!random_chance(&log->asked, percent))
        return NULL;
    json_t *types = json_array();
    for (size_t i = 1 + random_below(&log->asked, TYPES_MAX); i > 0; i--)
        json_array_append_new(types, json_string(random_type(&log->asked)));
    json_object_set_new(arguments, "types", types);
    return types;
}

/* --- answers about a state ------------------------------------------------*/

static void
make_state(struct model_log *log, struct model_question *question)
{
    struct model_asof asof;
    const char *slug = ask_partnership(log, question->arguments, 100);
    model_log_ask_asof(log, question->arguments, &asof);
    if (model_has_partnership(log->model, slug))
        question->expected = model_state(log->model, slug, &asof);
}

static void
make_diff(struct model_log *log, struct model_question *question)
{
    struct model_asof before, after;
    json_t *first = json_object();
    json_t *second = json_object();
    const char *slug = ask_partnership(log, question->arguments, 100);
    json_object_set_new(question->arguments, "before", first);
    json_object_set_new(question->arguments, "after", second);
    model_log_ask_asof(log, first, &before);
    model_log_ask_asof(log, second, &after);
    if (model_has_partnership(log->model, slug))
        question->expected = model_diff(log->model, slug, &before, &after);
}

static void
make_party(struct model_log *log, struct model_question *question)
{
    struct model_asof asof;
    const char *slug = ask_party(log, question->arguments, 100);
    model_log_ask_asof(log, question->arguments, &asof);
    if (model_has_party(log->model, slug))
        question->expected = model_party(log->model, slug, &asof);
}

static void
make_portfolio(struct model_log *log, struct model_question *question)
{
    struct model_asof asof;
    const char *party =
        ask_party(log, question->arguments, log->massive ? 100 : 60);
    model_log_ask_asof(log, question->arguments, &asof);
    question->expected = model_portfolio(log->model, party, &asof);
}

static void
make_revelations(struct model_log *log, struct model_question *question)
{
    const char *slug = ask_partnership(log, question->arguments, 70);
    if (slug == NULL || model_has_partnership(log->model, slug))
        question->expected = model_revelations(log->model, slug);
}

/* --- lists of events ------------------------------------------------------*/

static void
make_timeline(struct model_log *log, struct model_question *question)
{
    struct model_asof asof;
    const char *slug = ask_partnership(log, question->arguments, 100);
    bool possible = random_chance(&log->asked, 50);
    model_log_ask_asof(log, question->arguments, &asof);
    if (possible)
        json_object_set_new(question->arguments, "possible", json_true());
    if (!model_has_partnership(log->model, slug))
        return;
    json_auto_t *timeline = model_timeline(log->model, slug, &asof, possible);
    question->expected = json_incref(json_object_get(timeline, "events"));
    question->lags = json_incref(json_object_get(timeline, "lag_days"));
}

static void
make_gap(struct model_log *log, struct model_question *question)
{
    struct model_asof asof;
    const char *slug = ask_partnership(log, question->arguments, 70);
    model_log_ask_asof(log, question->arguments, &asof);
    if (json_object_get(question->arguments, "known") == NULL)
        asof.known = asof.at;
    if (slug == NULL || model_has_partnership(log->model, slug))
        question->expected = model_gap(log->model, slug, &asof);
}

/* A moment of time as `from` or `to`; `*moment_out` is its first or last. */
static void
ask_moment(struct model_log *log, json_t *arguments, const char *key,
           int64_t *moment_out)
{
    struct edtf date;
    struct edtf_fault fault;
    const char *text = random_date(&log->asked);
    if (!edtf_parse(span_of(text), &date, &fault))
        ck_abort_msg("%s", text);
    *moment_out = strcmp(key, "from") == 0 ? date.start_lo : date.end_hi;
    set_text(arguments, key, text);
}

/* The first position recorded at or behind a moment, or the last by it. */
static int64_t
position_by(const struct model_log *log, int64_t moment, bool is_from)
{
    size_t position = 0;
    int64_t last = is_from ? moment - 1 : moment;
    while (position < log->model->count &&
           log->model->events[position].recorded_ms <= last)
        position++;
    return (int64_t)position + is_from;
}

/* A position as `from` or `to`, as a number or as a date of recording. */
static void
ask_position(struct model_log *log, json_t *arguments, const char *key,
             int64_t *position_out)
{
    if (random_chance(&log->asked, 30)) {
        int64_t moment = model_log_random_recorded(log);
        json_object_set_new(arguments, key, model_moment(moment));
        *position_out = position_by(log, moment, strcmp(key, "from") == 0);
        return;
    }
    *position_out = (int64_t)random_below(&log->asked, log->model->count + 10);
    json_object_set_new(arguments, key, json_integer(*position_out));
}

static void
ask_range(struct model_log *log, json_t *arguments, struct model_replay *asked)
{
    void (*ask)(struct model_log *, json_t *, const char *, int64_t *) =
        asked->order == MODEL_ORDER_RECORDED ? ask_position : ask_moment;
    asked->from = EDTF_MINUS_INFINITY;
    asked->to = EDTF_PLUS_INFINITY;
    if (random_chance(&log->asked, 30))
        ask(log, arguments, "from", &asked->from);
    if (random_chance(&log->asked, 30))
        ask(log, arguments, "to", &asked->to);
}

/* A replay restricts nothing that it is not asked to. */
static void
ask_replay_asof(struct model_log *log, json_t *arguments,
                struct model_replay *asked)
{
    asked->asof = (struct model_asof){
        .at = EDTF_PLUS_INFINITY,
        .known = EDTF_PLUS_INFINITY,
        .position = log->model->count,
    };
    if (random_chance(&log->asked, 50))
        return;
    model_log_ask_asof(log, arguments, &asked->asof);
    if (random_chance(&log->asked, 50)) {
        json_object_del(arguments, "at");
        asked->asof.at = EDTF_PLUS_INFINITY;
    }
}

static bool
ask_flag(struct model_log *log, json_t *arguments, const char *key,
         bool otherwise)
{
    if (random_chance(&log->asked, 50))
        return otherwise;
    bool truth = random_chance(&log->asked, 50);
    json_object_set_new(arguments, key, json_boolean(truth));
    return truth;
}

static void
make_replay(struct model_log *log, struct model_question *question)
{
    static const char *const orders[] = {
        [MODEL_ORDER_RECORDED] = "recorded",
        [MODEL_ORDER_OCCURRED] = "occurred",
        [MODEL_ORDER_DISCLOSED] = "disclosed",
    };
    json_t *arguments = question->arguments;
    struct model_replay asked = {
        .order = (enum model_order)random_below(&log->asked, 3),
        .partnership = ask_partnership(log, arguments, 45),
        .party = ask_party(log, arguments, 45),
        .types = ask_types(log, arguments, 45),
    };
    if (log->massive && json_object_size(arguments) == 0)
        asked.partnership = ask_partnership(log, arguments, 100);
    bool recorded = asked.order == MODEL_ORDER_RECORDED;
    if (!recorded || random_chance(&log->asked, 50))
        set_text(arguments, "order", orders[asked.order]);
    asked.superseded = ask_flag(log, arguments, "superseded", recorded);
    asked.reverse = ask_flag(log, arguments, "reverse", false);
    ask_range(log, arguments, &asked);
    ask_replay_asof(log, arguments, &asked);
    question->expected = model_replay(log->model, &asked);
}

/* --- the table ------------------------------------------------------------*/

static const struct {
    const char *name;
    unsigned weight; /* of a hundred */
    bool paged;
    void (*make)(struct model_log *log, struct model_question *question);
} methods[QUESTION_METHOD_COUNT] = {
    [QUESTION_STATE] = {"state", 34, false, make_state},
    [QUESTION_DIFF] = {"diff", 6, false, make_diff},
    [QUESTION_PARTY] = {"party", 6, false, make_party},
    [QUESTION_TIMELINE] = {"timeline", 10, true, make_timeline},
    [QUESTION_GAP] = {"gap", 10, true, make_gap},
    [QUESTION_PORTFOLIO] = {"portfolio", 6, true, make_portfolio},
    [QUESTION_REVELATIONS] = {"revelations", 2, true, make_revelations},
    [QUESTION_REPLAY] = {"replay", 26, true, make_replay},
};

struct model_question
question_of(struct model_log *log, enum question_method method)
{
    struct model_question question = {
        .method = method,
        .arguments = json_object(),
    };
    methods[method].make(log, &question);
    return question;
}

struct model_question
question_random(struct model_log *log)
{
    size_t method = 0;
    size_t left = random_below(&log->asked, 100);
    while (left >= methods[method].weight)
        left -= methods[method++].weight;
    return question_of(log, (enum question_method)method);
}

void
question_deinit(struct model_question *question)
{
    json_decref(question->arguments);
    json_decref(question->expected);
    json_decref(question->lags);
    *question = (struct model_question){0};
}

const char *
question_name(const struct model_question *question)
{
    return methods[question->method].name;
}

bool
question_is_paged(const struct model_question *question)
{
    return methods[question->method].paged;
}

size_t
question_count(const struct model_question *question)
{
    return json_array_size(question->expected);
}

/* --- failing --------------------------------------------------------------*/

void
question_fail(const struct model_question *question,
              const struct model_log *log, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof(message), format, list);
    va_end(list);
    char *asked = json_dumps(question->arguments, JSON_COMPACT);
    ck_abort_msg("ENTENTE_SEED=%" PRIu64 ", %zu events: %s %s: %s", log->seed,
                 log->model->count, question_name(question), asked, message);
}

static void
fail_item(const struct model_question *question, const struct model_log *log,
          size_t index, const msgpack_object *actual)
{
    json_auto_t *got = json_of_msgpack(actual);
    char *wanted = json_dumps(json_array_get(question->expected, index),
                              JSON_COMPACT | JSON_ENCODE_ANY);
    char *gotten = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
    question_fail(question, log, "at index %zu\nwanted %.450s\ngot    %.450s",
                  index, wanted == NULL ? "the end" : wanted, gotten);
}

/* --- comparing ------------------------------------------------------------*/

void
question_check_whole(const struct model_question *question,
                     const struct model_log *log, const msgpack_object *result)
{
    json_auto_t *actual = json_of_msgpack(result);
    /* The order of keys is open but where the model's is the protocol's. */
    if (question->method == QUESTION_STATE ||
        json_equal(actual, question->expected) != 1)
        model_log_compare(log, question_name(question), question->arguments,
                          actual, question->expected);
}

static bool
is_integer_or_nil(const msgpack_object *actual, const json_t *expected)
{
    if (json_is_null(expected))
        return object_is_nil(actual);
    return actual->type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
           actual->via.u64 == (uint64_t)json_integer_value(expected);
}

static bool
is_gap_item(const struct model_log *log, const json_t *expected,
            const msgpack_object *actual)
{
    return actual->type == MSGPACK_OBJECT_MAP && actual->via.map.size == 2 &&
           model_log_same_event(log, json_object_get(expected, "event"),
                                object_get(actual, "event")) &&
           is_integer_or_nil(object_get(actual, "lag_days"),
                             json_object_get(expected, "lag_days"));
}

static bool
is_json_item(const json_t *expected, const msgpack_object *actual)
{
    json_auto_t *value = json_of_msgpack(actual);
    return json_equal(value, expected) == 1;
}

static bool
is_item(const struct model_question *question, const struct model_log *log,
        const json_t *expected, const msgpack_object *actual)
{
    switch (question->method) {
    case QUESTION_TIMELINE:
    case QUESTION_REPLAY:
        return model_log_same_event(log, expected, actual);
    case QUESTION_GAP:
        return is_gap_item(log, expected, actual);
    case QUESTION_STATE:
    case QUESTION_DIFF:
    case QUESTION_PARTY:
    case QUESTION_PORTFOLIO:
    case QUESTION_REVELATIONS:
        break;
    }
    return is_json_item(expected, actual);
}

size_t
question_check_events(const struct model_question *question,
                      const struct model_log *log, size_t offset,
                      const msgpack_object *events)
{
    uint32_t count = object_count(events);
    for (uint32_t i = 0; i < count; i++) {
        const json_t *expected = json_array_get(question->expected, offset + i);
        const msgpack_object *actual = object_at(events, i);
        if (expected == NULL || !is_item(question, log, expected, actual))
            fail_item(question, log, offset + i, actual);
    }
    return count;
}

/* As many as events, each beside its own. */
static void
check_lags(const struct model_question *question, const struct model_log *log,
           size_t offset, size_t count, const msgpack_object *lags)
{
    if (object_count(lags) != count)
        question_fail(question, log, "%u lag_days beside %zu events",
                      object_count(lags), count);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_integer_or_nil(object_at(lags, i),
                               json_array_get(question->lags, offset + i)))
            question_fail(question, log, "lag_days at index %zu", offset + i);
    }
}

size_t
question_check_page(const struct model_question *question,
                    const struct model_log *log, size_t offset,
                    const msgpack_object *result)
{
    const char *key = "events";
    if (question->method == QUESTION_PORTFOLIO)
        key = "partnerships";
    if (question->method == QUESTION_REVELATIONS)
        key = "revelations";
    size_t count =
        question_check_events(question, log, offset, object_get(result, key));
    if (question->method == QUESTION_TIMELINE)
        check_lags(question, log, offset, count,
                   object_get(result, "lag_days"));
    return count;
}
