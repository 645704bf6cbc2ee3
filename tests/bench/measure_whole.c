/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "tests/bench/entented.h"
#include "tests/bench/events.h"
#include "tests/bench/fail.h"
#include "tests/bench/load.h"
#include "tests/bench/measure.h"
#include "tests/bench/pinger.h"
#include "tests/bench/whole.h"

/*
 * A log of many partnerships: the portfolio of them all, and what
 * tests/bench/whole_* do with the whole log.
 */

#define EVENTS_PER_PARTNERSHIP 10

void
whole_tell(struct whole *whole, const char *group, const char *what,
           double value, const char *unit)
{
    struct report_row row = {.group = group,
                             .what = what,
                             .size = whole->size,
                             .value = {value, 0},
                             .unit = unit};
    report_add(&whole->measure->report, &row);
}

void
whole_tell_latency(struct whole *whole, const char *group, const char *what,
                   struct latency *latency)
{
    struct report_row row = {.group = group,
                             .what = what,
                             .size = whole->size,
                             .value = {latency_p50(latency), 0},
                             .unit = "us",
                             .p99 = {latency_p99(latency), 0}};
    report_add(&whole->measure->report, &row);
}

void
whole_tell_ping(struct whole *whole, const char *group, struct series *pings)
{
    struct series *alone = &whole->ping_alone;
    struct report_row row = {
        .group = group,
        .what = "ping beside it",
        .size = whole->size,
        .value = {series_at(pings, 0.5), series_at(alone, 0.5)},
        .unit = "us",
        .p99 = {series_at(pings, 0.99), series_at(alone, 0.99)},
        .remark = "ratio: to ping alone"};
    report_add(&whole->measure->report, &row);
    row.what = "ping beside it, the longest";
    row.value = (struct report_value){series_at(pings, 1), series_at(alone, 1)};
    row.p99 = (struct report_value){0, 0};
    report_add(&whole->measure->report, &row);
    series_deinit(pings);
}

/* --- portfolio ------------------------------------------------------------*/

/* The next page; false after the last.  `cursor` is replaced. */
static bool
next_page(struct link *link, bool then, struct mp_buf *cursor, uint64_t *count)
{
    struct mp_buf params = {0};
    bool first = cursor->size == 0;
    mp_put_map(&params, 1 + (then ? 1u : 0u) + (first ? 0u : 1u));
    mp_put_text(&params, "at");
    mp_put_text(&params, WHOLE_NEWEST);
    if (then) {
        mp_put_text(&params, "known");
        mp_put_text(&params, WHOLE_NEWEST);
    }
    if (!first) {
        mp_put_text(&params, "cursor");
        mp_put_raw(&params, mp_buf_span(cursor));
    }
    struct span page = link_call(link, "portfolio", mp_buf_span(&params));
    struct mp_reader reader = mp_reader(mp_get(page, "partnerships"));
    *count += mp_array(&reader);
    struct span follows = mp_get(page, "cursor");
    mp_buf_clear(cursor);
    mp_buf_append(cursor, follows.data, follows.size);
    mp_buf_deinit(&params);
    reader = mp_reader(follows);
    return mp_peek(&reader) != MP_NIL;
}

/* All pages once; how long it took.  By the newest date all was public, so
 * that the answer is the same with K restricted to it. */
static double
portfolio_pass(struct whole *whole, bool then, struct latency *pages)
{
    struct mp_buf cursor = {0};
    uint64_t count = 0;
    bool more = true;
    double start = clock_us();
    while (more) {
        double began = clock_us();
        more = next_page(whole->link, then, &cursor, &count);
        latency_add(pages, clock_us() - began);
    }
    if (count != whole->partnerships)
        fail("the portfolio has %llu partnerships and should have %llu",
             (unsigned long long)count,
             (unsigned long long)whole->partnerships);
    latency_end_round(pages);
    mp_buf_deinit(&cursor);
    return (clock_us() - start) / 1e6;
}

static void
portfolio_run(struct whole *whole, const char *what, bool then)
{
    struct latency pages = {0};
    struct series seconds = {0};
    struct latency warm = {0};
    (void)portfolio_pass(whole, then, &warm);
    struct pinger *pinger = pinger_start(whole->daemon.socket);
    for (int i = 0; i < whole->measure->rounds; i++)
        series_add(&seconds, portfolio_pass(whole, then, &pages));
    struct series pings = pinger_stop(pinger);
    whole_tell_latency(whole, "portfolio", what, &pages);
    whole_tell(whole, "portfolio", "all pages", series_at(&seconds, 0.5), "s");
    whole_tell(whole, "portfolio", "partnerships per second",
               (double)whole->partnerships / series_at(&seconds, 0.5), "1/s");
    whole_tell_ping(whole, "portfolio", &pings);
    latency_deinit(&pages);
    latency_deinit(&warm);
    series_deinit(&seconds);
}

static void
whole_portfolio(struct whole *whole)
{
    portfolio_run(whole, "page of 1000", false);
    portfolio_run(whole, "page of 1000 --then", true);
}

/* --- the log --------------------------------------------------------------*/

static bool
next_event(void *source, struct mp_buf *out)
{
    return events_next(source, out);
}

static void
load(struct whole *whole)
{
    struct events_shape shape = events_shape_default;
    struct events events;
    shape.partnerships = (uint32_t)whole->partnerships;
    shape.count = whole->size;
    events_init(&events, &shape);
    double start = clock_us();
    (void)load_run(whole->link, &load_options_default, next_event, &events);
    double seconds = (clock_us() - start) / 1e6;
    whole_tell(whole, "load", "batches of 1000, 8 outstanding",
               (double)whole->size / seconds, "ev/s");
    events_deinit(&events);
}

/* The daemon does nothing else meanwhile; the measurement sleeps. */
static void
ping_alone(struct whole *whole)
{
    struct pinger *pinger = pinger_start(whole->daemon.socket);
    (void)poll(NULL, 0, (int)(whole->measure->seconds * 1e3));
    whole->ping_alone = pinger_stop(pinger);
    struct report_row row = {.group = "ping",
                             .what = "alone",
                             .size = whole->size,
                             .value = {series_at(&whole->ping_alone, 0.5), 0},
                             .unit = "us",
                             .p99 = {series_at(&whole->ping_alone, 0.99), 0}};
    report_add(&whole->measure->report, &row);
}

/* --- the groups -----------------------------------------------------------*/

static void
whole_begin(struct whole *whole, struct measure *measure, const char *name)
{
    *whole = (struct whole){.measure = measure,
                            .partnerships = measure->portfolio_size,
                            .size = measure->portfolio_size *
                                    EVENTS_PER_PARTNERSHIP};
    entented_init(&whole->daemon, measure->scratch, name);
    entented_start(&whole->daemon);
    whole->link = entented_link(&whole->daemon);
    load(whole);
    ping_alone(whole);
}

static void
whole_end(struct whole *whole)
{
    link_close(whole->link);
    entented_stop(&whole->daemon);
    series_deinit(&whole->ping_alone);
}

static void
run_part(struct measure *measure, const char *name,
         void (*part)(struct whole *whole))
{
    struct whole whole;
    whole_begin(&whole, measure, name);
    part(&whole);
    whole_end(&whole);
}

void
measure_portfolio(struct measure *measure)
{
    run_part(measure, "portfolio", whole_portfolio);
}

void
measure_rebuild(struct measure *measure)
{
    run_part(measure, "rebuild", whole_rebuild);
}

void
measure_stream(struct measure *measure)
{
    run_part(measure, "stream", whole_stream);
}

static void
run_all(struct whole *whole)
{
    whole_portfolio(whole);
    whole_rebuild(whole);
    whole_stream(whole);
}

void
measure_whole(struct measure *measure)
{
    run_part(measure, "whole", run_all);
}
