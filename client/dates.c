/* SPDX-License-Identifier: MIT */
#include "client/dates.h"

#include <stdio.h>

/* Noon is far from every change of the clocks. */
static bool
put_local_day(const struct timespec *now, int days_back, char date[DATES_SIZE])
{
    struct tm local;
    if (localtime_r(&now->tv_sec, &local) == NULL)
        return false;
    local.tm_mday -= days_back;
    local.tm_hour = 12;
    local.tm_isdst = -1;
    return mktime(&local) != (time_t)-1 &&
           strftime(date, DATES_SIZE, "%Y-%m-%d", &local) != 0;
}

static bool
put_now(const struct timespec *now, char date[DATES_SIZE])
{
    int64_t ms = (int64_t)now->tv_sec * 1000 + now->tv_nsec / 1000000;
    char text[EDTF_FORMAT_SIZE];
    size_t size = edtf_format(ms, text);
    memcpy(date, text, size + 1);
    return true;
}

bool
dates_resolve(const char *text, struct timespec now, char date[DATES_SIZE],
              struct edtf_fault *fault)
{
    if (strcmp(text, "today") == 0)
        return put_local_day(&now, 0, date);
    if (strcmp(text, "yesterday") == 0)
        return put_local_day(&now, 1, date);
    if (strcmp(text, "now") == 0)
        return put_now(&now, date);
    struct edtf ignored;
    if (!edtf_parse(span_of(text), &ignored, fault))
        return false;
    memcpy(date, text, strlen(text) + 1); /* at most EDTF_TEXT_MAX: parsed */
    return true;
}
