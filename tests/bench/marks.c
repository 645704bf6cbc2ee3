/* SPDX-License-Identifier: MIT */
#include "tests/bench/marks.h"

#include <stdio.h>

#include "tests/bench/events.h"
#include "tests/bench/fail.h"
#include "tests/bench/knots.h"
#include "tests/bench/load.h"

#define YEAR_FIRST 2000
#define YEAR_LAST 2020
#define MIDDLE_MONTH 6u
#define MIDDLE_DAY 15u
#define TEXT_SIZE 128
/* Of the events around the marks, every so many is a knot's strand. */
#define STRAND_EVERY 5

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

/* --- the knots ------------------------------------------------------------*/

struct knots {
    const char *prefix;
    uint32_t made;
};

static bool
next_knot(void *source, struct mp_buf *out)
{
    char date[TEXT_SIZE];
    struct knots *knots = source;
    if (knots->made == KNOT_COUNT * KNOTS_COUNT)
        return false;
    uint32_t index = knots->made++;
    snprintf(date, sizeof(date), "%d-%02u-%02u", MARKS_YEAR, 1 + index % 12,
             1 + index % 28);
    knots_put(out, knots->prefix, (enum knot)(index % KNOT_COUNT),
              index / KNOT_COUNT, date);
    return true;
}

/* --- around them ----------------------------------------------------------*/

struct around {
    struct events events;
    uint64_t count, made; /* strands included */
    bool strands;
};

/* A strand happens when its neighbours do, as far as a year. */
static void
put_strand(struct around *around, struct mp_buf *out)
{
    char date[TEXT_SIZE];
    const struct events_shape *shape = &around->events.shape;
    uint64_t years =
        (uint64_t)shape->year_last - (uint64_t)shape->year_first + 1;
    snprintf(date, sizeof(date), "%04llu-%02u-%02u",
             (unsigned long long)shape->year_first +
                 years * around->made / around->count,
             1 + (unsigned)(around->made % 12),
             1 + (unsigned)(around->made % 28));
    knots_put_strand(out, shape->prefix, around->made / STRAND_EVERY, date);
}

static bool
next_around(void *source, struct mp_buf *out)
{
    struct around *around = source;
    if (around->made == around->count)
        return false;
    if (around->strands && around->made % STRAND_EVERY == 0)
        put_strand(around, out);
    else
        (void)events_next(&around->events, out);
    around->made++;
    return true;
}

/* Ids begin with the names of the partnerships and the half's letter. */
static uint64_t
load_half(struct link *link, const struct marks_log *log, bool before,
          uint64_t count)
{
    char prefix[TEXT_SIZE];
    struct events_shape shape = events_shape_default;
    struct around around = {.count = count, .strands = log->knots};
    uint64_t strands =
        log->knots ? (count + STRAND_EVERY - 1) / STRAND_EVERY : 0;
    snprintf(prefix, sizeof(prefix), "%s%c", log->names, before ? 'a' : 'b');
    shape.prefix = prefix;
    shape.names = log->names;
    shape.partnerships = log->partnerships;
    shape.count = count - strands;
    shape.year_first = before ? YEAR_FIRST : MARKS_YEAR + 1;
    shape.year_last = before ? MARKS_YEAR - 1 : YEAR_LAST;
    events_init(&around.events, &shape);
    (void)load_run(link, &load_options_default, next_around, &around);
    uint64_t live = around.events.made - around.events.superseded;
    events_deinit(&around.events);
    return live;
}

struct marks_content
marks_load(struct link *link, const struct marks_log *log)
{
    struct marks marks = {log->partnership, 0};
    struct knots knots = {log->names, 0};
    struct marks_content content;
    uint64_t middle = MARKS_COUNT + (log->knots ? KNOT_COUNT * KNOTS_COUNT : 0);
    if (log->count < middle)
        fail("a log with marks has at least %llu events",
             (unsigned long long)middle);
    uint64_t half = (log->count - middle) / 2;
    content.live_before = load_half(link, log, true, half);
    (void)load_run(link, &load_options_default, next_mark, &marks);
    if (log->knots)
        (void)load_run(link, &load_options_default, next_knot, &knots);
    content.live_after =
        load_half(link, log, false, log->count - middle - half);
    return content;
}
