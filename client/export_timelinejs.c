/* SPDX-License-Identifier: MIT */
#include "client/export.h"

#include "client/days.h"
#include "client/describe.h"
#include "client/words.h"

/* TimelineJS3: https://timeline.knightlab.com/docs/json-format.html */

#define MINUTE_MS (INT64_C(60) * 1000)
#define HOUR_MS (60 * MINUTE_MS)

/* --- dates ----------------------------------------------------------------*/

static void
put_number(struct mp_buf *buf, const char *key, int64_t number)
{
    mp_put_text(buf, key);
    mp_put_int(buf, number);
}

/* As precise as it is: what is not known is not there. */
static void
put_date(struct mp_buf *buf, int64_t moment_ms, enum days_kind kind)
{
    int64_t rest;
    struct calendar_day day = days_day(moment_ms, &rest);
    uint32_t count = kind == DAYS_YEAR     ? 1
                     : kind == DAYS_MONTH  ? 2
                     : kind != DAYS_MOMENT ? 3
                                           : 7;
    mp_put_map(buf, count);
    put_number(buf, "year", day.year);
    if (count >= 2)
        put_number(buf, "month", day.month);
    if (count >= 3)
        put_number(buf, "day", day.day);
    if (count < 7)
        return;
    put_number(buf, "hour", rest / HOUR_MS);
    put_number(buf, "minute", rest % HOUR_MS / MINUTE_MS);
    put_number(buf, "second", rest % MINUTE_MS / 1000);
    put_number(buf, "millisecond", rest % 1000);
}

/* --- text, which is HTML --------------------------------------------------*/

static void
put_html(struct mp_buf *buf, struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = (char)text.data[i];
        const char *escaped = byte == '&'    ? "&amp;"
                              : byte == '<'  ? "&lt;"
                              : byte == '>'  ? "&gt;"
                              : byte == '"'  ? "&quot;"
                              : byte == '\n' ? "<br>"
                                             : NULL;
        if (escaped != NULL)
            words_put(buf, escaped);
        else
            mp_buf_append(buf, &byte, 1);
    }
}

static void
put_source(struct mp_buf *html, struct span name, struct span url)
{
    words_put(html, "<p>");
    if (url.data != NULL) {
        words_put(html, "<a href=\"");
        put_html(html, url);
        words_put(html, "\">");
    }
    put_html(html, name);
    words_put(html, url.data != NULL ? "</a></p>" : "</p>");
}

static void
put_text(struct mp_buf *buf, struct span event)
{
    struct mp_buf html = {0}, plain = {0};
    struct mp_reader sources;
    struct span name, url;
    uint32_t left = describe_sources(event, &sources);
    mp_put_text(buf, "text");
    mp_put_map(buf, 2);
    mp_put_text(buf, "headline");
    put_html(&html, mp_get_str(event, "title"));
    mp_put_str(buf, mp_buf_span(&html));
    mp_buf_clear(&html);
    describe_event(&plain, event);
    words_put(&html, "<p>");
    put_html(&html, mp_buf_span(&plain));
    words_put(&html, "</p>");
    while (describe_source(&sources, &left, &name, &url))
        put_source(&html, name, url);
    mp_put_text(buf, "text");
    mp_put_str(buf, mp_buf_span(&html));
    buf->failed |= html.failed || plain.failed;
    mp_buf_deinit(&html);
    mp_buf_deinit(&plain);
}

/* --- slides ---------------------------------------------------------------*/

static void
put_slide(struct mp_buf *buf, struct span event, const struct days *days)
{
    bool range = days->kind == DAYS_RANGE;
    struct mp_buf words = {0};
    mp_put_map(buf, range ? 6 : 5);
    mp_put_text(buf, "start_date");
    put_date(buf, days->from_ms, days->kind);
    if (range) {
        mp_put_text(buf, "end_date");
        put_date(buf, days->to_ms, days->kind);
    }
    describe_date(&words, event);
    mp_put_text(buf, "display_date");
    mp_put_str(buf, mp_buf_span(&words));
    put_text(buf, event);
    mp_put_text(buf, "group");
    mp_put_str(buf, mp_get_str(event, "partnership"));
    mp_put_text(buf, "unique_id");
    mp_put_str(buf, mp_get_str(event, "id"));
    buf->failed |= words.failed;
    mp_buf_deinit(&words);
}

static void
begin(struct export *export)
{
    output_put(export->out, "{\"events\":[");
}

static bool
write_event(struct export *export, struct span event)
{
    struct days days = days_of(mp_get_str(event, "occurred"));
    if (days.kind == DAYS_NOWHERE)
        return false;
    mp_buf_clear(&export->value);
    mp_buf_clear(&export->text);
    put_slide(&export->value, event, &days);
    words_put(&export->text, export->count > 0 ? ",\n" : "\n");
    json_put(&export->text, mp_buf_span(&export->value), JSON_COMPACT);
    output_write(export->out, mp_buf_span(&export->text));
    return true;
}

static void
end(struct export *export)
{
    output_put(export->out, "\n]}\n");
}

const struct export_form export_timelinejs = {
    .name = "timelinejs",
    .for_people = true,
    .begin = begin,
    .event = write_event,
    .end = end,
};
