/* SPDX-License-Identifier: MIT */
#include "daemon/admit.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/append_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define RECORDED_MS INT64_C(1511222400000)
#define E(type, partnership, more) APPEND_EVENT(type, partnership, more)

/* What the log holds before each test, in position order. */
#define HISTORY                                                                \
    "[{'events':[" E("offer", "p", ",'id':'o1'") "," /* 1 */                   \
        E("agreement", "p", ",'id':'a1'") ","        /* 2 */                   \
        E("dispute", "q", ",'id':'d1'") ","          /* 3 */                   \
        E("note", "q", ",'id':'n1'") "]}]"           /* 4 */

struct bench {
    struct data data;
    struct recent recent;
    struct admit admit;
};

static void
begin(struct bench *bench)
{
    bench->admit.log = bench->data.log_reader;
    bench->admit.views = bench->data.views_reader;
    bench->admit.recent = &bench->recent;
    data_read_begin(&bench->data);
    admit_begin(&bench->admit, log_tip(bench->data.log), RECORDED_MS);
}

static void
end(struct bench *bench)
{
    data_read_end(&bench->data);
}

static enum model_error
admit_params(struct bench *bench, const char *params)
{
    struct append_request *request = append_of(params);
    admit_request(&bench->admit, request);
    enum model_error code = append_code(request);
    append_request_free(request);
    return code;
}

/* Make the group durable, as the writer does. */
static void
store(struct bench *bench)
{
    struct span *spans = admit_spans(&bench->admit);
    ck_assert_ptr_nonnull(spans);
    ck_assert_int_eq(
        log_append(bench->data.log, spans, bench->admit.count, NULL, 0),
        LOG_OK);
    free(spans);
}

/* The history is in the views, or still in memory alone. */
static void
setup(struct bench *bench, bool in_views)
{
    *bench = (struct bench){0};
    data_directory(bench->data.path);
    data_open(&bench->data);
    recent_init(&bench->recent, 1);
    begin(bench);
    ck_assert_int_eq(admit_params(bench, HISTORY), MODEL_ERROR_COUNT);
    store(bench);
    end(bench);
    if (in_views) {
        data_apply(&bench->data, 1000);
        recent_forget_upto(&bench->recent, log_tip(bench->data.log));
    }
    begin(bench);
}

static void
teardown(struct bench *bench)
{
    end(bench);
    admit_deinit(&bench->admit);
    recent_deinit(&bench->recent);
    data_close(&bench->data);
}

static bool
is_anything(void *context, uint64_t seq, struct span id)
{
    (void)context;
    (void)seq;
    (void)id;
    return true;
}

/* Of an id that the views do not hold; 0 for none. */
static uint64_t
position_of(const struct bench *bench, const char *id)
{
    return recent_find_id(&bench->recent, span_of(id), is_anything, NULL);
}

/* --- refusals and their order ---------------------------------------------*/

#define ACCEPTED MODEL_ERROR_COUNT

static const struct {
    const char *name;
    const char *params;
    enum model_error code;
    int index;         /* that is blamed, or -1 */
    const char *field; /* "" for none */
} cases[] = {
    {"a new event", "[{'events':[" E("note", "p", "") "]}]", ACCEPTED, -1, ""},
    {"a new partnership",
     "[{'events':[" E("note", "new", "") "],'expect':{'new':0}}]", ACCEPTED, -1,
     ""},
    {"expect as it is",
     "[{'events':[" E("note", "p", "") "],'expect':{'p':2,'q':2,'z':0}}]",
     ACCEPTED, -1, ""},
    {"expect too low", "[{'events':[" E("note", "p", "") "],'expect':{'p':1}}]",
     MODEL_CONFLICT, -1, ""},
    {"expect too high",
     "[{'events':[" E("note", "p", "") "],'expect':{'p':3}}]", MODEL_CONFLICT,
     -1, ""},
    {"expect that it must not exist",
     "[{'events':[" E("note", "p", "") "],'expect':{'p':0}}]", MODEL_CONFLICT,
     -1, ""},
    {"expect of what does not exist",
     "[{'events':[" E("note", "p", "") "],'expect':{'z':1}}]", MODEL_CONFLICT,
     -1, ""},
    {"same id and content", "[{'events':[" E("offer", "p", ",'id':'o1'") "]}]",
     ACCEPTED, -1, ""},
    {"same id, other content",
     "[{'events':[" E("note", "p", "") "," E("offer", "q", ",'id':'o1'") "]}]",
     MODEL_DUPLICATE_ID, 1, "id"},
    {"same id twice in a batch",
     "[{'events':[" E("note", "p", ",'id':'x'") "," E("note", "p",
                                                      ",'id':'x'") "]}]",
     MODEL_DUPLICATE_ID, 1, "id"},
    {"same stored id twice in a batch",
     "[{'events':[" E("offer", "p", ",'id':'o1'") "," E("offer", "p",
                                                        ",'id':'o1'") "]}]",
     MODEL_DUPLICATE_ID, 1, "id"},
    {"unknown re", "[{'events':[" E("note", "p", ",'re':'zz'") "]}]",
     MODEL_UNKNOWN_REFERENCE, 0, "re"},
    {"unknown corrects",
     "[{'events':[" E("note", "p", ",'corrects':'zz'") "]}]",
     MODEL_UNKNOWN_REFERENCE, 0, "corrects"},
    {"unknown disclosed_by",
     "[{'events':[" E("note", "p", ",'disclosed_by':'zz'") "]}]",
     MODEL_UNKNOWN_REFERENCE, 0, "disclosed_by"},
    {"reference to itself",
     "[{'events':[" E("note", "p", ",'id':'x','re':'x'") "]}]",
     MODEL_UNKNOWN_REFERENCE, 0, "re"},
    {"reference ahead in the batch",
     "[{'events':[" E("note", "p", ",'re':'x'") "," E("note", "p",
                                                      ",'id':'x'") "]}]",
     MODEL_UNKNOWN_REFERENCE, 0, "re"},
    {"reference back in the batch",
     "[{'events':[" E("offer", "p", ",'id':'x'") "," E("acceptance", "p",
                                                       ",'re':'x'") "]}]",
     ACCEPTED, -1, ""},
    {"acceptance of an offer",
     "[{'events':[" E("acceptance", "p", ",'re':'o1'") "]}]", ACCEPTED, -1, ""},
    {"acceptance of an agreement",
     "[{'events':[" E("acceptance", "p", ",'re':'a1'") "]}]",
     MODEL_INVALID_REFERENCE, 0, "re"},
    {"acceptance from another partnership",
     "[{'events':[" E("acceptance", "q", ",'re':'o1'") "]}]",
     MODEL_INVALID_REFERENCE, 0, "re"},
    {"withdrawal of a dispute",
     "[{'events':[" E("withdrawal", "q", ",'re':'d1'") "]}]", ACCEPTED, -1, ""},
    {"settlement of an offer",
     "[{'events':[" E("settlement", "p", ",'re':'o1'") "]}]",
     MODEL_INVALID_REFERENCE, 0, "re"},
    {"correction by another type",
     "[{'events':[" E("note", "p", ",'corrects':'a1'") "]}]", ACCEPTED, -1, ""},
    {"correction from another partnership",
     "[{'events':[" E("note", "q", ",'corrects':'a1'") "]}]",
     MODEL_INVALID_REFERENCE, 0, "corrects"},
    {"retraction from another partnership",
     "[{'events':[" E("retraction", "q", ",'re':'a1'") "]}]",
     MODEL_INVALID_REFERENCE, 0, "re"},
    {"note on another partnership's",
     "[{'events':[" E("note", "q", ",'re':'a1','disclosed_by':'o1'") "]}]",
     ACCEPTED, -1, ""},
    /* one check before the other */
    {"ids before expect",
     "[{'events':[" E("offer", "q", ",'id':'o1'") "],'expect':{'p':9}}]",
     MODEL_DUPLICATE_ID, 0, "id"},
    {"ids before references",
     "[{'events':[" E("note", "p", ",'re':'zz'") "," E("offer", "q",
                                                       ",'id':'o1'") "]}]",
     MODEL_DUPLICATE_ID, 1, "id"},
    {"expect before references",
     "[{'events':[" E("note", "p", ",'re':'zz'") "],'expect':{'p':9}}]",
     MODEL_CONFLICT, -1, ""},
    {"unknown before invalid",
     "[{'events':[" E("acceptance", "p",
                      ",'re':'a1'") "," E("note", "p", ",'re':'zz'") "]}]",
     MODEL_UNKNOWN_REFERENCE, 1, "re"},
    {"shape before ids",
     "[{'events':[" E("offer", "q", ",'id':'o1'") "," E("note", "p",
                                                        ",'zz':1") "]}]",
     MODEL_INVALID_EVENT, 1, "zz"},
    {"all are there already, whatever is expected",
     "[{'events':[" E("offer", "p", ",'id':'o1'") "," E(
         "dispute", "q", ",'id':'d1'") "],'expect':{'p':9}}]",
     ACCEPTED, -1, ""},
    {"some are there already",
     "[{'events':[" E("offer", "p", ",'id':'o1'") "," E(
         "note", "p", "") "],'expect':{'p':9}}]",
     MODEL_CONFLICT, -1, ""},
};

static void
assert_case(struct bench *bench, int row)
{
    struct append_request *request = append_of(cases[row].params);
    admit_request(&bench->admit, request);
    ck_assert_msg(append_code(request) == cases[row].code, "%s: %s (%s)",
                  cases[row].name, append_code_name(request),
                  request->refused ? request->refusal->message : "");
    if (request->refused) {
        const struct append_refusal *refusal = request->refusal;
        ck_assert_int_ne(refusal->message[0], '\0');
        ck_assert_str_eq(refusal->field, cases[row].field);
        ck_assert_int_eq(refusal->has_index ? (int)refusal->index : -1,
                         cases[row].index);
    }
    append_request_free(request);
}

START_TEST(request_is_decided_from_the_views)
{
    struct bench bench;
    setup(&bench, true);
    assert_case(&bench, _i);
    teardown(&bench);
}
END_TEST

START_TEST(request_is_decided_from_memory)
{
    struct bench bench;
    setup(&bench, false);
    assert_case(&bench, _i);
    teardown(&bench);
}
END_TEST

/* What is refused is as if it had never been sent. */
START_TEST(request_that_is_refused_leaves_no_trace)
{
    struct bench bench;
    setup(&bench, _i % 2 == 0);
    ck_assert_int_eq(
        admit_params(&bench, "[{'events':[" E("note", "p", ",'id':'g1'") "]}]"),
        ACCEPTED);
    size_t count = bench.admit.count, size = bench.admit.bytes.size;
    uint64_t end_before = bench.recent.end;
    if (admit_params(&bench, cases[_i].params) != ACCEPTED) {
        ck_assert_uint_eq(bench.admit.count, count);
        ck_assert_uint_eq(bench.admit.bytes.size, size);
        ck_assert_uint_eq(bench.recent.end, end_before);
        ck_assert_uint_eq(position_of(&bench, "x"), 0);
        struct append_request *next = append_of("[{'events':[" E(
            "note", "p",
            ",'id':'g2','re':'g1'") "],'expect':{'p':3,'new':0}}]");
        admit_request(&bench.admit, next);
        ck_assert_int_eq(append_code(next), ACCEPTED);
        ck_assert_uint_eq(next->events[0].seq, 6);
        ck_assert_uint_eq(next->events[0].rev, 4);
        append_request_free(next);
    }
    teardown(&bench);
}
END_TEST

/* --- details --------------------------------------------------------------*/

START_TEST(conflict_says_what_was_expected_and_what_is)
{
    struct bench bench;
    setup(&bench, true);
    struct append_request *request = append_of(
        "[{'events':[" E("note", "p", "") "],'expect':{'q':2,'p':7}}]");
    admit_request(&bench.admit, request);
    ck_assert_int_eq(append_code(request), MODEL_CONFLICT);
    ck_assert(span_is(request->refusal->partnership, "p"));
    ck_assert_uint_eq(request->refusal->expected, 7);
    ck_assert_uint_eq(request->refusal->actual, 2);
    append_request_free(request);
    teardown(&bench);
}
END_TEST

START_TEST(duplicate_says_where_the_first_is)
{
    struct bench bench;
    setup(&bench, true);
    struct append_request *request =
        append_of("[{'events':[" E("offer", "q", ",'id':'o1'") "]}]");
    admit_request(&bench.admit, request);
    ck_assert_int_eq(append_code(request), MODEL_DUPLICATE_ID);
    ck_assert_uint_eq(request->refusal->seq, 1);
    ck_assert(span_is(request->refusal->id, "o1"));
    append_request_free(request);
    teardown(&bench);
}
END_TEST

START_TEST(duplicate_keeps_its_place_beside_new_ones)
{
    struct bench bench;
    setup(&bench, true);
    struct append_request *request =
        append_of("[{'events':[" E("note", "p", "") "," E(
            "offer", "p", ",'id':'o1'") "," E("note", "q", "") "]}]");
    admit_request(&bench.admit, request);
    ck_assert_int_eq(append_code(request), ACCEPTED);
    static const uint64_t seqs[] = {5, 1, 6}, revs[] = {3, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(request->events[i].seq, seqs[i]);
        ck_assert_uint_eq(request->events[i].rev, revs[i]);
        ck_assert(request->events[i].duplicate == (i == 1));
    }
    ck_assert_uint_eq(bench.admit.count, 2);
    append_request_free(request);
    teardown(&bench);
}
END_TEST

/* --- groups ---------------------------------------------------------------*/

START_TEST(requests_of_a_group_see_those_before)
{
    struct bench bench;
    setup(&bench, true);
    static const struct {
        const char *params;
        enum model_error code;
    } group[] = {
        {"[{'events':[" E("offer", "n", ",'id':'g1'") "],'expect':{'n':0}}]",
         ACCEPTED},
        {"[{'events':[" E("offer", "n", ",'id':'g2'") "],'expect':{'n':0}}]",
         MODEL_CONFLICT},
        {"[{'events':[" E("offer", "n", ",'id':'g1'") "]}]", ACCEPTED},
        {"[{'events':[" E("note", "n", ",'id':'g1'") "]}]", MODEL_DUPLICATE_ID},
        {"[{'events':[" E("note", "n", ",'re':'g2'") "]}]",
         MODEL_UNKNOWN_REFERENCE},
        {"[{'events':[" E("acceptance", "n",
                          ",'re':'g1'") "],'expect':{'n':1}}]",
         ACCEPTED},
        {"[{'events':[" E("note", "n", "") "],'expect':{'n':2}}]", ACCEPTED},
    };
    for (int i = 0; i < COUNT_OF(group); i++)
        ck_assert_msg(admit_params(&bench, group[i].params) == group[i].code,
                      "request %d", i);
    ck_assert_uint_eq(bench.admit.count, 3);
    teardown(&bench);
}
END_TEST

START_TEST(request_that_was_refused_before_stays_so)
{
    struct bench bench;
    setup(&bench, true);
    struct append_request *request =
        append_of("[{'events':[" E("note", "p", "") "]}]");
    append_refuse(request, MODEL_TOO_LARGE, "of old");
    admit_request(&bench.admit, request);
    ck_assert_int_eq(append_code(request), MODEL_TOO_LARGE);
    ck_assert_uint_eq(bench.admit.count, 0);
    append_request_free(request);
    teardown(&bench);
}
END_TEST

/* --- what is stored -------------------------------------------------------*/

/* {seq, rev, recorded, ...what was submitted, byte for byte}. */
START_TEST(event_is_stored_as_it_was_submitted)
{
    struct bench bench;
    setup(&bench, true);
    const char *const pairs =
        "'title':'t','type':'note','ext':{'n':<cd0001>,'b':<c403010203>},"
        "'partnership':'p','id':'x1','parties':['a'],'occurred':'2017'";
    char params[400], want_text[400];
    snprintf(params, sizeof params, "[{'events':[{%s}]}]", pairs);
    snprintf(want_text, sizeof want_text,
             "{'seq':5,'rev':3,'recorded':%lld,%s}", (long long)RECORDED_MS,
             pairs);
    ck_assert_int_eq(admit_params(&bench, params), ACCEPTED);
    struct span *spans = admit_spans(&bench.admit);
    struct mp_buf want = encoded(want_text);
    struct mp_reader left = mp_reader(spans[0]);
    struct mp_reader right = mp_reader(mp_buf_span(&want));
    ck_assert_uint_eq(mp_map(&left), mp_map(&right));
    ck_assert(
        span_equal((struct span){left.at, (size_t)(left.end - left.at)},
                   (struct span){right.at, (size_t)(right.end - right.at)}));
    free(spans);
    mp_buf_deinit(&want);
    teardown(&bench);
}
END_TEST

START_TEST(event_without_id_gets_one)
{
    struct bench bench;
    setup(&bench, true);
    struct append_request *request = append_of(
        "[{'events':[" E("note", "p", "") "," E("note", "p", "") "]}]");
    admit_request(&bench.admit, request);
    ck_assert_int_eq(append_code(request), ACCEPTED);
    const char *first = request->events[0].assigned_id;
    ck_assert_str_ne(first, request->events[1].assigned_id);
    ck_assert(event_is_id(span_of(first)));
    ck_assert_int_eq(first[14], '7');
    struct span *spans = admit_spans(&bench.admit);
    ck_assert(span_is(mp_get_str(spans[0], "id"), first));
    ck_assert_uint_eq(position_of(&bench, first), request->events[0].seq);
    free(spans);
    append_request_free(request);
    teardown(&bench);
}
END_TEST

START_TEST(group_is_empty_after_begin)
{
    struct bench bench;
    setup(&bench, true);
    ck_assert_int_eq(
        admit_params(&bench, "[{'events':[" E("note", "p", "") "]}]"),
        ACCEPTED);
    admit_begin(&bench.admit, 5, RECORDED_MS + 1);
    ck_assert_uint_eq(bench.admit.count, 0);
    struct span *spans = admit_spans(&bench.admit);
    ck_assert_ptr_nonnull(spans);
    free(spans);
    teardown(&bench);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("admit");
    TCase *tests = tcase_create("admit");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, request_is_decided_from_the_views, 0,
                        COUNT_OF(cases));
    tcase_add_loop_test(tests, request_is_decided_from_memory, 0,
                        COUNT_OF(cases));
    tcase_add_loop_test(tests, request_that_is_refused_leaves_no_trace, 0,
                        COUNT_OF(cases));
    tcase_add_test(tests, conflict_says_what_was_expected_and_what_is);
    tcase_add_test(tests, duplicate_says_where_the_first_is);
    tcase_add_test(tests, duplicate_keeps_its_place_beside_new_ones);
    tcase_add_test(tests, requests_of_a_group_see_those_before);
    tcase_add_test(tests, request_that_was_refused_before_stays_so);
    tcase_add_test(tests, event_is_stored_as_it_was_submitted);
    tcase_add_test(tests, event_without_id_gets_one);
    tcase_add_test(tests, group_is_empty_after_begin);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
