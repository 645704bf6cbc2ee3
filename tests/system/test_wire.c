/* SPDX-License-Identifier: MIT */
/* PROTOCOL.md, the wire: what is a message, what is refused, what closes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 120
#define PING_COUNT 50
#define PIPELINE_COUNT 5000

/* [1, msgid, nil, "pong"] */
static void
expect_pong(struct wire *wire, uint32_t msgid)
{
    json_auto_t *message = wire_answer(wire, msgid);
    json_auto_t *pong = json_format("[1, %u, null, 'pong']", msgid);
    expect_same_json(message, pong, "");
}

static void
expect_serving(void)
{
    struct wire *wire = wire_open_unix(fixture.socket);
    expect_in(wire, "'pong'", "ping", "{}");
    wire_close(wire);
}

/* --- pieces ---------------------------------------------------------------*/

/* Pings as one run of bytes, sent in pieces of that size. */
static void
ping_in_pieces(struct wire *wire, size_t piece)
{
    json_auto_t *none = json_object();
    char *bytes = NULL;
    size_t size = 0;
    FILE *run = open_memstream(&bytes, &size);
    for (uint32_t i = 0; i < PING_COUNT; i++) {
        size_t one_size;
        void *one = wire_request_bytes(i, "ping", none, &one_size);
        fwrite(one, 1, one_size, run);
        free(one);
    }
    ck_assert_int_eq(fclose(run), 0);
    for (size_t at = 0; at < size; at += piece)
        wire_send(wire, bytes + at, size - at < piece ? size - at : piece);
    free(bytes);
    for (uint32_t i = 0; i < PING_COUNT; i++)
        expect_pong(wire, i);
}

static const size_t pieces[] = {1, 2, 3, 5, 7, 11, 13, 64, 100000};

START_TEST(requests_may_come_in_any_pieces)
{
    ping_in_pieces(fixture.wire, pieces[_i]);
    struct wire *tcp = wire_open_tcp(process_port(fixture.daemon));
    ping_in_pieces(tcp, pieces[_i]);
    wire_close(tcp);
}
END_TEST

START_TEST(an_append_may_come_byte_by_byte)
{
    json_auto_t *arguments = json_pack(
        "{s:o}", "events",
        fixture_events_of("A agreement 2017 'terms': {'a': [1, {'b': 2}]}\n"));
    size_t size;
    char *bytes = wire_request_bytes(9, "append", arguments, &size);
    for (size_t i = 0; i < size; i++)
        wire_send(fixture.wire, bytes + i, 1);
    free(bytes);
    json_auto_t *message = wire_answer(fixture.wire, 9);
    expect_includes(json_array_get(message, 3), "{'first': 1, 'last': 1}");
}
END_TEST

START_TEST(thousands_of_requests_may_wait)
{
    fixture_log("A note 2017\n");
    json_auto_t *arguments = json_of("{'partnership': 'p', 'at': '2018'}");
    for (uint32_t i = 0; i < PIPELINE_COUNT; i++)
        wire_queue(fixture.wire, i, "state", arguments);
    wire_flush(fixture.wire);
    char *answered = calloc(PIPELINE_COUNT, 1);
    for (uint32_t i = 0; i < PIPELINE_COUNT; i++) {
        json_auto_t *message = wire_message(fixture.wire);
        json_int_t msgid = json_integer_value(json_array_get(message, 1));
        ck_assert_int_lt(msgid, PIPELINE_COUNT);
        ck_assert_int_eq(answered[msgid]++, 0);
        expect_includes(json_array_get(message, 3), "{'events': 1}");
    }
    free(answered);
}
END_TEST

START_TEST(half_a_message_and_a_close_harm_nobody)
{
    json_auto_t *arguments =
        json_pack("{s:o}", "events", fixture_events_of("A note 2017\n"));
    size_t size;
    char *bytes = wire_request_bytes(1, "append", arguments, &size);
    for (size_t i = 0; i < size; i++) {
        struct wire *wire = wire_open_unix(fixture.socket);
        wire_send(wire, bytes, i);
        wire_close(wire);
    }
    free(bytes);
    expect_in(fixture.wire, "{'tip': 0}", "hello", "{}");
}
END_TEST

/* --- what is no message ---------------------------------------------------*/

static const struct {
    const char *value;
    json_int_t msgid; /* of the answer */
} not_rpc[] = {
    {"{'$hex': 'c1'}", 0},
    {"5", 0},
    {"'ping'", 0},
    {"{'$hex': '474554202f20485454502f312e310d0a0d0a'}", 0},
    {"{'$hex': '160301020001000100'}", 0},
    {"{}", 0},
    {"[]", 0},
    {"[0]", 0},
    {"[3, 1, 'ping', []]", 0},
    {"['0', 1, 'ping', []]", 0},
    {"[0, -1, 'ping', []]", 0},
    {"[0, '1', 'ping', []]", 0},
    {"[0, 1.0, 'ping', []]", 0},
    {"[0, null, 'ping', []]", 0},
    {"[0, 4294967296, 'ping', []]", 0},
    {"[0, 7, 'ping']", 7},
    {"[0, 7, 'ping', [], 5]", 7},
    {"[0, 7, 8, []]", 7},
    {"[0, 7, {'$hex': 'c40470696e67'}, []]", 7},
    {"[2, 7, []]", 0},
    {"[2, 'ping']", 0},
};

START_TEST(what_is_no_message_is_answered_then_closed)
{
    json_auto_t *value = json_of(not_rpc[_i].value);
    wire_send_value(fixture.wire, value);
    json_auto_t *message =
        wire_answer(fixture.wire, (uint32_t)not_rpc[_i].msgid);
    expect_error_in(message, "parse_error");
    wire_await_close(fixture.wire);
    expect_serving();
}
END_TEST

START_TEST(requests_before_garbage_are_answered)
{
    json_auto_t *none = json_object();
    wire_queue(fixture.wire, 1, "ping", none);
    wire_flush(fixture.wire);
    expect_pong(fixture.wire, 1);
    wire_send(fixture.wire, "\xc1", 1);
    json_auto_t *message = wire_answer(fixture.wire, 0);
    expect_error_in(message, "parse_error");
    wire_await_close(fixture.wire);
}
END_TEST

/* --- requests -------------------------------------------------------------*/

static const char *const wrong_params[] = {
    "{}",
    "null",
    "5",
    "'x'",
    "[5]",
    "['x']",
    "[null]",
    "[[]]",
    "[{}, {}]",
    "[{'zzz': 1}]",
    "[{'$pairs': [[1, 2]]}]",
};

START_TEST(wrong_params_are_refused_and_the_connection_lives)
{
    json_auto_t *request = json_format("[0, 3, 'ping', %s]", wrong_params[_i]);
    wire_send_value(fixture.wire, request);
    json_auto_t *message = wire_answer(fixture.wire, 3);
    expect_error_in(message, "invalid_request");
    expect_in(fixture.wire, "'pong'", "ping", "{}");
}
END_TEST

START_TEST(no_params_are_no_arguments)
{
    json_auto_t *request = json_of("[0, 3, 'ping', []]");
    wire_send_value(fixture.wire, request);
    expect_pong(fixture.wire, 3);
}
END_TEST

START_TEST(msgid_is_any_of_32_bits)
{
    static const struct {
        const char *msgid;
        uint32_t value;
    } ids[] = {
        {"0", 0},
        {"4294967295", UINT32_MAX},
        {"{'$hex': 'cc05'}", 5},
        {"{'$hex': 'cf00000000ffffffff'}", UINT32_MAX},
        {"0", 0},
    };
    for (size_t i = 0; i < COUNT(ids); i++) {
        json_auto_t *request = json_format("[0, %s, 'ping', []]", ids[i].msgid);
        wire_send_value(fixture.wire, request);
        expect_pong(fixture.wire, ids[i].value);
    }
}
END_TEST

static const char *const no_methods[] = {
    "", "pin", "PING", "ping ", "append\\u0000", "state;", "__proto__",
};

START_TEST(unknown_method_is_refused)
{
    json_auto_t *name = json_format("'%s'", no_methods[_i]);
    json_auto_t *request = json_pack("[i, i, O, [{}]]", 0, 4, name);
    wire_send_value(fixture.wire, request);
    json_auto_t *message = wire_answer(fixture.wire, 4);
    expect_error_in(message, "unknown_method");
    expect_in(fixture.wire, "'pong'", "ping", "{}");
}
END_TEST

START_TEST(unknown_argument_is_refused_with_the_closest)
{
    fixture_log("A note 2017\n");
    json_auto_t *error = expect_error(fixture.wire, "invalid_request", "state",
                                      "{'partnership': 'p', 'knwon': '2018'}");
    const char *message = json_string_value(json_object_get(error, "message"));
    ck_assert_ptr_nonnull(strstr(message, "known"));
}
END_TEST

START_TEST(bin_is_no_string)
{
    fixture_log("A note 2017\n");
    expect_refusal(fixture.wire, "invalid_request", "state",
                   "{'partnership': {'$hex': 'c40170'}}");
}
END_TEST

static const char *const notifications[] = {
    "[2, 'ping', [{}]]",   "[2, 'nothing', []]",   "[2, 'cancel', [77]]",
    "[2, 'cancel', []]",   "[2, 'cancel', ['x']]", "[2, 'cancel', [{}]]",
    "[2, 'cancel', [-1]]", "[2, 'append', [{}]]",  "[2, 'events', [1, []]]",
};

START_TEST(notifications_are_ignored)
{
    json_auto_t *value = json_of(notifications[_i]);
    wire_send_value(fixture.wire, value);
    /* the next message is the answer to the next request, so none came */
    expect_in(fixture.wire, "'pong'", "ping", "{}");
    json_auto_t *none = json_object();
    wire_queue(fixture.wire, 77, "ping", none);
    wire_send_value(fixture.wire, value);
    wire_flush(fixture.wire);
    expect_pong(fixture.wire, 77);
}
END_TEST

START_TEST(hello_tells_the_limits)
{
    json_auto_t *hello = expect_ok(fixture.wire, "hello", "{'client': 'test'}");
    expect_includes(hello, "{'server': 'entented', 'protocol': 1, 'tip': 0, "
                           "'role': 'admin', 'limits': {'event': 1048576, "
                           "'batch': 10000, 'depth': 16}}");
    ck_assert(json_is_integer(
        json_object_get(json_object_get(hello, "limits"), "batch_bytes")));
    ck_assert_uint_gt(json_string_length(json_object_get(hello, "log_id")), 0);
    ck_assert_uint_gt(json_string_length(json_object_get(hello, "version")), 0);
}
END_TEST

START_TEST(log_id_stays)
{
    json_auto_t *before = expect_ok(fixture.wire, "hello", "{}");
    fixture_stop();
    fixture_start();
    json_auto_t *after = expect_ok(fixture.wire, "hello", "{}");
    ck_assert(json_equal(json_object_get(before, "log_id"),
                         json_object_get(after, "log_id")));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("wire");
    TCase *tests = fixture_case(suite, "wire", SECONDS_MAX);
    tcase_add_loop_test(tests, requests_may_come_in_any_pieces, 0,
                        COUNT(pieces));
    tcase_add_test(tests, an_append_may_come_byte_by_byte);
    tcase_add_test(tests, thousands_of_requests_may_wait);
    tcase_add_test(tests, half_a_message_and_a_close_harm_nobody);
    tcase_add_loop_test(tests, what_is_no_message_is_answered_then_closed, 0,
                        COUNT(not_rpc));
    tcase_add_test(tests, requests_before_garbage_are_answered);
    tcase_add_loop_test(tests,
                        wrong_params_are_refused_and_the_connection_lives, 0,
                        COUNT(wrong_params));
    tcase_add_test(tests, no_params_are_no_arguments);
    tcase_add_test(tests, msgid_is_any_of_32_bits);
    tcase_add_loop_test(tests, unknown_method_is_refused, 0, COUNT(no_methods));
    tcase_add_test(tests, unknown_argument_is_refused_with_the_closest);
    tcase_add_test(tests, bin_is_no_string);
    tcase_add_loop_test(tests, notifications_are_ignored, 0,
                        COUNT(notifications));
    tcase_add_test(tests, hello_tells_the_limits);
    tcase_add_test(tests, log_id_stays);
    return fixture_run(suite);
}
