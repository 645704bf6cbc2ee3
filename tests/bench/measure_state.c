/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tests/bench/entented.h"
#include "tests/bench/events.h"
#include "tests/bench/fail.h"
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

struct aged {
    uint64_t size;
    char names[NAME_SIZE];
    char partnership[NAME_SIZE];
    uint64_t position; /* of its last event */
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
    struct marks_log log = {size, aged->names, 1, aged->partnership};
    aged->content = marks_load(link, &log);
    aged->position = entented_tip(link);
}

/* --- questions -----------------------------------------------------------*/

static void
add_state(struct probe_list *list, const struct aged *aged, struct link *link)
{
    uint64_t before = aged->content.live_before;
    uint64_t all = before + MARKS_COUNT + aged->content.live_after;
    struct probe probe = {.group = "state",
                          .size = aged->size,
                          .link = link,
                          .method = "state",
                          .key = "events"};
    probe.what = "newest";
    probe.expected = all;
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_NEWEST},
                  {0}});
    probe.what = "in the middle";
    probe.expected = before + marks_by_middle();
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_MIDDLE},
                  {0}});
    probe.what = "newest --then";
    probe.expected = all - MARKS_LATE;
    probe.folds = true;
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_NEWEST},
                  {"known", .text = MARKS_NEWEST},
                  {0}});
}

/* S is a position between the marks and the end, where nothing but the years
 * before and the marks had been stored. */
static void
add_restricted(struct probe_list *list, const struct aged *aged,
               struct link *link)
{
    uint64_t after = aged->size - MARKS_COUNT - (aged->size - MARKS_COUNT) / 2;
    struct probe probe = {.group = "state",
                          .size = aged->size,
                          .link = link,
                          .method = "state",
                          .key = "events",
                          .folds = true};
    probe.what = "newest, recorded by the middle";
    probe.expected = aged->content.live_before + MARKS_COUNT;
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_NEWEST},
                  {"recorded", .number = aged->position - after},
                  {0}});
}

static void
add_others(struct probe_list *list, const struct aged *aged, struct link *link)
{
    struct probe probe = {
        .group = "state", .size = aged->size, .link = link, .key = "possible"};
    probe.what = "possible, in the middle";
    probe.method = "state";
    probe.expected = MARKS_MEETINGS;
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_MIDDLE},
                  {0}});
    probe.what = "undisclosed, at the newest";
    probe.key = "undisclosed";
    probe.expected = MARKS_LATE;
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_NEWEST},
                  {"known", .text = MARKS_NEWEST},
                  {0}});
    probe.what = "timeline --possible, one page";
    probe.method = "timeline";
    probe.key = "events";
    probe.expected = TIMELINE_PAGE;
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = MARKS_MIDDLE},
                  {"possible", .truth = true},
                  {"limit", .number = TIMELINE_PAGE},
                  {0}});
    probe.what = "gap of the partnership";
    probe.method = "gap";
    probe.expected = MARKS_LATE;
    probe_add(list, &probe,
              (const struct probe_argument[]){
                  {"partnership", .text = aged->partnership},
                  {"at", .text = "2010-12-31"},
                  {0}});
}

/* --- late arrivals -------------------------------------------------------*/

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
    struct latency append, state;
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
        latency_add(&late->append, appended - began);
        latency_add(&late->state, clock_us() - appended);
    }
    late->seconds = (clock_us() - start) / 1e6;
    latency_end_round(&late->append);
    latency_end_round(&late->state);
}

static void
late_tell(struct late *late, struct late *base, uint64_t size,
          struct report *report)
{
    char remark[NAME_SIZE];
    bool first = late == base;
    struct report_row row = {"late", NULL, size, 0, "us", 0, remark};
    snprintf(remark, sizeof(remark), "%d arrivals in %.1f s", late->count,
             late->seconds);
    row.what = "append p50";
    row.value = latency_p50(&late->append);
    row.base = first ? 0 : latency_p50(&base->append);
    report_add(report, &row);
    row.what = "state right after it p50";
    row.value = latency_p50(&late->state);
    row.base = first ? 0 : latency_p50(&base->state);
    report_add(report, &row);
    row.what = "state right after it p99";
    row.value = latency_p99(&late->state);
    row.base = first ? 0 : latency_p99(&base->state);
    report_add(report, &row);
}

static void
measure_late(struct measure *measure, const struct aged *aged, size_t count,
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
    }
}

void
measure_state(struct measure *measure)
{
    struct entented daemon;
    struct aged aged[MEASURE_SIZES_MAX];
    struct probe_list list = {0};
    struct probe_effort effort = {measure->rounds, CALLS, measure->seconds};
    size_t count = 0;
    entented_init(&daemon, measure->scratch, "state");
    entented_start(&daemon);
    struct link *link = entented_link(&daemon);
    for (; measure->partnership_sizes[count] != 0; count++)
        aged_load(&aged[count], link, measure->partnership_sizes[count]);
    for (size_t i = 0; i < count; i++) {
        add_state(&list, &aged[i], link);
        add_restricted(&list, &aged[i], link);
        add_others(&list, &aged[i], link);
    }
    probe_run(&list, &effort, &measure->report);
    measure_late(measure, aged, count, link);
    probe_list_deinit(&list);
    link_close(link);
    entented_stop(&daemon);
}
