/* SPDX-License-Identifier: MIT */
/* EVENTS.md, section 6: timeline and gap. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60

/* --- lag_days -------------------------------------------------------------*/

static const struct {
    const char *event;
    const char *lag_days;
} lags[] = {
    {"N note 2017-01-01", "0"},
    {"N note 2017-01-01 'disclosed': '2017-01-01'", "0"},
    {"N note 2017-01-01 'disclosed': '2017-01-02'", "1"},
    {"N note 2017-01-01T00:00Z 'disclosed': '2017-01-03T00:00Z'", "2"},
    {"N note 2017-01-01T00:00Z 'disclosed': '2017-01-02T23:59:59.999Z'", "1"},
    {"N note 2017-01-01T00:00Z 'disclosed': '2017-01-01T23:59:59.999Z'", "0"},
    {"N note 2016-02 'disclosed': '2016-03'", "31"},
    {"N note 2016/2018 'disclosed': '2017/2019'", "365"},
    {"N note 2017 'disclosed': '2016'", "0"},
    {"N note 2017 'disclosed': '1000'", "0"},
    {"N note 2017 'disclosed': '../..'", "null"},
    {"N note 2017 'disclosed': '../2018-01-01'", "1"},
    {"N note ../.. 'disclosed': '2017'", "0"},
    {"N note ../..", "null"},
    /* further apart than 64 bits of milliseconds hold */
    {"N note Y-200000000 'disclosed': 'Y200000000'", "146097000000"},
};

START_TEST(timeline_shows_the_lag)
{
    fixture_log(lags[_i].event);
    json_auto_t *timeline = expect_ok(fixture.wire, "timeline",
                                      "{'partnership': 'p', 'at': '../..'}");
    json_auto_t *wanted = json_format("[%s]", lags[_i].lag_days);
    expect_same_json(json_object_get(timeline, "lag_days"), wanted,
                     lags[_i].event);
    json_auto_t *event = expect_ok(fixture.wire, "get", "{'id': 'N'}");
    expect_same_json(json_array_get(json_object_get(timeline, "events"), 0),
                     event, "");
    ck_assert(json_is_null(json_object_get(timeline, "cursor")));
    ck_assert_uint_eq(json_object_size(timeline), 3);
}
END_TEST

/* --- which events ---------------------------------------------------------*/

static const char small_log[] =
    "V court_revelation 2020 'partnership': 'q'\n"
    "A note 2017-03\n"
    "B note 2017-01 'disclosed': '2018'\n"
    "C meeting 2016 'disclosed_by': 'V'\n"
    "D offer 2019\n"
    "E note 2017-02 'corrects': 'A', 'disclosed_by': 'V'\n"
    "G note 2015 'partnership': 'q', 'disclosed': '2016'\n"
    "H note 2014/..\n"
    "I note 2016-06 'disclosed': '../..'\n";

static const struct {
    const char *method;
    const char *arguments;
    const char *ids;
} rows[] = {
    {"timeline", "'partnership': 'p', 'at': '2018'",
     "['H', 'I', 'C', 'B', 'E']"},
    {"timeline", "'partnership': 'p', 'at': '2017-01'", "['H', 'I', 'C', 'B']"},
    {"timeline", "'partnership': 'p', 'at': '2017-01-30'", "['H', 'I', 'C']"},
    {"timeline", "'partnership': 'p', 'at': '2017-01-30', 'possible': true",
     "['H', 'I', 'C', 'B']"},
    {"timeline", "'partnership': 'p', 'at': '2016-06-10', 'possible': true",
     "['H', 'I', 'C']"},
    {"timeline", "'partnership': 'p', 'at': '2016-06-10', 'possible': false",
     "['H']"},
    {"timeline", "'partnership': 'p', 'at': '2018', 'known': '2017'",
     "['H', 'A']"},
    {"timeline", "'partnership': 'p', 'at': '2018', 'known': '2018'",
     "['H', 'B', 'A']"},
    {"timeline", "'partnership': 'p', 'at': '2018', 'recorded': 5",
     "['C', 'B', 'A']"},
    {"timeline", "'partnership': 'p', 'at': '2018', 'recorded': 0", "[]"},
    {"timeline", "'partnership': 'p', 'at': '1000'", "[]"},
    {"timeline", "'partnership': 'q', 'at': '../..'", "['G', 'V']"},
    {"gap", "'partnership': 'p', 'at': '2017'", "['I', 'C', 'B', 'E']"},
    {"gap", "'partnership': 'p', 'at': '2016'", "['I', 'C']"},
    {"gap", "'partnership': 'p', 'at': '2017', 'known': '2018'",
     "['I', 'C', 'E']"},
    {"gap", "'partnership': 'p', 'at': '2017', 'known': '2020'", "['I']"},
    {"gap", "'partnership': 'p', 'at': '2017', 'known': '../..'", "[]"},
    {"gap", "'partnership': 'p', 'at': '../..'", "[]"},
    {"gap", "'partnership': 'p', 'at': '2017', 'recorded': 4", "['C', 'B']"},
    {"gap", "'partnership': 'p', 'at': '2017', 'recorded': 0", "[]"},
    {"gap", "'partnership': 'q', 'at': '2015'", "['G']"},
    {"gap", "'at': '2015'", "['G']"},
    {"gap", "'at': '2017', 'known': '2015'", "['G', 'I', 'C', 'B', 'E']"},
    {"gap", "'at': '2017'", "['I', 'C', 'B', 'E']"},
};

static void
begin(void)
{
    fixture_begin();
    fixture_log(small_log);
}

/* The ids of an answer of either method. */
static json_t *
ids_of(const json_t *result)
{
    const json_t *events = json_object_get(result, "events");
    const json_t *first = json_array_get(events, 0);
    if (json_object_get(first, "event") == NULL)
        return expect_ids(events);
    json_t *ids = json_array();
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event =
            json_object_get(json_array_get(events, i), "event");
        json_array_append(ids, json_object_get(event, "id"));
    }
    return ids;
}

START_TEST(list_holds_these_events)
{
    json_auto_t *result =
        expect_ok(fixture.wire, rows[_i].method, "{%s}", rows[_i].arguments);
    json_auto_t *ids = ids_of(result);
    json_auto_t *wanted = json_of(rows[_i].ids);
    expect_same_json(ids, wanted, rows[_i].arguments);
    ck_assert(json_is_null(json_object_get(result, "cursor")));
}
END_TEST

START_TEST(pages_of_one_make_the_whole)
{
    json_auto_t *whole =
        expect_ok(fixture.wire, rows[_i].method, "{%s}", rows[_i].arguments);
    json_auto_t *arguments =
        json_format("{%s, 'limit': 1}", rows[_i].arguments);
    json_auto_t *events = json_array();
    json_auto_t *lag_days = json_array();
    bool more = true;
    while (more) {
        json_auto_t *page =
            expect_ok_json(fixture.wire, rows[_i].method, arguments);
        json_array_extend(events, json_object_get(page, "events"));
        if (json_object_get(page, "lag_days") != NULL)
            json_array_extend(lag_days, json_object_get(page, "lag_days"));
        json_t *cursor = json_object_get(page, "cursor");
        more = !json_is_null(cursor);
        ck_assert(!more ||
                  json_array_size(json_object_get(page, "events")) == 1);
        json_object_set(arguments, "cursor", cursor);
    }
    expect_same_json(events, json_object_get(whole, "events"),
                     rows[_i].arguments);
    if (strcmp(rows[_i].method, "timeline") == 0)
        expect_same_json(lag_days, json_object_get(whole, "lag_days"),
                         rows[_i].arguments);
}
END_TEST

START_TEST(gap_shows_event_and_lag)
{
    json_auto_t *event = expect_ok(fixture.wire, "get", "{'id': 'B'}");
    json_auto_t *gap =
        expect_ok(fixture.wire, "gap",
                  "{'partnership': 'p', 'at': '2017-01', 'known': '2017'}");
    json_auto_t *wanted =
        json_pack("{s:O, s:i}", "event", event, "lag_days", 365 - 31 + 365);
    expect_same_json(json_array_get(json_object_get(gap, "events"), 2), wanted,
                     "");
    expect_same_json(
        json_object_get(json_array_get(json_object_get(gap, "events"), 0),
                        "lag_days"),
        json_null(), "never disclosed");
}
END_TEST

/* --- pages and refusals ---------------------------------------------------*/

static const char *const listed[] = {"timeline", "gap"};

START_TEST(pages_speak_of_the_same_moment)
{
    json_auto_t *arguments =
        json_of("{'partnership': 'p', 'at': '2017', 'limit': 2}");
    json_auto_t *page = expect_ok_json(fixture.wire, listed[_i], arguments);
    json_object_set(arguments, "cursor", json_object_get(page, "cursor"));
    json_auto_t *before = expect_ok_json(fixture.wire, listed[_i], arguments);
    fixture_log("Z note 2017-01-05 'disclosed': '2021'\n"
                "R retraction 2016 're': 'B'\n");
    json_auto_t *after = expect_ok_json(fixture.wire, listed[_i], arguments);
    expect_same_json(after, before, listed[_i]);
    fixture_kill();
    fixture_start();
    json_auto_t *later = expect_ok_json(fixture.wire, listed[_i], arguments);
    expect_same_json(later, before, listed[_i]);
}
END_TEST

START_TEST(cursor_wants_the_same_question)
{
    json_auto_t *page =
        expect_ok(fixture.wire, listed[_i],
                  "{'partnership': 'p', 'at': '2017', 'limit': 2}");
    const char *cursor = json_string_value(json_object_get(page, "cursor"));
    expect_refusal(
        fixture.wire, "invalid_request", listed[_i],
        "{'partnership': 'p', 'at': '2016', 'limit': 2, 'cursor': '%s'}",
        cursor);
    expect_refusal(
        fixture.wire, "invalid_request", listed[_i],
        "{'partnership': 'q', 'at': '2017', 'limit': 2, 'cursor': '%s'}",
        cursor);
    expect_refusal(fixture.wire, "invalid_request", listed[1 - _i],
                   "{'partnership': 'p', 'at': '2017', 'limit': 2, 'cursor': "
                   "'%s'}",
                   cursor);
}
END_TEST

static const struct {
    const char *arguments;
    const char *code;
} refused[] = {
    {"{'partnership': 'nowhere'}", "not_found"},
    {"{'partnership': 'nowhere', 'recorded': 0}", "not_found"},
    {"{'partnership': 7}", "invalid_request"},
    {"{'partnership': 'p', 'limit': 0}", "invalid_request"},
    {"{'partnership': 'p', 'limit': 1001}", "invalid_request"},
    {"{'partnership': 'p', 'cursor': 'x'}", "invalid_request"},
    {"{'partnership': 'p', 'at': 'soon'}", "invalid_date"},
    {"{'partnership': 'p', 'posible': true}", "invalid_request"},
};

START_TEST(wrong_questions_are_refused)
{
    for (size_t i = 0; i < COUNT(listed); i++)
        expect_refusal(fixture.wire, refused[_i].code, listed[i], "%s",
                       refused[_i].arguments);
}
END_TEST

START_TEST(timeline_needs_a_partnership)
{
    expect_refusal(fixture.wire, "invalid_request", "timeline",
                   "{'at': '2017'}");
    expect_refusal(fixture.wire, "invalid_request", "timeline",
                   "{'partnership': 'p', 'possible': 1}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("timeline and gap");
    TCase *lag = fixture_case(suite, "lag", SECONDS_MAX);
    tcase_add_loop_test(lag, timeline_shows_the_lag, 0, COUNT(lags));
    TCase *tests = tcase_create("lists");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, list_holds_these_events, 0, COUNT(rows));
    tcase_add_loop_test(tests, pages_of_one_make_the_whole, 0, COUNT(rows));
    tcase_add_test(tests, gap_shows_event_and_lag);
    tcase_add_loop_test(tests, pages_speak_of_the_same_moment, 0,
                        COUNT(listed));
    tcase_add_loop_test(tests, cursor_wants_the_same_question, 0,
                        COUNT(listed));
    tcase_add_loop_test(tests, wrong_questions_are_refused, 0, COUNT(refused));
    tcase_add_test(tests, timeline_needs_a_partnership);
    return fixture_run(suite);
}
