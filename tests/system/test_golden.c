/* SPDX-License-Identifier: MIT */
/*
 * The golden answers: what a daemon that holds the example logs must say,
 * to the letter.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/system/corpus.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"

#define SECONDS_MAX 120

static void
begin(void)
{
    fixture_begin();
    corpus_append(fixture.wire);
}

/* Ask every golden request of a method; `check` compares one answer. */
static void
ask_all(const char *method,
        void (*check)(const json_t *golden, const json_t *result,
                      const char *what))
{
    json_auto_t *golden = corpus_golden(method);
    for (size_t i = 0; i < json_array_size(golden); i++) {
        const json_t *line = json_array_get(golden, i);
        const json_t *arguments = json_object_get(line, "params");
        char *what = json_dumps(arguments, JSON_COMPACT);
        json_auto_t *result = expect_ok_json(fixture.wire, method, arguments);
        check(line, result, what);
        free(what);
    }
}

static void
check_state(const json_t *golden, const json_t *result, const char *what)
{
    expect_same_answer(result, json_object_get(golden, "result"), what);
}

static void
check_timeline(const json_t *golden, const json_t *result, const char *what)
{
    json_auto_t *ids = expect_ids(json_object_get(result, "events"));
    expect_same_json(ids, json_object_get(golden, "ids"), what);
    ck_assert(json_is_null(json_object_get(result, "cursor")));
    ck_assert_uint_eq(json_array_size(json_object_get(result, "lag_days")),
                      json_array_size(ids));
}

static void
check_gap(const json_t *golden, const json_t *result, const char *what)
{
    json_auto_t *pairs = json_array();
    const json_t *events = json_object_get(result, "events");
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *item = json_array_get(events, i);
        const json_t *event = json_object_get(item, "event");
        json_array_append_new(pairs,
                              json_pack("[O, O]", json_object_get(event, "id"),
                                        json_object_get(item, "lag_days")));
    }
    expect_same_json(pairs, json_object_get(golden, "gap"), what);
    ck_assert(json_is_null(json_object_get(result, "cursor")));
}

START_TEST(state_is_golden)
{
    ask_all("state", check_state);
}
END_TEST

START_TEST(timeline_is_golden)
{
    ask_all("timeline", check_timeline);
}
END_TEST

START_TEST(gap_is_golden)
{
    ask_all("gap", check_gap);
}
END_TEST

START_TEST(state_is_golden_after_a_restart)
{
    fixture_stop();
    fixture_start();
    ask_all("state", check_state);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("golden");
    TCase *answers = tcase_create("answers");
    tcase_add_checked_fixture(answers, begin, fixture_end);
    tcase_set_timeout(answers, SECONDS_MAX);
    tcase_add_test(answers, state_is_golden);
    tcase_add_test(answers, timeline_is_golden);
    tcase_add_test(answers, gap_is_golden);
    tcase_add_test(answers, state_is_golden_after_a_restart);
    suite_add_tcase(suite, answers);
    return fixture_run(suite);
}
