/* SPDX-License-Identifier: MIT */
/* PROTOCOL.md, subscribe: what the log holds, then what comes, no gap. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"
#include "tests/system/subscriber.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 120
#define S 7u /* the msgid of most subscriptions */

static const char small_log[] =
    "A note 2017-03\n"
    "B offer 2017-01 'parties': ['a', 'c']\n"
    "Q note 2016 'partnership': 'q', 'parties': ['z']\n"
    "D meeting 2018 'disclosed': '2020'\n"
    "E note 2017-02 'corrects': 'A'\n"
    "F x-visit 2015 'disclosed_by': 'D'\n";
#define TIP 6

static void
begin(void)
{
    fixture_begin();
    fixture_log(small_log);
}

/* --- what is asked for ----------------------------------------------------*/

static const struct {
    const char *arguments;
    const char *ids;  /* of what the log holds */
    const char *live; /* of what comes: M, N, O */
} rows[] = {
    {"{}", "[]", "['M', 'N', 'O']"},
    {"{'after': null}", "[]", "['M', 'N', 'O']"},
    {"{'after': 6}", "[]", "['M', 'N', 'O']"},
    {"{'after': 0}", "['A', 'B', 'Q', 'D', 'E', 'F']", "['M', 'N', 'O']"},
    {"{'after': 4}", "['E', 'F']", "['M', 'N', 'O']"},
    {"{'after': 0, 'partnership': 'p'}", "['A', 'B', 'D', 'E', 'F']",
     "['M', 'O']"},
    {"{'after': 0, 'partnership': 'q'}", "['Q']", "['N']"},
    {"{'after': 3, 'partnership': 'q'}", "[]", "['N']"},
    {"{'after': 0, 'partnership': 'nowhere'}", "[]", "[]"},
    {"{'after': 0, 'party': 'c'}", "['B']", "['O']"},
    {"{'after': 0, 'party': 'z'}", "['Q']", "['N', 'O']"},
    {"{'after': 0, 'party': 'nobody'}", "[]", "[]"},
    {"{'after': 0, 'types': ['note']}", "['A', 'Q', 'E']", "['M', 'N']"},
    {"{'after': 0, 'types': ['offer', 'note']}", "['A', 'B', 'Q', 'E']",
     "['M', 'N']"},
    {"{'after': 0, 'types': ['x-visit', 'x-none']}", "['F']", "['O']"},
    {"{'after': 0, 'types': ['x-none']}", "[]", "[]"},
    {"{'after': 0, 'types': ['note'], 'party': 'z', 'partnership': 'q'}",
     "['Q']", "['N']"},
    {"{'after': 0, 'types': ['note'], 'party': 'z', 'partnership': 'p'}", "[]",
     "[]"},
};

static const char more_log[] =
    "M note 2019\n"
    "N note 2019 'partnership': 'q', 'parties': ['z']\n"
    "O x-visit 2019 'parties': ['a', 'c', 'z']\n";

START_TEST(subscription_gives_what_is_asked_and_then_what_comes)
{
    subscriber_begin(fixture.wire, S, "%s", rows[_i].arguments);
    subscriber_expect(fixture.wire, S, rows[_i].ids);
    subscriber_caught_up(fixture.wire, S, TIP);
    subscriber_silent(fixture.wire);
    struct wire *other = fixture.wire;
    fixture.wire = wire_open_unix(fixture.socket);
    fixture_log(more_log);
    subscriber_expect(other, S, rows[_i].live);
    subscriber_silent(other);
    wire_close(other);
}
END_TEST

/* The same events, appended one by one on the connection itself: nothing is
 * sent of an event before its answer could be. */
START_TEST(own_appends_come_back)
{
    subscriber_begin(fixture.wire, S, "{'partnership': 'p'}");
    subscriber_caught_up(fixture.wire, S, TIP);
    for (int i = 0; i < 50; i++) {
        char id[16], ids[24];
        snprintf(id, sizeof(id), "own%d", i);
        snprintf(ids, sizeof(ids), "['own%d']", i);
        json_auto_t *arguments = json_format(
            "{'events': [{'id': '%s', 'type': 'note', 'partnership': '%s', "
            "'parties': ['a'], 'occurred': '2017', 'title': 't'}]}",
            id, i % 2 == 0 ? "p" : "q");
        wire_queue(fixture.wire, 1, "append", arguments);
        wire_flush(fixture.wire);
        json_auto_t *answer = wire_answer(fixture.wire, 1);
        ck_assert(json_is_null(json_array_get(answer, 2)));
        if (i % 2 == 0)
            subscriber_expect(fixture.wire, S, ids);
    }
    subscriber_silent(fixture.wire);
}
END_TEST

/* An event that is answered as a duplicate is no new one. */
START_TEST(duplicates_and_refused_events_do_not_come)
{
    struct wire *other = wire_open_unix(fixture.socket);
    subscriber_begin(other, S, "{}");
    subscriber_caught_up(other, S, TIP);
    fixture_log("A note 2017-03\n");
    expect_refusal(fixture.wire, "invalid_event", "append", "{'events': [{}]}");
    fixture_log("new note 2019\n");
    subscriber_expect(other, S, "['new']");
    subscriber_silent(other);
    wire_close(other);
}
END_TEST

/* --- several --------------------------------------------------------------*/

START_TEST(subscriptions_of_one_connection_are_told_apart)
{
    struct wire *wire = fixture.wire;
    struct wire *other = wire_open_unix(fixture.socket);
    subscriber_begin(wire, 1, "{'partnership': 'p', 'after': 4}");
    subscriber_expect(wire, 1, "['E', 'F']");
    subscriber_caught_up(wire, 1, TIP);
    subscriber_begin(wire, 2, "{'partnership': 'q', 'after': 0}");
    subscriber_expect(wire, 2, "['Q']");
    subscriber_caught_up(wire, 2, TIP);
    fixture.wire = other;
    fixture_log("M note 2019 'partnership': 'q'\n");
    subscriber_expect(wire, 2, "['M']");
    fixture_log("N note 2019\n");
    subscriber_expect(wire, 1, "['N']");
    subscriber_cancel(wire, 1);
    subscriber_silent(wire);
    fixture_log("O note 2019\n");
    fixture_log("P note 2019 'partnership': 'q'\n");
    subscriber_expect(wire, 2, "['P']");
    subscriber_silent(wire);
    wire_close(wire);
}
END_TEST

#define PER_CONNECTION 1024u

START_TEST(one_connection_has_so_many_subscriptions_and_no_more)
{
    for (uint32_t i = 0; i < PER_CONNECTION; i++) {
        subscriber_begin(fixture.wire, i, "{'partnership': 'p%u'}", i);
        subscriber_caught_up(fixture.wire, i, TIP);
    }
    expect_refusal(fixture.wire, "overloaded", "subscribe", "{}");
    expect_in(fixture.wire, "{'subscriptions': 1024}", "stats", "{}");
    subscriber_cancel(fixture.wire, 1000);
    subscriber_begin(fixture.wire, 1000, "{'partnership': 'p'}");
    subscriber_caught_up(fixture.wire, 1000, TIP);
    struct wire *other = fixture.wire;
    fixture.wire = wire_open_unix(fixture.socket);
    fixture_log("M note 2019\nN note 2019 'partnership': 'p500'\n");
    bool first = false, second = false;
    while (!first || !second) {
        json_auto_t *message = wire_message(other);
        const json_t *msgid = json_array_get(json_array_get(message, 2), 0);
        first |= json_integer_value(msgid) == 1000;
        second |= json_integer_value(msgid) == 500;
    }
    subscriber_silent(other);
    wire_close(other);
}
END_TEST

/* --- the end --------------------------------------------------------------*/

/* What is on its way when it is cancelled still comes; behind the answer to a
 * later request nothing does. */
START_TEST(cancelled_subscription_is_silent_and_its_msgid_free)
{
    struct wire *wire = fixture.wire;
    struct wire *other = wire_open_unix(fixture.socket);
    subscriber_begin(wire, S, "{}");
    subscriber_caught_up(wire, S, TIP);
    subscriber_cancel(wire, S + 1); /* nobody's: ignored */
    subscriber_cancel(wire, S);
    subscriber_silent(wire);
    expect_in(wire, "{'subscriptions': 0}", "stats", "{}");
    fixture.wire = other;
    fixture_log("M note 2019\n");
    subscriber_silent(wire);
    subscriber_begin(wire, S, "{'after': 6}");
    subscriber_expect(wire, S, "['M']");
    subscriber_caught_up(wire, S, TIP + 1);
    wire_close(wire);
}
END_TEST

/* Whoever sends no more is gone, as far as one can see. */
START_TEST(end_of_the_client_ends_its_subscriptions)
{
    struct wire *other = wire_open_unix(fixture.socket);
    subscriber_begin(other, S, "{}");
    subscriber_caught_up(other, S, TIP);
    wire_end_sending(other);
    wire_await_close(other);
    wire_close(other);
    expect_in(fixture.wire, "{'subscriptions': 0}", "stats", "{}");
}
END_TEST

/* The daemon's own end does not wait for subscribers; the fixture wants exit
 * status 0. */
START_TEST(stop_ends_subscriptions)
{
    subscriber_begin(fixture.wire, S, "{}");
    subscriber_caught_up(fixture.wire, S, TIP);
    process_signal(fixture.daemon, SIGTERM);
    wire_await_close(fixture.wire);
}
END_TEST

/* --- refusals -------------------------------------------------------------*/

static const struct {
    const char *arguments;
    const char *code;
} refused[] = {
    {"{'after': 7}", "invalid_request"},
    {"{'after': {'$hex': 'cfffffffffffffffff'}}", "invalid_request"},
    {"{'after': -1}", "invalid_request"},
    {"{'after': '2017'}", "invalid_request"},
    {"{'after': 1.5}", "invalid_request"},
    {"{'after': [1]}", "invalid_request"},
    {"{'types': []}", "invalid_request"},
    {"{'types': ['meting']}", "invalid_request"},
    {"{'types': 'note'}", "invalid_request"},
    {"{'partnership': 'P'}", "invalid_request"},
    {"{'partnership': ''}", "invalid_request"},
    {"{'party': 7}", "invalid_request"},
    {"{'from': 1}", "invalid_request"},
    {"{'limit': 1}", "invalid_request"},
    {"{'afer': 1}", "invalid_request"},
    {"{'after': 7, 'consumer': 'new'}", "invalid_request"},
    {"{'consumer': ''}", "invalid_request"},
    {"{'consumer': 7}", "invalid_request"},
    {"{'consumer': '.a'}", "invalid_request"},
    {"{'consumer': 'a b'}", "invalid_request"},
    {"{'consumer': '\xc3\xa9'}", "invalid_request"},
    {"{'consumer': {'$repeat': ['x', 65]}}", "invalid_request"},
    {"{'consumer': {'$hex': 'c40161'}}", "invalid_request"},
};

START_TEST(bad_arguments_are_refused)
{
    expect_refusal(fixture.wire, refused[_i].code, "subscribe", "%s",
                   refused[_i].arguments);
    expect_in(fixture.wire, "{'subscriptions': 0, 'consumers': 0}", "stats",
              "{}");
}
END_TEST

static void
expect_busy(uint32_t msgid, const char *method, const char *arguments)
{
    json_auto_t *sent = json_of(arguments);
    wire_queue(fixture.wire, msgid, method, sent);
    wire_flush(fixture.wire);
    json_auto_t *answer = wire_answer(fixture.wire, msgid);
    expect_error_in(answer, "invalid_request");
}

START_TEST(msgid_that_still_streams_is_refused)
{
    subscriber_begin(fixture.wire, S, "{}");
    subscriber_caught_up(fixture.wire, S, TIP);
    expect_busy(S, "subscribe", "{}");
    expect_busy(S, "subscribe", "{'consumer': 'c'}");
    expect_busy(S, "replay", "{'stream': true}");
    expect_in(fixture.wire, "{'subscriptions': 1, 'consumers': 0}", "stats",
              "{}");
}
END_TEST

/* --- progress -------------------------------------------------------------*/

static void
append_notes(int count)
{
    json_t *events = json_array();
    json_auto_t *event =
        json_of("{'type': 'note', 'partnership': 'other', 'parties': ['a'], "
                "'occurred': '2017', 'title': 't'}");
    for (int i = 0; i < count; i++)
        json_array_append(events, event);
    json_auto_t *arguments = json_pack("{s:o}", "events", events);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
}

#define PROGRESS_MAX 10000

/* Nothing matches: then the position comes alone, often enough, behind the
 * last one and never beyond the tip. */
static json_int_t
await_position(struct wire *wire, const char *last, json_int_t from,
               json_int_t tip)
{
    for (json_int_t told = from; told < tip;) {
        bool is_last = tip - told <= PROGRESS_MAX;
        json_int_t position =
            subscriber_position(wire, S, is_last ? last : "progress");
        ck_assert_int_gt(position, told);
        ck_assert_int_le(position - told, PROGRESS_MAX);
        told = position;
    }
    return tip;
}

START_TEST(progress_comes_while_nothing_matches)
{
    struct wire *other = wire_open_unix(fixture.socket);
    for (int i = 0; i < 3; i++)
        append_notes(PROGRESS_MAX - 1);
    json_int_t tip = TIP + 3 * (PROGRESS_MAX - 1);
    subscriber_begin(other, S, "{'after': 0, 'partnership': 'none'}");
    await_position(other, "caught_up", 0, tip);
    append_notes(PROGRESS_MAX);
    ck_assert_int_eq(subscriber_position(other, S, "progress"),
                     tip + PROGRESS_MAX);
    append_notes(PROGRESS_MAX - 1);
    subscriber_silent(other);
    append_notes(1);
    ck_assert_int_eq(subscriber_position(other, S, "progress"),
                     tip + PROGRESS_MAX + PROGRESS_MAX);
    wire_close(other);
}
END_TEST

/* The same by time: one event that does not match is told of within 10 s. */
START_TEST(progress_comes_in_time)
{
    struct wire *other = wire_open_unix(fixture.socket);
    subscriber_begin(other, S, "{'partnership': 'none'}");
    subscriber_caught_up(other, S, TIP);
    append_notes(1);
    ck_assert_int_eq(subscriber_position(other, S, "progress"), TIP + 1);
    fixture_log("M note 2019 'partnership': 'none'\n");
    subscriber_expect(other, S, "['M']");
    wire_close(other);
}
END_TEST

/* --- every position -------------------------------------------------------*/

#define EVENTS 40

static void
expect_from(struct wire *wire, int after)
{
    char ids[16 * EVENTS] = "[";
    for (int i = after + 1; i <= EVENTS; i++)
        snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%s'e%d'",
                 i == after + 1 ? "" : ", ", i);
    snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "]");
    subscriber_begin(wire, S, "{'after': %d}", after);
    subscriber_expect(wire, S, ids);
    subscriber_caught_up(wire, S, EVENTS);
    subscriber_cancel(wire, S);
    subscriber_silent(wire);
}

START_TEST(subscription_begins_at_every_position_across_a_restart)
{
    char lines[24 * EVENTS] = "";
    for (int i = 1; i <= EVENTS; i++)
        snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines),
                 "e%d note 2017\n", i);
    fixture_log(lines);
    for (int after = 0; after <= EVENTS; after++)
        expect_from(fixture.wire, after);
    fixture_kill();
    fixture_start();
    for (int after = 0; after <= EVENTS; after++)
        expect_from(fixture.wire, after);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("subscribe");
    TCase *tests = tcase_create("small log");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_loop_test(tests,
                        subscription_gives_what_is_asked_and_then_what_comes, 0,
                        COUNT(rows));
    tcase_add_test(tests, own_appends_come_back);
    tcase_add_test(tests, duplicates_and_refused_events_do_not_come);
    tcase_add_test(tests, subscriptions_of_one_connection_are_told_apart);
    tcase_add_test(tests, one_connection_has_so_many_subscriptions_and_no_more);
    tcase_add_test(tests, cancelled_subscription_is_silent_and_its_msgid_free);
    tcase_add_test(tests, end_of_the_client_ends_its_subscriptions);
    tcase_add_test(tests, stop_ends_subscriptions);
    tcase_add_loop_test(tests, bad_arguments_are_refused, 0, COUNT(refused));
    tcase_add_test(tests, msgid_that_still_streams_is_refused);
    tcase_add_test(tests, progress_comes_while_nothing_matches);
    tcase_add_test(tests, progress_comes_in_time);
    suite_add_tcase(suite, tests);
    TCase *empty = fixture_case(suite, "empty log", SECONDS_MAX);
    tcase_add_test(empty,
                   subscription_begins_at_every_position_across_a_restart);
    return fixture_run(suite);
}
