/* SPDX-License-Identifier: MIT */
#include "proto/pattern.h"

#include "proto/calendar.h"

#define SEASON_MIN 21
#define SEASON_MAX 41

const struct digits digits_unsaid = {(const uint8_t *)"XX", 2, 0, 99};

/*
 * Seasons, and what else divides a year: numbers from `number` on, each of so
 * many `months`, the first of them from `month` on, the next behind it, round
 * the year.
 */
static const struct division {
    int number, month, months;
} divisions[] = {
    {21, 3, 3}, /* seasons from spring on, hemisphere unsaid */
    {25, 3, 3}, /* northern */
    {29, 9, 3}, /* southern */
    {33, 1, 3}, /* quarters */
    {37, 1, 4}, /* thirds */
    {40, 1, 6}, /* halves */
};

static bool
digits_fit(const struct digits *digits, int value)
{
    for (size_t i = digits->count; i-- > 0; value /= 10) {
        uint8_t digit = digits->data[i];
        if (digit != 'X' && digit != '0' + value % 10)
            return false;
    }
    return true;
}

/* Most dates have no X: nothing need be tried. */
static bool
digits_are_exact(const struct digits *digits)
{
    return digits->low == digits->high;
}

int
digits_edge(const struct digits *digits, int min, int max, bool highest)
{
    if (digits_are_exact(digits))
        return digits->low >= min && digits->low <= max ? digits->low
                                                        : PATTERN_NONE;
    int low = digits->low > min ? digits->low : min;
    int high = digits->high < max ? digits->high : max;
    for (; low <= high; low += !highest, high -= highest) {
        int value = highest ? high : low;
        if (digits_fit(digits, value))
            return value;
    }
    return PATTERN_NONE;
}

bool
digits_is_season(const struct digits *month)
{
    return digits_are_exact(month) && month->low >= SEASON_MIN &&
           month->low <= SEASON_MAX;
}

/*
 * The first (or last) year that fits, without its sign.  Before the year 0 the
 * greater one comes first, and there is no -0000.
 */
static int
year_edge(const struct pattern *pattern, bool last, bool leap_only)
{
    bool highest = last != pattern->negative;
    int min = pattern->negative ? 1 : 0;
    int max = PATTERN_YEAR_MAX;
    for (;;) {
        int year = digits_edge(&pattern->year, min, max, highest);
        if (year == PATTERN_NONE || !leap_only || calendar_is_leap(year))
            return year;
        if (highest)
            max = year - 1;
        else
            min = year + 1;
    }
}

/* The first (or last) month and day that fit in a leap or a common year. */
static bool
day_edge(const struct pattern *pattern, bool last, bool leap,
         struct calendar_day *day)
{
    int min = 1;
    int max = CALENDAR_MONTH_MAX;
    for (;;) {
        day->month = digits_edge(&pattern->month, min, max, last);
        if (day->month == PATTERN_NONE)
            return false;
        int days = calendar_month_days(day->month, leap);
        day->day = digits_edge(&pattern->day, 1, days, last);
        if (day->day != PATTERN_NONE)
            return true;
        if (last)
            max = day->month - 1;
        else
            min = day->month + 1;
    }
}

/*
 * The first (or last) day.  Which days exist depends on the year only through
 * its being a leap year: so the year comes first, and no year is tried in
 * vain.
 */
static bool
date_edge(const struct pattern *pattern, bool last, int64_t *days)
{
    struct calendar_day day;
    bool leap_only = !day_edge(pattern, last, false, &day);
    if (leap_only && !day_edge(pattern, last, true, &day))
        return false;
    int year = year_edge(pattern, last, leap_only);
    if (year == PATTERN_NONE ||
        !day_edge(pattern, last, calendar_is_leap(year), &day))
        return false;
    day.year = pattern->negative ? -year : year;
    *days = calendar_month_start(day.year, day.month) + day.day - 1;
    return true;
}

static const struct division *
division_of(int season)
{
    size_t i = sizeof(divisions) / sizeof(divisions[0]) - 1;
    while (divisions[i].number > season)
        i--;
    return &divisions[i];
}

static bool
season_range(const struct pattern *pattern, int64_t *first_out,
             int64_t *after_out)
{
    int season = pattern->month.low;
    const struct division *division = division_of(season);
    int skipped = (season - division->number) * division->months;
    int month = (division->month - 1 + skipped) % CALENDAR_MONTH_MAX + 1;
    int first = year_edge(pattern, false, false);
    int last = year_edge(pattern, true, false);
    if (first == PATTERN_NONE || last == PATTERN_NONE)
        return false;
    int64_t sign = pattern->negative ? -1 : 1;
    *first_out = calendar_month_start(sign * first, month);
    *after_out = calendar_month_start(sign * last, month + division->months);
    return true;
}

/* One day, as nearly all dates are: nothing is to be searched. */
static bool
day_range(const struct pattern *pattern, int64_t *first_out, int64_t *after_out)
{
    int year = pattern->year.low, month = pattern->month.low;
    int day = pattern->day.low;
    if (month < 1 || month > CALENDAR_MONTH_MAX || day < 1 ||
        day > calendar_month_days(month, calendar_is_leap(year)))
        return false;
    year = pattern->negative ? -year : year;
    *first_out = calendar_month_start(year, month) + day - 1;
    *after_out = *first_out + 1;
    return true;
}

bool
pattern_range(const struct pattern *pattern, int64_t *first_out,
              int64_t *after_out)
{
    if (digits_is_season(&pattern->month))
        return season_range(pattern, first_out, after_out);
    if (digits_are_exact(&pattern->year) && digits_are_exact(&pattern->month) &&
        digits_are_exact(&pattern->day))
        return day_range(pattern, first_out, after_out);
    int64_t last;
    if (!date_edge(pattern, false, first_out) ||
        !date_edge(pattern, true, &last))
        return false;
    *after_out = last + 1;
    return true;
}
