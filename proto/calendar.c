/* SPDX-License-Identifier: MIT */
#include "proto/calendar.h"

/*
 * Both directions count years from March, so that the leap day ends its year
 * and the months before it follow one rule: (153 m + 2) / 5 days lie before
 * the m-th month after March.
 */

/* From 0000-03-01 to 1970-01-01. */
#define EPOCH_DAYS 719468
/* 400 years, after which the calendar repeats. */
#define ERA_YEARS 400
#define ERA_DAYS 146097

int64_t
calendar_floor_div(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0);
}

bool
calendar_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int
calendar_month_days(int month, bool leap)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap);
}

int64_t
calendar_month_start(int64_t year, int month)
{
    int64_t months = year * CALENDAR_MONTH_MAX + month - 3;
    int64_t y = calendar_floor_div(months, CALENDAR_MONTH_MAX);
    int64_t m = months - y * CALENDAR_MONTH_MAX;
    int64_t leap_days = calendar_floor_div(y, 4) - calendar_floor_div(y, 100) +
                        calendar_floor_div(y, 400);
    return y * 365 + leap_days + (153 * m + 2) / 5 - EPOCH_DAYS;
}

struct calendar_day
calendar_day_of(int64_t days)
{
    days += EPOCH_DAYS;
    int64_t era = calendar_floor_div(days, ERA_DAYS);
    int64_t rest = days - era * ERA_DAYS;
    /* 1460, 36524 and 146096: the leap days that end 4, 100 and 400 years */
    int64_t y = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    rest -= 365 * y + y / 4 - y / 100;
    int64_t m = (5 * rest + 2) / 153;
    return (struct calendar_day){
        .year = era * ERA_YEARS + y + (m >= 10),
        .month = (int)(m < 10 ? m + 3 : m - 9),
        .day = (int)(rest - (153 * m + 2) / 5 + 1),
    };
}
