/* SPDX-License-Identifier: MIT */
/* The model, which the daemon is held against, against the golden answers. */
#include <check.h>
#include <stdlib.h>

#include "proto/edtf.h"
#include "tests/system/corpus.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/model_log.h"

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

int
main(void)
{
    Suite *suite = suite_create("the model");
    TCase *golden = tcase_create("the model against the golden answers");
    tcase_add_test(golden, model_gives_the_golden_states);
    tcase_add_test(golden, model_gives_the_golden_timelines);
    tcase_add_test(golden, model_gives_the_golden_gaps);
    tcase_add_test(golden, model_gives_the_golden_revelations);
    suite_add_tcase(suite, golden);
    return fixture_run(suite);
}
