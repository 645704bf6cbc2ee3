/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "client/dates.h"
#include "client/text.h"
#include "client/words.h"

static void
check_text(struct mp_buf *buf, const char *expected)
{
    mp_buf_append(buf, "", 1);
    ck_assert_str_eq((const char *)buf->data, expected);
    mp_buf_deinit(buf);
}

/* --- words ----------------------------------------------------------------*/

static const struct {
    const char *edtf, *words;
} date_cases[] = {
    {"2017", "2017"},
    {"2017-08-11", "2017-08-11"},
    {"2017-22", "summer 2017"},
    {"2017-24", "winter 2017/18"},
    {"1999-24", "winter 1999/00"},
    {"2017-29", "spring 2017 (south)"},
    {"2017-33", "Q1 2017"},
    {"2017-41", "second half of 2017"},
    {"2018-01-1X", "2018-01-1X"},
    {"2017-12", "2017-12"},
    {"2017-08-11~", "about 2017-08-11"},
    {"2017-22~", "about summer 2017"},
    {"2017?", "2017?"},
    {"2017%", "about 2017?"},
    {"2004-06-~11", "2004-06-~11"},
    {"2017-08/2018-02", "2017-08 to 2018-02"},
    {"2017/..", "since 2017"},
    {"../2017", "until 2017"},
    {"../..", "at some time"},
    {"2017-08-11T12:00:00Z", "2017-08-11T12:00:00Z"},
    {"", ""},
};

START_TEST(date_is_said_as_a_person_would)
{
    struct mp_buf text = {0};
    words_date(&text, span_of(date_cases[_i].edtf));
    check_text(&text, date_cases[_i].words);
}
END_TEST

static const struct {
    uint64_t days;
    const char *words;
} lag_cases[] = {{1, "1 day"},       {2, "2 days"},       {20, "20 days"},
                 {21, "3 weeks"},    {69, "10 weeks"},    {70, "2 months"},
                 {365, "12 months"}, {699, "23 months"},  {731, "2 years"},
                 {2922, "8 years"},  {36525, "100 years"}};

START_TEST(lag_has_the_unit_that_fits)
{
    struct mp_buf text = {0};
    words_days(&text, lag_cases[_i].days);
    check_text(&text, lag_cases[_i].words);
}
END_TEST

static const struct {
    const char *plain, *separated;
} decimal_cases[] = {{"0", "0"},
                     {"999", "999"},
                     {"1000", "1,000"},
                     {"-1000", "-1,000"},
                     {"-100", "-100"},
                     {"13000000000", "13,000,000,000"},
                     {"1234.5678", "1,234.5678"}};

START_TEST(decimal_has_separators_before_its_point)
{
    struct mp_buf text = {0};
    words_decimal(&text, span_of(decimal_cases[_i].plain));
    check_text(&text, decimal_cases[_i].separated);
}
END_TEST

static const struct {
    const char *plain, *rounded;
} sum_cases[] = {{"0", "0"},
                 {"12.50", "12.50"},
                 {"999", "999"},
                 {"999.99", "999.99"},
                 {"1000", "1k"},
                 {"1250", "1.25k"},
                 {"99950", "100k"},
                 {"999499", "999k"},
                 {"999500", "1m"},
                 {"300000000", "300m"},
                 {"-10869600000", "-10.9bn"},
                 {"251000000000", "251bn"},
                 {"1000000000000", "1tn"},
                 {"1234567000000000", "1,235tn"},
                 {"12345678901234567890123456789012345",
                  "12,345,678,901,234,567,890,123,456,789,012,345"}};

START_TEST(sum_keeps_three_digits)
{
    struct mp_buf text = {0};
    words_sum(&text, span_of(sum_cases[_i].plain));
    check_text(&text, sum_cases[_i].rounded);
}
END_TEST

START_TEST(moment_at_the_end_of_a_day_is_that_day)
{
    struct mp_buf text = {0};
    words_moment(&text, span_of("2018-12-31T23:59:59.999Z"));
    words_put(&text, " ");
    words_moment(&text, span_of("2018-12-31T12:00:00.000Z"));
    check_text(&text, "2018-12-31 2018-12-31T12:00:00.000Z");
}
END_TEST

START_TEST(count_knows_one_from_many)
{
    struct mp_buf text = {0};
    words_count(&text, 1, "event");
    words_count(&text, 0, "event");
    words_count(&text, 1000, "event");
    check_text(&text, "1 event0 events1,000 events");
}
END_TEST

/* --- dates that are typed -------------------------------------------------*/

START_TEST(today_is_the_local_day)
{
    char date[DATES_SIZE];
    struct edtf_fault fault;
    /* 2024-03-01T02:30Z: in New York it is still the leap day */
    struct timespec now = {.tv_sec = 1709260200};
    setenv("TZ", "America/New_York", 1);
    tzset();
    ck_assert(dates_resolve("today", now, date, &fault));
    ck_assert_str_eq(date, "2024-02-29");
    ck_assert(dates_resolve("yesterday", now, date, &fault));
    ck_assert_str_eq(date, "2024-02-28");
    setenv("TZ", "UTC", 1);
    tzset();
    ck_assert(dates_resolve("today", now, date, &fault));
    ck_assert_str_eq(date, "2024-03-01");
    ck_assert(dates_resolve("yesterday", now, date, &fault));
    ck_assert_str_eq(date, "2024-02-29");
}
END_TEST

START_TEST(now_is_an_instant_that_edtf_reads)
{
    char date[DATES_SIZE];
    struct edtf_fault fault;
    struct edtf read;
    struct timespec now = {.tv_sec = 1709260200, .tv_nsec = 5000000};
    ck_assert(dates_resolve("now", now, date, &fault));
    ck_assert(edtf_parse(span_of(date), &read, &fault));
    ck_assert_int_eq(read.end_hi, INT64_C(1709260200005));
}
END_TEST

START_TEST(wrong_date_has_its_byte)
{
    char date[DATES_SIZE];
    struct edtf_fault fault = {0};
    struct timespec now = {0};
    ck_assert(!dates_resolve("2017-13", now, date, &fault));
    ck_assert_uint_eq(fault.offset, 5);
    ck_assert(dates_resolve("2017-22", now, date, &fault));
    ck_assert_str_eq(date, "2017-22");
}
END_TEST

/* --- text on a terminal ---------------------------------------------------*/

START_TEST(control_characters_do_not_reach_the_terminal)
{
    struct mp_buf text = {0};
    text_put_clean(&text, span_of("a\x1b[1m\tb\nc\xc2\x9b\xff"), false);
    check_text(&text, "a\xef\xbf\xbd[1m b c\xef\xbf\xbd\xef\xbf\xbd");
    struct mp_buf lines = {0};
    text_put_clean(&lines, span_of("a\nb"), true);
    check_text(&lines, "a\nb");
}
END_TEST

START_TEST(character_is_decoded_or_replaced)
{
    static const struct {
        const char *bytes;
        uint32_t first;
        size_t size;
    } cases[] = {
        {"a", 'a', 1},
        {"\xc3\xa9", 0xe9, 2},
        {"\xe2\x82\xac", 0x20ac, 3},
        {"\xf0\x9f\x98\x80", 0x1f600, 4},
        {"\xef\xbf\xbd", TEXT_REPLACEMENT, 3},
        {"\xc0\x80", TEXT_REPLACEMENT, 1},         /* too long a form */
        {"\xed\xa0\x80", TEXT_REPLACEMENT, 1},     /* surrogate */
        {"\xf4\x90\x80\x80", TEXT_REPLACEMENT, 1}, /* beyond Unicode */
        {"\xe2\x82", TEXT_REPLACEMENT, 1},         /* cut off */
        {"\x80", TEXT_REPLACEMENT, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span rest = span_of(cases[i].bytes);
        size_t before = rest.size;
        ck_assert_uint_eq(text_next(&rest), cases[i].first);
        ck_assert_uint_eq(before - rest.size, cases[i].size);
    }
}
END_TEST

START_TEST(width_is_in_columns)
{
    text_init();
    ck_assert_uint_eq(text_width(span_of("abc")), 3);
    ck_assert_uint_eq(text_width(span_of("\xc3\xa9")), 1);
    ck_assert_uint_eq(text_width(span_of("\xe4\xb8\xad\xe6\x96\x87")), 4);
    ck_assert_uint_eq(text_width(span_of("e\xcc\x81")), 1); /* combining */
}
END_TEST

static const struct {
    const char *text;
    size_t width;
    const char *lines; /* joined by | */
} wrap_cases[] = {
    {"one two three", 20, "one two three"},
    {"one two three", 7, "one two|three"},
    {"one two three", 6, "one|two|three"},
    {"abcdefgh", 3, "abc|def|gh"},
    {"a bcdefgh", 3, "a|bcd|efg|h"},
    {"a\nb", 10, "a|b"},
    {"a\n\nb", 10, "a||b"},
    {"\xe4\xb8\xad\xe6\x96\x87", 3, "\xe4\xb8\xad|\xe6\x96\x87"},
    {"\xe4\xb8\xad", 1, "\xe4\xb8\xad"},
    {"", 5, ""},
};

START_TEST(text_wraps_at_spaces)
{
    text_init();
    struct mp_buf joined = {0};
    struct span rest = span_of(wrap_cases[_i].text), line;
    for (int i = 0; text_wrap(&rest, wrap_cases[_i].width, &line); i++) {
        if (i > 0)
            words_put(&joined, "|");
        mp_buf_append(&joined, line.data, line.size);
    }
    check_text(&joined, wrap_cases[_i].lines);
}
END_TEST

static Suite *
words_suite(void)
{
    Suite *suite = suite_create("client_words");
    TCase *tc = tcase_create("client_words");
    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, date_is_said_as_a_person_would, 0,
                        sizeof(date_cases) / sizeof(date_cases[0]));
    tcase_add_loop_test(tc, lag_has_the_unit_that_fits, 0,
                        sizeof(lag_cases) / sizeof(lag_cases[0]));
    tcase_add_loop_test(tc, decimal_has_separators_before_its_point, 0,
                        sizeof(decimal_cases) / sizeof(decimal_cases[0]));
    tcase_add_loop_test(tc, sum_keeps_three_digits, 0,
                        sizeof(sum_cases) / sizeof(sum_cases[0]));
    tcase_add_test(tc, moment_at_the_end_of_a_day_is_that_day);
    tcase_add_test(tc, count_knows_one_from_many);
    tcase_add_test(tc, today_is_the_local_day);
    tcase_add_test(tc, now_is_an_instant_that_edtf_reads);
    tcase_add_test(tc, wrong_date_has_its_byte);
    tcase_add_test(tc, control_characters_do_not_reach_the_terminal);
    tcase_add_test(tc, character_is_decoded_or_replaced);
    tcase_add_test(tc, width_is_in_columns);
    tcase_add_loop_test(tc, text_wraps_at_spaces, 0,
                        sizeof(wrap_cases) / sizeof(wrap_cases[0]));
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(words_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
