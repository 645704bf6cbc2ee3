/* SPDX-License-Identifier: MIT */
/* Subscriptions in a session: what holds them up, and what ends them. */
#include "daemon/subscription.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/unit/session_fixture.h"
#include "tests/unit/stored_fixture.h"

#define E(type, partnership, more) APPEND_EVENT(type, partnership, more)

/* What a server does when the writer has news. */
static void
feed_news(struct bench *bench)
{
    struct service *service = &bench->service;
    while (feed_advance(&service->feed, service->log_reader,
                        log_tip(service->log)))
        continue;
}

/* An event by way of another client. */
static void
append_elsewhere(struct bench *bench, const char *more)
{
    char text[256];
    struct mp_buf event;
    uint64_t seq = log_tip(bench->data.log) + 1;
    snprintf(text, sizeof text,
             "{'seq':%d,'rev':%d,'recorded':1511222400000,'id':'e%d',"
             "'type':'note','partnership':'p','parties':['a'],"
             "'occurred':'2017','title':'t'%s}",
             (int)seq, (int)seq, (int)seq, more);
    event = encoded(text);
    struct span bytes = mp_buf_span(&event);
    ck_assert_int_eq(log_append(bench->data.log, &bytes, 1, NULL, 0), LOG_OK);
    mp_buf_deinit(&event);
    feed_news(bench);
}

/* The messages that were sent, taken: "r" a result, "e" events, "c" caught_up,
 * "p" progress, "x" ended, "d" corrupt, "!" an error. */
static void
assert_sent(struct bench *bench, const char *expected)
{
    struct bench_message message;
    char text[64] = "";
    size_t size = 0;
    bench_run(bench);
    struct mp_reader reader = mp_reader(mp_buf_span(&bench->sent));
    while (bench_next(&reader, &message) && size + 1 < sizeof text) {
        if (message.kind == 1)
            text[size++] = message.error.data != NULL ? '!' : 'r';
        else if (span_is(message.name, "ended"))
            text[size++] = 'x';
        else if (span_is(message.name, "corrupt"))
            text[size++] = 'd';
        else if (message.name.data != NULL)
            text[size++] = (char)message.name.data[0];
    }
    text[size] = '\0';
    ck_assert_str_eq(text, expected);
    mp_buf_clear(&bench->sent);
}

static void
assert_error(struct bench *bench, const char *code)
{
    bench_run(bench);
    struct bench_message message = bench_only(bench);
    ck_assert_msg(span_is(message.error, code), "%.*s instead of %s",
                  (int)message.error.size, (const char *)message.error.data,
                  code);
    mp_buf_clear(&bench->sent);
}

/* --- roles ----------------------------------------------------------------*/

START_TEST(reader_subscribes_without_a_consumer)
{
    struct bench bench;
    bench_start(&bench);
    session_set_role(bench.session, SERVICE_READ, _i == 1);
    bench_feed(&bench, "[0,7,'subscribe',[]]");
    assert_sent(&bench, "rc");
    bench_feed(&bench, "[0,8,'subscribe',[{'consumer':'m'}]]");
    assert_error(&bench, _i == 1 ? "unauthenticated" : "forbidden");
    ck_assert_uint_eq(bench.service.consumers.count, 0);
    bench_stop(&bench);
}
END_TEST

/* What lasts does not outlast the role that it needs. */
START_TEST(subscription_ends_with_its_role)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[]]");
    bench_feed(&bench, "[0,8,'subscribe',[{'consumer':'m'}]]");
    assert_sent(&bench, "rcrc");
    session_set_role(bench.session, SERVICE_APPEND, false);
    assert_sent(&bench, "");
    session_set_role(bench.session, SERVICE_READ, false);
    assert_sent(&bench, "x");
    ck_assert_uint_eq(bench.service.feed.count, 1);
    ck_assert(!bench.service.consumers.sorted[0]->connected);
    session_set_role(bench.session, SERVICE_NOBODY, false);
    assert_sent(&bench, "x");
    ck_assert_uint_eq(bench.service.feed.count, 0);
    bench_stop(&bench);
}
END_TEST

/* --- the name on its way --------------------------------------------------*/

START_TEST(msgid_is_taken_while_the_name_is_stored)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'n'}]]");
    bench_feed(&bench, "[0,7,'subscribe',[]]");
    bench_feed(&bench, "[0,7,'replay',[{'stream':!true}]]");
    assert_sent(&bench, "!!!rc");
    ck_assert_uint_eq(bench.service.consumers.count, 1);
    bench_stop(&bench);
}
END_TEST

/* The request is answered all the same, and the name is known. */
START_TEST(cancel_waits_for_the_result)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    bench_feed(&bench, "[2,'cancel',[7]]");
    assert_sent(&bench, "r");
    ck_assert_uint_eq(bench.service.feed.count, 0);
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    assert_sent(&bench, "rc");
    bench_stop(&bench);
}
END_TEST

START_TEST(end_waits_for_the_result)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "[0,6,'subscribe',[]]");
    assert_sent(&bench, "rc");
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    if (_i == 0)
        session_finish(bench.session);
    else
        session_stop(bench.session);
    ck_assert(session_is_closing(bench.session));
    ck_assert(session_is_busy(bench.session));
    assert_sent(&bench, "r");
    ck_assert(!session_is_busy(bench.session));
    ck_assert_uint_eq(bench.service.feed.count, 0);
    ck_assert_uint_eq(bench.service.consumers.count, 1);
    bench_stop(&bench);
}
END_TEST

/* The name is stored though nobody hears of it. */
START_TEST(connection_may_die_while_the_name_is_stored)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    bench_feed(&bench, "[0,8,'subscribe',[]]");
    bench_take(&bench);
    mp_buf_clear(&bench.sent);
    session_free(bench.session);
    ck_assert_uint_eq(bench.service.feed.count, 0);
    bench_session(&bench, SERVICE_APPEND);
    while (bench_outcomes(&bench) == 0)
        data_wait(writer_fd(bench.service.writer));
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    assert_sent(&bench, "rc");
    bench_stop(&bench);
}
END_TEST

/* Meanwhile nobody else gets it, nor is it there for other questions. */
START_TEST(name_on_its_way_is_not_there_yet)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    bench_feed(&bench, "[0,1,'ack',[{'consumer':'m','position':0}]]");
    bench_feed(&bench, "[0,2,'forget',[{'consumer':'m'}]]");
    bench_feed(&bench, "[0,3,'consumers',[]]");
    bench_feed(&bench, "[0,4,'subscribe',[{'consumer':'m'}]]");
    bench_work(&bench); /* before the writer's news */
    assert_sent(&bench, "!!r!rc");
    bench_stop(&bench);
}
END_TEST

START_TEST(name_is_not_taken_while_it_is_forgotten)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    assert_sent(&bench, "rc");
    bench_feed(&bench, "[2,'cancel',[7]]");
    bench_feed(&bench, "[0,1,'forget',[{'consumer':'m'}]]");
    bench_feed(&bench, "[0,2,'forget',[{'consumer':'m'}]]");
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    bench_work(&bench); /* before the writer's news */
    assert_sent(&bench, "!!r");
    ck_assert_uint_eq(bench.service.consumers.count, 0);
    bench_stop(&bench);
}
END_TEST

/* --- no room --------------------------------------------------------------*/

static void
limit_files(const struct bench *bench, bool limited)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY,
                           .rlim_max = RLIM_INFINITY};
    if (limited)
        limit.rlim_cur = log_size(bench->data.log) + ((rlim_t)256 << 10);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(change_without_room_is_refused_and_later_ones_are_stored)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'m'}]]");
    assert_sent(&bench, "rc");
    append_elsewhere(&bench, "");
    assert_sent(&bench, "e");
    limit_files(&bench, true);
    bench_feed(&bench, "[0,8,'subscribe',[{'consumer':'n'}]]");
    assert_error(&bench, "storage_full");
    bench_feed(&bench, "[0,1,'ack',[{'consumer':'m','position':1}]]");
    assert_error(&bench, "storage_full");
    ck_assert_uint_eq(bench.service.consumers.count, 1);
    ck_assert_uint_eq(bench.service.consumers.sorted[0]->position, 0);
    ck_assert_uint_eq(bench.service.consumers.sorted[0]->asked, 0);
    ck_assert_uint_eq(bench.service.feed.count, 1);
    bench_feed(&bench, "[2,'cancel',[7]]");
    bench_feed(&bench, "[0,1,'forget',[{'consumer':'m'}]]");
    assert_error(&bench, "storage_full");
    limit_files(&bench, false);
    bench_feed(&bench, "[0,8,'subscribe',[{'consumer':'n'}]]");
    bench_feed(&bench, "[0,1,'ack',[{'consumer':'m','position':1}]]");
    bench_feed(&bench, "[0,2,'forget',[{'consumer':'m'}]]");
    bench_run(&bench);
    ck_assert_uint_eq(bench.service.consumers.count, 1);
    ck_assert_uint_eq(bench.service.errors, 0);
    bench_stop(&bench);
}
END_TEST

START_TEST(more_consumers_than_may_be_are_refused)
{
    struct bench bench;
    char name[32];
    bench_start(&bench);
    for (size_t i = 0; i < CONSUMERS_MAX; i++) {
        snprintf(name, sizeof name, "c%zu", i);
        struct consumer *consumer =
            consumers_add(&bench.service.consumers, span_of(name), 0);
        ck_assert_ptr_nonnull(consumer);
        consumer->stored = true;
    }
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'new'}]]");
    assert_error(&bench, "overloaded");
    bench_feed(&bench, "[0,7,'subscribe',[{'consumer':'c9999'}]]");
    assert_sent(&bench, "rc");
    bench_stop(&bench);
}
END_TEST

/* --- a client that does not read ------------------------------------------*/

#define LARGE ",'ext':{'k':\"b20000}"
#define EVENTS 400

static uint64_t
count_events(struct bench *bench)
{
    struct bench_message message;
    struct mp_reader reader = mp_reader(mp_buf_span(&bench->sent));
    uint64_t count = 0;
    while (bench_next(&reader, &message)) {
        if (message.kind == 1 || !span_is(message.name, "events"))
            continue;
        struct mp_reader params = mp_reader(message.params);
        mp_array(&params);
        mp_uint(&params);
        for (uint32_t events = mp_array(&params); events > 0; events--)
            ck_assert_uint_eq(mp_get_uint(mp_value(&params), "seq"), ++count);
    }
    return count;
}

/* What it does not take is one chunk, however much there is; requests are
 * answered meanwhile. */
START_TEST(client_that_does_not_read_is_a_position)
{
    struct bench bench;
    bench_start(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[]]");
    assert_sent(&bench, "rc");
    for (int i = 0; i < EVENTS; i++) {
        append_elsewhere(&bench, LARGE);
        bench_work(&bench);
        ck_assert_uint_lt(session_held(bench.session),
                          2 * (JOB_CHUNK_SIZE + 20000));
    }
    ck_assert(session_can_read(bench.session));
    ck_assert(!session_can_work(bench.session));
    bench_feed(&bench, "[0,1,'ping',[]]");
    bench_run(&bench);
    ck_assert_uint_eq(count_events(&bench), EVENTS);
    bench_stop(&bench);
}
END_TEST

/* --- damage ---------------------------------------------------------------*/

/* It is told of instead of the event, and those behind it follow; live ones
 * too. */
START_TEST(damaged_event_is_told_of)
{
    struct bench bench;
    bench_start(&bench);
    bench_fill(&bench, "[0,1,'append',[{'events':[" E("note", "p", "") "," E(
                           "note", "p", "") "," E("note", "q", "") "]}]]");
    bench_stop(&bench);
    stored_damage(bench.data.path, 2, 20, 1);
    bench_open(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[{'after':0}]]");
    assert_sent(&bench, "redec");
    bench_feed(&bench, "[0,8,'subscribe',[{'after':0,'partnership':'q'}]]");
    assert_sent(&bench, "rdec");
    bench_feed(&bench, "[0,9,'subscribe',[{'after':2}]]");
    assert_sent(&bench, "rec");
    append_elsewhere(&bench, "");
    assert_sent(&bench, "ee");
    bench_stop(&bench);
}
END_TEST

/* A consumer may acknowledge it, so as not to meet it for ever. */
START_TEST(damaged_event_may_be_acknowledged)
{
    struct bench bench;
    bench_start(&bench);
    bench_fill(&bench, "[0,1,'append',[{'events':[" E("note", "p", "") "]}]]");
    bench_stop(&bench);
    stored_damage(bench.data.path, 1, 20, 1);
    bench_open(&bench);
    bench_feed(&bench, "[0,7,'subscribe',[{'after':0,'consumer':'m'}]]");
    assert_sent(&bench, "rdc");
    bench_feed(&bench, "[0,1,'ack',[{'consumer':'m','position':1}]]");
    assert_sent(&bench, "r");
    ck_assert_uint_eq(bench.service.consumers.sorted[0]->position, 1);
    bench_stop(&bench);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("subscription");
    TCase *tests = tcase_create("subscription");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, reader_subscribes_without_a_consumer, 0, 2);
    tcase_add_test(tests, subscription_ends_with_its_role);
    tcase_add_test(tests, msgid_is_taken_while_the_name_is_stored);
    tcase_add_test(tests, cancel_waits_for_the_result);
    tcase_add_loop_test(tests, end_waits_for_the_result, 0, 2);
    tcase_add_test(tests, connection_may_die_while_the_name_is_stored);
    tcase_add_test(tests, name_on_its_way_is_not_there_yet);
    tcase_add_test(tests, name_is_not_taken_while_it_is_forgotten);
    tcase_add_test(tests,
                   change_without_room_is_refused_and_later_ones_are_stored);
    tcase_add_test(tests, more_consumers_than_may_be_are_refused);
    tcase_add_test(tests, client_that_does_not_read_is_a_position);
    tcase_add_test(tests, damaged_event_is_told_of);
    tcase_add_test(tests, damaged_event_may_be_acknowledged);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
