/* SPDX-License-Identifier: MIT */
#include "daemon/writer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/append_fixture.h"

#define E(type, partnership, more) APPEND_EVENT(type, partnership, more)

struct bench {
    struct data data;
    struct writer *writer;
    struct append_request *outcomes, **end; /* all that came back, in order */
    uint32_t count;
};

static void
start(struct bench *bench)
{
    bench->writer = writer_new(bench->data.log, bench->data.views);
    ck_assert_ptr_nonnull(bench->writer);
    bench->end = &bench->outcomes;
}

static void
setup(struct bench *bench)
{
    *bench = (struct bench){0};
    data_directory(bench->data.path);
    data_open(&bench->data);
    start(bench);
}

static void
collect(struct bench *bench)
{
    *bench->end = writer_outcomes(bench->writer);
    for (; *bench->end != NULL; bench->end = &(*bench->end)->next)
        bench->count++;
}

static void
wait_for(struct bench *bench, uint32_t count)
{
    collect(bench);
    while (bench->count < count) {
        data_wait(writer_fd(bench->writer));
        collect(bench);
    }
}

static void
wait_for_views(struct bench *bench, uint64_t position)
{
    while (views_position(bench->data.views) < position) {
        data_wait(writer_fd(bench->writer));
        collect(bench);
    }
}

static void
forget_outcomes(struct bench *bench)
{
    while (bench->outcomes != NULL) {
        struct append_request *next = bench->outcomes->next;
        append_request_free(bench->outcomes);
        bench->outcomes = next;
    }
    bench->end = &bench->outcomes;
    bench->count = 0;
}

static void
stop(struct bench *bench)
{
    writer_stop(bench->writer);
    collect(bench);
    writer_free(bench->writer);
}

static void
teardown(struct bench *bench)
{
    stop(bench);
    forget_outcomes(bench);
    data_close(&bench->data);
}

static void
submit(struct bench *bench, uint32_t msgid, const char *params)
{
    struct append_request *request = append_of(params);
    request->msgid = msgid;
    writer_submit(bench->writer, request, false);
}

/* --- outcomes -------------------------------------------------------------*/

START_TEST(writer_is_ready_on_an_empty_log)
{
    struct bench bench;
    setup(&bench);
    while (writer_state(bench.writer) == WRITER_STARTING) {
        data_wait(writer_fd(bench.writer));
        collect(&bench);
    }
    ck_assert_int_eq(writer_state(bench.writer), WRITER_READY);
    ck_assert(!writer_is_full(bench.writer));
    ck_assert_int_eq(writer_stats(bench.writer).last_commit_ms, 0);
    teardown(&bench);
}
END_TEST

START_TEST(event_is_durable_when_its_outcome_comes)
{
    struct bench bench;
    struct span bytes;
    setup(&bench);
    submit(&bench, 7, "[{'events':[" E("note", "p", ",'id':'x'") "]}]");
    wait_for(&bench, 1);
    const struct append_request *request = bench.outcomes;
    ck_assert(!request->refused);
    ck_assert_uint_eq(request->msgid, 7);
    ck_assert_uint_eq(request->events[0].seq, 1);
    ck_assert_uint_eq(request->events[0].rev, 1);
    ck_assert_uint_eq(log_tip(bench.data.log), 1);
    ck_assert_int_eq(log_read_begin(bench.data.log_reader), LOG_OK);
    ck_assert_int_eq(log_read(bench.data.log_reader, 1, &bytes), LOG_OK);
    ck_assert(span_is(mp_get_str(bytes, "id"), "x"));
    log_read_end(bench.data.log_reader);
    teardown(&bench);
}
END_TEST

/* What is kept is written by who asks for that, and nobody is woken. */
START_TEST(what_is_kept_is_committed_by_the_caller)
{
    struct bench bench;
    setup(&bench);
    submit(&bench, 1, "[{'events':[" E("note", "p", ",'id':'x'") "]}]");
    wait_for(&bench, 1);
    struct append_request *request =
        append_of("[{'events':[" E("note", "p", ",'id':'y'") "]}]");
    writer_submit(bench.writer, request, true);
    ck_assert_ptr_eq(writer_kept(bench.writer), request);
    ck_assert_ptr_null(writer_kept(bench.writer));
    ck_assert_uint_eq(log_tip(bench.data.log), 1);
    writer_commit(bench.writer, request);
    ck_assert_uint_eq(log_tip(bench.data.log), 2);
    collect(&bench);
    ck_assert_uint_eq(bench.count, 2);
    ck_assert_uint_eq(request->events[0].seq, 2);
    ck_assert_uint_eq(writer_stats(bench.writer).queue_size, 0);
    teardown(&bench);
}
END_TEST

/* Not what has another before it, or is large; and order is kept. */
START_TEST(what_is_not_alone_is_not_kept)
{
    struct bench bench;
    setup(&bench);
    for (uint32_t i = 1; i <= 2; i++) {
        struct append_request *request =
            append_of("[{'events':[" E("note", "p", "") "]}]");
        request->msgid = i;
        writer_submit(bench.writer, request, true);
    }
    ck_assert_ptr_null(writer_kept(bench.writer));
    wait_for(&bench, 2);
    ck_assert_uint_eq(bench.outcomes->msgid, 1);
    ck_assert_uint_eq(bench.outcomes->next->msgid, 2);
    char events[2 * WRITER_KEPT_SIZE_MAX];
    size_t size = (size_t)snprintf(events, sizeof events, "[{'events':[");
    while (size < sizeof events - 200)
        size += (size_t)snprintf(events + size, sizeof events - size, "%s%s",
                                 events[size - 1] == '[' ? "" : ",",
                                 E("note", "p", ""));
    snprintf(events + size, sizeof events - size, "]}]");
    struct append_request *large = append_of(events);
    ck_assert_uint_gt(large->message_size, WRITER_KEPT_SIZE_MAX);
    writer_submit(bench.writer, large, true);
    ck_assert_ptr_null(writer_kept(bench.writer));
    wait_for(&bench, 3);
    teardown(&bench);
}
END_TEST

#define MANY 3000u

/* Accepted, refused by the writer, refused by the reactor, there already. */
static void
submit_mixed(struct bench *bench, uint32_t msgid)
{
    static const char *const forms[] = {
        "[{'events':[" E("note", "p", ",'id':'x%u'") "]}]",
        "[{'events':[" E("note", "p", ",'id':'x%u','re':'zz'") "]}]",
        "[{'events':[" E("note", "P", ",'id':'x%u'") "]}]",
        "[{'events':[" E("note", "p", ",'id':'x0'") "],'expect':{'p':%u}}]",
    };
    char params[300];
    uint32_t form = msgid % 4;
    const char *at = strchr(forms[form], '%');
    snprintf(params, sizeof params, "%.*s%u%s", (int)(at - forms[form]),
             forms[form], msgid, at + 2);
    submit(bench, msgid, params);
}

START_TEST(outcomes_come_in_the_order_of_submission)
{
    static const enum model_error codes[] = {
        MODEL_ERROR_COUNT, MODEL_UNKNOWN_REFERENCE, MODEL_INVALID_EVENT,
        MODEL_ERROR_COUNT};
    struct bench bench;
    setup(&bench);
    for (uint32_t i = 0; i < MANY; i++)
        submit_mixed(&bench, i);
    wait_for(&bench, MANY);
    uint32_t msgid = 0;
    uint64_t seq = 0;
    for (struct append_request *at = bench.outcomes; at != NULL;
         at = at->next, msgid++) {
        ck_assert_uint_eq(at->msgid, msgid);
        ck_assert_int_eq(append_code(at), codes[msgid % 4]);
        if (msgid % 4 == 0)
            ck_assert_uint_eq(at->events[0].seq, ++seq);
        if (msgid % 4 == 3)
            ck_assert(at->events[0].duplicate && at->events[0].seq == 1);
    }
    ck_assert_uint_eq(log_tip(bench.data.log), seq);
    struct writer_stats stats = writer_stats(bench.writer);
    ck_assert_uint_eq(stats.appended, MANY / 4);
    ck_assert_uint_eq(stats.duplicates, MANY / 4);
    ck_assert_uint_eq(stats.refused, MANY / 2);
    ck_assert_uint_eq(stats.queue_size, 0);
    ck_assert_uint_ge(stats.groups, 1);
    ck_assert_uint_le(stats.groups, MANY / 4);
    ck_assert_int_gt(stats.last_commit_ms, 0);
    teardown(&bench);
}
END_TEST

START_TEST(recorded_never_decreases)
{
    struct bench bench;
    struct span bytes;
    int64_t before = 0;
    setup(&bench);
    for (uint32_t i = 0; i < 50; i++) {
        submit(&bench, i,
               "[{'events':[" E("note", "p", "") "," E("note", "p", "") "]}]");
        if (i % 10 == 0)
            wait_for(&bench, i);
    }
    wait_for(&bench, 50);
    ck_assert_int_eq(log_read_begin(bench.data.log_reader), LOG_OK);
    for (uint64_t seq = 1; seq <= 100; seq++) {
        ck_assert_int_eq(log_read(bench.data.log_reader, seq, &bytes), LOG_OK);
        int64_t recorded = (int64_t)mp_get_uint(bytes, "recorded");
        ck_assert_int_ge(recorded, before);
        before = recorded;
    }
    log_read_end(bench.data.log_reader);
    teardown(&bench);
}
END_TEST

/* The clock was ahead when the last event was stored. */
START_TEST(recorded_is_not_below_that_of_an_older_start)
{
    const int64_t future_ms = INT64_C(4102444800000); /* 2100 */
    struct bench bench = {0};
    struct span bytes;
    data_directory(bench.data.path);
    data_open(&bench.data);
    struct mp_buf event =
        encoded("{'seq':1,'rev':1,'recorded':4102444800000,'id':'x'," BASE "}");
    struct span stored = mp_buf_span(&event);
    ck_assert_int_eq(log_append(bench.data.log, &stored, 1, NULL, 0), LOG_OK);
    mp_buf_deinit(&event);
    data_apply(&bench.data, 1);
    start(&bench);
    submit(&bench, 1, "[{'events':[" E("note", "p", "") "]}]");
    wait_for(&bench, 1);
    ck_assert_int_eq(log_read_begin(bench.data.log_reader), LOG_OK);
    ck_assert_int_eq(log_read(bench.data.log_reader, 2, &bytes), LOG_OK);
    ck_assert_int_eq((int64_t)mp_get_uint(bytes, "recorded"), future_ms);
    ck_assert_uint_eq(mp_get_uint(bytes, "rev"), 2);
    log_read_end(bench.data.log_reader);
    teardown(&bench);
}
END_TEST

/* --- views ----------------------------------------------------------------*/

START_TEST(views_reach_what_is_wanted)
{
    struct bench bench;
    setup(&bench);
    for (uint32_t i = 1; i <= 200; i++) {
        submit(&bench, i, "[{'events':[" E("note", "p", "") "]}]");
        if (i % 50 != 0)
            continue;
        wait_for(&bench, i);
        writer_want_views(bench.writer, i);
        wait_for_views(&bench, i);
    }
    ck_assert_uint_eq(views_position(bench.data.views), 200);
    teardown(&bench);
}
END_TEST

START_TEST(views_of_an_older_log_are_caught_up_at_the_start)
{
    struct bench bench;
    setup(&bench);
    for (uint32_t i = 1; i <= 100; i++)
        submit(&bench, i, "[{'events':[" E("note", "p", "") "]}]");
    stop(&bench);
    forget_outcomes(&bench);
    data_close(&bench.data);
    char path[DATA_PATH_SIZE];
    data_join(path, bench.data.path, "views.mdb");
    ck_assert_int_eq(unlink(path), 0);
    data_open(&bench.data);
    ck_assert_uint_eq(views_position(bench.data.views), 0);
    start(&bench);
    while (writer_state(bench.writer) == WRITER_STARTING) {
        data_wait(writer_fd(bench.writer));
        collect(&bench);
    }
    ck_assert_uint_eq(views_position(bench.data.views), 100);
    submit(&bench, 1,
           "[{'events':[" E("note", "p", "") "],'expect':{'p':100}}]");
    wait_for(&bench, 1);
    ck_assert_int_eq(append_code(bench.outcomes), MODEL_ERROR_COUNT);
    teardown(&bench);
}
END_TEST

/* --- the end --------------------------------------------------------------*/

START_TEST(stop_finishes_what_was_submitted)
{
    struct bench bench;
    setup(&bench);
    for (uint32_t i = 0; i < MANY; i++)
        submit(&bench, i, "[{'events':[" E("note", "p", "") "]}]");
    stop(&bench);
    ck_assert_uint_eq(bench.count, MANY);
    for (struct append_request *at = bench.outcomes; at != NULL; at = at->next)
        ck_assert(!at->refused);
    ck_assert_uint_eq(log_tip(bench.data.log), MANY);
    ck_assert_uint_eq(views_position(bench.data.views), MANY);
    forget_outcomes(&bench);
    data_close(&bench.data);
}
END_TEST

START_TEST(stop_of_an_idle_writer_ends)
{
    struct bench bench;
    setup(&bench);
    stop(&bench);
    ck_assert_uint_eq(bench.count, 0);
    data_close(&bench.data);
    writer_free(NULL);
}
END_TEST

/* --- room -----------------------------------------------------------------*/

#define QUOTA ((uint64_t)512 * 1024)
#define ROUND_COUNT 20

static void
setup_quota(struct bench *bench)
{
    struct diag_reason reason = {""};
    struct data *data = &bench->data;
    struct log_options options = DATA_LOG_OPTIONS;
    options.quota = QUOTA;
    *bench = (struct bench){0};
    data_directory(data->path);
    ck_assert_int_eq(datadir_open(&data->datadir, data->path, &reason), 0);
    ck_assert_int_eq(log_open(&data->datadir, &options, &data->log, &reason),
                     0);
    data->log_reader = log_reader_new(data->log);
    data_open_views(data);
    start(bench);
}

/* More than the quota takes in one event. */
#define TOO_LARGE                                                              \
    "[{'events':[" E("note", "p", ",'id':'x%d','ext':{'k':\"b600000}") "]}]"

START_TEST(event_without_room_is_refused_and_later_ones_are_stored)
{
    struct bench bench;
    setup_quota(&bench);
    submit(&bench, 1, "[{'events':[" E("note", "p", "") "]}]");
    wait_for(&bench, 1);
    submit(
        &bench, 2,
        "[{'events':[" E("note", "p", ",'id':'x','ext':{'k':\"b600000}") "]}]");
    wait_for(&bench, 2);
    submit(&bench, 3,
           "[{'events':[" E("note", "p", ",'id':'x'") "],'expect':{'p':1}}]");
    wait_for(&bench, 3);
    const struct append_request *first = bench.outcomes;
    ck_assert_int_eq(append_code(first), MODEL_ERROR_COUNT);
    ck_assert_int_eq(append_code(first->next), MODEL_STORAGE_FULL);
    ck_assert_int_eq(append_code(first->next->next), MODEL_ERROR_COUNT);
    ck_assert_uint_eq(first->next->next->events[0].seq, 2);
    ck_assert_int_eq(writer_state(bench.writer), WRITER_READY);
    teardown(&bench);
}
END_TEST

/* The filler keeps the writer busy, so that what follows is one group: the
 * large event, and one that is a duplicate of it, but for that it never was
 * stored. */
START_TEST(refusal_does_not_tell_of_an_event_that_was_not_stored)
{
    struct bench bench;
    char params[400];
    setup_quota(&bench);
    for (int i = 0; i < ROUND_COUNT; i++) {
        submit(&bench, 0, "[{'events':[" E("note", "p", "") "]}]");
        snprintf(params, sizeof params, TOO_LARGE, i);
        submit(&bench, 1, params);
        snprintf(params, sizeof params,
                 "[{'events':[" E("note", "q", ",'id':'x%d'") "]}]", i);
        submit(&bench, 2, params);
        wait_for(&bench, 3);
        const struct append_request *large = bench.outcomes->next;
        ck_assert_int_eq(append_code(large), MODEL_STORAGE_FULL);
        ck_assert_msg(append_code(large->next) != MODEL_DUPLICATE_ID,
                      "round %d: %s", i, large->next->refusal->message);
        forget_outcomes(&bench);
    }
    teardown(&bench);
}
END_TEST

/* What was stored long ago needs no room. */
START_TEST(duplicate_beside_an_event_without_room_is_answered)
{
    struct bench bench;
    char params[400];
    setup_quota(&bench);
    submit(&bench, 0, "[{'events':[" E("note", "p", ",'id':'old'") "]}]");
    wait_for(&bench, 1);
    forget_outcomes(&bench);
    for (int i = 0; i < ROUND_COUNT; i++) {
        submit(&bench, 0, "[{'events':[" E("note", "p", "") "]}]");
        snprintf(params, sizeof params, TOO_LARGE, i);
        submit(&bench, 1, params);
        submit(&bench, 2, "[{'events':[" E("note", "p", ",'id':'old'") "]}]");
        wait_for(&bench, 3);
        ck_assert_msg(
            append_code(bench.outcomes->next->next) == MODEL_ERROR_COUNT,
            "round %d: %s", i, bench.outcomes->next->next->refusal->message);
        forget_outcomes(&bench);
    }
    teardown(&bench);
}
END_TEST

/* --- consumers ------------------------------------------------------------*/

static void
submit_change(struct bench *bench, uint32_t msgid, enum append_kind kind,
              const char *name, uint64_t position)
{
    struct append_request *request = calloc(1, sizeof *request);
    ck_assert_ptr_nonnull(request);
    request->kind = kind;
    request->msgid = msgid;
    request->message = (uint8_t *)strdup(name);
    request->message_size = strlen(name);
    request->consumer = (struct log_consumer){
        .name = {request->message, request->message_size},
        .position = position,
        .removed = kind == APPEND_FORGET,
    };
    writer_submit(bench->writer, request, false);
}

static bool
note_consumer(const struct log_consumer *consumer, void *context)
{
    char *text = context;
    size_t size = strlen(text);
    snprintf(text + size, 128 - size, "%.*s=%llu ", (int)consumer->name.size,
             (const char *)consumer->name.data,
             (unsigned long long)consumer->position);
    return true;
}

static void
assert_consumers(const struct bench *bench, const char *expected)
{
    char text[128] = "";
    ck_assert_int_eq(log_consumers(bench->data.log, note_consumer, text),
                     LOG_OK);
    ck_assert_str_eq(text, expected);
}

#define EVENTS 100u
#define ACKS 1000u

/* Changes of consumers travel between events; of many under one name the last
 * is what stays. */
START_TEST(consumers_are_stored_with_what_was_submitted_around_them)
{
    struct bench bench;
    uint32_t count = 0;
    setup(&bench);
    submit_change(&bench, count++, APPEND_SUBSCRIBE, "a", 0);
    submit_change(&bench, count++, APPEND_SUBSCRIBE, "b", 0);
    for (uint32_t i = 1; i <= EVENTS; i++)
        submit(&bench, count++, "[{'events':[" E("note", "p", "") "]}]");
    for (uint32_t i = 1; i <= ACKS; i++) {
        submit_change(&bench, count++, APPEND_ACK, "a", i % EVENTS + 1);
        submit_change(&bench, count++, APPEND_ACK, "b", i % EVENTS);
    }
    submit(&bench, count++, "[{'events':[{}]}]"); /* refused */
    submit_change(&bench, count++, APPEND_ACK, "a", EVENTS);
    submit_change(&bench, count++, APPEND_FORGET, "b", 0);
    wait_for(&bench, count);
    uint32_t msgid = 0;
    for (struct append_request *at = bench.outcomes; at != NULL;
         at = at->next) {
        ck_assert_int_eq(at->refused, at->msgid == count - 3);
        ck_assert_uint_eq(at->msgid, msgid++);
    }
    ck_assert_uint_eq(msgid, count);
    ck_assert_uint_eq(log_tip(bench.data.log), EVENTS);
    ck_assert_uint_eq(writer_stats(bench.writer).queue_size, 0);
    ck_assert_uint_eq(writer_stats(bench.writer).refused, 1);
    assert_consumers(&bench, "a=100 ");
    teardown(&bench);
}
END_TEST

START_TEST(stop_stores_the_consumers_that_were_submitted)
{
    struct bench bench;
    setup(&bench);
    submit_change(&bench, 1, APPEND_SUBSCRIBE, "a", 0);
    writer_stop(bench.writer);
    collect(&bench);
    ck_assert_uint_eq(bench.count, 1);
    ck_assert(!bench.outcomes->refused);
    assert_consumers(&bench, "a=0 ");
    forget_outcomes(&bench);
    writer_free(bench.writer);
    data_close(&bench.data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("writer");
    TCase *tests = tcase_create("writer");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, writer_is_ready_on_an_empty_log);
    tcase_add_test(tests, event_is_durable_when_its_outcome_comes);
    tcase_add_test(tests, what_is_kept_is_committed_by_the_caller);
    tcase_add_test(tests, what_is_not_alone_is_not_kept);
    tcase_add_test(tests, outcomes_come_in_the_order_of_submission);
    tcase_add_test(tests, recorded_never_decreases);
    tcase_add_test(tests, recorded_is_not_below_that_of_an_older_start);
    tcase_add_test(tests, views_reach_what_is_wanted);
    tcase_add_test(tests, views_of_an_older_log_are_caught_up_at_the_start);
    tcase_add_test(tests, stop_finishes_what_was_submitted);
    tcase_add_test(tests, stop_of_an_idle_writer_ends);
    tcase_add_test(tests,
                   event_without_room_is_refused_and_later_ones_are_stored);
    tcase_add_test(tests,
                   refusal_does_not_tell_of_an_event_that_was_not_stored);
    tcase_add_test(tests, duplicate_beside_an_event_without_room_is_answered);
    tcase_add_test(tests,
                   consumers_are_stored_with_what_was_submitted_around_them);
    tcase_add_test(tests, stop_stores_the_consumers_that_were_submitted);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
