/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/notation.h"

#define BYTES(literal)                                                         \
    {                                                                          \
        (const uint8_t *)(literal), sizeof(literal) - 1                        \
    }
#define SPAN(literal) ((struct span)BYTES(literal))
#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- what is read ---------------------------------------------------------*/

START_TEST(a_checked_event_is_taken_apart)
{
    struct mp_buf buf = encoded(
        "{'id':'i1','type':'amendment','partnership':'p','parties':['a','b'],"
        "'occurred':'2017-08-14','disclosed':'2026-01','title':'Tt',"
        "'re':'i0','amount':{'value':'-12.5','currency':'USD'},"
        "'terms':{'x':1,'effective':'2018'}}");
    struct event event;
    struct event_fault fault;
    ck_assert(
        event_check(mp_buf_span(&buf), MODEL_EVENT_SIZE_MAX, &event, &fault));
    ck_assert(span_equal(event.map, mp_buf_span(&buf)));
    ck_assert_uint_eq(event.pair_count, 10);
    ck_assert_uint_eq(event.pairs.size, buf.size - 5);
    ck_assert_uint_eq(event.seq, 0);
    ck_assert(span_is(event.fields[MODEL_FIELD_ID], "i1"));
    ck_assert(span_is(event.fields[MODEL_FIELD_TITLE], "Tt"));
    ck_assert_ptr_null(event.fields[MODEL_FIELD_SUMMARY].data);
    ck_assert(span_equal(event.fields[MODEL_FIELD_PARTIES],
                         SPAN("\xdd\0\0\0\x02\xa1\x61\xa1\x62")));
    ck_assert_int_eq(event.type, MODEL_AMENDMENT);
    ck_assert_uint_eq(event.party_count, 2);
    ck_assert(event.has_amount);
    ck_assert(event.amount == -12500000);
    ck_assert(span_is(event.currency, "USD"));
    ck_assert_int_eq(event.amount_kind, MODEL_COMMITTED);
    ck_assert(!event.amount_kind_given);
    ck_assert(event.has_effective && !event.effective_nil);
    ck_assert(span_is(event.effective_text, "2018"));
    ck_assert_int_eq(event.occurred.start_lo, INT64_C(1502668800000));
    ck_assert_int_eq(event_possible_from(&event), event.occurred.start_lo);
    ck_assert_int_eq(event_takes_effect(&event), event.occurred.start_hi);
    ck_assert_int_eq(event.disclosed.start_lo, INT64_C(1767225600000));
    ck_assert_int_eq(event.effective.start_lo, INT64_C(1514764800000));
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(a_given_amount_kind_wins)
{
    struct mp_buf buf =
        encoded("{" WHERE WHO WHEN WHAT "'type':'amendment','re':'x',"
                "'terms':{'effective':!nil},"
                "'amount':{'value':7,'currency':'USD','kind':'estimate'}}");
    struct event event;
    struct event_fault fault;
    ck_assert(
        event_check(mp_buf_span(&buf), MODEL_EVENT_SIZE_MAX, &event, &fault));
    ck_assert_int_eq(event.amount_kind, MODEL_ESTIMATE);
    ck_assert(event.amount_kind_given);
    ck_assert(event.amount == 7000000);
    ck_assert(event.has_effective && event.effective_nil);
    ck_assert_ptr_null(event.effective_text.data);
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(event_read_reads_the_stored_form)
{
    struct mp_buf buf =
        encoded("{" ASSIGNED BASE "'id':'i1','summary':'s','ext':{'a':1},"
                "'amount':{'value':'1','currency':'USD','kind':'paid'}}");
    struct event event;
    ck_assert(event_read(mp_buf_span(&buf), &event));
    ck_assert_uint_eq(event.seq, 9);
    ck_assert_uint_eq(event.rev, 4);
    ck_assert_int_eq(event.recorded_ms, -7);
    ck_assert_uint_eq(event.pair_count, 12);
    ck_assert_int_eq(event.type, MODEL_NOTE);
    ck_assert(span_is(event.fields[MODEL_FIELD_SUMMARY], "s"));
    ck_assert_int_eq(event.amount_kind, MODEL_PAID);
    ck_assert_int_eq(event.occurred.start_lo, INT64_C(1501545600000));
    for (size_t size = 0; size < buf.size; size++) {
        uint8_t *prefix = malloc(size > 0 ? size : 1);
        memcpy(prefix, buf.data, size);
        ck_assert(!event_read((struct span){prefix, size}, &event));
        free(prefix);
    }
    mp_buf_deinit(&buf);
}
END_TEST

static const char *const foreign[] = {
    "[]",
    "{" BASE "'id':'x'}",
    "{" ASSIGNED BASE "}",
    "{'seq':'9','rev':4,'recorded':1," BASE "'id':'x'}",
    "{'seq':9,'rev':-4,'recorded':1," BASE "'id':'x'}",
    "{'seq':9,'rev':4,'recorded':!nil," BASE "'id':'x'}",
    "{" ASSIGNED BASE "'id':7}",
    "{" ASSIGNED BASE "'id':'x','unknown':1}",
    "{" ASSIGNED BASE "'id':'x',1:1}",
    "{" ASSIGNED BASE "'id':'x','amount':{'currency':'USD'}}",
    "{" ASSIGNED BASE "'id':'x','amount':{'value':1}}",
    "{" ASSIGNED BASE
    "'id':'x','amount':{'value':1,'currency':'USD','kind':'?'}}",
    "{" ASSIGNED BASE "'id':'x','terms':{'effective':7}}",
    "{" ASSIGNED BASE "'id':'x','disclosed':'?'}",
    "{" ASSIGNED WHERE WHO WHEN WHAT "'type':'?','id':'x'}",
    "{" ASSIGNED TYPE WHERE WHO WHAT "'id':'x'}",
    "{" ASSIGNED TYPE WHERE WHEN WHAT "'id':'x','parties':'a'}",
};

START_TEST(event_read_refuses_what_we_never_wrote)
{
    struct mp_buf buf = encoded(foreign[_i]);
    struct event event;
    ck_assert_msg(!event_read(mp_buf_span(&buf), &event), "%s", foreign[_i]);
    mp_buf_deinit(&buf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("event_read");
    TCase *tests = tcase_create("event_read");
    tcase_add_test(tests, a_checked_event_is_taken_apart);
    tcase_add_test(tests, a_given_amount_kind_wins);
    tcase_add_test(tests, event_read_reads_the_stored_form);
    tcase_add_loop_test(tests, event_read_refuses_what_we_never_wrote, 0,
                        COUNT_OF(foreign));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
