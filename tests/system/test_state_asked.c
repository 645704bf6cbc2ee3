/* SPDX-License-Identifier: MIT */
/* What the state can be asked with, and what it cannot. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60

START_TEST(recorded_is_a_position_or_a_moment)
{
    fixture_log("A note 2017\nB note 2017\n");
    fixture_log("C note 2017\n");
    static const struct {
        const char *recorded;
        json_int_t position;
    } asked[] = {
        {"0", 0},     {"1", 1},      {"2", 2},       {"3", 3},
        {"99999", 3}, {"'1999'", 0}, {"'../..'", 3}, {"'9998'", 3},
    };
    for (size_t i = 0; i < COUNT(asked); i++) {
        json_auto_t *state =
            expect_ok(fixture.wire, "state",
                      "{'partnership': 'p', 'at': '2018', 'recorded': %s}",
                      asked[i].recorded);
        json_auto_t *pattern =
            json_format("{'position': %d, 'events': %d}",
                        (int)asked[i].position, (int)asked[i].position);
        ck_assert_msg(json_includes(state, pattern), "%s", asked[i].recorded);
    }
}
END_TEST

START_TEST(a_moment_of_recording_takes_its_batch)
{
    fixture_log("A note 2017\nB note 2017\n");
    json_auto_t *first = expect_ok(fixture.wire, "get", "{'seq': 1}");
    json_int_t recorded =
        json_integer_value(json_object_get(first, "recorded"));
    time_t seconds = recorded / 1000;
    struct tm parts;
    gmtime_r(&seconds, &parts);
    char text[32];
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    expect_in(fixture.wire, "{'position': 2}", "state",
              "{'partnership': 'p', 'recorded': '%s.%03dZ'}", text,
              (int)(recorded % 1000));
    seconds--;
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    expect_in(fixture.wire, "{'position': 0, 'events': 0}", "state",
              "{'partnership': 'p', 'recorded': '%s.%03dZ'}", text,
              (int)(recorded % 1000));
}
END_TEST

START_TEST(partnership_that_nobody_saw_is_not_found)
{
    fixture_log("A note 2017\n");
    expect_refusal(fixture.wire, "not_found", "state",
                   "{'partnership': 'nowhere'}");
    expect_refusal(fixture.wire, "not_found", "state",
                   "{'partnership': 'nowhere', 'recorded': 0}");
    expect_in(fixture.wire, "{'stage': 'none', 'events': 0, 'position': 0}",
              "state", "{'partnership': 'p', 'recorded': 0}");
}
END_TEST

START_TEST(today_counts_when_nothing_is_asked)
{
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    char log[128];
    snprintf(log, sizeof(log), "A note %04d-%02d-%02d\nB note 9998\n",
             parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
    fixture_log(log);
    json_auto_t *state =
        expect_ok(fixture.wire, "state", "{'partnership': 'p'}");
    expect_includes(state, "{'events': 1, 'last': 'A', 'known': null}");
    const char *at = json_string_value(json_object_get(state, "at"));
    ck_assert_str_eq(at + strlen("2026-01-01"), "T23:59:59.999Z");
}
END_TEST

static const struct {
    const char *arguments;
    const char *code;
} refused[] = {
    {"{}", "invalid_request"},
    {"{'partnership': null}", "invalid_request"},
    {"{'partnership': 7}", "invalid_request"},
    {"{'partnership': ['p']}", "invalid_request"},
    {"{'partnership': 'p', 'at': 2017}", "invalid_request"},
    {"{'partnership': 'p', 'known': {}}", "invalid_request"},
    {"{'partnership': 'p', 'recorded': -1}", "invalid_request"},
    {"{'partnership': 'p', 'recorded': 1.5}", "invalid_request"},
    {"{'partnership': 'p', 'recorded': true}", "invalid_request"},
    {"{'partnership': 'p', 'recorder': 1}", "invalid_request"},
    {"{'partnership': 'p', 'at': 'soon'}", "invalid_date"},
    {"{'partnership': 'p', 'at': ''}", "invalid_date"},
    {"{'partnership': 'p', 'known': '2017-13'}", "invalid_date"},
    {"{'partnership': 'p', 'recorded': '2017-13'}", "invalid_date"},
};

START_TEST(wrong_questions_are_refused)
{
    fixture_log("A note 2017\n");
    json_auto_t *error = expect_error(fixture.wire, refused[_i].code, "state",
                                      "%s", refused[_i].arguments);
    if (strcmp(refused[_i].code, "invalid_date") == 0)
        ck_assert(json_is_integer(json_object_get(error, "offset")));
    expect_in(fixture.wire, "{'events': 1}", "state",
              "{'partnership': 'p', 'at': '2018'}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("state, asked");
    TCase *tests = fixture_case(suite, "questions", SECONDS_MAX);
    tcase_add_test(tests, recorded_is_a_position_or_a_moment);
    tcase_add_test(tests, a_moment_of_recording_takes_its_batch);
    tcase_add_test(tests, partnership_that_nobody_saw_is_not_found);
    tcase_add_test(tests, today_counts_when_nothing_is_asked);
    tcase_add_loop_test(tests, wrong_questions_are_refused, 0, COUNT(refused));
    return fixture_run(suite);
}
