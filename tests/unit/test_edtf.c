/* SPDX-License-Identifier: MIT */
#include "proto/edtf.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Parses from the end of the heap's block, where ASan sees a read beyond. */
static bool
parse(const char *text, size_t size, struct edtf *date,
      struct edtf_fault *fault)
{
    uint8_t *copy = malloc(size + (size == 0));
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, size);
    bool ok = edtf_parse((struct span){copy, size}, date, fault);
    free(copy);
    return ok;
}

static struct edtf
parse_valid(const char *text)
{
    struct edtf date = {0};
    struct edtf_fault fault = {0, "untouched"};
    bool ok = parse(text, strlen(text), &date, &fault);
    ck_assert_msg(ok, "%s: %zu: %s", text, fault.offset, fault.reason);
    ck_assert_str_eq(fault.reason, "untouched");
    return date;
}

/* ---- Dates ---- */

static const struct day_case {
    const char *text, *first, *last;
} day_cases[] = {
    /* unknown digits */
    {"XXXX-XX-XX", "0000-01-01", "9999-12-31"},
    {"-XXXX", "-9999-01-01", "-0001-12-31"},
    {"-X000", "-9000-01-01", "-1000-12-31"},
    {"-X000-02-29", "-8000-02-29", "-2000-02-29"},
    {"-X000-22", "-9000-06-01", "-1000-08-31"},
    {"-000X-24", "-0009-12-01", "0000-02-29"},
    {"-000X-02-29", "-0008-02-29", "-0004-02-29"},
    {"000X-02-29", "0000-02-29", "0008-02-29"},
    {"XX00-02-29", "0000-02-29", "9600-02-29"},
    {"20X2-02-29", "2012-02-29", "2092-02-29"},
    {"201X-02-2X", "2010-02-20", "2019-02-28"},
    {"2017-X0", "2017-10-01", "2017-10-31"},
    {"2017-X9", "2017-09-01", "2017-09-30"},
    {"2017-XX-X0", "2017-01-10", "2017-12-30"},
    {"2017-X2-30", "2017-12-30", "2017-12-30"},
    {"2017-1X-31", "2017-10-31", "2017-12-31"},
    {"201X-02-X9", "2010-02-09", "2019-02-19"},
    {"201X-X2-29", "2010-12-29", "2019-12-29"},
    {"X0X0-XX-31", "0000-01-31", "9090-12-31"},
    {"XXX3-24", "0003-12-01", "9994-02-28"},
    /* every season */
    {"2019-21", "2019-03-01", "2019-05-31"},
    {"2019-22", "2019-06-01", "2019-08-31"},
    {"2019-23", "2019-09-01", "2019-11-30"},
    {"2019-24", "2019-12-01", "2020-02-29"},
    {"2019-25", "2019-03-01", "2019-05-31"},
    {"2019-26", "2019-06-01", "2019-08-31"},
    {"2019-27", "2019-09-01", "2019-11-30"},
    {"2019-28", "2019-12-01", "2020-02-29"},
    {"2019-29", "2019-09-01", "2019-11-30"},
    {"2019-30", "2019-12-01", "2020-02-29"},
    {"2019-31", "2019-03-01", "2019-05-31"},
    {"2019-32", "2019-06-01", "2019-08-31"},
    {"2019-33", "2019-01-01", "2019-03-31"},
    {"2019-34", "2019-04-01", "2019-06-30"},
    {"2019-35", "2019-07-01", "2019-09-30"},
    {"2019-36", "2019-10-01", "2019-12-31"},
    {"2019-37", "2019-01-01", "2019-04-30"},
    {"2019-38", "2019-05-01", "2019-08-31"},
    {"2019-39", "2019-09-01", "2019-12-31"},
    {"2019-40", "2019-01-01", "2019-06-30"},
    {"2019-41", "2019-07-01", "2019-12-31"},
    {"9999-24", "9999-12-01", "+10000-02-29"},
    {"-0001-30", "-0001-12-01", "0000-02-29"},
    /* qualifiers */
    {"?2017?-~08~-%11%", "2017-08-11", "2017-08-11"},
    {"%-0050~-?21?", "-0050-03-01", "-0050-05-31"},
    {"~201X%-?XX", "2010-01-01", "2019-12-31"},
    {"?Y17000~", "+17000-01-01", "+17000-12-31"},
    /* long years */
    {"Y10000", "+10000-01-01", "+10000-12-31"},
    {"Y-10000", "-10000-01-01", "-10000-12-31"},
    {"Y292278993", "+292278993-01-01", "+292278993-12-31"},
    {"Y-292275054", "-292275054-01-01", "-292275054-12-31"},
};

static void
assert_moment(const char *text, int64_t moment, const char *day,
              const char *time)
{
    char want[2 * EDTF_FORMAT_SIZE];
    char got[EDTF_FORMAT_SIZE];
    int size = snprintf(want, sizeof(want), "%sT%sZ", day, time);
    ck_assert_uint_eq(edtf_format(moment, got), (size_t)size);
    ck_assert_msg(strcmp(got, want) == 0, "%s: %s, not %s", text, got, want);
}

static void
check_days(const struct day_case *c)
{
    struct edtf date = parse_valid(c->text);
    ck_assert(!date.is_interval);
    assert_moment(c->text, date.start_lo, c->first, "00:00:00.000");
    assert_moment(c->text, date.start_hi, c->last, "23:59:59.999");
    ck_assert_int_eq(date.end_lo, date.start_lo);
    ck_assert_int_eq(date.end_hi, date.start_hi);
}

START_TEST(date_lasts_from_its_first_to_its_last_day)
{
    for (size_t i = 0; i < COUNT(day_cases); i++)
        check_days(&day_cases[i]);
}
END_TEST

static const struct time_case {
    const char *text, *day, *time;
} time_cases[] = {
    {"2017-08-11T21:30", "2017-08-11", "21:30:00.000"},
    {"2017-08-11T21:30:01.0019Z", "2017-08-11", "21:30:01.001"},
    {"2017-08-11T23:59:59.9999999999999999999Z", "2017-08-11", "23:59:59.999"},
    {"2017-08-11T21:30:01.5-00:30", "2017-08-11", "22:00:01.500"},
    {"2017-08-11T21:30+23:59", "2017-08-10", "21:31:00.000"},
    {"2017-12-31T24:00", "2018-01-01", "00:00:00.000"},
    {"2017-12-31T24:00:00+01", "2017-12-31", "23:00:00.000"},
    {"9999-12-31T24:00-23:59", "+10000-01-01", "23:59:00.000"},
    {"0000-01-01T00:00+00:01", "-0001-12-31", "23:59:00.000"},
    {"-0044-03-15T12:00", "-0044-03-15", "12:00:00.000"},
    {"2016-02-29T00:00Z", "2016-02-29", "00:00:00.000"},
};

static void
check_instant(const struct time_case *c)
{
    struct edtf date = parse_valid(c->text);
    ck_assert(!date.is_interval);
    assert_moment(c->text, date.start_lo, c->day, c->time);
    ck_assert_int_eq(date.start_hi, date.start_lo);
    ck_assert_int_eq(date.end_lo, date.start_lo);
    ck_assert_int_eq(date.end_hi, date.start_lo);
}

START_TEST(date_with_a_time_is_one_instant)
{
    for (size_t i = 0; i < COUNT(time_cases); i++)
        check_instant(&time_cases[i]);
}
END_TEST

/* ---- Intervals ---- */

static const char *interval_sides[] = {
    "2017",     "201X-22", "?2017-08~",        "2017-08-11T21:30+02",
    "-20XX-12", "Y-17000", "2017-08-11T21:30", "2017-02-XX",
};

static void
check_interval(const char *a, const char *b)
{
    struct edtf start = parse_valid(a);
    struct edtf end = parse_valid(b);
    struct edtf date = {0};
    struct edtf_fault fault = {0};
    char text[EDTF_TEXT_MAX];
    int size = snprintf(text, sizeof(text), "%s/%s", a, b);
    if (parse(text, (size_t)size, &date, &fault)) {
        ck_assert(date.is_interval);
        ck_assert_int_le(start.start_lo, end.end_hi);
        ck_assert_int_eq(date.start_lo, start.start_lo);
        ck_assert_int_eq(date.start_hi, start.start_hi);
        ck_assert_int_eq(date.end_lo, end.end_lo);
        ck_assert_int_eq(date.end_hi, end.end_hi);
    } else {
        ck_assert_int_gt(start.start_lo, end.end_hi);
        ck_assert_uint_eq(fault.offset, strlen(a) + 1);
    }
}

START_TEST(interval_has_the_bounds_of_its_sides)
{
    for (size_t a = 0; a < COUNT(interval_sides); a++)
        for (size_t b = 0; b < COUNT(interval_sides); b++)
            check_interval(interval_sides[a], interval_sides[b]);
}
END_TEST

START_TEST(certain_instant_is_the_end_of_the_start)
{
    const int64_t last = parse_valid("2017").end_hi;
    const struct {
        const char *text;
        int64_t certain;
    } cases[] = {
        {"2017", last},
        {"2017/2018", last},
        {"2017/", last},
        {"2017/..", last},
        {"/2017", last},
        {"../2017", last},
        {"../..", EDTF_PLUS_INFINITY},
        {"../", EDTF_PLUS_INFINITY},
        {"/..", EDTF_PLUS_INFINITY},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct edtf date = parse_valid(cases[i].text);
        ck_assert_msg(edtf_certain(&date) == cases[i].certain, "%s",
                      cases[i].text);
    }
}
END_TEST

/* ---- Texts that are no dates ---- */

static const struct fault_case {
    const char *text;
    size_t offset;
    const char *reason; /* a part of it */
} fault_cases[] = {
    {"", 0, "year is four digits"},
    {" 2017", 0, "year is four digits"},
    {"August 2017", 0, "year is four digits"},
    {"+2017", 0, "year is four digits"},
    {"17-08", 2, "year is four digits"},
    {"201x", 3, "year is four digits"},
    {"-?0050", 1, "year is four digits"},
    {"?", 1, "year is four digits"},
    {"-0000", 0, "year zero is 0000"},
    {"?-0000-01", 1, "year zero is 0000"},
    {"2017-01-01/-0000", 11, "year zero is 0000"},
    {"20170811", 4, "after a year"},
    {"2017 ", 4, "after a year"},
    {"2017S2", 4, "after a year"},
    {"2017T10:00", 4, "after a year"},
    {"2017..2019", 4, "after a year"},
    {"2017~~", 5, "before and one after"},
    {"?~2017", 1, "before and one after"},
    {"2017-?~08", 6, "before and one after"},
    {"2017?-08%%", 9, "before and one after"},
    /* long years */
    {"Y", 1, "five or more"},
    {"Y2017", 5, "five or more"},
    {"Y-5", 3, "five or more"},
    {"Y?17000", 1, "five or more"},
    {"Y1700X", 5, "five or more"},
    {"Y00017", 1, "first not 0"},
    {"Y-012345", 2, "first not 0"},
    {"Y+12345", 1, "five or more"},
    {"-Y12345", 1, "year is four digits"},
    {"Y17000-08", 6, "digits only"},
    {"Y292278994", 1, "-292275054 to 292278993"},
    {"Y-292275055", 2, "-292275054 to 292278993"},
    {"Y99999999999999999999999999999", 1, "-292275054 to 292278993"},
    {"Y-9223372036854775808", 2, "-292275054 to 292278993"},
    /* months and seasons */
    {"2017-", 5, "month is 01 to 12 or a season 21 to 41"},
    {"2017-8", 6, "month is 01 to 12"},
    {"2017-00", 5, "month is 01 to 12"},
    {"2017-13", 5, "month is 01 to 12"},
    {"2017-20", 5, "month is 01 to 12"},
    {"2017-42", 5, "month is 01 to 12"},
    {"2017-~99", 6, "month is 01 to 12"},
    {"2017-2X", 5, "month with an X is one of 01 to 12"},
    {"2017-X3-X", 9, "day is 01 to 31"},
    {"2017-08T21:30Z", 7, "after a month"},
    {"2017-21-05", 7, "a season ends a date"},
    /* days */
    {"2017-08-", 8, "day is 01 to 31"},
    {"2017-08-1", 9, "day is 01 to 31"},
    {"2017-08-00", 8, "day is 01 to 31"},
    {"2017-08-32", 8, "day is 01 to 31"},
    {"2017-08-4X", 8, "day is 01 to 31"},
    {"2017-02-29", 8, "day is one that the month has"},
    {"2017-02-?29~", 9, "day is one that the month has"},
    {"1900-02-29", 8, "day is one that the month has"},
    {"2017-02-3X", 8, "day is one that the month has"},
    {"2017-0X-32", 8, "day is 01 to 31"},
    {"XXX1-02-29", 8, "day is one that the month has"},
    {"X100-02-29", 8, "day is one that the month has"},
    {"XXXX-02-30", 8, "day is one that the month has"},
    {"-XXX3-02-29", 9, "day is one that the month has"},
    {"201X-04-31", 8, "day is one that the month has"},
    {"2017-02-30T10:00", 8, "day is one that the month has"},
    {"2017-08-11 ", 10, "after a day"},
    {"2017-08-11 10:00", 10, "after a day"},
    {"2017-08-11t10:00", 10, "after a day"},
    /* times */
    {"2017-08-XXT21:30Z", 8, "a date with a time has no X"},
    {"20X7-0X-11T21:30Z", 2, "a date with a time has no X"},
    {"2017-08-11?T21:30Z", 10, "a date with a time has no X"},
    {"2017/?2017-08-11T21:30Z", 5, "a date with a time has no X"},
    {"2017-08-11T21:30Z?", 17, "Z ends a date"},
    {"2017-08-11T21:30?", 16, "after minutes"},
    {"2017-08-11T", 11, "hour is 00 to 24"},
    {"2017-08-11T2", 12, "hour is 00 to 24"},
    {"2017-08-11T25:00", 11, "hour is 00 to 24"},
    {"2017-08-11TXX:00", 11, "hour is 00 to 24"},
    {"2017-08-11T21Z", 13, "after hours"},
    {"2017-08-11T2130", 13, "after hours"},
    {"2017-08-11T21:60", 14, "minute is 00 to 59"},
    {"2017-08-11T21:6", 15, "minute is 00 to 59"},
    {"2017-08-11T21:30.5", 16, "after minutes"},
    {"2017-08-11T21:30:60", 17, "second is 00 to 59"},
    {"2017-08-11T21:30:", 17, "second is 00 to 59"},
    {"2017-08-11T21:30:00z", 19, "after seconds"},
    {"2017-08-11T21:30:00,5", 19, "after seconds"},
    {"2017-08-11T21:30:00.", 20, "a fraction is one or more digits"},
    {"2017-08-11T21:30:00.5.5", 21, "after a fraction"},
    {"2017-08-11T24:01", 14, "24:00 or 24:00:00 only"},
    {"2017-08-11T24:00:01", 17, "24:00 or 24:00:00 only"},
    {"2017-08-11T24:00:00.0", 19, "24:00 or 24:00:00 only"},
    {"2017-08-11T21:30+24", 17, "hour of an offset is 00 to 23"},
    {"2017-08-11T21:30+2", 18, "hour of an offset is 00 to 23"},
    {"2017-08-11T21:30-02:60", 20, "minute of an offset is 00 to 59"},
    {"2017-08-11T21:30-02:", 20, "minute of an offset is 00 to 59"},
    {"2017-08-11T21:30+0200", 19, "an offset is Z, +hh or +hh:mm"},
    {"2017-08-11T21:30+02Z", 19, "an offset is Z, +hh or +hh:mm"},
    /* intervals */
    {"/", 1, "a date or .. beside it"},
    {".", 1, ".. stands alone"},
    {"..", 2, "comes /"},
    {"...", 2, ".. stands alone"},
    {"../.", 4, ".. stands alone"},
    {"?../2017", 1, "year is four digits"},
    {"2017/..~", 7, ".. stands alone"},
    {"2017/08", 7, "year is four digits"},
    {"2018/2017", 5, "ends after it begins"},
    {"2017-08-11T10:00/2017-08-11T09:59", 17, "ends after it begins"},
    {"2017-08-11T10:00Z/2017-08-11T10:00+02", 18, "ends after it begins"},
    {"Y-17000/Y-17001", 8, "ends after it begins"},
    {"//", 1, "one /"},
    {"../2017-08/2018", 10, "one /"},
    {"../../..", 5, "one /"},
    {"2017/2018-13", 10, "month is 01 to 12"},
    {"{2017,2018}", 0, "year is four digits"},
    {"2017\xe2\x80\x93"
     "2018",
     4, "after a year"},
};

static void
check_fault(const struct fault_case *c)
{
    struct edtf date = {.start_lo = 7, .end_hi = 8};
    struct edtf_fault fault = {0};
    ck_assert_msg(!parse(c->text, strlen(c->text), &date, &fault), "%s",
                  c->text);
    ck_assert_msg(fault.offset == c->offset, "%s: %zu: %s", c->text,
                  fault.offset, fault.reason);
    ck_assert_msg(strstr(fault.reason, c->reason) != NULL, "%s: %s", c->text,
                  fault.reason);
    ck_assert_int_eq(date.start_lo, 7);
    ck_assert_int_eq(date.end_hi, 8);
}

START_TEST(fault_names_the_byte_and_what_would_be_right)
{
    for (size_t i = 0; i < COUNT(fault_cases); i++)
        check_fault(&fault_cases[i]);
}
END_TEST

START_TEST(text_has_a_longest_size)
{
    char text[EDTF_TEXT_MAX + 1];
    struct edtf date;
    struct edtf_fault fault = {0};
    memset(text, '0', sizeof(text));
    static const char head[20] = "2017-08-11T21:30:00."; /* and no NUL */
    memcpy(text, head, sizeof(head));
    ck_assert(parse(text, EDTF_TEXT_MAX, &date, &fault));
    ck_assert(!parse(text, sizeof(text), &date, &fault));
    ck_assert_uint_eq(fault.offset, EDTF_TEXT_MAX);
    ck_assert_ptr_nonnull(strstr(fault.reason, "128 bytes"));
}
END_TEST

START_TEST(nul_and_absent_text_are_faults)
{
    struct edtf date;
    struct edtf_fault fault = {99, NULL};
    ck_assert(!edtf_parse((struct span){0}, &date, &fault));
    ck_assert_uint_eq(fault.offset, 0);
    ck_assert(!parse("2017\0", 5, &date, &fault));
    ck_assert_uint_eq(fault.offset, 4);
}
END_TEST

/* Each is a date or wants more. */
START_TEST(prefix_of_a_date_fails_only_at_its_end)
{
    static const char text[] = "-0044-03-15T12:00:59.123-05:30/?2017~-%08?-~11";
    struct edtf date;
    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        struct edtf_fault fault = {0};
        if (!parse(text, size, &date, &fault))
            ck_assert_msg(fault.offset == size, "%.*s: %zu: %s", (int)size,
                          text, fault.offset, fault.reason);
    }
}
END_TEST

/* ---- Golden rows ---- */

/* A bound as the golden file writes it. */
static int64_t
golden_bound(char **fields)
{
    char *field = strsep(fields, "\t");
    ck_assert_ptr_nonnull(field);
    if (strcmp(field, "inf") == 0)
        return EDTF_PLUS_INFINITY;
    if (strcmp(field, "-inf") == 0)
        return EDTF_MINUS_INFINITY;
    char *end;
    int64_t bound = strtoll(field, &end, 10);
    ck_assert(*field != '\0' && *end == '\0');
    return bound;
}

static void
check_golden_row(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *fields = line;
    char *text = strsep(&fields, "\t");
    ck_assert_msg(fields != NULL, "no bounds: %s", text);
    struct edtf date = {0};
    struct edtf_fault fault = {0};
    bool ok = parse(text, strlen(text), &date, &fault);
    ck_assert_msg(ok == (strcmp(fields, "invalid") != 0), "%s: %s, %zu: %s",
                  text, fields, fault.offset, ok ? "accepted" : fault.reason);
    if (!ok)
        return;
    ck_assert_msg(golden_bound(&fields) == date.start_lo, "%s", text);
    ck_assert_msg(golden_bound(&fields) == date.start_hi, "%s", text);
    ck_assert_msg(golden_bound(&fields) == date.end_lo, "%s", text);
    ck_assert_msg(golden_bound(&fields) == date.end_hi, "%s", text);
    ck_assert_ptr_null(fields);
}

START_TEST(golden_rows_hold)
{
    const char *tests = getenv("ENTENTE_TESTS");
    char path[4096];
    snprintf(path, sizeof(path), "%s/golden/edtf.tsv",
             tests != NULL ? tests : "tests");
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    char *line = NULL;
    size_t size = 0;
    size_t rows = 0;
    ck_assert_int_gt(getline(&line, &size, file), 0);
    ck_assert_int_eq(line[0], '#'); /* the heading */
    for (; getline(&line, &size, file) > 0; rows++)
        check_golden_row(line);
    ck_assert_uint_gt(rows, 0);
    free(line);
    fclose(file);
}
END_TEST

static Suite *
edtf_suite(void)
{
    Suite *suite = suite_create("edtf");
    TCase *tc = tcase_create("edtf");
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, date_lasts_from_its_first_to_its_last_day);
    tcase_add_test(tc, date_with_a_time_is_one_instant);
    tcase_add_test(tc, interval_has_the_bounds_of_its_sides);
    tcase_add_test(tc, certain_instant_is_the_end_of_the_start);
    tcase_add_test(tc, fault_names_the_byte_and_what_would_be_right);
    tcase_add_test(tc, text_has_a_longest_size);
    tcase_add_test(tc, nul_and_absent_text_are_faults);
    tcase_add_test(tc, prefix_of_a_date_fails_only_at_its_end);
    tcase_add_test(tc, golden_rows_hold);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(edtf_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
