/* SPDX-License-Identifier: MIT */
#include "client/words.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void
words_put(struct mp_buf *buf, const char *text)
{
    mp_buf_append(buf, text, strlen(text));
}

/* --- dates ----------------------------------------------------------------*/

/* EDTF's groupings of months, 21 to 41. */
static const struct {
    const char *before;
    bool next_year; /* goes on into the next year */
    const char *after;
} groupings[] = {
    {"spring ", false, ""},
    {"summer ", false, ""},
    {"autumn ", false, ""},
    {"winter ", true, ""},
    {"spring ", false, " (north)"},
    {"summer ", false, " (north)"},
    {"autumn ", false, " (north)"},
    {"winter ", true, " (north)"},
    {"spring ", false, " (south)"},
    {"summer ", true, " (south)"},
    {"autumn ", false, " (south)"},
    {"winter ", false, " (south)"},
    {"Q1 ", false, ""},
    {"Q2 ", false, ""},
    {"Q3 ", false, ""},
    {"Q4 ", false, ""},
    {"first third of ", false, ""},
    {"second third of ", false, ""},
    {"last third of ", false, ""},
    {"first half of ", false, ""},
    {"second half of ", false, ""},
};
#define GROUPING_FIRST 21

static bool
digits_at(struct span text, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        if (i >= text.size || !isdigit(text.data[i]))
            return false;
    return true;
}

/* "2017-22", nothing else. */
static bool
put_grouping(struct mp_buf *buf, struct span text)
{
    if (text.size != 7 || !digits_at(text, 0, 4) || text.data[4] != '-' ||
        !digits_at(text, 5, 2))
        return false;
    int number = (text.data[5] - '0') * 10 + text.data[6] - '0';
    int row = number - GROUPING_FIRST;
    if (row < 0 || row >= (int)(sizeof(groupings) / sizeof(groupings[0])))
        return false;
    words_put(buf, groupings[row].before);
    mp_buf_append(buf, text.data, 4);
    if (groupings[row].next_year) {
        int year = (text.data[2] - '0') * 10 + text.data[3] - '0';
        char next[16];
        snprintf(next, sizeof(next), "/%02d", (year + 1) % 100);
        words_put(buf, next);
    }
    words_put(buf, groupings[row].after);
    return true;
}

/* One date; qualified at its end only. */
static void
put_date(struct mp_buf *buf, struct span text)
{
    uint8_t last = text.size > 0 ? text.data[text.size - 1] : 0;
    bool qualified = last == '?' || last == '~' || last == '%';
    struct span bare = {text.data, text.size - qualified};
    bool simple = memchr(bare.data, '?', bare.size) == NULL &&
                  memchr(bare.data, '~', bare.size) == NULL &&
                  memchr(bare.data, '%', bare.size) == NULL;
    if (!simple) {
        mp_buf_append(buf, text.data, text.size);
        return;
    }
    if (last == '~' || last == '%')
        words_put(buf, "about ");
    if (!put_grouping(buf, bare))
        mp_buf_append(buf, bare.data, bare.size);
    if (last == '?' || last == '%')
        words_put(buf, "?");
}

static bool
is_open(struct span text)
{
    return span_is(text, "..") || text.size == 0;
}

void
words_date(struct mp_buf *buf, struct span edtf)
{
    const uint8_t *slash =
        edtf.size == 0 ? NULL : memchr(edtf.data, '/', edtf.size);
    if (slash == NULL) {
        if (edtf.size > 0)
            put_date(buf, edtf);
        return;
    }
    struct span from = {edtf.data, (size_t)(slash - edtf.data)};
    struct span to = {slash + 1, edtf.size - from.size - 1};
    if (is_open(from) && is_open(to)) {
        words_put(buf, "at some time");
    } else if (is_open(from)) {
        words_put(buf, "until ");
        put_date(buf, to);
    } else if (is_open(to)) {
        words_put(buf, "since ");
        put_date(buf, from);
    } else {
        put_date(buf, from);
        words_put(buf, " to ");
        put_date(buf, to);
    }
}

void
words_moment(struct mp_buf *buf, struct span moment)
{
    static const char end_of_day[] = "T23:59:59.999Z";
    size_t size = sizeof(end_of_day) - 1;
    if (moment.size > size &&
        memcmp(moment.data + moment.size - size, end_of_day, size) == 0)
        moment.size -= size;
    mp_buf_append(buf, moment.data, moment.size);
}

/* --- delays ---------------------------------------------------------------*/

/* From how many days on the next unit says it better. */
#define DAYS_IN_DAYS 21
#define DAYS_IN_WEEKS 70
#define DAYS_IN_MONTHS 700 /* "23 months", then "2 years" */
#define DAYS_PER_400_YEARS 146097u

/* `days` in units of which 400 years have `per_400_years`, rounded. */
static uint64_t
rounded(uint64_t days, uint64_t per_400_years)
{
    return (days * per_400_years + DAYS_PER_400_YEARS / 2) / DAYS_PER_400_YEARS;
}

void
words_days(struct mp_buf *buf, uint64_t days)
{
    if (days < DAYS_IN_DAYS)
        words_count(buf, days, "day");
    else if (days < DAYS_IN_WEEKS)
        words_count(buf, (days + 3) / 7, "week");
    else if (days < DAYS_IN_MONTHS)
        words_count(buf, rounded(days, 4800), "month");
    else
        words_count(buf, rounded(days, 400), "year");
}

/* --- numbers --------------------------------------------------------------*/

/* Longer than any sum that has a name; such a one is given in full. */
#define DECIMAL_SIZE ((size_t)32)

void
words_decimal(struct mp_buf *buf, struct span decimal)
{
    size_t i = 0;
    if (decimal.size > 0 && decimal.data[0] == '-')
        mp_buf_append(buf, decimal.data + i++, 1);
    const uint8_t *point =
        decimal.size == 0 ? NULL : memchr(decimal.data, '.', decimal.size);
    size_t end = point == NULL ? decimal.size : (size_t)(point - decimal.data);
    for (size_t start = i; i < end; i++) {
        if (i > start && (end - i) % 3 == 0)
            words_put(buf, ",");
        mp_buf_append(buf, decimal.data + i, 1);
    }
    mp_buf_append(buf, decimal.data + i, decimal.size - i);
}

/* A number in the unit that leaves at most three digits before its point. */
static void
put_rounded(struct mp_buf *buf, double number)
{
    static const char *const units[] = {"", "k", "m", "bn", "tn"};
    size_t unit = 0;
    char text[DECIMAL_SIZE + 8];
    for (; fabs(number) >= 999.5 && unit < 4; unit++)
        number /= 1000;
    int places = fabs(number) < 9.995 ? 2 : fabs(number) < 99.95 ? 1 : 0;
    size_t size = (size_t)snprintf(text, sizeof(text), "%.*f", places, number);
    while (places > 0 && text[size - 1] == '0')
        size--;
    if (text[size - 1] == '.')
        size--;
    words_decimal(buf, (struct span){(const uint8_t *)text, size});
    words_put(buf, units[unit]);
}

void
words_sum(struct mp_buf *buf, struct span decimal)
{
    char text[DECIMAL_SIZE];
    if (decimal.size >= sizeof(text)) {
        words_decimal(buf, decimal);
        return;
    }
    memcpy(text, decimal.data, decimal.size);
    text[decimal.size] = '\0';
    double number = strtod(text, NULL);
    if (fabs(number) < 1000)
        words_decimal(buf, decimal);
    else
        put_rounded(buf, number);
}

void
words_number(struct mp_buf *buf, uint64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof(digits), "%" PRIu64, number);
    words_decimal(buf, (struct span){(const uint8_t *)digits, (size_t)size});
}

void
words_count(struct mp_buf *buf, uint64_t count, const char *singular)
{
    words_number(buf, count);
    words_put(buf, " ");
    words_put(buf, singular);
    if (count != 1)
        words_put(buf, "s");
}
