/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/notation.h"

#define BYTES(literal)                                                         \
    {                                                                          \
        (const uint8_t *)(literal), sizeof(literal) - 1                        \
    }
#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- text and money -------------------------------------------------------*/

static const struct {
    struct span text;
    bool one_line;
    bool lines;
} texts[] = {
    {BYTES(""), true, true},
    {BYTES("plain ASCII that is longer than eight bytes ~"), true, true},
    {BYTES("\xc2\xa0\xdf\xbf"), true, true},
    {BYTES("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), true, true},
    {BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true, true},
    {BYTES("\t"), false, true},
    {BYTES("1234567\n"), false, true},
    {BYTES("12345678\n9"), false, true},
    {BYTES("\0"), false, false},
    {BYTES("1234567\0"), false, false},
    {BYTES("\x1f"), false, false},
    {BYTES("1234567\x1f"), false, false},
    {BYTES("123\x7f"
           "567"),
     false, false},
    {BYTES("1234567\x7f"), false, false},
    {BYTES("\r"), false, false},
    {BYTES("\xc2\x80"), false, false},
    {BYTES("\xc2\x9f"), false, false},
    {BYTES("\x80"), false, false},
    {BYTES("\xc0\x80"), false, false},
    {BYTES("\xc1\xbf"), false, false},
    {BYTES("\xc3"), false, false},
    {BYTES("\xc3\x28"), false, false},
    {BYTES("\xe0\x9f\xbf"), false, false},
    {BYTES("\xe2\x82"), false, false},
    {BYTES("\xe2\x82\x28"), false, false},
    {BYTES("\xed\xa0\x80"), false, false},
    {BYTES("\xf0\x8f\xbf\xbf"), false, false},
    {BYTES("\xf0\x9f\x99"), false, false},
    {BYTES("\xf4\x90\x80\x80"), false, false},
    {BYTES("\xf5\x80\x80\x80"), false, false},
    {BYTES("\xff"), false, false},
};

START_TEST(event_is_text_decides)
{
    ck_assert_int_eq(event_is_text(texts[_i].text, false), texts[_i].one_line);
    ck_assert_int_eq(event_is_text(texts[_i].text, true), texts[_i].lines);
}
END_TEST

/* Each byte at each place of a word and beside one. */
START_TEST(each_ascii_byte_is_judged_everywhere)
{
    for (size_t place = 0; place < 19; place++) {
        uint8_t bytes[19];
        memset(bytes, 'a', sizeof(bytes));
        for (unsigned byte = 0; byte < 256; byte++) {
            bytes[place] = (uint8_t)byte;
            bool plain = byte >= 0x20 && byte < 0x7f;
            bool line = byte == '\t' || byte == '\n';
            struct span text = {bytes, sizeof(bytes)};
            ck_assert_int_eq(event_is_text(text, false), plain);
            ck_assert_int_eq(event_is_text(text, true), plain || line);
        }
    }
}
END_TEST

START_TEST(names_are_well_formed)
{
    ck_assert(event_is_id(span_of("A-b.c:d_1")));
    ck_assert(!event_is_id(span_of("")));
    ck_assert(!event_is_id(span_of(":a")));
    ck_assert(!event_is_id(span_of("a\x80")));
    ck_assert(event_is_slug(span_of("a-b.c_1")));
    ck_assert(!event_is_slug(span_of("")));
    ck_assert(!event_is_slug(span_of("aB")));
    ck_assert(!event_is_slug(span_of("a:b")));
    ck_assert(!event_is_slug(span_of("..")));
    ck_assert(!event_is_slug((struct span){0}));
}
END_TEST

#define MONEY(whole, rest) ((event_money)(whole)*1000000 + (rest))

static const struct {
    event_money money;
    const char *text;
} amounts[] = {
    {0, "0"},
    {1, "0.000001"},
    {-1, "-0.000001"},
    {MONEY(12, 500000), "12.5"},
    {-MONEY(12, 500000), "-12.5"},
    {MONEY(1, 0), "1"},
    {MONEY(100, 0), "100"},
    {MONEY(100, 10), "100.00001"},
    {MONEY(0, 100000), "0.1"},
    {MONEY(999999999999999, 999999), "999999999999999.999999"},
    {-(event_money)(((unsigned __int128)1 << 127) - 1) - 1,
     "-170141183460469231731687303715884.105728"},
    {(event_money)(((unsigned __int128)1 << 127) - 1),
     "170141183460469231731687303715884.105727"},
};

START_TEST(event_money_format_writes_decimals)
{
    char text[EVENT_MONEY_SIZE];
    ck_assert_uint_eq(event_money_format(amounts[_i].money, text),
                      strlen(amounts[_i].text));
    ck_assert_str_eq(text, amounts[_i].text);
}
END_TEST

static const struct {
    const char *value;
    const char *text;
} moneys[] = {
    {"'0'", "0"},
    {"'-0'", "0"},
    {"'00012.50'", "12.5"},
    {"'-0.000001'", "-0.000001"},
    {"-3", "-3"},
    {"'100000.000000'", "100000"},
    {"<cf0000000000000001>", "1"},
    {"'999999999999999.999999'", "999999999999999.999999"},
};

START_TEST(a_value_keeps_its_millionths)
{
    char notation[200], text[EVENT_MONEY_SIZE];
    struct event event;
    struct event_fault fault;
    snprintf(notation, sizeof(notation),
             "{" BASE "'amount':{'currency':'USD','value':%s}}",
             moneys[_i].value);
    struct mp_buf buf = encoded(notation);
    ck_assert(
        event_check(mp_buf_span(&buf), MODEL_EVENT_SIZE_MAX, &event, &fault));
    mp_buf_deinit(&buf);
    event_money_format(event.amount, text);
    ck_assert_str_eq(text, moneys[_i].text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("event_text");
    TCase *tests = tcase_create("event_text");
    tcase_add_loop_test(tests, event_is_text_decides, 0, COUNT_OF(texts));
    tcase_add_test(tests, each_ascii_byte_is_judged_everywhere);
    tcase_add_test(tests, names_are_well_formed);
    tcase_add_loop_test(tests, event_money_format_writes_decimals, 0,
                        COUNT_OF(amounts));
    tcase_add_loop_test(tests, a_value_keeps_its_millionths, 0,
                        COUNT_OF(moneys));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
