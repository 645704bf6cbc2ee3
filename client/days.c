/* SPDX-License-Identifier: MIT */
#include "client/days.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

struct calendar_day
days_day(int64_t moment_ms, int64_t *rest_ms)
{
    int64_t day = calendar_floor_div(moment_ms, DAY_MS);
    *rest_ms = moment_ms - day * DAY_MS;
    return calendar_day_of(day);
}

/* Whether just a day, a month or a year goes from one to the other. */
static enum days_kind
kind_of(const struct days *days)
{
    int64_t rest, rest_end;
    struct calendar_day first = days_day(days->from_ms, &rest);
    struct calendar_day end = days_day(days->to_ms + 1, &rest_end);
    if (days->from_ms == days->to_ms)
        return DAYS_MOMENT;
    if (rest != 0 || rest_end != 0)
        return DAYS_RANGE;
    if (days->to_ms - days->from_ms == DAY_MS - 1)
        return DAYS_DAY;
    if (first.day != 1 || end.day != 1)
        return DAYS_RANGE;
    int64_t months =
        (end.year - first.year) * CALENDAR_MONTH_MAX + end.month - first.month;
    if (months == 1)
        return DAYS_MONTH;
    return months == CALENDAR_MONTH_MAX && first.month == 1 ? DAYS_YEAR
                                                            : DAYS_RANGE;
}

static bool
is_qualified(struct span edtf)
{
    for (size_t i = 0; i < edtf.size; i++)
        if (edtf.data[i] == '?' || edtf.data[i] == '~' || edtf.data[i] == '%')
            return true;
    return false;
}

struct days
days_of(struct span edtf)
{
    struct days days = {.kind = DAYS_NOWHERE};
    struct edtf date;
    struct edtf_fault fault;
    if (edtf.data == NULL || !edtf_parse(edtf, &date, &fault))
        return days;
    bool open_start = date.start_lo == EDTF_MINUS_INFINITY;
    bool open_end = date.end_hi == EDTF_PLUS_INFINITY;
    if (open_start && open_end)
        return days;
    days.from_ms = open_start ? date.end_lo : date.start_lo;
    days.to_ms = open_end ? date.start_hi : date.end_hi;
    days.exact = !date.is_interval && !is_qualified(edtf);
    days.kind = kind_of(&days);
    return days;
}
