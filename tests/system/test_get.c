/* SPDX-License-Identifier: MIT */
/* PROTOCOL.md, get: one event, and what surrounds it. */
#include <check.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60

static const char small_log[] =
    "V court_revelation 2020\n"
    "O offer 2017 'disclosed_by': 'V'\n"
    "X acceptance 2017 're': 'O'\n"
    "M meeting 2017 're': 'O', 'partnership': 'q', 'disclosed_by': 'V'\n"
    "C offer 2016 'corrects': 'O'\n"
    "R retraction 2018 're': 'C'\n"
    "L note ../..\n";

static void
begin(void)
{
    fixture_begin();
    fixture_log(small_log);
}

START_TEST(event_is_found_by_id_and_by_position)
{
    json_auto_t *by_id = expect_ok(fixture.wire, "get", "{'id': 'O'}");
    json_auto_t *by_seq = expect_ok(fixture.wire, "get", "{'seq': 2}");
    expect_same_json(by_id, by_seq, "");
    expect_includes(by_id, "{'seq': 2, 'rev': 2, 'id': 'O', 'type': 'offer', "
                           "'disclosed_by': 'V'}");
    ck_assert_str_eq(json_object_iter_key(json_object_iter(by_id)), "seq");
    json_auto_t *plain =
        expect_ok(fixture.wire, "get", "{'seq': 2, 'context': false}");
    expect_same_json(plain, by_id, "");
}
END_TEST

static const struct {
    const char *id;
    const char *context;
} contexts[] = {
    {"V", "{'known': '2020-12-31T23:59:59.999Z', 'superseded_by': [], "
          "'corrects': null, 'answered_by': [], 'discloses': ['O', 'M']}"},
    {"O", "{'known': '2020-12-31T23:59:59.999Z', 'corrects': null, "
          "'answered_by': ['X', 'M'], 'discloses': []}"},
    {"C", "{'known': '2016-12-31T23:59:59.999Z', 'superseded_by': ['R'], "
          "'corrects': 'O', 'discloses': []}"},
    {"L", "{'known': null, 'superseded_by': [], 'corrects': null, "
          "'answered_by': [], 'discloses': []}"},
};

START_TEST(context_names_what_refers_to_it)
{
    json_auto_t *plain =
        expect_ok(fixture.wire, "get", "{'id': '%s'}", contexts[_i].id);
    json_auto_t *result = expect_ok(
        fixture.wire, "get", "{'id': '%s', 'context': true}", contexts[_i].id);
    expect_same_json(json_object_get(result, "event"), plain, "");
    expect_includes(result, contexts[_i].context);
    ck_assert_uint_eq(json_object_size(result), 6);
}
END_TEST

static const struct {
    const char *arguments;
    const char *code;
} refused[] = {
    {"{'id': 'nothing'}", "not_found"},
    {"{'seq': 0}", "not_found"},
    {"{'seq': 8}", "not_found"},
    {"{'seq': 9223372036854775807}", "not_found"},
    {"{'seq': {'$hex': 'cfffffffffffffffff'}}", "not_found"},
    {"{}", "invalid_request"},
    {"{'id': 'O', 'seq': 2}", "invalid_request"},
    {"{'id': 7}", "invalid_request"},
    {"{'seq': '2'}", "invalid_request"},
    {"{'seq': -2}", "invalid_request"},
    {"{'id': 'O', 'context': 1}", "invalid_request"},
    {"{'ids': 'O'}", "invalid_request"},
};

START_TEST(wrong_questions_are_refused)
{
    expect_refusal(fixture.wire, refused[_i].code, "get", "%s",
                   refused[_i].arguments);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("get");
    TCase *tests = tcase_create("get");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, event_is_found_by_id_and_by_position);
    tcase_add_loop_test(tests, context_names_what_refers_to_it, 0,
                        COUNT(contexts));
    tcase_add_loop_test(tests, wrong_questions_are_refused, 0, COUNT(refused));
    return fixture_run(suite);
}
