/* SPDX-License-Identifier: MIT */
/* PROTOCOL.md, replay: orders, ranges, filters, pages, streams. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 120

static const char small_log[] =
    "A note 2017-03\n"
    "B offer 2017-01 'parties': ['a', 'c']\n"
    "Q note 2016 'partnership': 'q', 'parties': ['z']\n"
    "D meeting 2018 'disclosed': '2020'\n"
    "E note 2017-02 'corrects': 'A'\n"
    "F x-visit 2015 'disclosed_by': 'D'\n";

static void
begin(void)
{
    fixture_begin();
    fixture_log(small_log);
}

/* --- what is asked for ----------------------------------------------------*/

static const struct {
    const char *arguments;
    const char *ids;
} rows[] = {
    /* orders */
    {"{}", "['A', 'B', 'Q', 'D', 'E', 'F']"},
    {"{'order': 'recorded'}", "['A', 'B', 'Q', 'D', 'E', 'F']"},
    {"{'order': 'occurred'}", "['F', 'Q', 'B', 'E', 'D']"},
    {"{'order': 'disclosed'}", "['Q', 'B', 'E', 'D', 'F']"},
    {"{'reverse': true}", "['F', 'E', 'D', 'Q', 'B', 'A']"},
    {"{'order': 'occurred', 'reverse': true}", "['D', 'E', 'B', 'Q', 'F']"},
    {"{'order': 'disclosed', 'reverse': true}", "['F', 'D', 'E', 'B', 'Q']"},
    {"{'superseded': false}", "['B', 'Q', 'D', 'E', 'F']"},
    {"{'order': 'occurred', 'superseded': true}",
     "['F', 'Q', 'B', 'E', 'A', 'D']"},
    {"{'order': 'disclosed', 'superseded': true}",
     "['Q', 'B', 'E', 'A', 'D', 'F']"},
    {"{'order': null, 'reverse': false, 'limit': null, 'cursor': null}",
     "['A', 'B', 'Q', 'D', 'E', 'F']"},
    /* ranges */
    {"{'from': 2, 'to': 4}", "['B', 'Q', 'D']"},
    {"{'from': 2, 'to': 4, 'reverse': true}", "['D', 'Q', 'B']"},
    {"{'from': 5}", "['E', 'F']"},
    {"{'to': 2}", "['A', 'B']"},
    {"{'from': 4, 'to': 3}", "[]"},
    {"{'from': 7}", "[]"},
    {"{'to': 99}", "['A', 'B', 'Q', 'D', 'E', 'F']"},
    {"{'from': '2000'}", "['A', 'B', 'Q', 'D', 'E', 'F']"},
    {"{'to': '2000'}", "[]"},
    {"{'from': '9000'}", "[]"},
    {"{'order': 'occurred', 'from': '2017-01', 'to': '2017-02'}", "['B', 'E']"},
    {"{'order': 'occurred', 'from': '2018-06'}", "['D']"},
    {"{'order': 'occurred', 'to': '2016'}", "['F', 'Q']"},
    {"{'order': 'occurred', 'to': '2016-12-30'}", "['F']"},
    {"{'order': 'disclosed', 'from': '2020'}", "['D', 'F']"},
    {"{'order': 'disclosed', 'to': '2019', 'superseded': true}",
     "['Q', 'B', 'E', 'A']"},
    /* filters */
    {"{'partnership': 'p'}", "['A', 'B', 'D', 'E', 'F']"},
    {"{'partnership': 'q'}", "['Q']"},
    {"{'partnership': 'nowhere'}", "[]"},
    {"{'party': 'c'}", "['B']"},
    {"{'party': 'nobody'}", "[]"},
    {"{'types': ['note']}", "['A', 'Q', 'E']"},
    {"{'types': ['offer', 'note']}", "['A', 'B', 'Q', 'E']"},
    {"{'types': ['x-visit', 'x-none']}", "['F']"},
    {"{'types': ['note', 'offer'], 'party': 'a'}", "['A', 'B', 'E']"},
    {"{'types': ['note'], 'party': 'z', 'partnership': 'q'}", "['Q']"},
    {"{'types': ['note'], 'party': 'z', 'partnership': 'p'}", "[]"},
    {"{'order': 'occurred', 'partnership': 'p', 'types': ['note']}", "['E']"},
    {"{'order': 'disclosed', 'party': 'b'}", "['E', 'D', 'F']"},
    {"{'from': 2, 'partnership': 'p'}", "['B', 'D', 'E', 'F']"},
    /* restrictions */
    {"{'at': '2017'}", "['A', 'B', 'Q', 'E', 'F']"},
    {"{'known': '2019'}", "['A', 'B', 'Q', 'E']"},
    {"{'recorded': 3}", "['A', 'B', 'Q']"},
    {"{'recorded': 0}", "[]"},
    {"{'recorded': 99}", "['A', 'B', 'Q', 'D', 'E', 'F']"},
    {"{'recorded': 4, 'superseded': false}", "['A', 'B', 'Q', 'D']"},
    {"{'order': 'occurred', 'recorded': 4}", "['Q', 'B', 'A', 'D']"},
    {"{'order': 'occurred', 'at': '2017-02', 'known': '2018'}",
     "['Q', 'B', 'E']"},
    {"{'order': 'occurred', 'at': '../..', 'known': '../..'}",
     "['F', 'Q', 'B', 'E', 'D']"},
};

static json_t *
ids_of(json_t *result)
{
    return expect_ids(json_object_get(result, "events"));
}

START_TEST(replay_gives_what_is_asked)
{
    json_auto_t *result =
        expect_ok(fixture.wire, "replay", "%s", rows[_i].arguments);
    json_auto_t *ids = ids_of(result);
    json_auto_t *wanted = json_of(rows[_i].ids);
    expect_same_json(ids, wanted, rows[_i].arguments);
    ck_assert(json_is_null(json_object_get(result, "cursor")));
}
END_TEST

/* One event a page, and the whole. */
START_TEST(pages_make_the_whole)
{
    json_auto_t *all = json_array();
    json_auto_t *arguments = json_of(rows[_i].arguments);
    json_object_set_new(arguments, "limit", json_integer(1));
    json_t *cursor = NULL;
    do {
        json_auto_t *page = expect_ok_json(fixture.wire, "replay", arguments);
        json_auto_t *ids = ids_of(page);
        json_array_extend(all, ids);
        cursor = json_object_get(page, "cursor");
        ck_assert_msg(json_is_null(cursor) || json_is_string(cursor),
                      "%s: no cursor", rows[_i].arguments);
        /* nil if and only if nothing follows: no page is empty but the first */
        ck_assert(json_array_size(ids) == 1 || json_array_size(all) == 0);
        json_object_set(arguments, "cursor", cursor);
        cursor = json_object_get(arguments, "cursor");
    } while (!json_is_null(cursor));
    json_auto_t *wanted = json_of(rows[_i].ids);
    expect_same_json(all, wanted, rows[_i].arguments);
}
END_TEST

static const struct {
    const char *arguments;
    const char *code;
} refused[] = {
    {"{'types': []}", "invalid_request"},
    {"{'types': 'note'}", "invalid_request"},
    {"{'types': [7]}", "invalid_request"},
    {"{'order': 'sideways'}", "invalid_request"},
    {"{'limit': 0}", "invalid_request"},
    {"{'limit': 1001}", "invalid_request"},
    {"{'limit': -1}", "invalid_request"},
    {"{'limit': '5'}", "invalid_request"},
    {"{'reverse': 1}", "invalid_request"},
    {"{'superseded': 'no'}", "invalid_request"},
    {"{'stream': 'yes'}", "invalid_request"},
    {"{'from': -1}", "invalid_request"},
    {"{'from': 1.5}", "invalid_request"},
    {"{'order': 'occurred', 'from': 2}", "invalid_request"},
    {"{'order': 'disclosed', 'to': 2}", "invalid_request"},
    {"{'from': 'soon'}", "invalid_date"},
    {"{'to': '2017-13'}", "invalid_date"},
    {"{'at': 'soon'}", "invalid_date"},
    {"{'cursor': 7}", "invalid_request"},
    {"{'cursor': ''}", "invalid_request"},
    {"{'cursor': 'made up'}", "invalid_request"},
    {"{'form': 3}", "invalid_request"},
};

START_TEST(wrong_questions_are_refused)
{
    expect_refusal(fixture.wire, refused[_i].code, "replay", "%s",
                   refused[_i].arguments);
    expect_done(fixture.wire, "ping", "{}");
}
END_TEST

/* --- cursors --------------------------------------------------------------*/

START_TEST(cursor_is_nil_only_when_nothing_follows)
{
    for (int limit = 1; limit <= 7; limit++) {
        json_auto_t *page =
            expect_ok(fixture.wire, "replay", "{'limit': %d}", limit);
        ck_assert_int_eq(json_is_null(json_object_get(page, "cursor")),
                         limit >= 6);
    }
    /* what follows must pass the filter */
    json_auto_t *page =
        expect_ok(fixture.wire, "replay", "{'limit': 1, 'partnership': 'q'}");
    ck_assert(json_is_null(json_object_get(page, "cursor")));
}
END_TEST

/* The cursor of a first page; the caller frees it. */
static char *
cursor_of(const char *arguments)
{
    json_auto_t *page = expect_ok(fixture.wire, "replay", "%s", arguments);
    const char *cursor = json_string_value(json_object_get(page, "cursor"));
    ck_assert_ptr_nonnull(cursor);
    return strdup(cursor);
}

static void
expect_page(const char *arguments, const char *cursor, const char *ids)
{
    json_auto_t *asked = json_of(arguments);
    json_object_set_new(asked, "cursor", json_string(cursor));
    json_auto_t *page = expect_ok_json(fixture.wire, "replay", asked);
    json_auto_t *actual = ids_of(page);
    expect_same(actual, ids);
}

START_TEST(cursor_wants_the_same_question)
{
    static const char *const others[] = {
        "'order': 'disclosed', 'partnership': 'p'",
        "'order': 'occurred'",
        "'order': 'occurred', 'partnership': 'q'",
        "'order': 'occurred', 'partnership': 'p', 'types': ['note']",
        "'order': 'occurred', 'partnership': 'p', 'reverse': true",
        "'order': 'occurred', 'partnership': 'p', 'superseded': true",
        "'order': 'occurred', 'partnership': 'p', 'to': '2030'",
        "'order': 'occurred', 'partnership': 'p', 'known': '2030'",
    };
    char *cursor =
        cursor_of("{'order': 'occurred', 'partnership': 'p', 'limit': 1}");
    for (size_t i = 0; i < COUNT(others); i++)
        expect_refusal(fixture.wire, "invalid_request", "replay",
                       "{'limit': 1, 'cursor': '%s', %s}", cursor, others[i]);
    expect_refusal(fixture.wire, "invalid_request", "timeline",
                   "{'limit': 1, 'cursor': '%s', 'partnership': 'p'}", cursor);
    expect_page("{'order': 'occurred', 'partnership': 'p', 'limit': 1}", cursor,
                "['B']");
    free(cursor);
}
END_TEST

START_TEST(cursor_survives_a_restart)
{
    char *cursor = cursor_of("{'limit': 2}");
    fixture_stop();
    fixture_start();
    expect_page("{'limit': 2}", cursor, "['Q', 'D']");
    fixture_kill();
    fixture_start();
    expect_page("{'limit': 2}", cursor, "['Q', 'D']");
    free(cursor);
}
END_TEST

START_TEST(pages_speak_of_the_same_moment)
{
    static const char question[] =
        "{'order': 'occurred', 'limit': 3, 'partnership': 'p'}";
    char *cursor = cursor_of(question);
    char *forward = cursor_of("{'limit': 5}");
    /* one new at the end, one new in between, and one that voids */
    fixture_log("Z note 2019\nY note 2017-06\nR retraction 2017 're': 'D'\n");
    expect_page(question, cursor, "['D']");
    expect_page("{'limit': 5}", forward, "['F']");
    free(cursor);
    free(forward);
}
END_TEST

/* --- streams --------------------------------------------------------------*/

#define BATCH 5000
#define BATCHES 4
#define STREAM_ID 7u
#ifdef ENTENTE_SANITIZED
#define GROWTH_MAX_KIB (400L * 1024)
#else
#define GROWTH_MAX_KIB (16L * 1024)
#endif

static void
fill(void)
{
    for (int i = 0; i < BATCHES; i++) {
        json_auto_t *arguments = json_pack("{s:o}", "events", json_array());
        json_auto_t *event =
            json_of("{'type': 'note', 'partnership': 'p', 'parties': ['a'], "
                    "'occurred': '2017', 'title': 't', 'summary': "
                    "{'$repeat': ['x', 1000]}}");
        for (int j = 0; j < BATCH; j++)
            json_array_append(json_object_get(arguments, "events"), event);
        json_decref(expect_ok_json(fixture.wire, "append", arguments));
    }
}

static void
stream_begin(struct wire *wire, const char *arguments_text)
{
    json_auto_t *arguments = json_of(arguments_text);
    wire_queue(wire, STREAM_ID, "replay", arguments);
    wire_flush(wire);
}

/* Take a chunk: claim that its positions follow `seq`; the new one. */
static json_int_t
stream_chunk(const json_t *message, json_int_t seq)
{
    ck_assert_str_eq(json_string_value(json_array_get(message, 1)), "events");
    const json_t *params = json_array_get(message, 2);
    ck_assert_int_eq(json_integer_value(json_array_get(params, 0)), STREAM_ID);
    const json_t *events = json_array_get(params, 1);
    ck_assert_uint_gt(json_array_size(events), 0);
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        ck_assert_int_eq(json_integer_value(json_object_get(event, "seq")),
                         ++seq);
    }
    return seq;
}

/* Read to the answer; the number of events before it. */
static json_int_t
stream_read(struct wire *wire, json_int_t seq, json_t **answer_out)
{
    for (;;) {
        json_t *message = wire_message(wire);
        if (json_integer_value(json_array_get(message, 0)) == 1) {
            *answer_out = message;
            return seq;
        }
        seq = stream_chunk(message, seq);
        json_decref(message);
    }
}

static void
expect_streamed(const json_t *answer, json_int_t count)
{
    json_auto_t *wanted =
        json_format("[1, %u, null, {'count': %lld, 'cursor': null}]", STREAM_ID,
                    (long long)count);
    expect_same_json(answer, wanted, "");
}

START_TEST(stream_gives_all_in_chunks)
{
    fill();
    stream_begin(fixture.wire, "{'stream': true}");
    json_auto_t *answer = NULL;
    json_int_t count = stream_read(fixture.wire, 0, &answer);
    ck_assert_int_eq(count, 6 + BATCH * BATCHES);
    expect_streamed(answer, count);
}
END_TEST

START_TEST(stream_of_nothing_is_answered)
{
    stream_begin(fixture.wire, "{'stream': true, 'partnership': 'nowhere'}");
    json_auto_t *answer = wire_answer(fixture.wire, STREAM_ID);
    expect_streamed(answer, 0);
}
END_TEST

START_TEST(cancel_ends_a_stream_early)
{
    fill();
    stream_begin(fixture.wire, "{'stream': true}");
    json_auto_t *message = wire_message(fixture.wire);
    json_int_t seq = stream_chunk(message, 0);
    json_auto_t *cancel = json_format("[2, 'cancel', [%u]]", STREAM_ID);
    wire_send_value(fixture.wire, cancel);
    json_auto_t *answer = NULL;
    seq = stream_read(fixture.wire, seq, &answer);
    ck_assert_int_lt(seq, 6 + BATCH * BATCHES);
    expect_includes(json_array_get(answer, 3), "{'cancelled': true}");
    ck_assert_int_eq(
        json_integer_value(json_object_get(json_array_get(answer, 3), "count")),
        seq);
    expect_done(fixture.wire, "ping", "{}");
}
END_TEST

START_TEST(reader_that_stops_costs_no_memory)
{
    fill();
    json_auto_t *answer = NULL;
    stream_begin(fixture.wire, "{'stream': true}");
    stream_read(fixture.wire, 0, &answer);
    long before = process_peak_kib(fixture.daemon);
    struct wire *slow[10];
    for (size_t i = 0; i < COUNT(slow); i++) {
        slow[i] = wire_open_unix(fixture.socket);
        stream_begin(slow[i], "{'stream': true}");
    }
    for (int i = 0; i < 100; i++)
        expect_done(fixture.wire, "ping", "{}");
    ck_assert_int_lt(process_peak_kib(fixture.daemon) - before, GROWTH_MAX_KIB);
    for (size_t i = 0; i < COUNT(slow); i++) {
        json_auto_t *end = NULL;
        json_int_t count = stream_read(slow[i], 0, &end);
        expect_streamed(end, count);
        ck_assert_int_eq(count, 6 + BATCH * BATCHES);
        wire_close(slow[i]);
    }
}
END_TEST

START_TEST(stream_on_a_streaming_msgid_is_refused)
{
    fill();
    stream_begin(fixture.wire, "{'stream': true}");
    json_auto_t *first = wire_message(fixture.wire);
    json_int_t seq = stream_chunk(first, 0);
    stream_begin(fixture.wire, "{'stream': true}");
    json_auto_t *refusal = NULL;
    seq = stream_read(fixture.wire, seq, &refusal);
    expect_error_in(refusal, "invalid_request");
    json_auto_t *answer = NULL;
    seq = stream_read(fixture.wire, seq, &answer);
    expect_streamed(answer, seq);
    ck_assert_int_eq(seq, 6 + BATCH * BATCHES);
    stream_begin(fixture.wire, "{'stream': true, 'to': 6}");
    json_auto_t *again = NULL;
    stream_read(fixture.wire, 0, &again);
    expect_streamed(again, 6);
}
END_TEST

START_TEST(stream_to_a_client_that_goes_ends)
{
    fill();
    for (int i = 0; i < 20; i++) {
        struct wire *wire = wire_open_unix(fixture.socket);
        stream_begin(wire, "{'stream': true}");
        json_decref(wire_message(wire));
        wire_close(wire);
    }
    expect_done(fixture.wire, "ping", "{}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("replay");
    TCase *tests = tcase_create("replay");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, replay_gives_what_is_asked, 0, COUNT(rows));
    tcase_add_loop_test(tests, pages_make_the_whole, 0, COUNT(rows));
    tcase_add_loop_test(tests, wrong_questions_are_refused, 0, COUNT(refused));
    tcase_add_test(tests, cursor_is_nil_only_when_nothing_follows);
    tcase_add_test(tests, cursor_wants_the_same_question);
    tcase_add_test(tests, cursor_survives_a_restart);
    tcase_add_test(tests, pages_speak_of_the_same_moment);
    tcase_add_test(tests, stream_gives_all_in_chunks);
    tcase_add_test(tests, stream_of_nothing_is_answered);
    tcase_add_test(tests, cancel_ends_a_stream_early);
    tcase_add_test(tests, reader_that_stops_costs_no_memory);
    tcase_add_test(tests, stream_on_a_streaming_msgid_is_refused);
    tcase_add_test(tests, stream_to_a_client_that_goes_ends);
    return fixture_run(suite);
}
