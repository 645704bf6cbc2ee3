/* SPDX-License-Identifier: MIT */
#ifndef PROTO_CALENDAR_H
#define PROTO_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The proleptic Gregorian calendar with astronomical years (0 is 1 BC), in
 * days since 1970-01-01.  Pure functions; any thread; exact for every year
 * whose milliseconds fit 64 bits.
 */
#define CALENDAR_MONTH_MAX 12
#define CALENDAR_DAY_MAX 31

struct calendar_day {
    int64_t year;
    int month, day;
};

/* Rounds down, where `/` rounds towards zero. */
int64_t calendar_floor_div(int64_t value, int64_t divisor);

/* Also true of the magnitude: the rule is symmetric around the year 0. */
bool calendar_is_leap(int64_t year);

int calendar_month_days(int month, bool leap);

/* The first day of a month; months beyond 12 are those of the next year. */
int64_t calendar_month_start(int64_t year, int month);

struct calendar_day calendar_day_of(int64_t days);

#endif
