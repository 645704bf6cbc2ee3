/* SPDX-License-Identifier: MIT */
/* PROTOCOL.md, subscribe with a consumer, ack, consumers, forget. */
#include <check.h>
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
#define TIP 6

static void
begin(void)
{
    fixture_begin();
    fixture_log("A note 2017\nB note 2017\nC note 2017 'partnership': 'q'\n"
                "D note 2017\nE note 2017\nF note 2017\n");
}

static void
expect_consumers(const char *text)
{
    json_auto_t *list = expect_ok(fixture.wire, "consumers", "{}");
    expect_same(list, text);
}

/* Another connection that has the consumer, behind the last event. */
static struct wire *
connect_consumer(const char *name, const char *ids)
{
    struct wire *wire = wire_open_unix(fixture.socket);
    subscriber_begin(wire, S, "{'consumer': '%s'}", name);
    subscriber_expect(wire, S, ids);
    subscriber_caught_up(wire, S, TIP);
    return wire;
}

/* --- where it begins ------------------------------------------------------*/

/* Stored at once: it is there after a crash though nothing was acknowledged. */
START_TEST(new_name_begins_behind_after_which_is_stored)
{
    subscriber_begin(fixture.wire, S, "{'consumer': 'mail', 'after': 4}");
    subscriber_expect(fixture.wire, S, "['E', 'F']");
    subscriber_caught_up(fixture.wire, S, TIP);
    expect_consumers("[{'consumer': 'mail', 'position': 4, 'lag': 2, "
                     "'connected': true}]");
    fixture_kill();
    fixture_start();
    expect_consumers("[{'consumer': 'mail', 'position': 4, 'lag': 2, "
                     "'connected': false}]");
    wire_close(connect_consumer("mail", "['E', 'F']"));
}
END_TEST

START_TEST(new_name_begins_at_the_tip)
{
    subscriber_begin(fixture.wire, S, "{'consumer': 'mail'}");
    subscriber_caught_up(fixture.wire, S, TIP);
    expect_consumers("[{'consumer': 'mail', 'position': 6, 'lag': 0, "
                     "'connected': true}]");
}
END_TEST

START_TEST(known_name_takes_no_after)
{
    subscriber_begin(fixture.wire, S, "{'consumer': 'mail', 'after': 0}");
    subscriber_expect(fixture.wire, S, "['A', 'B', 'C', 'D', 'E', 'F']");
    subscriber_caught_up(fixture.wire, S, TIP);
    subscriber_cancel(fixture.wire, S);
    expect_refusal(fixture.wire, "invalid_request", "subscribe",
                   "{'consumer': 'mail', 'after': 0}");
    expect_refusal(fixture.wire, "invalid_request", "subscribe",
                   "{'consumer': 'mail', 'after': 6}");
    subscriber_begin(fixture.wire, S, "{'consumer': 'mail', 'after': null}");
    subscriber_expect(fixture.wire, S, "['A', 'B', 'C', 'D', 'E', 'F']");
}
END_TEST

/* The filter is the subscription's, not the consumer's. */
START_TEST(filter_may_change_from_one_time_to_the_next)
{
    struct wire *wire = fixture.wire;
    subscriber_begin(wire, S,
                     "{'consumer': 'm', 'after': 0, 'partnership': 'q'}");
    subscriber_expect(wire, S, "['C']");
    subscriber_caught_up(wire, S, TIP);
    subscriber_cancel(wire, S);
    expect_in(wire, "{'position': 3}", "ack",
              "{'consumer': 'm', 'position': 3}");
    wire_close(connect_consumer("m", "['D', 'E', 'F']"));
}
END_TEST

static const char *const names[] = {
    "'a'", "'A'", "'0'", "'a.b_c:d-e'", "{'$repeat': ['x', 64]}",
};

START_TEST(names_are_like_ids)
{
    subscriber_begin(fixture.wire, S, "{'consumer': %s, 'after': 5}",
                     names[_i]);
    subscriber_expect(fixture.wire, S, "['F']");
    subscriber_caught_up(fixture.wire, S, TIP);
    expect_in(fixture.wire, "{'position': 6}", "ack",
              "{'consumer': %s, 'position': 6}", names[_i]);
    fixture_kill();
    fixture_start();
    subscriber_begin(fixture.wire, S, "{'consumer': %s}", names[_i]);
    subscriber_caught_up(fixture.wire, S, TIP);
    subscriber_cancel(fixture.wire, S);
    expect_done(fixture.wire, "forget", "{'consumer': %s}", names[_i]);
    expect_consumers("[]");
}
END_TEST

/* --- one connection -------------------------------------------------------*/

START_TEST(name_has_one_connection_at_a_time)
{
    struct wire *holder = wire_open_unix(fixture.socket);
    subscriber_begin(holder, S, "{'consumer': 'm'}");
    subscriber_caught_up(holder, S, TIP);
    expect_refusal(fixture.wire, "conflict", "subscribe", "{'consumer': 'm'}");
    expect_refusal(holder, "conflict", "subscribe", "{'consumer': 'm'}");
    expect_refusal(fixture.wire, "conflict", "forget", "{'consumer': 'm'}");
    expect_refusal(holder, "conflict", "forget", "{'consumer': 'm'}");
    subscriber_begin(fixture.wire, S, "{'consumer': 'n'}");
    subscriber_caught_up(fixture.wire, S, TIP);
    subscriber_cancel(holder, S);
    subscriber_silent(holder);
    subscriber_begin(fixture.wire, S + 1, "{'consumer': 'm'}");
    subscriber_caught_up(fixture.wire, S + 1, TIP);
    wire_close(holder);
}
END_TEST

/* By a connection that was there before, so that the daemon may well see the
 * question earlier than the end. */
START_TEST(name_of_a_dead_connection_is_free_at_once)
{
    for (int i = 0; i < 300; i++) {
        struct wire *next = wire_open_unix(fixture.socket);
        expect_done(next, "ping", "{}");
        subscriber_begin(fixture.wire, S, "{'consumer': 'm'}");
        subscriber_caught_up(fixture.wire, S, TIP);
        wire_close(fixture.wire);
        if (i % 2 == 0)
            expect_done(next, "forget", "{'consumer': 'm'}");
        fixture.wire = next;
    }
    expect_in(fixture.wire, "{'subscriptions': 0}", "stats", "{}");
}
END_TEST

/* Its client reads nothing, asks for much, and dies. */
START_TEST(name_of_a_client_that_was_stuck_is_free_at_once)
{
    struct wire *stuck = wire_open_unix(fixture.socket);
    json_auto_t *arguments = json_of("{'consumer': 'm', 'after': 0}");
    json_t *events = json_array();
    for (int i = 0; i < 1000; i++)
        json_array_append_new(
            events,
            json_of("{'type': 'note', 'partnership': 'p', 'parties': ['a'], "
                    "'occurred': '2017', 'title': 't', 'summary': "
                    "{'$repeat': ['x', 4000]}}"));
    json_auto_t *large = json_pack("{s:o}", "events", events);
    json_decref(expect_ok_json(fixture.wire, "append", large));
    wire_queue(stuck, S, "subscribe", arguments);
    wire_flush(stuck);
    json_auto_t *answer = wire_answer(stuck, S);
    expect_refusal(fixture.wire, "conflict", "subscribe", "{'consumer': 'm'}");
    wire_close(stuck);
    subscriber_begin(fixture.wire, S, "{'consumer': 'm'}");
}
END_TEST

/* --- ack ------------------------------------------------------------------*/

START_TEST(ack_moves_the_position_forwards_only)
{
    struct wire *holder = wire_open_unix(fixture.socket);
    subscriber_begin(holder, S, "{'consumer': 'm', 'after': 2}");
    subscriber_expect(holder, S, "['C', 'D', 'E', 'F']");
    subscriber_caught_up(holder, S, TIP);
    expect_in(holder, "{'position': 4}", "ack",
              "{'consumer': 'm', 'position': 4}");
    expect_in(holder, "{'position': 4}", "ack",
              "{'consumer': 'm', 'position': 3}");
    expect_in(holder, "{'position': 4}", "ack",
              "{'consumer': 'm', 'position': 4}");
    expect_in(holder, "{'position': 4}", "ack",
              "{'consumer': 'm', 'position': 0}");
    expect_in(fixture.wire, "{'position': 5}", "ack",
              "{'consumer': 'm', 'position': 5}"); /* by whomever */
    expect_consumers(
        "[{'consumer': 'm', 'position': 5, 'lag': 1, 'connected': true}]");
    wire_close(holder);
    fixture_kill();
    fixture_start();
    expect_consumers(
        "[{'consumer': 'm', 'position': 5, 'lag': 1, 'connected': false}]");
    wire_close(connect_consumer("m", "['F']"));
}
END_TEST

START_TEST(ack_of_more_than_was_sent_is_refused)
{
    struct wire *wire = fixture.wire;
    subscriber_begin(wire, S,
                     "{'consumer': 'm', 'after': 0, 'partnership': 'q'}");
    subscriber_expect(wire, S, "['C']");
    subscriber_caught_up(wire, S, TIP);
    expect_refusal(wire, "invalid_request", "ack",
                   "{'consumer': 'm', 'position': 7}");
    expect_refusal(
        wire, "invalid_request", "ack",
        "{'consumer': 'm', 'position': {'$hex': 'cfffffffffffffffff'}}");
    expect_in(wire, "{'position': 6}", "ack",
              "{'consumer': 'm', 'position': 6}"); /* caught_up told it */
    subscriber_cancel(wire, S);
    fixture_log("G note 2017\n");
    expect_refusal(wire, "invalid_request", "ack",
                   "{'consumer': 'm', 'position': 7}");
    subscriber_begin(wire, S, "{'consumer': 'm'}");
    subscriber_expect(wire, S, "['G']");
    subscriber_caught_up(wire, S, TIP + 1);
    expect_in(wire, "{'position': 7}", "ack",
              "{'consumer': 'm', 'position': 7}");
}
END_TEST

/* After a crash it counts what was sent since; what was sent before comes once
 * more. */
START_TEST(ack_of_what_an_earlier_daemon_sent_is_refused)
{
    subscriber_begin(fixture.wire, S, "{'consumer': 'm', 'after': 0}");
    subscriber_expect(fixture.wire, S, "['A', 'B', 'C', 'D', 'E', 'F']");
    fixture_kill();
    fixture_start();
    expect_refusal(fixture.wire, "invalid_request", "ack",
                   "{'consumer': 'm', 'position': 1}");
    expect_in(fixture.wire, "{'position': 0}", "ack",
              "{'consumer': 'm', 'position': 0}");
}
END_TEST

static const struct {
    const char *method;
    const char *arguments;
    const char *code;
} refused[] = {
    {"ack", "{'consumer': 'none', 'position': 0}", "not_found"},
    {"ack", "{'consumer': 'm'}", "invalid_request"},
    {"ack", "{'position': 0}", "invalid_request"},
    {"ack", "{'consumer': '', 'position': 0}", "invalid_request"},
    {"ack", "{'consumer': 'm', 'position': -1}", "invalid_request"},
    {"ack", "{'consumer': 'm', 'position': '1'}", "invalid_request"},
    {"ack", "{'consumer': 'm', 'position': 0, 'after': 1}", "invalid_request"},
    {"forget", "{'consumer': 'none'}", "not_found"},
    {"forget", "{'consumer': 'a b'}", "invalid_request"},
    {"forget", "{}", "invalid_request"},
    {"forget", "{'consumer': 'm', 'position': 0}", "invalid_request"},
    {"consumers", "{'consumer': 'm'}", "invalid_request"},
};

START_TEST(bad_requests_are_refused)
{
    expect_refusal(fixture.wire, refused[_i].code, refused[_i].method, "%s",
                   refused[_i].arguments);
}
END_TEST

#define ACKS 500

/* Many at once, mixed with appends: each is answered with what is stored, which
 * never goes back. */
START_TEST(acks_may_be_pipelined)
{
    struct wire *wire = fixture.wire;
    struct wire *other = wire_open_unix(fixture.socket);
    subscriber_begin(other, S, "{'consumer': 'm', 'after': 0}");
    subscriber_expect(other, S, "['A', 'B', 'C', 'D', 'E', 'F']");
    subscriber_caught_up(other, S, TIP);
    for (uint32_t i = 0; i < ACKS; i++) {
        json_auto_t *ack =
            json_format("{'consumer': 'm', 'position': %u}", 1 + i % 5);
        json_auto_t *append = json_of(
            "{'events': [{'type': 'note', 'partnership': 'p', 'parties': "
            "['a'], 'occurred': '2017', 'title': 't'}]}");
        wire_queue(wire, i, "ack", ack);
        if (i % 7 == 0)
            wire_queue(wire, ACKS + i, "append", append);
    }
    wire_flush(wire);
    json_int_t highest = 0;
    for (uint32_t count = 0; count < ACKS + (ACKS + 6) / 7; count++) {
        json_auto_t *answer = wire_message(wire);
        ck_assert(json_is_null(json_array_get(answer, 2)));
        if (json_integer_value(json_array_get(answer, 1)) >= ACKS)
            continue;
        json_int_t asked =
            1 + json_integer_value(json_array_get(answer, 1)) % 5;
        json_int_t position = json_integer_value(
            json_object_get(json_array_get(answer, 3), "position"));
        ck_assert_int_ge(position, asked);
        highest = position > highest ? position : highest;
    }
    ck_assert_int_eq(highest, 5);
    wire_close(other);
    fixture_kill();
    fixture_start();
    json_auto_t *list = expect_ok(fixture.wire, "consumers", "{}");
    expect_includes(list, "[{'consumer': 'm', 'position': 5}]");
}
END_TEST

/* --- forget ---------------------------------------------------------------*/

START_TEST(forgotten_name_is_a_new_one)
{
    struct wire *wire = fixture.wire;
    subscriber_begin(wire, S, "{'consumer': 'm', 'after': 0}");
    subscriber_expect(wire, S, "['A', 'B', 'C', 'D', 'E', 'F']");
    subscriber_caught_up(wire, S, TIP);
    expect_in(wire, "{'position': 4}", "ack",
              "{'consumer': 'm', 'position': 4}");
    subscriber_cancel(wire, S);
    expect_in(wire, "{'position': 4}", "forget", "{'consumer': 'm'}");
    expect_consumers("[]");
    expect_refusal(wire, "not_found", "forget", "{'consumer': 'm'}");
    expect_refusal(wire, "not_found", "ack",
                   "{'consumer': 'm', 'position': 4}");
    fixture_kill();
    fixture_start();
    expect_consumers("[]");
    subscriber_begin(fixture.wire, S, "{'consumer': 'm', 'after': 1}");
    subscriber_expect(fixture.wire, S, "['B', 'C', 'D', 'E', 'F']");
}
END_TEST

START_TEST(consumers_are_listed_by_name)
{
    static const char *const several[] = {"b", "a", "B", "a.b", "c"};
    for (size_t i = 0; i < COUNT(several); i++) {
        struct wire *wire = wire_open_unix(fixture.socket);
        subscriber_begin(wire, S, "{'consumer': '%s', 'after': %zu}",
                         several[i], i);
        wire_close(wire);
    }
    fixture_kill();
    fixture_start();
    expect_consumers(
        "[{'consumer': 'B', 'position': 2, 'lag': 4, 'connected': false},"
        " {'consumer': 'a', 'position': 1, 'lag': 5, 'connected': false},"
        " {'consumer': 'a.b', 'position': 3, 'lag': 3, 'connected': false},"
        " {'consumer': 'b', 'position': 0, 'lag': 6, 'connected': false},"
        " {'consumer': 'c', 'position': 4, 'lag': 2, 'connected': false}]");
    expect_in(fixture.wire, "{'consumers': 5, 'subscriptions': 0}", "stats",
              "{}");
}
END_TEST

/* --- every position -------------------------------------------------------*/

/* Whatever was acknowledged last, the next connection goes on behind it, over
 * a crash too. */
START_TEST(consumer_resumes_at_every_position)
{
    static const char *const rest[] = {
        "['A', 'B', 'C', 'D', 'E', 'F']",
        "['B', 'C', 'D', 'E', 'F']",
        "['C', 'D', 'E', 'F']",
        "['D', 'E', 'F']",
        "['E', 'F']",
        "['F']",
        "[]",
    };
    subscriber_begin(fixture.wire, S, "{'consumer': 'm', 'after': 0}");
    subscriber_expect(fixture.wire, S, rest[0]);
    for (int position = 1; position <= TIP; position++) {
        fixture_kill();
        fixture_start();
        struct wire *wire = connect_consumer("m", rest[position - 1]);
        expect_done(wire, "ack", "{'consumer': 'm', 'position': %d}", position);
        wire_close(wire);
        wire_close(connect_consumer("m", rest[position]));
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("consumers");
    TCase *tests = tcase_create("consumers");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, new_name_begins_behind_after_which_is_stored);
    tcase_add_test(tests, new_name_begins_at_the_tip);
    tcase_add_test(tests, known_name_takes_no_after);
    tcase_add_test(tests, filter_may_change_from_one_time_to_the_next);
    tcase_add_loop_test(tests, names_are_like_ids, 0, COUNT(names));
    tcase_add_test(tests, name_has_one_connection_at_a_time);
    tcase_add_test(tests, name_of_a_dead_connection_is_free_at_once);
    tcase_add_test(tests, name_of_a_client_that_was_stuck_is_free_at_once);
    tcase_add_test(tests, ack_moves_the_position_forwards_only);
    tcase_add_test(tests, ack_of_more_than_was_sent_is_refused);
    tcase_add_test(tests, ack_of_what_an_earlier_daemon_sent_is_refused);
    tcase_add_loop_test(tests, bad_requests_are_refused, 0, COUNT(refused));
    tcase_add_test(tests, acks_may_be_pipelined);
    tcase_add_test(tests, forgotten_name_is_a_new_one);
    tcase_add_test(tests, consumers_are_listed_by_name);
    tcase_add_test(tests, consumer_resumes_at_every_position);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
