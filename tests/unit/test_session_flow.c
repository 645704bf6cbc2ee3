/* SPDX-License-Identifier: MIT */
#include "daemon/session.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/session_fixture.h"

/* What a session holds back, and how it ends. */

#define E(type, partnership, more) APPEND_EVENT(type, partnership, more)

/* Events of 100 kB, together several times what may wait to be sent. */
#define LARGE_COUNT 60u
#define LARGE_BATCH 20u

/* Over the limit by one chunk, the events that end it, and what is small. */
#define OUTPUT_MOST (SESSION_OUTPUT_MAX + JOB_CHUNK_SIZE + MODEL_EVENT_SIZE_MAX)

static void
fill_large(struct bench *bench)
{
    struct mp_buf text = {0};
    const char *const start = "[0,1,'append',[{'events':[";
    mp_buf_append(&text, start, strlen(start));
    for (uint32_t i = 0; i < LARGE_BATCH; i++) {
        const char *const event = E("note", "p", ",'ext':{'k':\"b100000}") ",";
        mp_buf_append(&text, event, strlen(event));
    }
    mp_buf_append(&text, "]}]]", 5);
    for (uint32_t i = 0; i < LARGE_COUNT; i += LARGE_BATCH)
        bench_fill(bench, (const char *)text.data);
    ck_assert_uint_eq(log_tip(bench->data.log), LARGE_COUNT);
    mp_buf_deinit(&text);
}

/* The response is the last message; returns the events before it. */
static uint64_t
count_streamed(struct bench *bench, struct bench_message *response)
{
    struct mp_reader reader = mp_reader(mp_buf_span(&bench->sent));
    uint64_t count = 0;
    while (bench_next(&reader, response) && response->kind == 2) {
        struct mp_reader params = mp_reader(response->params);
        ck_assert(span_is(response->name, "events"));
        ck_assert_uint_eq(mp_array(&params), 2);
        ck_assert_uint_eq(mp_uint(&params), 7);
        uint32_t events = mp_array(&params);
        ck_assert_uint_gt(events, 0);
        count += events;
    }
    ck_assert_uint_eq(response->kind, 1);
    ck_assert_uint_eq(response->msgid, 7);
    ck_assert(reader.at == reader.end);
    return count;
}

/* --- output ---------------------------------------------------------------*/

START_TEST(stream_waits_for_what_is_not_sent)
{
    struct bench bench;
    struct bench_message response;
    bench_start(&bench);
    fill_large(&bench);
    bench_feed(&bench, "[0,7,'replay',[{'stream':!true}]]");
    int rounds = 0;
    for (; session_is_busy(bench.session); rounds++) {
        bench_work(&bench);
        size_t size = session_output(bench.session)->size;
        ck_assert_uint_le(size, OUTPUT_MOST);
        bench_take(&bench);
        session_set_unsent(bench.session, SESSION_OUTPUT_MAX + 1,
                           SESSION_OUTPUT_MAX + 1);
        ck_assert(!session_can_work(bench.session));
        ck_assert(!session_can_read(bench.session));
        session_set_unsent(bench.session, SESSION_OUTPUT_LOW + 1,
                           SESSION_OUTPUT_LOW + 1);
        ck_assert(!session_can_work(bench.session));
        session_set_unsent(bench.session, 0, 0);
    }
    ck_assert_int_ge(rounds, 5);
    bench_take(&bench);
    ck_assert_uint_eq(count_streamed(&bench, &response), LARGE_COUNT);
    ck_assert_uint_eq(mp_get_uint(response.result, "count"), LARGE_COUNT);
    bench_stop(&bench);
}
END_TEST

#define PIPELINED 40u

/* Pages of a megabyte each: the requests behind them wait unread. */
START_TEST(requests_wait_while_answers_do)
{
    struct bench bench;
    struct bench_message message;
    uint32_t answers = 0;
    bench_start(&bench);
    fill_large(&bench);
    struct mp_buf all = {0}, one = encoded("[0,7,'replay',[{'limit':10}]]");
    for (uint32_t i = 0; i < PIPELINED; i++)
        mp_buf_append(&all, one.data, one.size);
    session_feed(bench.session, mp_buf_span(&all));
    ck_assert_uint_lt(session_message_count(bench.session), PIPELINED);
    while (answers < PIPELINED) {
        bench_work(&bench);
        ck_assert_uint_le(session_output(bench.session)->size,
                          OUTPUT_MOST + (size_t)10 * 100200);
        mp_buf_clear(&bench.sent);
        bench_take(&bench);
        struct mp_reader reader = mp_reader(mp_buf_span(&bench.sent));
        ck_assert_uint_gt(bench.sent.size, 0);
        while (bench_next(&reader, &message)) {
            ck_assert_uint_eq(message.msgid, 7);
            ck_assert(message.error.data == NULL);
            answers++;
        }
    }
    ck_assert_uint_eq(answers, PIPELINED);
    ck_assert(session_can_read(bench.session));
    mp_buf_deinit(&all);
    mp_buf_deinit(&one);
    bench_stop(&bench);
}
END_TEST

START_TEST(nothing_is_read_while_output_waits)
{
    struct bench bench;
    bench_start(&bench);
    session_set_unsent(bench.session, SESSION_OUTPUT_MAX, SESSION_OUTPUT_MAX);
    ck_assert(session_can_read(bench.session));
    session_set_unsent(bench.session, SESSION_OUTPUT_MAX + 1,
                       SESSION_OUTPUT_MAX + 1);
    ck_assert(!session_can_read(bench.session));
    bench_feed(&bench, "[0,1,'ping',[]]");
    ck_assert_uint_eq(session_message_count(bench.session), 0);
    ck_assert(!session_can_work(bench.session));
    session_set_unsent(bench.session, 0, 0);
    ck_assert(session_can_work(bench.session));
    bench_run(&bench);
    ck_assert_uint_eq(bench_only(&bench).msgid, 1);
    bench_stop(&bench);
}
END_TEST

/* --- requests in flight ---------------------------------------------------*/

#define APPEND_COUNT (SESSION_IN_FLIGHT_MAX + 300)

START_TEST(only_so_many_requests_are_in_flight)
{
    struct bench bench;
    struct bench_message message;
    bench_start(&bench);
    struct mp_buf all = {0};
    for (uint32_t i = 0; i < APPEND_COUNT; i++) {
        char notation[200];
        snprintf(notation, sizeof notation,
                 "[0,%u,'append',[{'events':[" E("note", "p", "") "]}]]", i);
        struct mp_buf one = encoded(notation);
        mp_buf_append(&all, one.data, one.size);
        mp_buf_deinit(&one);
    }
    session_feed(bench.session, mp_buf_span(&all));
    ck_assert_uint_eq(session_message_count(bench.session),
                      SESSION_IN_FLIGHT_MAX);
    ck_assert(!session_can_read(bench.session));
    ck_assert(!session_can_work(bench.session));
    bench_run(&bench);
    ck_assert(session_can_read(bench.session));
    struct mp_reader reader = mp_reader(mp_buf_span(&bench.sent));
    for (uint32_t i = 0; i < APPEND_COUNT; i++) {
        ck_assert(bench_next(&reader, &message));
        ck_assert_uint_eq(message.msgid, i);
        ck_assert(message.error.data == NULL);
    }
    ck_assert(!bench_next(&reader, &message));
    ck_assert_uint_eq(log_tip(bench.data.log), APPEND_COUNT);
    mp_buf_deinit(&all);
    bench_stop(&bench);
}
END_TEST

/* --- streams that end early -----------------------------------------------*/

START_TEST(stream_that_is_cancelled_ends)
{
    struct bench bench;
    struct bench_message response;
    struct mp_reader value;
    bench_start(&bench);
    fill_large(&bench);
    bench_feed(&bench, "[0,7,'replay',[{'stream':!true}]]");
    bench_work(&bench);
    bench_take(&bench);
    bench_feed(&bench, "[2,'cancel',[8]]");
    bench_feed(&bench, "[2,'cancel',['7']]");
    bench_feed(&bench, "[2,'cancel',7]");
    ck_assert(session_is_busy(bench.session));
    bench_feed(&bench, "[2,'cancel',[7]]");
    bench_run(&bench);
    uint64_t count = count_streamed(&bench, &response);
    ck_assert_uint_lt(count, LARGE_COUNT);
    ck_assert_uint_eq(mp_get_uint(response.result, "count"), count);
    value = mp_reader(mp_get(response.result, "cancelled"));
    ck_assert(mp_next(&value).truth);
    bench_stop(&bench);
}
END_TEST

START_TEST(stream_on_a_msgid_that_streams_is_refused)
{
    struct bench bench;
    struct bench_message message;
    bench_start(&bench);
    fill_large(&bench);
    bench_feed(&bench, "[0,7,'replay',[{'stream':!true}]]");
    bench_work(&bench);
    bench_take(&bench);
    mp_buf_clear(&bench.sent);
    bench_feed(&bench, "[0,7,'replay',[{'stream':!true}]]");
    bench_take(&bench);
    struct mp_reader reader = mp_reader(mp_buf_span(&bench.sent));
    ck_assert(bench_next(&reader, &message));
    ck_assert(span_is(message.error, "invalid_request"));
    mp_buf_clear(&bench.sent);
    bench_feed(&bench, "[0,8,'ping',[]]");
    bench_run(&bench);
    reader = mp_reader(mp_buf_span(&bench.sent));
    uint32_t responses = 0;
    while (bench_next(&reader, &message))
        responses += message.kind == 1;
    ck_assert_uint_eq(responses, 2);
    bench_stop(&bench);
}
END_TEST

/* --- ends -----------------------------------------------------------------*/

START_TEST(finish_answers_what_is_in_flight)
{
    struct bench bench;
    struct bench_message response;
    bench_start(&bench);
    fill_large(&bench);
    bench_feed(&bench, "[0,7,'replay',[{'stream':!true}]]");
    session_finish(bench.session);
    ck_assert(session_is_closing(bench.session));
    ck_assert(!session_can_read(bench.session));
    bench_run(&bench);
    ck_assert_uint_eq(count_streamed(&bench, &response), LARGE_COUNT);
    bench_stop(&bench);
}
END_TEST

START_TEST(finish_answers_what_was_read_and_not_handled)
{
    struct bench bench;
    bench_start(&bench);
    session_set_unsent(bench.session, SESSION_OUTPUT_MAX + 1,
                       SESSION_OUTPUT_MAX + 1);
    bench_feed(&bench, "[0,1,'ping',[]]");
    session_finish(bench.session);
    ck_assert(!session_is_closing(bench.session));
    session_set_unsent(bench.session, 0, 0);
    bench_run(&bench);
    ck_assert(session_is_closing(bench.session));
    ck_assert_uint_eq(bench_only(&bench).msgid, 1);
    bench_stop(&bench);
}
END_TEST

START_TEST(finish_gives_half_a_message_up)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "<9400>");
    session_finish(bench.session);
    ck_assert(session_is_closing(bench.session));
    bench_run(&bench);
    ck_assert_uint_eq(bench.sent.size, 0);
    bench_stop(&bench);
}
END_TEST

START_TEST(stop_ends_streams_early_and_answers_the_rest)
{
    struct bench bench;
    struct bench_message message;
    bool streamed = false, appended = false;
    bench_start(&bench);
    fill_large(&bench);
    bench_feed(&bench, "[0,7,'replay',[{'stream':!true}]]");
    bench_feed(&bench, "[0,8,'append',[{'events':[" E("note", "p", "") "]}]]");
    session_stop(bench.session);
    bench_feed(&bench, "[0,9,'ping',[]]");
    bench_run(&bench);
    struct mp_reader reader = mp_reader(mp_buf_span(&bench.sent));
    while (bench_next(&reader, &message)) {
        if (message.kind != 1)
            continue;
        ck_assert(message.error.data == NULL);
        streamed |= message.msgid == 7;
        appended |= message.msgid == 8;
        ck_assert_uint_ne(message.msgid, 9);
        if (message.msgid == 7)
            ck_assert_uint_lt(mp_get_uint(message.result, "count"),
                              LARGE_COUNT);
    }
    ck_assert(streamed && appended);
    ck_assert(session_is_closing(bench.session));
    bench_stop(&bench);
}
END_TEST

/* A stream and half a message are in flight, and are forgotten. */
START_TEST(session_is_freed_whatever_it_does)
{
    struct bench bench;
    bench_start(&bench);
    fill_large(&bench);
    bench_feed(&bench, "[0,7,'replay',[{'stream':!true}]]");
    bench_feed(&bench, "[0,8,'replay',[{'stream':!true}]]");
    bench_feed(&bench, "[0,9,'append',[{'events':[" E("note", "p", "") "]}]]");
    bench_work(&bench);
    bench_feed(&bench, "<9400>");
    ck_assert(session_is_busy(bench.session));
    bench_stop(&bench);
    session_free(NULL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("session_flow");
    TCase *tests = tcase_create("session_flow");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, stream_waits_for_what_is_not_sent);
    tcase_add_test(tests, requests_wait_while_answers_do);
    tcase_add_test(tests, nothing_is_read_while_output_waits);
    tcase_add_test(tests, only_so_many_requests_are_in_flight);
    tcase_add_test(tests, stream_that_is_cancelled_ends);
    tcase_add_test(tests, stream_on_a_msgid_that_streams_is_refused);
    tcase_add_test(tests, finish_answers_what_is_in_flight);
    tcase_add_test(tests, finish_answers_what_was_read_and_not_handled);
    tcase_add_test(tests, finish_gives_half_a_message_up);
    tcase_add_test(tests, stop_ends_streams_early_and_answers_the_rest);
    tcase_add_test(tests, session_is_freed_whatever_it_does);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
