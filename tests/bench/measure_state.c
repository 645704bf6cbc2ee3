/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tests/bench/entented.h"
#include "tests/bench/events.h"
#include "tests/bench/fail.h"
#include "tests/bench/load.h"
#include "tests/bench/marks.h"
#include "tests/bench/measure.h"

/*
 * One partnership of several ages: its state at the newest date and in the
 * middle, with and without K and S, and after each of many late arrivals.
 */

#define NAME_SIZE 64
#define CALLS 300
#define LATE_COUNT 1000
/* All of them on one size; a daemon that folds a long history anew for each
 * gets through fewer, which the row says. */
#define LATE_SECONDS_MAX 20.0
#define TIMELINE_PAGE 100
#define CURSOR_SIZE 512

struct aged {
    uint64_t size;
    char names[NAME_SIZE];
    char partnership[NAME_SIZE];
    uint64_t position; /* of its last event */
    char cursor[CURSOR_SIZE];
    struct marks_content content;
};

static void
aged_load(struct aged *aged, struct link *link, uint64_t size)
{
    aged->size = size;
    snprintf(aged->names, sizeof(aged->names), "aged-%llu-",
             (unsigned long long)size);
    snprintf(aged->partnership, sizeof(aged->partnership), "aged-%llu-0",
             (unsigned long long)size);
    struct marks_log log = {size, aged->names, 1, aged->partnership, false};
    aged->content = marks_load(link, &log);
    aged->position = entented_tip(link);
}

/* --- questions ------------------------------------------------------------*/

static void
add_state(struct probe_list *list, const struct aged *aged, struct probe probe)
{
    uint64_t before = aged->content.live_before;
    uint64_t all = before + MARKS_COUNT + aged->content.live_after;
    probe.method = "state";
    probe.what = "newest";
    probe.check = (struct probe_check){"events", all};
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_NEWEST},
                  {0}});
    probe.what = "in the middle";
    probe.check.expected = before + marks_by_middle();
    probe.check_too = (struct probe_check){"possible", MARKS_MEETINGS};
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_MIDDLE},
                  {0}});
}

/* S is a position between the marks and the end, where nothing but the years
 * before and the marks had been stored. */
static void
add_restricted(struct probe_list *list, const struct aged *aged,
               struct probe probe)
{
    uint64_t before = aged->content.live_before;
    uint64_t after = aged->size - MARKS_COUNT - (aged->size - MARKS_COUNT) / 2;
    probe.method = "state";
    probe.folds = true;
    probe.what = "newest --then";
    probe.check = (struct probe_check){
        "events", before + MARKS_COUNT - MARKS_LATE + aged->content.live_after};
    probe.check_too = (struct probe_check){"undisclosed", MARKS_LATE};
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_NEWEST},
                  {"known", .text = MARKS_NEWEST},
                  {0}});
    probe.what = "middle --then";
    probe.check.expected = before + marks_by_middle() - marks_late_by_middle();
    probe.check_too.expected = marks_late_by_middle();
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_MIDDLE},
                  {"known", .text = MARKS_MIDDLE},
                  {0}});
    probe.what = "newest --recorded the middle";
    probe.check.expected = before + MARKS_COUNT;
    probe.check_too = (struct probe_check){"undisclosed", 0};
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_NEWEST},
                  {"recorded", .number = aged->position - after},
                  {0}});
}

static void
add_lists(struct probe_list *list, const struct aged *aged, struct probe probe)
{
    probe.method = "gap";
    probe.what = "gap of the partnership";
    probe.check = (struct probe_check){"events", MARKS_LATE};
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = "2010-12-31"},
                  {0}});
    probe.method = "timeline";
    probe.what = "timeline --possible, the first page";
    probe.check.expected = TIMELINE_PAGE;
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_MIDDLE},
                  {"possible", .truth = true},
                  {"limit", .number = TIMELINE_PAGE},
                  {0}});
    probe.what = "timeline --possible, the last full";
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_MIDDLE},
                  {"possible", .truth = true},
                  {"limit", .number = TIMELINE_PAGE},
                  {"cursor", .text = aged->cursor},
                  {0}});
}

/* Follow a timeline to its end for the cursor of the last page but one. */
static void
find_cursor(struct aged *aged, struct link *link)
{
    char newer[CURSOR_SIZE] = "";
    for (bool more = true; more;) {
        struct mp_buf params = {0};
        probe_put_arguments(
            &params, (const struct probe_argument[]){
                         {"partnership", .text = aged->partnership},
                         {"at", .text = MARKS_MIDDLE},
                         {"possible", .truth = true},
                         {"limit", .number = TIMELINE_PAGE},
                         {newer[0] == '\0' ? NULL : "cursor", .text = newer},
                         {0}});
        struct span cursor = mp_get_str(
            link_call(link, "timeline", mp_buf_span(&params)), "cursor");
        mp_buf_deinit(&params);
        more = cursor.data != NULL;
        if (more)
            memcpy(aged->cursor, newer, sizeof(newer));
        if (cursor.size >= sizeof(newer))
            fail("a cursor has %zu bytes", cursor.size);
        if (more)
            snprintf(newer, sizeof(newer), "%.*s", (int)cursor.size,
                     (const char *)cursor.data);
    }
}

/* --- as it was known then, of a usual partnership -------------------------*/

/* All types, 1 % late, 1 % corrected; dates from 2000 to 2024. */
#define USUAL_SIZE 10000
#define USUAL_NAME "usual-0"

static bool
next_event(void *source, struct mp_buf *out)
{
    return events_next(source, out);
}

static void
load_usual(struct link *link)
{
    struct events_shape shape = events_shape_default;
    struct events events;
    shape.count = USUAL_SIZE;
    shape.names = "usual-";
    shape.prefix = "usual-e";
    shape.partnerships = 1;
    shape.late = shape.corrected = 0.01;
    events_init(&events, &shape);
    (void)load_run(link, &load_options_default, next_event, &events);
    events_deinit(&events);
}

/* What was counted the first time must be counted each time. */
static void
add_then(struct probe_list *list, struct link *link, const char *what,
         const char *date)
{
    const struct probe_argument arguments[] = {
        {"partnership", .text = USUAL_NAME},
        {"at", .text = date},
        {"known", .text = date},
        {0}};
    struct mp_buf params = {0};
    struct probe probe = {.group = "state",
                          .what = what,
                          .size = USUAL_SIZE,
                          .link = link,
                          .method = "state",
                          .folds = true};
    probe_put_arguments(&params, arguments);
    probe.check = (struct probe_check){
        "events",
        mp_get_uint(link_call(link, "state", mp_buf_span(&params)), "events")};
    mp_buf_deinit(&params);
    probe_add(list, &probe, arguments);
}

static void
add_usual(struct probe_list *list, struct link *link)
{
    load_usual(link);
    add_then(list, link, "usual, newest --then", MARKS_NEWEST);
    add_then(list, link, "usual, middle --then", MARKS_MIDDLE);
}

/* --- late arrivals --------------------------------------------------------*/

static void
append_late(struct link *link, const struct aged *aged, int index)
{
    char id[2 * NAME_SIZE], date[NAME_SIZE];
    struct mp_buf params = {0};
    snprintf(id, sizeof(id), "%s-late-%d", aged->partnership, index);
    snprintf(date, sizeof(date), "2001-%02d-%02d", 1 + index % 12,
             1 + index % 28);
    mp_put_map(&params, 1);
    mp_put_text(&params, "events");
    mp_put_array(&params, 1);
    mp_put_map(&params, 6);
    const char *const pairs[][2] = {{"id", id},
                                    {"type", "note"},
                                    {"partnership", aged->partnership},
                                    {"occurred", date},
                                    {"title", "found in a court file"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        mp_put_text(&params, pairs[i][0]);
        mp_put_text(&params, pairs[i][1]);
    }
    mp_put_text(&params, "parties");
    mp_put_array(&params, 1);
    mp_put_text(&params, MARKS_PARTY);
    (void)link_call(link, "append", mp_buf_span(&params));
    mp_buf_deinit(&params);
}

static void
state_after(struct link *link, const struct aged *aged, int arrived)
{
    struct mp_buf params = {0};
    probe_put_arguments(&params, (const struct probe_argument[]){
                                     {"partnership", .text = aged->partnership},
                                     {"at", .text = MARKS_NEWEST},
                                     {0}});
    uint64_t events =
        mp_get_uint(link_call(link, "state", mp_buf_span(&params)), "events");
    uint64_t expected = aged->content.live_before + MARKS_COUNT +
                        aged->content.live_after + (uint64_t)arrived;
    if (events != expected)
        fail("%s has %llu events and should have %llu", aged->partnership,
             (unsigned long long)events, (unsigned long long)expected);
    mp_buf_deinit(&params);
}

struct late {
    struct latency append, state, again;
    int count;
    double seconds;
};

static void
late_run(struct late *late, const struct aged *aged, struct link *link)
{
    double start = clock_us(), end = start + LATE_SECONDS_MAX * 1e6;
    while (late->count < LATE_COUNT && clock_us() < end) {
        double began = clock_us();
        append_late(link, aged, late->count++);
        double appended = clock_us();
        state_after(link, aged, late->count);
        double answered = clock_us();
        state_after(link, aged, late->count); /* nothing disturbs this one */
        latency_add(&late->append, appended - began);
        latency_add(&late->state, answered - appended);
        latency_add(&late->again, clock_us() - answered);
    }
    late->seconds = (clock_us() - start) / 1e6;
    latency_end_round(&late->append);
    latency_end_round(&late->state);
    latency_end_round(&late->again);
}

static void
late_tell(struct late *late, struct late *base, uint64_t size,
          struct report *report)
{
    char remark[2 * NAME_SIZE];
    struct latency *latencies[] = {&late->append, &late->state, &late->again};
    struct latency *bases[] = {&base->append, &base->state, &base->again};
    static const char *const whats[] = {"append", "state right after it",
                                        "state again, undisturbed"};
    snprintf(remark, sizeof(remark),
             "%d arrivals in %.1f s; right after: %.2f x undisturbed",
             late->count, late->seconds,
             latency_p50(&late->state) / latency_p50(&late->again));
    for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
        struct report_row row = {
            .group = "late",
            .what = whats[i],
            .size = size,
            .value = {latency_p50(latencies[i]),
                      late == base ? 0 : latency_p50(bases[i])},
            .unit = "us",
            .p99 = {latency_p99(latencies[i]),
                    late == base ? 0 : latency_p99(bases[i])},
            .remark = remark,
        };
        report_add(report, &row);
    }
}

static void
late_run_all(struct measure *measure, const struct aged *aged, size_t count,
             struct link *link)
{
    struct late lates[MEASURE_SIZES_MAX] = {0};
    for (size_t i = 0; i < count; i++)
        late_run(&lates[i], &aged[i], link);
    for (size_t i = 0; i < count; i++)
        late_tell(&lates[i], &lates[0], aged[i].size, &measure->report);
    for (size_t i = 0; i < count; i++) {
        latency_deinit(&lates[i].append);
        latency_deinit(&lates[i].state);
        latency_deinit(&lates[i].again);
    }
}

/* --- the daemon -----------------------------------------------------------*/

static void
ask_all(struct measure *measure, struct aged *aged, size_t count,
        struct link *link)
{
    struct probe_list list = {0};
    struct probe_effort effort = {measure->rounds, CALLS, measure->seconds};
    for (size_t i = 0; i < count; i++) {
        struct probe probe = {
            .group = "state", .size = aged[i].size, .link = link};
        find_cursor(&aged[i], link);
        add_state(&list, &aged[i], probe);
        add_restricted(&list, &aged[i], probe);
        add_lists(&list, &aged[i], probe);
    }
    add_usual(&list, link);
    probe_run(&list, &effort, &measure->report);
    probe_list_deinit(&list);
}

static void
run(struct measure *measure, const char *name, bool states)
{
    struct entented daemon;
    struct aged aged[MEASURE_SIZES_MAX];
    size_t count = 0;
    entented_init(&daemon, measure->scratch, name);
    entented_start(&daemon);
    struct link *link = entented_link(&daemon);
    for (; measure->partnership_sizes[count] != 0; count++)
        aged_load(&aged[count], link, measure->partnership_sizes[count]);
    if (states)
        ask_all(measure, aged, count, link);
    late_run_all(measure, aged, count, link);
    link_close(link);
    entented_stop(&daemon);
}

void
measure_state(struct measure *measure)
{
    run(measure, "state", true);
}

void
measure_late(struct measure *measure)
{
    run(measure, "late", false);
}
