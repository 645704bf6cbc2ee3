/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/notation.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- equality -------------------------------------------------------------*/

static const struct {
    const char *submitted;
    const char *stored;
    bool equal;
} pairs[] = {
    {"{" BASE "}", "{" ASSIGNED BASE "}", true},
    {"{" BASE "}", "{" BASE "}", true},
    {"{" BASE "'id':'a'}", "{" ASSIGNED "'id':'a'," BASE "}", true},
    {"{" BASE "'id':'a'}", "{" ASSIGNED "'id':'b'," BASE "}", false},
    {"{" BASE "}", "{" ASSIGNED "'id':'b'," BASE "}", false},
    {"{" BASE "'id':'a'}", "{" ASSIGNED BASE "}", false},
    {"{" WHAT WHEN WHO WHERE TYPE "}", "{" ASSIGNED BASE "}", true},
    {"{" TYPE WHERE WHEN WHAT "'parties':['b','a']}", "{" ASSIGNED BASE "}",
     false},
    {"[]", "{}", false},
    {"{}", "[]", false},
    {"{}", "{" ASSIGNED "}", true},
};

/* Of a key's value within an event. */
static const struct {
    const char *a;
    const char *b;
    bool equal;
} values[] = {
    {"5", "<cc05>", true},
    {"5", "<d30000000000000005>", true},
    {"5", "<cf0000000000000005>", true},
    {"-1", "<d1ffff>", true},
    {"5", "-5", false},
    {"5", "6", false},
    {"<cfffffffffffffffff>", "-1", false},
    {"~1.5", "<ca3fc00000>", true},
    {"~5", "5", false},
    {"~1.5", "~1.25", false},
    {"'a'", "<d90161>", true},
    {"'a'", "<db0000000161>", true},
    {"'a'", "<c40161>", false},
    {"<c40161>", "<c5000161>", true},
    {"<c40161>", "<c40162>", false},
    {"'a'", "'b'", false},
    {"'a'", "'ab'", false},
    {"!nil", "!nil", true},
    {"!nil", "!false", false},
    {"!true", "!true", true},
    {"!true", "!false", false},
    {"!false", "0", false},
    {"[1,2]", "<dc000201cc02>", true},
    {"[1,2]", "[2,1]", false},
    {"[1,2]", "[1,2,3]", false},
    {"[]", "{}", false},
    {"{'a':1,'b':{'c':2,'d':3}}", "{'b':{'d':3,'c':2},'a':1}", true},
    {"{'a':1,'b':2}", "{'a':1,'c':2}", false},
    {"{'a':1,'b':2}", "{'a':2,'b':1}", false},
    {"{'a':1}", "{'a':1,'b':2}", false},
    {"{'a':1,'b':2,'c':3,'d':4,'e':5}", "{'e':5,'d':4,'c':3,'b':2,'a':1}",
     true},
    {"{'a':1,'b':2,'c':3,'d':4,'e':5}", "{'e':5,'d':4,'c':3,'b':2,'a':9}",
     false},
    {"{'a':1,'b':2,'c':3,'d':4,'e':5}", "{'e':5,'d':4,'c':3,'b':2,'f':1}",
     false},
    {"\"d14", "\"d14", true},
    {"\"d14", "\"d13", false},
};

START_TEST(event_equal_compares_events)
{
    struct mp_buf submitted = encoded(pairs[_i].submitted);
    struct mp_buf stored = encoded(pairs[_i].stored);
    ck_assert_msg(event_equal(mp_buf_span(&submitted), mp_buf_span(&stored)) ==
                      pairs[_i].equal,
                  "%s %s", pairs[_i].submitted, pairs[_i].stored);
    mp_buf_deinit(&submitted);
    mp_buf_deinit(&stored);
}
END_TEST

/* Both ways round, so that neither side is only searched for in the other. */
START_TEST(event_equal_compares_values)
{
    static const char *const forms[] = {
        "{'ext':{'k':%s,'z':1}," BASE "}",
        "{'ext':{'z':<cc01>,'k':%s}," BASE "}",
    };
    char a[400], b[400];
    for (int swap = 0; swap < 2; swap++) {
        snprintf(a, sizeof(a), forms[0], swap ? values[_i].b : values[_i].a);
        snprintf(b, sizeof(b), forms[1], swap ? values[_i].a : values[_i].b);
        struct mp_buf left = encoded(a), right = encoded(b);
        ck_assert_msg(event_equal(mp_buf_span(&left), mp_buf_span(&right)) ==
                          values[_i].equal,
                      "%s %s", a, b);
        mp_buf_deinit(&left);
        mp_buf_deinit(&right);
    }
}
END_TEST

static const uint32_t key_counts[] = {1, 2, 16, 17, 64, 65, 130, 100000};

/* {ext: {k0: nil, ...}} with the keys in order or reversed. */
static struct mp_buf
ordered_keys(uint32_t count, bool reverse, uint32_t changed)
{
    struct mp_buf buf = {0};
    char key[16];
    mp_put_map(&buf, 1);
    mp_put_text(&buf, "ext");
    mp_put_map(&buf, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = reverse ? count - 1 - i : i;
        snprintf(key, sizeof(key), "k%u", number);
        mp_put_text(&buf, key);
        mp_put_bool(&buf, number == changed);
    }
    return buf;
}

START_TEST(event_equal_compares_maps_of_many_keys)
{
    uint32_t count = key_counts[_i];
    struct mp_buf a = ordered_keys(count, false, UINT32_MAX);
    struct mp_buf b = ordered_keys(count, true, UINT32_MAX);
    struct mp_buf c = ordered_keys(count, true, count / 2);
    ck_assert(event_equal(mp_buf_span(&a), mp_buf_span(&b)));
    ck_assert(!event_equal(mp_buf_span(&a), mp_buf_span(&c)));
    ck_assert(!event_equal(mp_buf_span(&c), mp_buf_span(&b)));
    mp_buf_deinit(&a);
    mp_buf_deinit(&b);
    mp_buf_deinit(&c);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("event_equal");
    TCase *tests = tcase_create("event_equal");
    tcase_add_loop_test(tests, event_equal_compares_events, 0, COUNT_OF(pairs));
    tcase_add_loop_test(tests, event_equal_compares_values, 0,
                        COUNT_OF(values));
    tcase_add_loop_test(tests, event_equal_compares_maps_of_many_keys, 0,
                        COUNT_OF(key_counts));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
