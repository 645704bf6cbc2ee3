/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/notation.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- what is accepted -----------------------------------------------------*/

static const char *const accepted[] = {
    "{" BASE "}",
    "{" WHAT WHEN WHO WHERE TYPE "}",
    "{" BASE "'id':'A'}",
    "{" BASE "'id':'0a.B_c:d-e'}",
    "{" BASE "'id':\"s64}",
    "{" WHERE WHO WHEN WHAT "'type':'x-mine-2'}",
    "{" TYPE WHO WHEN WHAT "'partnership':\"s64}",
    "{" TYPE WHO WHEN WHAT "'partnership':'0.a_b-c'}",
    "{" TYPE WHERE WHEN WHAT "'parties':['a']}",
    "{" TYPE WHERE WHEN WHAT "'parties':\"e64}",
    "{" TYPE WHERE WHO WHEN "'title':\"s256}",
    "{" TYPE WHERE WHO WHEN "'title':'\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82'}",
    "{" BASE "'people':[]}",
    "{" BASE "'people':\"e64}",
    "{" BASE "'people':['Ann','Ann',\"s4096]}",
    "{" BASE "'summary':\"s16384}",
    "{" BASE "'summary':'a\tb\nc'}",
    "{" BASE "'disclosed':'2026','disclosed_by':'x','re':'y','corrects':'z'}",
    "{" BASE "'amount':{'value':'0','currency':'USD'}}",
    "{" BASE "'amount':{'kind':'paid','currency':'USD','value':'-1.5'}}",
    "{" BASE "'amount':{'value':'999999999999999.999999','currency':'EUR'}}",
    "{" BASE "'amount':{'value':999999999999999,'currency':'EUR'}}",
    "{" BASE "'amount':{'value':-999999999999999,'currency':'EUR'}}",
    "{" BASE "'terms':{}}",
    "{" BASE "'terms':{'a':!nil,'b':!true,'c':-1,'d':~1.5,'e':'x\ny','f':[1,"
    "{'g':[]}],'tab\tkey':1}}",
    "{" BASE "'terms':{'a':\"s4096}}",
    "{" BASE "'terms':{\"s4096:1}}",
    "{" BASE "'terms':{'effective':'2018/..'}}",
    "{" WHERE WHO WHEN WHAT
    "'terms':{'effective':!nil},'type':'amendment','re':'x'}",
    "{" BASE "'terms':{'inner':{'effective':!nil}}}",
    "{" BASE "'terms':{'a':\"d14}}",
    "{" BASE "'ext':{'bin':\"b5000,'nil':!nil,'deep':\"d14}}",
    "{" BASE "'sources':[]}",
    "{" BASE "'sources':\"m64}",
    "{" BASE "'sources':[{'kind':'k','title':'t','publisher':'p','url':'u',"
    "'cite':'c','published':'yesterday'}]}",
    "{" BASE "'certainty':'alleged'}",
    "{" BASE "'quote':{'text':'a\nb'}}",
    "{" BASE "'quote':{'by':'me','text':\"s4096}}",
    /* the same key in different maps is no duplicate */
    "{" BASE "'terms':{'a':{'a':{'a':1}},'b':[{'a':1},{'a':2}]}}",
};

START_TEST(event_check_accepts)
{
    struct mp_buf buf = encoded(accepted[_i]);
    struct event event;
    struct event_fault fault;
    bool good =
        event_check(mp_buf_span(&buf), MODEL_EVENT_SIZE_MAX, &event, &fault);
    ck_assert_msg(good, "%s: %s: %s", accepted[_i], fault.field, fault.message);
    ck_assert(event_equal(mp_buf_span(&buf), mp_buf_span(&buf)));
    mp_buf_deinit(&buf);
}
END_TEST

static bool
check_text(const char *notation, struct event *event, struct event_fault *fault)
{
    struct mp_buf buf = encoded(notation);
    memset(fault, 0xff, sizeof(*fault));
    bool good =
        event_check(mp_buf_span(&buf), MODEL_EVENT_SIZE_MAX, event, fault);
    mp_buf_deinit(&buf);
    return good;
}

static const struct {
    const char *event;
    const char *field;
    size_t offset;
} bad_dates[] = {
    {"{" TYPE WHERE WHO WHAT "'occurred':'2017-13'}", "occurred", 5},
    {"{" BASE "'disclosed':'yesterday'}", "disclosed", 0},
    {"{" BASE "'terms':{'effective':'2017-02-30'}}", "terms.effective", 8},
    /* in this order, whatever the order of the keys */
    {"{'terms':{'effective':'x'},'disclosed':'2017-13'," BASE "}", "disclosed",
     5},
    {"{'disclosed':'x'," TYPE WHERE WHO WHAT "'occurred':'2017-13'}",
     "occurred", 5},
};

START_TEST(a_wrong_date_is_located)
{
    struct event event;
    struct event_fault fault;
    ck_assert(!check_text(bad_dates[_i].event, &event, &fault));
    ck_assert_int_eq(fault.code, MODEL_INVALID_DATE);
    ck_assert_str_eq(fault.field, bad_dates[_i].field);
    ck_assert(fault.has_offset);
    ck_assert_uint_eq(fault.offset, bad_dates[_i].offset);
    ck_assert_ptr_nonnull(strstr(fault.message, "is not a date"));
}
END_TEST

START_TEST(an_event_may_be_as_large_as_the_limit)
{
    struct mp_buf buf = encoded("{" BASE "'summary':\"s300}");
    struct event event;
    struct event_fault fault;
    ck_assert(event_check(mp_buf_span(&buf), buf.size, &event, &fault));
    ck_assert(!event_check(mp_buf_span(&buf), buf.size - 1, &event, &fault));
    ck_assert_int_eq(fault.code, MODEL_TOO_LARGE);
    ck_assert_str_eq(fault.field, "");
    ck_assert(!fault.has_offset);
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(a_value_that_is_not_whole_is_refused)
{
    struct mp_buf buf = encoded("{" BASE "'terms':{'a':[1,{'b':2}]},"
                                "'sources':[{'url':'u'}]}");
    for (size_t size = 0; size < buf.size; size++) {
        struct event event;
        struct event_fault fault;
        uint8_t *prefix = malloc(size > 0 ? size : 1);
        memcpy(prefix, buf.data, size);
        ck_assert(!event_check((struct span){prefix, size},
                               MODEL_EVENT_SIZE_MAX, &event, &fault));
        ck_assert_int_eq(fault.code, MODEL_INVALID_EVENT);
        free(prefix);
    }
    struct event event;
    struct event_fault fault;
    mp_put_nil(&buf);
    ck_assert(
        !event_check(mp_buf_span(&buf), MODEL_EVENT_SIZE_MAX, &event, &fault));
    ck_assert_ptr_nonnull(strstr(fault.message, "one whole"));
    mp_buf_deinit(&buf);
}
END_TEST

/* `times` of `piece` at the end of a text, and what closes it. */
static void
append_pieces(char *text, size_t room, const char *piece, int times,
              const char *close)
{
    size_t at = strlen(text);
    for (int i = 0; i < times; i++)
        at += (size_t)snprintf(text + at, room - at, "%s", piece);
    snprintf(text + at, room - at, "%s", close);
}

/* Long names are cut between characters, and say so. */
START_TEST(a_long_path_is_cut_between_characters)
{
    char notation[1200] = "{" BASE "'terms':{'";
    struct event event;
    struct event_fault fault;
    append_pieces(notation, sizeof(notation), "\xe2\x82\xac", 300, "':''}}");
    ck_assert(!check_text(notation, &event, &fault));
    ck_assert_uint_le(EVENT_FIELD_SIZE - strlen(fault.field), 4);
    ck_assert(event_is_text(span_of(fault.field), false));
    ck_assert(event_is_text(span_of(fault.message), false));
    ck_assert_ptr_nonnull(strstr(fault.message, "is empty"));
}
END_TEST

START_TEST(nothing_follows_where_a_path_was_cut)
{
    struct event event;
    struct event_fault fault;
    ck_assert(!check_text("{" BASE "'terms':{\"s150:{\"s20:{'b':''}}}}", &event,
                          &fault));
    ck_assert_uint_eq(strlen(fault.field), EVENT_FIELD_SIZE - 1);
    ck_assert_int_eq(fault.field[EVENT_FIELD_SIZE - 2], 'a');
    ck_assert(!check_text("{" BASE
                          "'terms':{\"s148:{'aaa\xe2\x82\xac':{'b':''}}}}",
                          &event, &fault));
    ck_assert_str_eq(fault.field + strlen(fault.field) - 4, ".aaa");
}
END_TEST

START_TEST(a_long_value_is_shown_cut)
{
    char notation[1200] = "{" TYPE WHERE WHEN WHAT "'parties':['";
    struct event event;
    struct event_fault fault;
    append_pieces(notation, sizeof(notation), "\xf0\x9f\x99\x82", 16, "']}");
    ck_assert(!check_text(notation, &event, &fault));
    ck_assert_ptr_nonnull(strstr(fault.message, "\xf0\x9f\x99\x82\" is not"));
    ck_assert(!check_text("{" BASE "'certainty':\"s4000}", &event, &fault));
    ck_assert_ptr_nonnull(strstr(fault.message, "aaa...\" is not"));
}
END_TEST

/* --- maps with many keys --------------------------------------------------*/

/* An event whose ext has `count` keys, the last of which repeats `twice`. */
static struct mp_buf
many_keys(uint32_t count, uint32_t twice)
{
    struct mp_buf buf = encoded("{" BASE "}");
    char key[16];
    buf.data[4] = 6; /* one more pair than BASE has */
    mp_put_text(&buf, "ext");
    mp_put_map(&buf, count);
    for (uint32_t i = 0; i < count; i++) {
        bool repeat = i + 1 == count && twice < count;
        snprintf(key, sizeof(key), "k%u", repeat ? twice : i);
        mp_put_text(&buf, key);
        mp_put_nil(&buf);
    }
    return buf;
}

/* 100,000 keys do not fit in the default limit. */
#define MANY_KEYS_SIZE ((size_t)4 << 20)

static const uint32_t key_counts[] = {1, 2, 16, 17, 64, 65, 130, 100000};

START_TEST(a_repeated_key_is_found_among_many)
{
    uint32_t count = key_counts[_i];
    struct event event;
    struct event_fault fault;
    struct mp_buf buf = many_keys(count, UINT32_MAX);
    ck_assert(event_check(mp_buf_span(&buf), MANY_KEYS_SIZE, &event, &fault));
    mp_buf_deinit(&buf);
    for (uint32_t twice = 0; twice + 1 < count; twice += 1 + count / 3) {
        char field[32];
        snprintf(field, sizeof(field), "ext.k%u", twice);
        buf = many_keys(count, twice);
        ck_assert(
            !event_check(mp_buf_span(&buf), MANY_KEYS_SIZE, &event, &fault));
        ck_assert_str_eq(fault.field, field);
        mp_buf_deinit(&buf);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("event");
    TCase *tests = tcase_create("event");
    tcase_add_loop_test(tests, event_check_accepts, 0, COUNT_OF(accepted));
    tcase_add_loop_test(tests, a_wrong_date_is_located, 0, COUNT_OF(bad_dates));
    tcase_add_test(tests, an_event_may_be_as_large_as_the_limit);
    tcase_add_test(tests, a_value_that_is_not_whole_is_refused);
    tcase_add_test(tests, a_long_path_is_cut_between_characters);
    tcase_add_test(tests, nothing_follows_where_a_path_was_cut);
    tcase_add_test(tests, a_long_value_is_shown_cut);
    tcase_add_loop_test(tests, a_repeated_key_is_found_among_many, 0,
                        COUNT_OF(key_counts));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
