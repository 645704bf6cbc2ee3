/* SPDX-License-Identifier: MIT */
#include "proto/calendar.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/edtf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct format_case {
    int64_t moment;
    const char *text;
} format_cases[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {-1, "1969-12-31T23:59:59.999Z"},
    {1502409600001, "2017-08-11T00:00:00.001Z"},
    {951868799999, "2000-02-29T23:59:59.999Z"},
    {-62167219200000, "0000-01-01T00:00:00.000Z"},
    {-62167219200001, "-0001-12-31T23:59:59.999Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
    {253402300800000, "+10000-01-01T00:00:00.000Z"},
    {-377705116800001, "-10000-12-31T23:59:59.999Z"},
    {INT64_MAX - 1, "+292278994-08-17T07:12:55.806Z"},
    {INT64_MIN + 1, "-292275055-05-16T16:47:04.193Z"},
};

START_TEST(moment_is_written_in_full)
{
    char text[EDTF_FORMAT_SIZE];
    size_t size = edtf_format(format_cases[_i].moment, text);
    ck_assert_str_eq(text, format_cases[_i].text);
    ck_assert_uint_eq(size, strlen(text));
}
END_TEST

#define MOMENT_ROUNDS 20000

/* Any moment within 64 bits, then ever nearer to 1970. */
static int64_t
random_moment(void)
{
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits = bits << 16 | ((uint64_t)random() & 0xffff);
    int64_t moment = (int64_t)(bits >> 1) >> random() % 40;
    return random() % 2 == 0 ? moment : -moment;
}

START_TEST(moment_is_written_as_the_c_library_counts)
{
    unsigned seed = (unsigned)time(NULL);
    printf("seed of moments: %u\n", seed);
    fflush(stdout);
    srandom(seed);
    for (int i = 0; i < MOMENT_ROUNDS; i++) {
        char want[64];
        char got[EDTF_FORMAT_SIZE];
        int64_t moment = random_moment();
        int64_t ms = (moment % 1000 + 1000) % 1000;
        time_t seconds = (time_t)((moment - ms) / 1000);
        struct tm tm;
        ck_assert_ptr_nonnull(gmtime_r(&seconds, &tm));
        int year = tm.tm_year + 1900;
        const char *sign = year < 0 ? "-" : year > 9999 ? "+" : "";
        snprintf(want, sizeof(want), "%s%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                 sign, abs(year), tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                 tm.tm_min, tm.tm_sec, (int)ms);
        edtf_format(moment, got);
        ck_assert_str_eq(got, want);
    }
}
END_TEST

/* Every day of an era and more, each next to the one before. */
START_TEST(days_follow_each_other)
{
    const int64_t first = calendar_month_start(-401, 1);
    const int64_t after = calendar_month_start(402, 1);
    struct calendar_day want = {-401, 1, 1};
    for (int64_t days = first; days < after; days++) {
        struct calendar_day day = calendar_day_of(days);
        int64_t start = calendar_month_start(day.year, day.month);
        /* a ck_assert each would take seconds */
        if (day.year != want.year || day.month != want.month ||
            day.day != want.day || start + day.day - 1 != days)
            ck_abort_msg("day %" PRId64 " is %" PRId64 "-%d-%d", days, day.year,
                         day.month, day.day);
        bool leap = calendar_is_leap(want.year);
        if (++want.day > calendar_month_days(want.month, leap)) {
            want.day = 1;
            want.year += want.month == CALENDAR_MONTH_MAX;
            want.month = want.month % CALENDAR_MONTH_MAX + 1;
        }
    }
    ck_assert_int_eq(want.year, 402);
    ck_assert_int_eq(calendar_month_start(401, 13), after);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("calendar");
    TCase *tc = tcase_create("calendar");
    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, moment_is_written_in_full, 0, COUNT(format_cases));
    tcase_add_test(tc, moment_is_written_as_the_c_library_counts);
    tcase_add_test(tc, days_follow_each_other);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
