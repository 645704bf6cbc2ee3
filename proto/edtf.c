/* SPDX-License-Identifier: MIT */
#include "proto/edtf.h"

#include "proto/calendar.h"
#include "proto/pattern.h"

#define MS_PER_SECOND ((int64_t)1000)
#define MS_PER_MINUTE (60 * MS_PER_SECOND)
#define MS_PER_HOUR (60 * MS_PER_MINUTE)
#define MS_PER_DAY (24 * MS_PER_HOUR)

/* Shorter years have no Y. */
#define LONG_YEAR_DIGITS_MIN 5
/* The years that lie wholly within 64-bit milliseconds around 1970. */
#define LONG_YEAR_MIN (-292275054)
#define LONG_YEAR_MAX 292278993

/* What peek() says behind the last byte. */
#define END (-1)
#define NOWHERE SIZE_MAX

static const char year_rule[] = "year is four digits, or Y and five or more";
static const char long_year_rule[] =
    "year after Y is five or more digits, the first not 0";
static const char month_rule[] = "month is 01 to 12 or a season 21 to 41";
static const char day_rule[] = "day is 01 to 31";
static const char midnight_rule[] = "hour 24 is 24:00 or 24:00:00 only";

/* From the first to the last millisecond. */
struct range {
    int64_t lo, hi;
};

/* What stands on one side of a slash, or alone. */
enum side_kind {
    SIDE_DATE,
    SIDE_OPEN,    /* .. */
    SIDE_UNKNOWN, /* nothing */
};

struct side {
    enum side_kind kind;
    size_t at;
    struct range range; /* of a SIDE_DATE */
};

struct reader {
    struct span text;
    size_t at;        /* next byte */
    size_t part_at;   /* first digit of the last year, month or day */
    size_t inexact;   /* first X or qualifier of this date, or NOWHERE */
    const char *next; /* what could have come at `at` */
    struct edtf_fault fault;
};

/* ---- Bytes ---- */

static bool
refuse(struct reader *reader, size_t at, const char *reason)
{
    reader->fault = (struct edtf_fault){at, reason};
    return false;
}

static int
peek(const struct reader *reader)
{
    return reader->at < reader->text.size ? reader->text.data[reader->at] : END;
}

static bool
take(struct reader *reader, char byte)
{
    if (peek(reader) != byte)
        return false;
    reader->at++;
    return true;
}

static bool
is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static bool
is_qualifier(int byte)
{
    return byte == '?' || byte == '~' || byte == '%';
}

/* From here on the date takes no time. */
static void
note_inexact(struct reader *reader)
{
    if (reader->inexact == NOWHERE)
        reader->inexact = reader->at;
}

/* [?|~|%] */
static bool
read_qualifier(struct reader *reader)
{
    if (!is_qualifier(peek(reader)))
        return true;
    note_inexact(reader);
    reader->at++;
    return !is_qualifier(peek(reader)) ||
           refuse(reader, reader->at,
                  "one ? ~ or % before and one after each part");
}

/* Exactly `count` digits or X. */
static bool
read_digits(struct reader *reader, size_t count, const char *rule,
            struct digits *digits)
{
    reader->part_at = reader->at;
    *digits = (struct digits){.count = count};
    for (; reader->at < reader->part_at + count; reader->at++) {
        int byte = peek(reader);
        if (byte == 'X')
            note_inexact(reader);
        else if (!is_digit(byte))
            return refuse(reader, reader->at, rule);
        digits->low = digits->low * 10 + (byte == 'X' ? 0 : byte - '0');
        digits->high = digits->high * 10 + (byte == 'X' ? 9 : byte - '0');
    }
    digits->data = reader->text.data + reader->part_at;
    return true;
}

/* Two digits of a time, 00 to `max`. */
static bool
read_number(struct reader *reader, int max, const char *rule, int *number)
{
    size_t at = reader->at;
    *number = 0;
    for (; reader->at < at + 2; reader->at++) {
        if (!is_digit(peek(reader)))
            return refuse(reader, reader->at, rule);
        *number = *number * 10 + peek(reader) - '0';
    }
    return *number <= max || refuse(reader, at, rule);
}

/* ---- Times ---- */

/* [.fraction] */
static bool
read_fraction(struct reader *reader, int64_t *ms)
{
    if (!take(reader, '.'))
        return true;
    reader->next = "after a fraction come Z, +hh or +hh:mm";
    if (!is_digit(peek(reader)))
        return refuse(reader, reader->at, "a fraction is one or more digits");
    for (int64_t unit = MS_PER_SECOND / 10; is_digit(peek(reader));
         unit /= 10) {
        *ms += unit * (peek(reader) - '0');
        reader->at++;
    }
    return true;
}

/* [:seconds[.fraction]] */
static bool
read_seconds(struct reader *reader, bool midnight, int64_t *ms)
{
    int second;
    if (!take(reader, ':'))
        return true;
    reader->next = midnight ? midnight_rule
                            : "after seconds come . and digits, Z, +hh or "
                              "+hh:mm";
    if (!read_number(reader, midnight ? 0 : 59,
                     midnight ? midnight_rule : "second is 00 to 59", &second))
        return false;
    *ms += second * MS_PER_SECOND;
    return midnight || read_fraction(reader, ms);
}

/* [Z|(+|-)hours[:minutes]] */
static bool
read_offset(struct reader *reader, int64_t *ms)
{
    int hour;
    int minute = 0;
    int sign = peek(reader) == '-' ? -1 : 1;
    if (!take(reader, '+') && !take(reader, '-')) {
        if (take(reader, 'Z'))
            reader->next = "Z ends a date";
        return true;
    }
    reader->next = "an offset is Z, +hh or +hh:mm";
    if (!read_number(reader, 23, "hour of an offset is 00 to 23", &hour))
        return false;
    if (take(reader, ':') &&
        !read_number(reader, 59, "minute of an offset is 00 to 59", &minute))
        return false;
    *ms -= sign * (hour * MS_PER_HOUR + minute * MS_PER_MINUTE);
    return true;
}

/* hours:minutes[:seconds[.fraction]][offset], in milliseconds of its day */
static bool
read_time(struct reader *reader, int64_t *ms)
{
    int hour;
    int minute;
    reader->next = "after minutes come : and seconds, Z, +hh or +hh:mm";
    if (!read_number(reader, 24, "hour is 00 to 24", &hour))
        return false;
    bool midnight = hour == 24;
    if (!take(reader, ':'))
        return refuse(reader, reader->at, "after hours come : and minutes");
    if (!read_number(reader, midnight ? 0 : 59,
                     midnight ? midnight_rule : "minute is 00 to 59", &minute))
        return false;
    *ms = hour * MS_PER_HOUR + minute * MS_PER_MINUTE;
    return read_seconds(reader, midnight, ms) && read_offset(reader, ms);
}

/* ---- Dates ---- */

/* From the first day to the one before `after`. */
static struct range
range_of_days(int64_t first, int64_t after)
{
    return (struct range){first * MS_PER_DAY, after * MS_PER_DAY - 1};
}

/* [-]long year[qualifier], behind the Y */
static bool
read_long_year(struct reader *reader, struct range *range)
{
    bool negative = take(reader, '-');
    size_t at = reader->at;
    int64_t year = 0;
    reader->next = "a year after Y is digits only and ends a date";
    if (peek(reader) == '0')
        return refuse(reader, at, long_year_rule);
    for (; is_digit(peek(reader)); reader->at++)
        if (year <= LONG_YEAR_MAX) /* once beyond, it stays beyond */
            year = year * 10 + peek(reader) - '0';
    if (reader->at - at < LONG_YEAR_DIGITS_MIN)
        return refuse(reader, reader->at, long_year_rule);
    year = negative ? -year : year;
    if (year < LONG_YEAR_MIN || year > LONG_YEAR_MAX)
        return refuse(reader, at, "year after Y is -292275054 to 292278993");
    *range = range_of_days(calendar_month_start(year, 1),
                           calendar_month_start(year + 1, 1));
    return read_qualifier(reader);
}

/* [-]year[qualifier] */
static bool
read_year(struct reader *reader, struct pattern *date)
{
    size_t at = reader->at;
    reader->next = "after a year come - and a month, or nothing";
    date->negative = take(reader, '-');
    if (!read_digits(reader, PATTERN_YEAR_DIGITS, year_rule, &date->year))
        return false;
    if (date->negative && date->year.high == 0)
        return refuse(reader, at, "year zero is 0000, without a sign");
    return read_qualifier(reader);
}

/* [qualifier]month[qualifier] */
static bool
read_month(struct reader *reader, struct digits *month)
{
    reader->next = "after a month come - and a day, or nothing";
    if (!read_qualifier(reader) || !read_digits(reader, 2, month_rule, month))
        return false;
    if (digits_is_season(month))
        reader->next = "a season ends a date";
    else if (digits_edge(month, 1, CALENDAR_MONTH_MAX, false) == PATTERN_NONE)
        return refuse(reader, reader->part_at,
                      month->low == month->high
                          ? month_rule
                          : "month with an X is one of 01 to 12");
    return read_qualifier(reader);
}

/* [qualifier]day[qualifier] */
static bool
read_day(struct reader *reader, struct digits *day)
{
    reader->next = "after a day come T and a time, or nothing";
    if (!read_qualifier(reader) || !read_digits(reader, 2, day_rule, day))
        return false;
    if (digits_edge(day, 1, CALENDAR_DAY_MAX, false) == PATTERN_NONE)
        return refuse(reader, reader->part_at, day_rule);
    return read_qualifier(reader);
}

/* year[-season|-month[-day]] */
static bool
read_parts(struct reader *reader, struct pattern *date)
{
    if (!read_year(reader, date))
        return false;
    if (!take(reader, '-'))
        return true;
    if (!read_month(reader, &date->month))
        return false;
    if (digits_is_season(&date->month) || !take(reader, '-'))
        return true;
    return read_day(reader, &date->day);
}

/* [qualifier](Y long year|year...[T time]) */
static bool
read_date(struct reader *reader, struct range *range)
{
    struct pattern date = {.month = digits_unsaid, .day = digits_unsaid};
    int64_t first;
    int64_t after;
    reader->inexact = NOWHERE;
    if (!read_qualifier(reader))
        return false;
    if (take(reader, 'Y'))
        return read_long_year(reader, range);
    if (!read_parts(reader, &date))
        return false;
    if (!pattern_range(&date, &first, &after))
        return refuse(reader, reader->part_at,
                      "day is one that the month has in that year");
    *range = range_of_days(first, after);
    if (date.day.data == digits_unsaid.data || !take(reader, 'T'))
        return true;
    if (reader->inexact != NOWHERE)
        return refuse(reader, reader->inexact,
                      "a date with a time has no X and no ? ~ %");
    int64_t ms;
    if (!read_time(reader, &ms))
        return false;
    range->lo += ms;
    range->hi = range->lo;
    return true;
}

/* ---- Intervals ---- */

/* [..|date] */
static bool
read_side(struct reader *reader, struct side *side)
{
    *side = (struct side){.kind = SIDE_UNKNOWN, .at = reader->at};
    if (peek(reader) == END || peek(reader) == '/')
        return true;
    if (!take(reader, '.')) {
        side->kind = SIDE_DATE;
        return read_date(reader, &side->range);
    }
    reader->next = ".. stands alone on its side of a /";
    side->kind = SIDE_OPEN;
    return take(reader, '.') || refuse(reader, reader->at, reader->next);
}

static bool
expect_end(struct reader *reader, bool is_interval)
{
    if (peek(reader) == END)
        return true;
    return refuse(reader, reader->at,
                  is_interval && peek(reader) == '/' ? "an interval has one /"
                                                     : reader->next);
}

static bool
join_single(struct reader *reader, const struct side *side, struct edtf *date)
{
    if (side->kind != SIDE_DATE)
        return refuse(reader, reader->at,
                      side->kind == SIDE_OPEN ? "after a lone .. comes /"
                                              : year_rule);
    *date = (struct edtf){.start_lo = side->range.lo,
                          .start_hi = side->range.hi,
                          .end_lo = side->range.lo,
                          .end_hi = side->range.hi,
                          .is_interval = false};
    return true;
}

/* An unknown side reaches from its infinity to the far bound of the other. */
static bool
join_interval(struct reader *reader, const struct side *a, const struct side *b,
              struct edtf *date)
{
    const struct range before = {EDTF_MINUS_INFINITY, EDTF_MINUS_INFINITY};
    const struct range after = {EDTF_PLUS_INFINITY, EDTF_PLUS_INFINITY};
    if (a->kind == SIDE_UNKNOWN && b->kind == SIDE_UNKNOWN)
        return refuse(reader, reader->at, "a / has a date or .. beside it");
    struct range start = a->kind == SIDE_DATE ? a->range : before;
    struct range end = b->kind == SIDE_DATE ? b->range : after;
    if (start.lo > end.hi)
        return refuse(reader, b->at, "an interval ends after it begins");
    *date = (struct edtf){
        .start_lo = start.lo,
        .start_hi = a->kind == SIDE_UNKNOWN ? end.hi : start.hi,
        .end_lo = b->kind == SIDE_UNKNOWN ? start.lo : end.lo,
        .end_hi = end.hi,
        .is_interval = true,
    };
    return true;
}

/* side[/side] */
static bool
read_text(struct reader *reader, struct edtf *date)
{
    struct side a;
    struct side b;
    if (reader->text.size > EDTF_TEXT_MAX)
        return refuse(reader, EDTF_TEXT_MAX, "a date is at most 128 bytes");
    if (!read_side(reader, &a))
        return false;
    if (!take(reader, '/'))
        return expect_end(reader, false) && join_single(reader, &a, date);
    return read_side(reader, &b) && expect_end(reader, true) &&
           join_interval(reader, &a, &b, date);
}

bool
edtf_parse(struct span text, struct edtf *date, struct edtf_fault *fault)
{
    struct reader reader = {.text = text};
    bool ok = read_text(&reader, date);
    if (!ok)
        *fault = reader.fault;
    return ok;
}

int64_t
edtf_certain(const struct edtf *date)
{
    return date->start_hi == EDTF_MINUS_INFINITY ? date->end_hi
                                                 : date->start_hi;
}

/* ---- Bounds to text ---- */

/* At least `width` digits, then `mark`.  Returns where to go on. */
static char *
put(char *to, int64_t number, int width, char mark)
{
    int64_t unit = 1;
    for (; width > 1 || number / unit >= 10; width--)
        unit *= 10;
    for (; unit > 0; unit /= 10)
        *to++ = (char)('0' + number / unit % 10);
    *to++ = mark;
    return to;
}

size_t
edtf_format(int64_t moment_ms, char text[EDTF_FORMAT_SIZE])
{
    int64_t days = calendar_floor_div(moment_ms, MS_PER_DAY);
    struct calendar_day day = calendar_day_of(days);
    /* not moment_ms - days * MS_PER_DAY, which underflows at INT64_MIN */
    int64_t ms = (moment_ms % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY;
    char *to = text;
    if (day.year < 0 || day.year > PATTERN_YEAR_MAX)
        *to++ = day.year < 0 ? '-' : '+';
    to = put(to, day.year < 0 ? -day.year : day.year, 4, '-');
    to = put(to, day.month, 2, '-');
    to = put(to, day.day, 2, 'T');
    to = put(to, ms / MS_PER_HOUR, 2, ':');
    to = put(to, ms / MS_PER_MINUTE % 60, 2, ':');
    to = put(to, ms / MS_PER_SECOND % 60, 2, '.');
    to = put(to, ms % MS_PER_SECOND, 3, 'Z');
    *to = '\0';
    return (size_t)(to - text);
}
