/* SPDX-License-Identifier: MIT */
#include "daemon/args.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/notation.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define ALL (((arg_set)1 << ARG_COUNT) - 1)

static bool
read_args(struct mp_buf *buf, const char *params, arg_set allowed,
          arg_set required, struct args *args, struct args_fault *fault)
{
    *buf = encoded(params);
    return args_read(mp_buf_span(buf), allowed, required, args, fault);
}

/* --- each kind ------------------------------------------------------------*/

/* An argument of the kind and values that are right. */
static const struct {
    enum arg arg;
    const char *params;
    struct arg_value value; /* what it is read as, but for bytes */
    const char *bytes;      /* notation of a str, or NULL */
} right[] = {
    {ARG_CLIENT, "[{'client':'a b'}]", {.given = true}, "a b"},
    {ARG_CLIENT, "[{'client':''}]", {.given = true}, ""},
    {ARG_CURSOR, "[{'cursor':'00'}]", {.given = true}, "00"},
    {ARG_PARTNERSHIP,
     "[{'partnership':'a.b_c-1'}]",
     {.given = true},
     "a.b_c-1"},
    {ARG_PARTY, "[{'party':'0'}]", {.given = true}, "0"},
    {ARG_ID, "[{'id':'A.b_c:d-1'}]", {.given = true}, "A.b_c:d-1"},
    {ARG_SEQ, "[{'seq':0}]", {.given = true, .number = 0}, NULL},
    {ARG_SEQ,
     "[{'seq':<cfffffffffffffffff>}]",
     {.given = true, .number = UINT64_MAX},
     NULL},
    {ARG_SEQ,
     "[{'seq':<d30000000000000007>}]",
     {.given = true, .number = 7},
     NULL},
    {ARG_CONTEXT, "[{'context':!true}]", {.given = true, .truth = true}, NULL},
    {ARG_STREAM, "[{'stream':!false}]", {.given = true}, NULL},
    {ARG_ORDER,
     "[{'order':'recorded'}]",
     {.given = true, .number = ARGS_RECORDED},
     NULL},
    {ARG_ORDER,
     "[{'order':'occurred'}]",
     {.given = true, .number = ARGS_OCCURRED},
     NULL},
    {ARG_ORDER,
     "[{'order':'disclosed'}]",
     {.given = true, .number = ARGS_DISCLOSED},
     NULL},
    {ARG_LIMIT, "[{'limit':1}]", {.given = true, .number = 1}, NULL},
    {ARG_LIMIT, "[{'limit':1000}]", {.given = true, .number = 1000}, NULL},
    {ARG_FROM, "[{'from':12}]", {.given = true, .number = 12}, NULL},
    {ARG_TO, "[{'to':'1970'}]", {.given = true, .is_date = true}, "1970"},
    {ARG_RECORDED, "[{'recorded':0}]", {.given = true}, NULL},
    {ARG_AT, "[{'at':'1970-01-01'}]", {.given = true}, "1970-01-01"},
    {ARG_KNOWN, "[{'known':'../..'}]", {.given = true}, "../.."},
};

START_TEST(argument_is_read)
{
    struct mp_buf buf;
    struct args args;
    struct args_fault fault = {0};
    const struct arg_value *want = &right[_i].value;
    const struct arg_value *got = &args.values[right[_i].arg];
    ck_assert_msg(read_args(&buf, right[_i].params, ALL, 0, &args, &fault),
                  "%s: %s", right[_i].params, fault.message);
    ck_assert(got->given == want->given);
    ck_assert(got->truth == want->truth);
    ck_assert(got->is_date == want->is_date);
    ck_assert_uint_eq(got->number, want->number);
    if (right[_i].bytes != NULL)
        ck_assert(span_is(got->bytes, right[_i].bytes));
    for (size_t i = 0; i < ARG_COUNT; i++)
        ck_assert(args.values[i].given == (i == right[_i].arg));
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(date_has_its_bounds)
{
    struct mp_buf buf;
    struct args args;
    struct args_fault fault;
    ck_assert(read_args(&buf, "[{'at':'1970','to':'1970-01-01'}]", ALL, 0,
                        &args, &fault));
    ck_assert_int_eq(args.values[ARG_AT].date.start_lo, 0);
    ck_assert_int_eq(args.values[ARG_AT].date.end_hi,
                     INT64_C(365) * 86400000 - 1);
    ck_assert_int_eq(args.values[ARG_TO].date.end_hi, 86400000 - 1);
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(raw_values_and_types_are_kept_whole)
{
    struct mp_buf buf, want;
    struct args args;
    struct args_fault fault;
    ck_assert(read_args(&buf,
                        "[{'events':[1,{'a':2}],'expect':{'p':3},"
                        "'types':['offer','x-own']}]",
                        ALL, 0, &args, &fault));
    static const struct {
        enum arg arg;
        const char *notation;
    } rows[] = {
        {ARG_EVENTS, "[1,{'a':2}]"},
        {ARG_EXPECT, "{'p':3}"},
        {ARG_TYPES, "['offer','x-own']"},
    };
    for (int i = 0; i < COUNT_OF(rows); i++) {
        want = encoded(rows[i].notation);
        ck_assert(
            span_equal(args.values[rows[i].arg].bytes, mp_buf_span(&want)));
        mp_buf_deinit(&want);
    }
    mp_buf_deinit(&buf);
}
END_TEST

/* --- refusals -------------------------------------------------------------*/

static const struct {
    const char *params;
    const char *name; /* of the argument that is blamed, or NULL */
    const char *says; /* part of the message, or NULL */
} wrong[] = {
    /* TEXT */
    {"[{'client':5}]", "client", NULL},
    {"[{'client':<c40161>}]", "client", NULL},
    {"[{'client':<a10a>}]", "client", NULL},
    {"[{'client':<a1ff>}]", "client", NULL},
    {"[{'client':\"s4097}]", "client", NULL},
    {"[{'client':['a']}]", "client", NULL},
    {"[{'cursor':!true}]", "cursor", NULL},
    /* SLUG */
    {"[{'partnership':''}]", "partnership", NULL},
    {"[{'partnership':'A'}]", "partnership", NULL},
    {"[{'partnership':'-a'}]", "partnership", NULL},
    {"[{'partnership':\"s65}]", "partnership", NULL},
    {"[{'partnership':5}]", "partnership", NULL},
    {"[{'party':'a b'}]", "party", NULL},
    /* ID */
    {"[{'id':''}]", "id", NULL},
    {"[{'id':'.a'}]", "id", NULL},
    {"[{'id':'a/b'}]", "id", NULL},
    {"[{'id':\"s65}]", "id", NULL},
    {"[{'id':<c40161>}]", "id", NULL},
    /* UINT */
    {"[{'seq':-1}]", "seq", NULL},
    {"[{'seq':~1}]", "seq", NULL},
    {"[{'seq':'1'}]", "seq", NULL},
    {"[{'seq':!true}]", "seq", NULL},
    /* BOOL */
    {"[{'context':0}]", "context", NULL},
    {"[{'reverse':'true'}]", "reverse", NULL},
    {"[{'stream':[]}]", "stream", NULL},
    /* LIMIT; how many at most depends on the method */
    {"[{'limit':0}]", "limit", NULL},
    {"[{'limit':-1}]", "limit", NULL},
    {"[{'limit':~5}]", "limit", NULL},
    {"[{'limit':'5'}]", "limit", NULL},
    /* DATE */
    {"[{'at':5}]", "at", NULL},
    {"[{'known':{}}]", "known", NULL},
    /* POINT */
    {"[{'from':-1}]", "from", NULL},
    {"[{'from':~1}]", "from", NULL},
    {"[{'to':!true}]", "to", NULL},
    {"[{'recorded':[]}]", "recorded", NULL},
    /* ORDER */
    {"[{'order':'Recorded'}]", "order", NULL},
    {"[{'order':''}]", "order", NULL},
    {"[{'order':0}]", "order", NULL},
    /* TYPES */
    {"[{'types':[]}]", "types", NULL},
    {"[{'types':'offer'}]", "types", NULL},
    {"[{'types':['offer',5]}]", "types", NULL},
    {"[{'types':['offer','ofer']}]", "types", "types[1]"},
    {"[{'types':['x-']}]", "types", "types[0]"},
    {"[{'types':{'offer':1}}]", "types", NULL},
    /* RAW_ARRAY, RAW_MAP */
    {"[{'events':{}}]", "events", NULL},
    {"[{'events':5}]", "events", NULL},
    {"[{'expect':[]}]", "expect", NULL},
    {"[{'expect':'p'}]", "expect", NULL},
    /* twice */
    {"[{'seq':1,'seq':1}]", "seq", "twice"},
    {"[{'seq':1,'id':'a','seq':2}]", "seq", "twice"},
    {"[{'seq':1,'seq':!nil}]", "seq", "twice"},
    /* names */
    {"[{'limt':5}]", NULL, "did you mean \"limit\"?"},
    {"[{'Partnership':'a'}]", NULL, "did you mean \"partnership\"?"},
    {"[{'zzzzzzzz':5}]", NULL, "\"zzzzzzzz\" is no argument"},
    {"[{'':5}]", NULL, NULL},
    {"[{<a10a>:5}]", NULL, NULL},
    {"[{\"s300:5}]", NULL, NULL},
    {"[{5:5}]", NULL, NULL},
    {"[{!nil:5}]", NULL, NULL},
    {"[{<c4026964>:'a'}]", NULL, NULL},
    /* params */
    {"{}", NULL, "[{...}]"},
    {"{'seq':1}", NULL, "[{...}]"},
    {"!nil", NULL, "[{...}]"},
    {"[!nil]", NULL, "[{...}]"},
    {"['seq']", NULL, "[{...}]"},
    {"[[]]", NULL, "[{...}]"},
    {"[{},{}]", NULL, "[{...}]"},
    {"[{'seq':1},5]", NULL, "[{...}]"},
};

START_TEST(argument_is_refused)
{
    struct mp_buf buf;
    struct args args;
    struct args_fault fault = {0};
    const char *name = wrong[_i].name, *says = wrong[_i].says;
    ck_assert_msg(!read_args(&buf, wrong[_i].params, ALL, 0, &args, &fault),
                  "%s", wrong[_i].params);
    ck_assert_int_eq(fault.code, MODEL_INVALID_REQUEST);
    ck_assert_pstr_eq(fault.name, name);
    ck_assert_int_ne(fault.message[0], '\0');
    ck_assert(!fault.has_offset);
    if (name != NULL)
        ck_assert_msg(strstr(fault.message, name) != NULL, "%s", fault.message);
    if (says != NULL)
        ck_assert_msg(strstr(fault.message, says) != NULL, "%s", fault.message);
    mp_buf_deinit(&buf);
}
END_TEST

static const struct {
    const char *params;
    const char *name;
    size_t offset;
} wrong_dates[] = {
    {"[{'at':''}]", "at", 0},
    {"[{'at':'2017-13'}]", "at", 5},
    {"[{'known':'2017x'}]", "known", 4},
    {"[{'from':'20'}]", "from", 2},
    {"[{'recorded':'..'}]", "recorded", 2},
};

START_TEST(date_is_refused_at_its_byte)
{
    struct mp_buf buf;
    struct args args;
    struct args_fault fault = {0};
    ck_assert(!read_args(&buf, wrong_dates[_i].params, ALL, 0, &args, &fault));
    ck_assert_int_eq(fault.code, MODEL_INVALID_DATE);
    ck_assert_str_eq(fault.name, wrong_dates[_i].name);
    ck_assert(fault.has_offset);
    ck_assert_msg(fault.offset == wrong_dates[_i].offset, "%s: %zu",
                  wrong_dates[_i].params, fault.offset);
    mp_buf_deinit(&buf);
}
END_TEST

/* --- what a method takes --------------------------------------------------*/

START_TEST(params_may_be_empty)
{
    static const char *const none[] = {"[]", "[{}]", "<90>", "<9180>"};
    for (int i = 0; i < COUNT_OF(none); i++) {
        struct mp_buf buf;
        struct args args;
        struct args_fault fault;
        ck_assert(read_args(&buf, none[i], ALL, 0, &args, &fault));
        for (size_t k = 0; k < ARG_COUNT; k++)
            ck_assert(!args.values[k].given);
        mp_buf_deinit(&buf);
    }
}
END_TEST

START_TEST(nil_is_the_same_as_absent)
{
    for (size_t i = 0; i < ARG_COUNT; i++) {
        static const char *const names[] = {
#define X(symbol, name, kind) name,
            ARGS(X)
#undef X
        };
        char params[64];
        struct mp_buf buf;
        struct args args;
        struct args_fault fault;
        snprintf(params, sizeof params, "[{'%s':!nil}]", names[i]);
        ck_assert(read_args(&buf, params, ALL, 0, &args, &fault));
        ck_assert(!args.values[i].given);
        ck_assert(
            !args_read(mp_buf_span(&buf), ALL, (arg_set)1 << i, &args, &fault));
        ck_assert_str_eq(fault.name, names[i]);
        mp_buf_deinit(&buf);
    }
}
END_TEST

START_TEST(argument_of_another_method_is_refused)
{
    const arg_set allowed = ARG_BIT(AT) | ARG_BIT(PARTNERSHIP);
    struct mp_buf buf;
    struct args args;
    struct args_fault fault = {0};
    ck_assert(!read_args(&buf, "[{'party':'a'}]", allowed, 0, &args, &fault));
    ck_assert_int_eq(fault.code, MODEL_INVALID_REQUEST);
    ck_assert_ptr_nonnull(strstr(fault.message, "\"party\""));
    mp_buf_deinit(&buf);
    ck_assert(!read_args(&buf, "[{'limit':5}]", allowed, 0, &args, &fault));
    ck_assert_ptr_null(strstr(fault.message, "mean"));
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(argument_that_is_required_is_missed)
{
    struct mp_buf buf;
    struct args args;
    struct args_fault fault = {0};
    ck_assert(!read_args(&buf, "[{'at':'2017'}]", ALL, ARG_BIT(PARTNERSHIP),
                         &args, &fault));
    ck_assert_int_eq(fault.code, MODEL_INVALID_REQUEST);
    ck_assert_str_eq(fault.name, "partnership");
    mp_buf_deinit(&buf);
    ck_assert(read_args(&buf, "[{'partnership':'a'}]", ALL,
                        ARG_BIT(PARTNERSHIP), &args, &fault));
    mp_buf_deinit(&buf);
}
END_TEST

/* --- hash -----------------------------------------------------------------*/

static uint64_t
hash_of(const char *params, const char *method)
{
    struct mp_buf buf;
    struct args args;
    struct args_fault fault = {0};
    ck_assert_msg(read_args(&buf, params, ALL, 0, &args, &fault), "%s: %s",
                  params, fault.message);
    uint64_t hash = args_hash(&args, method);
    mp_buf_deinit(&buf);
    return hash;
}

static const struct {
    const char *a, *b;
} same[] = {
    {"[]", "[{}]"},
    {"[]", "[{'at':!nil}]"},
    {"[{'at':'2017','known':'2018'}]", "[{'known':'2018','at':'2017'}]"},
    {"[{'limit':5}]", "[{'limit':<cf0000000000000005>}]"},
    {"[{'from':5}]", "[{'from':<d10005>}]"},
    {"[{'party':'a'}]", "[{<db000000057061727479>:<d90161>}]"},
    {"[{'at':'2017'}]", "[{'at':<da000432303137>}]"},
    {"[{'reverse':!true}]", "[<81a772657665727365c3>]"},
    {"[{'types':['offer']}]", "[{'types':<91a56f66666572>}]"},
    {"[{'types':['offer']}]", "[{'types':<91d9056f66666572>}]"},
    {"[{'limit':5}]", "[{'limit':5,'cursor':'00'}]"},
    {"[{'limit':5,'cursor':'01'}]", "[{'cursor':'00','limit':5}]"},
};

START_TEST(hash_is_the_same_for_equal_arguments)
{
    ck_assert_msg(hash_of(same[_i].a, "replay") ==
                      hash_of(same[_i].b, "replay"),
                  "%s %s", same[_i].a, same[_i].b);
}
END_TEST

/* Each differs from each other one. */
static const char *const different[] = {
    "[]",
    "[{'at':'2017'}]",
    "[{'at':'2018'}]",
    "[{'known':'2017'}]",
    "[{'at':'2017','known':'2018'}]",
    "[{'at':'2018','known':'2017'}]",
    "[{'partnership':'a'}]",
    "[{'party':'a'}]",
    "[{'party':'b'}]",
    "[{'party':'ab'}]",
    "[{'partnership':'a','party':'b'}]",
    "[{'limit':1}]",
    "[{'limit':2}]",
    "[{'from':1}]",
    "[{'from':'0001'}]",
    "[{'to':1}]",
    "[{'to':0}]",
    "[{'recorded':1}]",
    "[{'reverse':!true}]",
    "[{'reverse':!false}]",
    "[{'superseded':!true}]",
    "[{'order':'occurred'}]",
    "[{'order':'disclosed'}]",
    "[{'types':['offer']}]",
    "[{'types':['note']}]",
    "[{'types':['offer','note']}]",
    "[{'types':['x-offer','note']}]",
};

START_TEST(hash_differs_where_an_argument_does)
{
    uint64_t hash = hash_of(different[_i], "replay");
    for (int i = 0; i < COUNT_OF(different); i++)
        ck_assert_msg((hash == hash_of(different[i], "replay")) == (i == _i),
                      "%s %s", different[i], different[_i]);
    ck_assert(hash != hash_of(different[_i], "timeline"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("args");
    TCase *tests = tcase_create("args");
    tcase_add_loop_test(tests, argument_is_read, 0, COUNT_OF(right));
    tcase_add_test(tests, date_has_its_bounds);
    tcase_add_test(tests, raw_values_and_types_are_kept_whole);
    tcase_add_loop_test(tests, argument_is_refused, 0, COUNT_OF(wrong));
    tcase_add_loop_test(tests, date_is_refused_at_its_byte, 0,
                        COUNT_OF(wrong_dates));
    tcase_add_test(tests, params_may_be_empty);
    tcase_add_test(tests, nil_is_the_same_as_absent);
    tcase_add_test(tests, argument_of_another_method_is_refused);
    tcase_add_test(tests, argument_that_is_required_is_missed);
    tcase_add_loop_test(tests, hash_is_the_same_for_equal_arguments, 0,
                        COUNT_OF(same));
    tcase_add_loop_test(tests, hash_differs_where_an_argument_does, 0,
                        COUNT_OF(different));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
