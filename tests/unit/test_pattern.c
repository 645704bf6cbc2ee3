/* SPDX-License-Identifier: MIT */
#include "proto/edtf.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*
 * Dates with unknown digits, against a second calendar that shares nothing
 * with the first: it writes out every date from -9999 to 9999, compares the
 * characters, and counts the days one by one.
 */
#define YEAR_MAX 9999
#define YEAR_COUNT (2 * YEAR_MAX + 1)
#define PATTERN_ROUNDS 4000
#define DAY_MS ((int64_t)86400000)
/* Under a sanitizer without optimization on a slow machine. */
#define TIMEOUT_S 120

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct {
    char text[32];
    int64_t start;   /* days from 1970-01-01 */
} years[YEAR_COUNT]; /* from -YEAR_MAX on */

static struct {
    char text[32];
    bool leap_only;
} days[366];

static bool
is_leap(int year)
{
    return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
}

static void
write_years(void)
{
    int64_t start = 0;
    for (int year = 1970; year <= YEAR_MAX; year++) {
        years[YEAR_MAX + year].start = start;
        start += is_leap(year) ? 366 : 365;
    }
    start = 0;
    for (int year = 1969; year >= -YEAR_MAX; year--) {
        start -= is_leap(year) ? 366 : 365;
        years[YEAR_MAX + year].start = start;
    }
    for (int year = -YEAR_MAX; year <= YEAR_MAX; year++)
        snprintf(years[YEAR_MAX + year].text, sizeof(years[0].text), "%s%04d",
                 year < 0 ? "-" : "", abs(year));
}

static void
write_days(void)
{
    static const int sizes[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t count = 0;
    for (int month = 1; month <= 12; month++) {
        for (int day = 1; day <= sizes[month - 1]; day++, count++) {
            snprintf(days[count].text, sizeof(days[0].text), "-%02d-%02d",
                     month, day);
            days[count].leap_only = month == 2 && day == 29;
        }
    }
    ck_assert_uint_eq(count, COUNT(days));
}

/* The first `size` characters are the same, or an X where a digit is. */
static bool
fits(const char *pattern, size_t size, const char *text)
{
    for (size_t i = 0; i < size; i++)
        if (pattern[i] != text[i] && (pattern[i] != 'X' || text[i] == '-'))
            return false;
    return true;
}

struct found {
    bool any;
    int64_t first, last;
};

static void
find_in_year(const char *rest, int year, struct found *found)
{
    int64_t day = years[YEAR_MAX + year].start;
    for (size_t i = 0; i < COUNT(days); i++) {
        if (days[i].leap_only && !is_leap(year))
            continue;
        if (fits(rest, strlen(rest), days[i].text)) {
            found->first = found->any ? found->first : day;
            found->last = day;
            found->any = true;
        }
        day++;
    }
}

static struct found
find(const char *pattern)
{
    struct found found = {0};
    size_t year_size = pattern[0] == '-' ? 5 : 4;
    for (int year = -YEAR_MAX; year <= YEAR_MAX; year++) {
        const char *text = years[YEAR_MAX + year].text;
        if (strlen(text) == year_size && fits(pattern, year_size, text))
            find_in_year(pattern + year_size, year, &found);
    }
    return found;
}

/* A year, with a month or not, with a day or not; often around a leap day. */
static void
random_pattern(char *pattern, size_t size)
{
    static const char *const month[] = {"02", "X2", "0X", "1X", "XX", "04",
                                        "X1", "11", "X0", "12", "3X", "00"};
    static const char *const day[] = {"29", "2X", "X9", "30", "3X", "31",
                                      "X1", "XX", "1X", "X0", "28", "4X"};
    static const char digits[] = "0123456789XX0X";
    char year[5] = "";
    for (size_t i = 0; i < 4; i++)
        year[i] = digits[(size_t)random() % strlen(digits)];
    const char *sign = random() % 3 == 0 ? "-" : "";
    const char *m = month[(size_t)random() % COUNT(month)];
    const char *d = day[(size_t)random() % COUNT(day)];
    switch (random() % 8) {
    case 0:
        snprintf(pattern, size, "%s%s", sign, year);
        break;
    case 1:
        snprintf(pattern, size, "%s%s-%s", sign, year, m);
        break;
    default:
        snprintf(pattern, size, "%s%s-%s-%s", sign, year, m, d);
        break;
    }
}

static void
check_pattern(const char *pattern)
{
    struct found found = find(pattern);
    struct edtf date = {0};
    struct edtf_fault fault = {0};
    ck_assert_msg(edtf_parse(span_of(pattern), &date, &fault) == found.any,
                  "%s: %s", pattern, found.any ? fault.reason : "accepted");
    if (found.any) {
        ck_assert_msg(date.start_lo == found.first * DAY_MS, "%s", pattern);
        ck_assert_msg(date.end_hi == (found.last + 1) * DAY_MS - 1, "%s",
                      pattern);
    }
}

START_TEST(pattern_means_the_dates_that_fit)
{
    const char *given = getenv("ENTENTE_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
                                  : (unsigned)time(NULL);
    printf("ENTENTE_SEED=%u repeats these patterns\n", seed);
    fflush(stdout);
    srandom(seed);
    write_years();
    write_days();
    for (int i = 0; i < PATTERN_ROUNDS; i++) {
        char pattern[16];
        random_pattern(pattern, sizeof(pattern));
        check_pattern(pattern);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("pattern");
    TCase *tc = tcase_create("pattern");
    suite_add_tcase(suite, tc);
    tcase_set_timeout(tc, TIMEOUT_S);
    tcase_add_test(tc, pattern_means_the_dates_that_fit);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
