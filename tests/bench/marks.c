/* SPDX-License-Identifier: MIT */
#include "tests/bench/marks.h"

#include <stdio.h>

#include "tests/bench/events.h"
#include "tests/bench/fail.h"
#include "tests/bench/load.h"

#define YEAR_FIRST 2000
#define YEAR_LAST 2020
#define MIDDLE_MONTH 6u
#define MIDDLE_DAY 15u
#define TEXT_SIZE 128

enum mark_kind { MARK_PLAIN, MARK_LATE, MARK_MEETING, MARK_REGULATORY };

static enum mark_kind
kind_of(uint32_t index)
{
    return (enum mark_kind)(index % 4);
}

static uint32_t
month_of(uint32_t index)
{
    return 1 + index / 4 % 12;
}

static uint32_t
day_of(uint32_t index)
{
    return 1 + index % 28;
}

static bool
is_by_middle(uint32_t index)
{
    uint32_t month = month_of(index);
    return kind_of(index) != MARK_MEETING &&
           (month < MIDDLE_MONTH ||
            (month == MIDDLE_MONTH && day_of(index) <= MIDDLE_DAY));
}

uint64_t
marks_by_middle(void)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < MARKS_COUNT; i++)
        count += is_by_middle(i);
    return count;
}

uint64_t
marks_late_by_middle(void)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < MARKS_COUNT; i++)
        count += is_by_middle(i) && kind_of(i) == MARK_LATE;
    return count;
}

/* --- the marks ------------------------------------------------------------*/

struct marks {
    const char *partnership;
    uint32_t made;
};

static void
put_pair(struct mp_buf *out, const char *key, const char *text)
{
    mp_put_text(out, key);
    mp_put_text(out, text);
}

static void
put_mark(struct mp_buf *out, uint32_t index, const char *partnership)
{
    static const char *const types[] = {MARKS_TYPE, MARKS_TYPE, "meeting",
                                        "regulatory"};
    char text[TEXT_SIZE];
    enum mark_kind kind = kind_of(index);
    mp_put_map(out, 6 + (kind == MARK_LATE));
    snprintf(text, sizeof(text), "%s.mark-%u", partnership, index);
    put_pair(out, "id", text);
    put_pair(out, "type", types[kind]);
    put_pair(out, "partnership", partnership);
    mp_put_text(out, "parties");
    mp_put_array(out, 1 + (kind == MARK_REGULATORY));
    mp_put_text(out, MARKS_PARTY);
    if (kind == MARK_REGULATORY)
        mp_put_text(out, EVENTS_BROAD_PARTY);
    snprintf(text, sizeof(text), "%d-%02u-%02u", MARKS_YEAR, month_of(index),
             day_of(index));
    put_pair(out, "occurred", kind == MARK_MEETING ? "2010-06" : text);
    if (kind == MARK_LATE)
        put_pair(out, "disclosed", "2030-01-01");
    put_pair(out, "title", "mark");
}

static bool
next_mark(void *source, struct mp_buf *out)
{
    struct marks *marks = source;
    if (marks->made == MARKS_COUNT)
        return false;
    put_mark(out, marks->made++, marks->partnership);
    return true;
}

/* --- around them ----------------------------------------------------------*/

static bool
next_event(void *source, struct mp_buf *out)
{
    return events_next(source, out);
}

/* Ids begin with the names of the partnerships and the half's letter. */
static uint64_t
load_half(struct link *link, const struct marks_log *log, bool before,
          uint64_t count)
{
    char prefix[TEXT_SIZE];
    struct events_shape shape = events_shape_default;
    struct events events;
    snprintf(prefix, sizeof(prefix), "%s%c", log->names, before ? 'a' : 'b');
    shape.prefix = prefix;
    shape.names = log->names;
    shape.partnerships = log->partnerships;
    shape.count = count;
    shape.year_first = before ? YEAR_FIRST : MARKS_YEAR + 1;
    shape.year_last = before ? MARKS_YEAR - 1 : YEAR_LAST;
    events_init(&events, &shape);
    (void)load_run(link, &load_options_default, next_event, &events);
    uint64_t live = events.made - events.superseded;
    events_deinit(&events);
    return live;
}

struct marks_content
marks_load(struct link *link, const struct marks_log *log)
{
    struct marks marks = {log->partnership, 0};
    struct marks_content content;
    if (log->count < MARKS_COUNT)
        fail("a log with marks has at least %u events", MARKS_COUNT);
    uint64_t half = (log->count - MARKS_COUNT) / 2;
    content.live_before = load_half(link, log, true, half);
    (void)load_run(link, &load_options_default, next_mark, &marks);
    content.live_after =
        load_half(link, log, false, log->count - MARKS_COUNT - half);
    return content;
}
