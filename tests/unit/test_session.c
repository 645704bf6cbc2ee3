/* SPDX-License-Identifier: MIT */
#include "daemon/session.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/views_file.h"
#include "tests/unit/session_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define E(type, partnership, more) APPEND_EVENT(type, partnership, more)

#define HISTORY                                                                \
    "[0,1,'append',[{'events':[" E("offer", "p", ",'id':'o1'") "," E(          \
        "meeting", "p", "") "," E("dispute", "q", ",'id':'d1'") "]}]]"

/* --- messages in pieces ---------------------------------------------------*/

/* Nothing of it is stored, so that each answer is the same each time. */
static const char *const conversation[] = {
    "[0,1,'ping',[]]",
    "[0,2,'hello',[{'client':'test'}]]",
    "[0,3,'append',[{'events':[" E("offer", "p", ",'id':'o1'") "]}]]",
    "[0,4,'state',[{'partnership':'p'}]]",
    "[0,5,'append',[{'events':[" E("note", "p", ",'re':'zz'") "]}]]",
    "[2,'cancel',[77]]",
    "[2,'whatever',[{'a':[1,2,{}]}]]",
    "[1,9,!nil,'a response']",
    "[0,6,'replay',[{'limit':2}]]",
    "[0,7,'replay',[{'stream':!true}]]",
    "[0,4294967295,'png',[]]",
    "[0,8,'state',[{'partnership':'nobody'}]]",
    "[0,9,'timeline',[{'partnership':5}]]",
    "[0,10,'get',[{'id':'d1'}]]",
    "[0,11,'ping',!nil]",
    "[0,12,'gap',[{'at':'201'}]]",
    "<94cc00d20000000ddb0000000470696e6791de0000>",
};

static struct mp_buf
whole_conversation(void)
{
    struct mp_buf all = {0};
    for (int i = 0; i < COUNT_OF(conversation); i++) {
        struct mp_buf one = encoded(conversation[i]);
        mp_buf_append(&all, one.data, one.size);
        mp_buf_deinit(&one);
    }
    return all;
}

/* A session of its own is fed all in pieces that end at `cut` or are of one
 * byte each; then everything is answered. */
static void
converse(struct bench *bench, struct span all, size_t cut, bool bytewise)
{
    session_free(bench->session);
    bench_session(bench, SERVICE_ADMIN);
    mp_buf_clear(&bench->sent);
    struct span first = {all.data, cut};
    struct span rest = {all.data + cut, all.size - cut};
    for (size_t i = 0; bytewise && i < all.size; i++)
        session_feed(bench->session, (struct span){all.data + i, 1});
    if (!bytewise) {
        session_feed(bench->session, first);
        session_feed(bench->session, rest);
    }
    ck_assert(!session_is_half_way(bench->session));
    ck_assert_uint_eq(session_message_count(bench->session),
                      COUNT_OF(conversation));
    bench_run(bench);
    ck_assert(!session_is_closing(bench->session));
}

START_TEST(pieces_of_messages_make_no_difference)
{
    struct bench bench;
    bench_start(&bench);
    bench_fill(&bench, HISTORY);
    struct mp_buf all = whole_conversation(), want = {0};
    converse(&bench, mp_buf_span(&all), all.size, false);
    mp_buf_append(&want, bench.sent.data, bench.sent.size);
    for (size_t cut = 0; cut <= all.size; cut++) {
        converse(&bench, mp_buf_span(&all), cut, cut == all.size);
        if (!span_equal(mp_buf_span(&bench.sent), mp_buf_span(&want)))
            ck_abort_msg("cut at %zu of %zu", cut, all.size);
    }
    mp_buf_deinit(&all);
    mp_buf_deinit(&want);
    bench_stop(&bench);
}
END_TEST

START_TEST(each_request_gets_its_answer)
{
    static const struct {
        uint32_t msgid;
        const char *error;
    } wants[] = {
        {1, NULL},
        {2, NULL},
        {4, NULL},
        {6, NULL},
        {7, NULL},
        {UINT32_MAX, "unknown_method"},
        {8, "not_found"},
        {9, "invalid_request"},
        {10, NULL},
        {11, "invalid_request"},
        {12, "invalid_date"},
        {13, NULL},
        {3, NULL}, /* the writer's answers come when it is asked */
        {5, "unknown_reference"},
    };
    struct bench bench;
    struct bench_message message;
    bench_start(&bench);
    bench_fill(&bench, HISTORY);
    struct mp_buf all = whole_conversation();
    converse(&bench, mp_buf_span(&all), all.size, false);
    struct mp_reader reader = mp_reader(mp_buf_span(&bench.sent));
    int at = 0;
    while (bench_next(&reader, &message)) {
        if (message.kind != 1)
            continue;
        ck_assert_int_lt(at, COUNT_OF(wants));
        ck_assert_uint_eq(message.msgid, wants[at].msgid);
        ck_assert_msg(
            wants[at].error == NULL ? message.error.data == NULL
                                    : span_is(message.error, wants[at].error),
            "request %u: %.*s", wants[at].msgid, (int)message.error.size,
            (const char *)message.error.data);
        at++;
    }
    ck_assert_int_eq(at, COUNT_OF(wants));
    mp_buf_deinit(&all);
    bench_stop(&bench);
}
END_TEST

START_TEST(session_says_whether_a_message_is_half_way)
{
    struct bench bench;
    struct mp_buf ping = encoded("[0,1,'ping',[]]");
    bench_start(&bench);
    for (size_t i = 0; i < ping.size; i++) {
        ck_assert(session_is_half_way(bench.session) == (i > 0));
        ck_assert_uint_eq(session_message_count(bench.session), 0);
        session_feed(bench.session, (struct span){ping.data + i, 1});
    }
    ck_assert(!session_is_half_way(bench.session));
    ck_assert_uint_eq(session_message_count(bench.session), 1);
    mp_buf_deinit(&ping);
    bench_stop(&bench);
}
END_TEST

/* --- appends --------------------------------------------------------------*/

START_TEST(appends_are_answered_in_the_order_of_their_requests)
{
    struct bench bench;
    struct bench_message message;
    bench_start(&bench);
    bench_feed(&bench, "[0,5,'append',[{'events':[" E("note", "p", "") "]}]]");
    bench_feed(&bench, "[0,4,'append',[{'events':5}]]");
    bench_feed(&bench, "[0,3,'append',[{'events':[" E("note", "P", "") "]}]]");
    bench_feed(&bench, "[0,2,'append',[{'events':[" E("note", "p", "") "]}]]");
    ck_assert(session_is_busy(bench.session));
    bench_run(&bench);
    static const uint32_t msgids[] = {5, 4, 3, 2};
    struct mp_reader reader = mp_reader(mp_buf_span(&bench.sent));
    for (int i = 0; i < COUNT_OF(msgids); i++) {
        ck_assert(bench_next(&reader, &message));
        ck_assert_uint_eq(message.msgid, msgids[i]);
        ck_assert((message.error.data == NULL) == (i == 0 || i == 3));
    }
    ck_assert_uint_eq(mp_get_uint(message.result, "first"), 2);
    bench_stop(&bench);
}
END_TEST

START_TEST(request_sees_what_was_acknowledged_before_it)
{
    struct bench bench;
    bench_start(&bench);
    for (uint32_t i = 1; i <= 50; i++) {
        bench_feed(&bench,
                   "[0,1,'append',[{'events':[" E("note", "p", "") "]}]]");
        bench_run(&bench);
        mp_buf_clear(&bench.sent);
        bench_feed(&bench, "[0,2,'state',[{'partnership':'p','at':'2018'}]]");
        bench_run(&bench);
        struct bench_message message = bench_only(&bench);
        ck_assert_uint_eq(mp_get_uint(message.result, "events"), i);
        mp_buf_clear(&bench.sent);
    }
    bench_stop(&bench);
}
END_TEST

START_TEST(session_that_goes_leaves_its_appends_to_the_writer)
{
    struct bench bench;
    bench_start(&bench);
    for (int i = 0; i < 100; i++)
        bench_feed(&bench,
                   "[0,1,'append',[{'events':[" E("note", "p", "") "]}]]");
    session_free(bench.session);
    bench.session = NULL;
    size_t count = 0;
    while (count < 100) {
        struct append_request *next = writer_outcomes(bench.service.writer);
        if (next == NULL)
            data_wait(writer_fd(bench.service.writer));
        while (next != NULL) {
            struct append_request *request = next;
            next = request->next;
            ck_assert(!session_appended(request));
            count++;
        }
    }
    ck_assert_uint_eq(log_tip(bench.data.log), 100);
    bench_stop(&bench);
}
END_TEST

/* --- broken bytes ---------------------------------------------------------*/

static const struct {
    const char *bytes;
    const char *code;
    uint64_t msgid;
} broken[] = {
    {"<c1>", "parse_error", 0},
    {"[0,7,'ping',[<c1>]]", "parse_error", 7},
    {"5", "parse_error", 0},
    {"!nil", "parse_error", 0},
    {"'ping'", "parse_error", 0},
    {"{}", "parse_error", 0},
    {"[]", "parse_error", 0},
    {"[0,7,'ping']", "parse_error", 7},
    {"[0,-1,'ping',[]]", "parse_error", 0},
    {"[0,4294967296,'ping',[]]", "parse_error", 0},
    {"[0,7,5,[]]", "parse_error", 7},
    {"[3,7,'ping',[]]", "parse_error", 0},
    {"[2,'cancel']", "parse_error", 0},
    {"<ddffffffff>", "too_large", 0},
    {"<940007a470696e67ddffffffff>", "too_large", 7},
    {"<940007a470696e67c601000001>", "too_large", 7},
    {"<940007a470696e67dfffffffff>", "too_large", 7},
    {"[0,7,'ping',[\"d32]]", "too_large", 7},
};

/* What came whole before is answered, what comes behind is not looked at. */
START_TEST(broken_bytes_are_answered_and_end_the_session)
{
    struct bench bench;
    struct bench_message message;
    bench_start(&bench);
    bench_feed(&bench, "[0,1,'ping',[]]");
    bench_feed(&bench, broken[_i].bytes);
    ck_assert(session_is_closing(bench.session));
    ck_assert(!session_can_read(bench.session));
    bench_feed(&bench, "[0,2,'ping',[]]");
    bench_run(&bench);
    struct mp_reader reader = mp_reader(mp_buf_span(&bench.sent));
    ck_assert(bench_next(&reader, &message));
    ck_assert_uint_eq(message.msgid, 1);
    ck_assert(bench_next(&reader, &message));
    ck_assert_msg(span_is(message.error, broken[_i].code), "%.*s",
                  (int)message.error.size, (const char *)message.error.data);
    ck_assert_uint_eq(message.msgid, broken[_i].msgid);
    ck_assert(!bench_next(&reader, &message));
    bench_stop(&bench);
}
END_TEST

/* --- what questions wait for ----------------------------------------------*/

static const struct {
    const char *question;
    bool waits;
} questions[] = {
    {"[0,2,'state',[{'partnership':'q'}]]", false},
    {"[0,2,'timeline',[{'partnership':'q'}]]", false},
    {"[0,2,'diff',[{'partnership':'q','before':{'at':'2017'},"
     "'after':{'at':'2019'}}]]",
     false},
    {"[0,2,'state',[{'partnership':'p'}]]", true},
    {"[0,2,'timeline',[{'partnership':'p'}]]", true},
    {"[0,2,'replay',[{'order':'occurred'}]]", true},
    {"[0,2,'gap',[{}]]", true},
};

/* As long as somebody else writes the views, nothing is applied to them. */
START_TEST(question_waits_for_its_own_partnership_only)
{
    struct bench bench;
    MDB_txn *hold;
    bench_start(&bench);
    bench_fill(&bench, HISTORY);
    struct views_file *file = atomic_load(&bench.data.views->file);
    ck_assert_int_eq(mdb_txn_begin(file->env, NULL, 0, &hold), 0);
    bench_feed(&bench, "[0,1,'append',[{'events':[" E("note", "p", "") "]}]]");
    bench_run(&bench);
    mp_buf_clear(&bench.sent);
    bench_feed(&bench, questions[_i].question);
    bench_work(&bench);
    bench_take(&bench);
    ck_assert_uint_eq(session_wanted_views(bench.session),
                      questions[_i].waits ? 4 : 0);
    ck_assert_int_eq(bench.sent.size == 0, questions[_i].waits);
    mdb_txn_abort(hold);
    bench_run(&bench);
    struct bench_message message = bench_only(&bench);
    ck_assert_uint_eq(message.msgid, 2);
    ck_assert_ptr_null(message.error.data);
    bench_stop(&bench);
}
END_TEST

/* --- roles ----------------------------------------------------------------*/

static const struct {
    enum service_role role;
    bool can_authenticate;
    const char *request, *error; /* NULL where it is allowed */
} roles[] = {
    {SERVICE_NOBODY, false, "[0,1,'ping',[]]", "forbidden"},
    {SERVICE_NOBODY, true, "[0,1,'ping',[]]", "unauthenticated"},
    {SERVICE_READ, false, "[0,1,'ping',[]]", NULL},
    {SERVICE_READ, false,
     "[0,1,'append',[{'events':[" E("note", "p", "") "]}]]", "forbidden"},
    {SERVICE_READ, true, "[0,1,'append',[{'events':[" E("note", "p", "") "]}]]",
     "unauthenticated"},
    {SERVICE_APPEND, false,
     "[0,1,'append',[{'events':[" E("note", "p", "") "]}]]", NULL},
};

START_TEST(role_decides_what_is_allowed)
{
    struct bench bench;
    bench_start(&bench);
    session_free(bench.session);
    bench.session =
        session_new(&bench.service, roles[_i].role, roles[_i].can_authenticate);
    bench_feed(&bench, roles[_i].request);
    bench_run(&bench);
    struct bench_message message = bench_only(&bench);
    ck_assert(roles[_i].error == NULL
                  ? message.error.data == NULL
                  : span_is(message.error, roles[_i].error));
    ck_assert(!session_is_closing(bench.session));
    bench_stop(&bench);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("session");
    TCase *tests = tcase_create("session");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, pieces_of_messages_make_no_difference);
    tcase_add_test(tests, each_request_gets_its_answer);
    tcase_add_loop_test(tests, question_waits_for_its_own_partnership_only, 0,
                        COUNT_OF(questions));
    tcase_add_test(tests, session_says_whether_a_message_is_half_way);
    tcase_add_test(tests, appends_are_answered_in_the_order_of_their_requests);
    tcase_add_test(tests, request_sees_what_was_acknowledged_before_it);
    tcase_add_test(tests, session_that_goes_leaves_its_appends_to_the_writer);
    tcase_add_loop_test(tests, broken_bytes_are_answered_and_end_the_session, 0,
                        COUNT_OF(broken));
    tcase_add_loop_test(tests, role_decides_what_is_allowed, 0,
                        COUNT_OF(roles));
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
