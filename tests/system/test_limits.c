/* SPDX-License-Identifier: MIT */
/* PROTOCOL.md, back-pressure and limits: what a client sends or does not read
 * costs the daemon next to nothing. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 240

/* What the daemon may grow by.  A sanitizer keeps freed memory back. */
#ifdef ENTENTE_SANITIZED
#define GROWTH_MAX_KIB (400L * 1024)
#else
#define GROWTH_MAX_KIB (16L * 1024)
#endif

#define BOMB_REPEATS 200
#define DEPTH_MAX 32
#define MESSAGE_SIZE_MAX ((size_t)16 << 20)

/* --- announcements --------------------------------------------------------*/

static const char *const bombs[] = {
    "ddffffffff",                   /* an array of four billion */
    "dfffffffff",                   /* a map */
    "dbffffffff",                   /* a str */
    "c6ffffffff",                   /* a bin */
    "c9ffffffff01",                 /* an ext */
    "9400a470696e67ddffffffff",     /* within what looks like a request */
    "940001a470696e67ddffffffff",   /* within a request */
    "940001a470696e6791dfffffffff", /* as its arguments */
    "940001a6617070656e649181a66576656e7473ddffffffff", /* as its events */
    "db01000001",                     /* a str of 16 MiB and a byte */
    "dd01000001",                     /* an array of as many elements */
    "dddddddddddddddddddddddd",       /* another count, no less absurd */
    "dd007fffffdd007fffffdd007fffff", /* each fits, all do not */
};

START_TEST(announcement_costs_nothing)
{
    expect_done(fixture.wire, "ping", "{}");
    long before = process_peak_kib(fixture.daemon);
    json_auto_t *bomb = json_format("{'$hex': '%s'}", bombs[_i]);
    for (int i = 0; i < BOMB_REPEATS; i++) {
        struct wire *wire = wire_open_unix(fixture.socket);
        wire_send_value(wire, bomb);
        json_auto_t *message = wire_message(wire);
        const char *code = json_string_value(
            json_object_get(json_array_get(message, 2), "code"));
        ck_assert_ptr_nonnull(code);
        if (strcmp(code, "parse_error") != 0)
            ck_assert_str_eq(code, "too_large");
        wire_await_close(wire);
        wire_close(wire);
    }
    expect_done(fixture.wire, "ping", "{}");
    ck_assert_int_lt(process_peak_kib(fixture.daemon) - before, GROWTH_MAX_KIB);
}
END_TEST

START_TEST(announcement_within_the_limit_costs_nothing_until_it_comes)
{
    expect_done(fixture.wire, "ping", "{}");
    long before = process_peak_kib(fixture.daemon);
    struct wire *wires[BOMB_REPEATS];
    for (int i = 0; i < BOMB_REPEATS; i++) {
        wires[i] = wire_open_unix(fixture.socket);
        wire_send(wires[i], "\xdb\x00\xf0\x00\x00half", 9);
    }
    expect_done(fixture.wire, "ping", "{}");
    ck_assert_int_lt(process_peak_kib(fixture.daemon) - before, GROWTH_MAX_KIB);
    for (int i = 0; i < BOMB_REPEATS; i++)
        wire_close(wires[i]);
}
END_TEST

/* --- depth and size -------------------------------------------------------*/

/* A ping with an argument; the message, params and argument map are three
 * levels, and `deep` more. */
static void
send_deep(int deep)
{
    json_auto_t *request =
        json_format("[0, 5, 'ping', [{'a': {'$deep': %d}}]]", deep);
    wire_send_value(fixture.wire, request);
}

START_TEST(depth_32_is_read)
{
    send_deep(DEPTH_MAX - 3);
    json_auto_t *message = wire_answer(fixture.wire, 5);
    expect_error_in(message, "invalid_request");
    expect_done(fixture.wire, "ping", "{}");
}
END_TEST

START_TEST(depth_33_is_too_large_and_closes)
{
    send_deep(DEPTH_MAX - 2);
    json_auto_t *message = wire_message(fixture.wire);
    expect_error_in(message, "too_large");
    wire_await_close(fixture.wire);
}
END_TEST

/* An append of so many events of a mebibyte less a little. */
static json_t *
big_batch(int count)
{
    json_t *events = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(
            events,
            json_format("{'id': 'big%d', 'type': 'note', 'partnership': 'p', "
                        "'parties': ['a'], 'occurred': '2017', 'title': 't', "
                        "'ext': {'a': {'$many': [{'$repeat': ['x', 4000]}, "
                        "260]}}}",
                        i));
    return json_pack("{s:o}", "events", events);
}

START_TEST(sixteen_mebibytes_are_a_message)
{
    json_auto_t *good = big_batch(16);
    json_decref(expect_ok_json(fixture.wire, "append", good));
    expect_in(fixture.wire, "{'tip': 16}", "hello", "{}");
}
END_TEST

START_TEST(more_is_too_large_and_closes)
{
    json_auto_t *bad = big_batch(17);
    wire_queue(fixture.wire, 5, "append", bad);
    wire_flush(fixture.wire);
    json_auto_t *message = wire_message(fixture.wire);
    expect_error_in(message, "too_large");
    wire_await_close(fixture.wire);
    struct wire *wire = wire_open_unix(fixture.socket);
    expect_in(wire, "{'tip': 0}", "hello", "{}");
    wire_close(wire);
}
END_TEST

/* Append one big event after the other, each changed by `patch`. */
static void
append_big(int count, const char *patch)
{
    for (int i = 0; i < count; i++) {
        json_auto_t *arguments = big_batch(1);
        json_t *event = json_array_get(json_object_get(arguments, "events"), 0);
        json_auto_t *changes = json_format(patch, i, i);
        json_object_update(event, changes);
        json_decref(expect_ok_json(fixture.wire, "append", arguments));
    }
}

START_TEST(answer_over_a_message_is_too_large_and_leaves_open)
{
    /* each agreement's terms are shown twice */
    append_big(10, "{'id': 'A%d', 'type': 'agreement', 'ext': {}, 'terms': "
                   "{'t%d': {'$many': [{'$repeat': ['x', 4000]}, 260]}}}");
    expect_refusal(fixture.wire, "too_large", "state",
                   "{'partnership': 'p', 'at': '2018'}");
    expect_in(fixture.wire, "{'tip': 10}", "hello", "{}");
    json_auto_t *five =
        expect_ok(fixture.wire, "state",
                  "{'partnership': 'p', 'at': '2018', 'recorded': 5}");
    ck_assert_uint_eq(json_object_size(json_object_get(five, "terms")), 5);
}
END_TEST

static const char *const paged[] = {"replay", "timeline", "gap"};

START_TEST(pages_of_big_events_are_messages)
{
    append_big(20, "{'id': 'B%d', 'disclosed': '2100', 'people': ['%d']}");
    json_auto_t *arguments =
        json_of("{'partnership': 'p', 'at': '2018', 'known': '2200'}");
    if (strcmp(paged[_i], "gap") == 0)
        json_object_set_new(arguments, "known", json_string("2018"));
    size_t count = 0;
    bool more = true;
    while (more) {
        json_auto_t *page = expect_ok_json(fixture.wire, paged[_i], arguments);
        size_t size;
        wire_message_bytes(fixture.wire, &size);
        ck_assert_uint_le(size, MESSAGE_SIZE_MAX);
        count += json_array_size(json_object_get(page, "events"));
        json_t *cursor = json_object_get(page, "cursor");
        more = !json_is_null(cursor);
        json_object_set(arguments, "cursor", cursor);
    }
    ck_assert_uint_eq(count, 20);
}
END_TEST

/* --- clients that do not read ---------------------------------------------*/

#define LOG_EVENTS 5000
#define EAGERNESS (4L * 1024 * 1024) /* what a deaf client tries to send */
#define PINGS_UNTIL_STUCK 50

static void
fill(void)
{
    json_t *events = json_array();
    for (int i = 0; i < LOG_EVENTS; i++)
        json_array_append_new(
            events,
            json_of("{'type': 'note', 'partnership': 'p', 'parties': ['a'], "
                    "'occurred': '2017', 'title': 't', 'summary': {'$repeat': "
                    "['x', 1000]}}"));
    json_auto_t *arguments = json_pack("{s:o}", "events", events);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
}

/* Touch all that answers are made of, so that what grows later is not it. */
static void
warm_up(void)
{
    for (int at = 1; at <= LOG_EVENTS; at += 1000)
        json_decref(expect_ok(fixture.wire, "replay", "{'from': %d}", at));
}

/* Send copies of a request until the daemon takes no more; how many whole ones
 * it was sent, and how much of the next. */
static size_t
send_until_stuck(struct wire *deaf, const char *request, size_t size,
                 size_t *rest_out)
{
    size_t sent = 0;
    int idle = 0;
    while (idle < PINGS_UNTIL_STUCK && sent < EAGERNESS) {
        size_t at = sent % size;
        size_t more = wire_send_some(deaf, request + at, size - at);
        sent += more;
        if (more > 0) {
            idle = 0;
            continue;
        }
        /* the others are served all the while */
        expect_done(fixture.wire, "ping", "{}");
        idle++;
    }
    ck_assert_msg(idle == PINGS_UNTIL_STUCK,
                  "the daemon reads on, whatever it cannot send");
    *rest_out = size - sent % size;
    return sent / size;
}

static const struct {
    const char *method;
    const char *arguments;
} asked[] = {
    {"replay", "{'limit': 100}"},
    {"timeline", "{'partnership': 'p', 'at': '2018', 'limit': 100}"},
    {"get", "{'seq': 1}"},
};

START_TEST(deaf_client_costs_its_share_and_gets_all_in_the_end)
{
    fill();
    warm_up();
    json_decref(
        expect_ok(fixture.wire, asked[_i].method, "%s", asked[_i].arguments));
    long before = process_peak_kib(fixture.daemon);
    json_auto_t *arguments = json_of(asked[_i].arguments);
    size_t size;
    char *request = wire_request_bytes(1, asked[_i].method, arguments, &size);
    struct wire *deaf = wire_open_unix(fixture.socket);
    size_t rest;
    size_t count = send_until_stuck(deaf, request, size, &rest);
    ck_assert_int_lt(process_peak_kib(fixture.daemon) - before, GROWTH_MAX_KIB);
    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++)
        json_decref(wire_answer(deaf, 1));
    if (rest < size) {
        wire_send(deaf, request + size - rest, rest);
        json_decref(wire_answer(deaf, 1));
    }
    free(request);
    wire_close(deaf);
}
END_TEST

START_TEST(deaf_client_that_goes_takes_nothing_along)
{
    fill();
    json_auto_t *arguments = json_of(asked[0].arguments);
    size_t size;
    char *request = wire_request_bytes(1, "replay", arguments, &size);
    for (int i = 0; i < 5; i++) {
        struct wire *deaf = wire_open_unix(fixture.socket);
        size_t rest;
        send_until_stuck(deaf, request, size, &rest);
        wire_close(deaf);
    }
    free(request);
    expect_in(fixture.wire, "{'tip': 5000}", "hello", "{}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("limits");
    TCase *tests = fixture_case(suite, "limits", SECONDS_MAX);
    tcase_add_loop_test(tests, announcement_costs_nothing, 0, COUNT(bombs));
    tcase_add_test(tests,
                   announcement_within_the_limit_costs_nothing_until_it_comes);
    tcase_add_test(tests, depth_32_is_read);
    tcase_add_test(tests, depth_33_is_too_large_and_closes);
    tcase_add_test(tests, sixteen_mebibytes_are_a_message);
    tcase_add_test(tests, more_is_too_large_and_closes);
    tcase_add_test(tests, answer_over_a_message_is_too_large_and_leaves_open);
    tcase_add_loop_test(tests, pages_of_big_events_are_messages, 0,
                        COUNT(paged));
    tcase_add_loop_test(tests,
                        deaf_client_costs_its_share_and_gets_all_in_the_end, 0,
                        COUNT(asked));
    tcase_add_test(tests, deaf_client_that_goes_takes_nothing_along);
    return fixture_run(suite);
}
