/* SPDX-License-Identifier: MIT */
#include "client/export.h"

#include <stdio.h>

#include "client/days.h"
#include "client/describe.h"
#include "client/text.h"
#include "client/words.h"

/* iCalendar: https://www.rfc-editor.org/rfc/rfc5545 */

/* Bytes of a line without its end; later ones begin with a space. */
#define LINE_SIZE_MAX ((size_t)75)

/* Years that have four digits, and that readers know. */
#define YEAR_FIRST 1
#define YEAR_LAST 9999

/* "20170811T100000Z", with its NUL and room for what never comes. */
#define TIME_SIZE ((size_t)64)

#define MINUTE_MS (INT64_C(60) * 1000)
#define HOUR_MS (60 * MINUTE_MS)

/* --- lines ----------------------------------------------------------------*/

static void
put_escaped(struct mp_buf *buf, struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = (char)text.data[i];
        if (byte == '\n') {
            words_put(buf, "\\n");
            continue;
        }
        if (byte == '\\' || byte == ';' || byte == ',')
            words_put(buf, "\\");
        mp_buf_append(buf, &byte, 1);
    }
}

static void
put_folded(struct mp_buf *buf, struct span line)
{
    size_t used = 0;
    while (line.size > 0) {
        const uint8_t *start = line.data;
        (void)text_next(&line);
        size_t size = (size_t)(line.data - start);
        if (used + size > LINE_SIZE_MAX) {
            words_put(buf, "\r\n ");
            used = 1;
        }
        mp_buf_append(buf, start, size);
        used += size;
    }
    words_put(buf, "\r\n");
}

void
export_ics_line(struct mp_buf *buf, const char *name, enum ics_value kind,
                struct span text)
{
    struct mp_buf line = {0};
    words_put(&line, name);
    words_put(&line, ":");
    if (kind == ICS_TEXT)
        put_escaped(&line, text);
    else
        mp_buf_append(&line, text.data, text.size);
    put_folded(buf, mp_buf_span(&line));
    buf->failed |= line.failed;
    mp_buf_deinit(&line);
}

static void
put_plain(struct mp_buf *buf, const char *name, const char *text)
{
    export_ics_line(buf, name, ICS_PLAIN, span_of(text));
}

/* --- dates ----------------------------------------------------------------*/

static bool
has_year(struct calendar_day day)
{
    return day.year >= YEAR_FIRST && day.year <= YEAR_LAST;
}

static bool
format_day(int64_t moment_ms, char text[TIME_SIZE])
{
    int64_t rest;
    struct calendar_day day = days_day(moment_ms, &rest);
    snprintf(text, TIME_SIZE, "%04d%02d%02d", (int)day.year, day.month,
             day.day);
    return has_year(day);
}

static bool
format_moment(int64_t moment_ms, char text[TIME_SIZE])
{
    int64_t rest;
    struct calendar_day day = days_day(moment_ms, &rest);
    snprintf(text, TIME_SIZE, "%04d%02d%02dT%02d%02d%02dZ", (int)day.year,
             day.month, day.day, (int)(rest / HOUR_MS),
             (int)(rest % HOUR_MS / MINUTE_MS), (int)(rest % MINUTE_MS / 1000));
    return has_year(day);
}

/* False where a calendar has no such day. */
static bool
put_dates(struct mp_buf *buf, struct span event)
{
    char start[TIME_SIZE], end[TIME_SIZE];
    struct days days = days_of(mp_get_str(event, "occurred"));
    if (days.kind == DAYS_NOWHERE)
        return false;
    if (days.kind == DAYS_MOMENT) {
        bool good = format_moment(days.from_ms, start);
        put_plain(buf, "DTSTART", start);
        return good;
    }
    if (!format_day(days.from_ms, start) || !format_day(days.to_ms, end))
        return false;
    put_plain(buf, "DTSTART;VALUE=DATE", start);
    if (format_day(days.to_ms + 1, end)) /* the first day after */
        put_plain(buf, "DTEND;VALUE=DATE", end);
    return true;
}

/* --- the calendar ---------------------------------------------------------*/

static void
begin(struct export *export)
{
    struct mp_buf *text = &export->text;
    mp_buf_clear(text);
    put_plain(text, "BEGIN", "VCALENDAR");
    put_plain(text, "VERSION", "2.0");
    put_plain(text, "PRODID", "-//entente//entente " ENTENTE_VERSION "//EN");
    put_plain(text, "CALSCALE", "GREGORIAN");
    output_write(export->out, mp_buf_span(text));
}

/* An id and its log: that of two logs may be the same. */
static void
put_uid(struct export *export, struct span event)
{
    struct mp_buf *value = &export->value;
    struct span id = mp_get_str(event, "id");
    mp_buf_clear(value);
    mp_buf_append(value, id.data, id.size);
    words_put(value, "@");
    mp_buf_append(value, export->log_id.data, export->log_id.size);
    export_ics_line(&export->text, "UID", ICS_TEXT, mp_buf_span(value));
}

static void
put_stamp(struct mp_buf *buf, struct span event)
{
    char stamp[TIME_SIZE];
    struct mp_reader reader = mp_reader(mp_get(event, "recorded"));
    if (format_moment(mp_int(&reader), stamp))
        put_plain(buf, "DTSTAMP", stamp);
}

static void
put_category(struct mp_buf *buf, struct span event)
{
    struct span type = mp_get_str(event, "type");
    export_ics_line(buf, "CATEGORIES", ICS_TEXT, type);
}

/* The description, and below it the sources; the first with an address is the
 * event's own. */
static void
put_description(struct export *export, struct span event)
{
    struct mp_buf *value = &export->value;
    struct mp_reader sources;
    struct span name, url, first = {NULL, 0};
    uint32_t left = describe_sources(event, &sources);
    mp_buf_clear(value);
    describe_event(value, event);
    while (describe_source(&sources, &left, &name, &url)) {
        words_put(value, "\n");
        mp_buf_append(value, name.data, name.size);
        if (url.data != NULL && !span_equal(name, url)) {
            words_put(value, " ");
            mp_buf_append(value, url.data, url.size);
        }
        first = first.data == NULL ? url : first;
    }
    export_ics_line(&export->text, "DESCRIPTION", ICS_TEXT, mp_buf_span(value));
    if (first.data != NULL)
        export_ics_line(&export->text, "URL", ICS_PLAIN, first);
}

static bool
write_event(struct export *export, struct span event)
{
    struct mp_buf *text = &export->text;
    mp_buf_clear(text);
    put_plain(text, "BEGIN", "VEVENT");
    put_uid(export, event);
    put_stamp(text, event);
    if (!put_dates(text, event))
        return false;
    export_ics_line(text, "SUMMARY", ICS_TEXT, mp_get_str(event, "title"));
    put_description(export, event);
    put_category(text, event);
    put_plain(text, "TRANSP", "TRANSPARENT"); /* nobody is busy with it */
    put_plain(text, "END", "VEVENT");
    output_write(export->out, mp_buf_span(text));
    return true;
}

static void
end(struct export *export)
{
    mp_buf_clear(&export->text);
    put_plain(&export->text, "END", "VCALENDAR");
    output_write(export->out, mp_buf_span(&export->text));
}

const struct export_form export_ics = {
    .name = "ics",
    .for_people = true,
    .begin = begin,
    .event = write_event,
    .end = end,
};
