/* SPDX-License-Identifier: MIT */
/* Who is woken for a new event: everybody whose filter wants it, and hardly
 * anybody else. */
#include "daemon/feed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/random_fixture.h"
#include "tests/unit/stored_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct bench {
    struct data data;
    struct feed feed;
};

static void
setup(struct bench *bench)
{
    *bench = (struct bench){0};
    data_directory(bench->data.path);
    data_open_log(&bench->data);
}

static void
teardown(struct bench *bench)
{
    feed_deinit(&bench->feed);
    data_close(&bench->data);
}

static struct filter
filter_of(const char *notation)
{
    struct mp_buf buf = encoded(notation);
    struct args args;
    struct args_fault fault;
    struct filter filter;
    ck_assert(args_read(mp_buf_span(&buf),
                        ARG_BIT(PARTNERSHIP) | ARG_BIT(PARTY) | ARG_BIT(TYPES),
                        0, &args, &fault));
    ck_assert(filter_init(&filter, &args));
    mp_buf_deinit(&buf);
    return filter;
}

static void
append(struct bench *bench, const char *type, const char *partnership,
       const char *parties)
{
    char pairs[256];
    snprintf(pairs, sizeof pairs,
             "'id':'x','type':'%s','partnership':'%s','parties':[%s],"
             "'occurred':'2017','title':'t'",
             type, partnership, parties);
    stored_append(&bench->data, 1, 0, pairs);
}

/* Take part, and have seen everything. */
static void
join(struct bench *bench, struct feed_sleeper *sleeper,
     const struct filter *filter)
{
    uint64_t tip = log_tip(bench->data.log);
    *sleeper = (struct feed_sleeper){
        .mask = feed_mask_of(filter), .position = tip, .told = tip};
    ck_assert(feed_join(&bench->feed, sleeper, tip));
    feed_sleep(&bench->feed, sleeper);
}

static void
advance(struct bench *bench)
{
    uint64_t tip = log_tip(bench->data.log);
    while (feed_advance(&bench->feed, bench->data.log_reader, tip))
        ck_assert_uint_le(bench->feed.end, tip);
    ck_assert_uint_eq(bench->feed.end, tip + 1);
}

static const struct {
    const char *filter;
    bool woken[4]; /* by each of the events below */
} rows[] = {
    {"[{}]", {true, true, true, true}},
    {"[{'partnership':'p'}]", {true, false, true, false}},
    {"[{'party':'b'}]", {true, true, false, false}},
    {"[{'types':['note']}]", {true, true, false, false}},
    {"[{'types':['offer','x-visit']}]", {false, false, true, true}},
    {"[{'types':['note'],'party':'b','partnership':'q'}]",
     {false, true, false, false}},
    {"[{'partnership':'nowhere'}]", {false, false, false, false}},
};

START_TEST(sleeper_wakes_for_what_it_wants)
{
    struct bench bench;
    struct feed_sleeper sleeper;
    setup(&bench);
    struct filter filter = filter_of(rows[_i].filter);
    join(&bench, &sleeper, &filter);
    static const char *const events[][3] = {{"note", "p", "'a','b'"},
                                            {"note", "q", "'b'"},
                                            {"offer", "p", "'a'"},
                                            {"x-visit", "q", "'a','c'"}};
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        append(&bench, events[i][0], events[i][1], events[i][2]);
        advance(&bench);
        ck_assert_msg(sleeper.asleep != rows[_i].woken[i], "%s: event %zu",
                      rows[_i].filter, i);
        ck_assert_uint_eq(sleeper.position, sleeper.asleep ? i + 1 : i);
        sleeper.position = i + 1; /* as who is awake does */
        feed_sleep(&bench.feed, &sleeper);
        ck_assert_uint_eq(bench.feed.awake, 0);
    }
    feed_leave(&bench.feed, &sleeper);
    filter_deinit(&filter);
    teardown(&bench);
}
END_TEST

/* --- at random ------------------------------------------------------------*/

#define SLEEPERS 40
#define ROUNDS 400

static void
random_filter(uint64_t *dice, char text[256])
{
    unsigned kinds = (unsigned)random_below(dice, 8);
    size_t size = 0;
    size += (size_t)snprintf(text, 256, "[{");
    if (kinds & 1)
        size +=
            (size_t)snprintf(text + size, 256 - size, "'partnership':'p%d',",
                             (int)random_below(dice, 20));
    if (kinds & 2)
        size += (size_t)snprintf(text + size, 256 - size, "'party':'a%d',",
                                 (int)random_below(dice, 60));
    if (kinds & 4)
        size += (size_t)snprintf(
            text + size, 256 - size, "'types':['x-t%d','x-t%d'],",
            (int)random_below(dice, 90), (int)random_below(dice, 90));
    snprintf(text + size, 256 - size, "}]");
}

static void
append_random(struct bench *bench, uint64_t *dice)
{
    char type[16], partnership[16], parties[64];
    snprintf(type, sizeof type, "x-t%d", (int)random_below(dice, 90));
    snprintf(partnership, sizeof partnership, "p%d",
             (int)random_below(dice, 20));
    int first = (int)random_below(dice, 60);
    snprintf(parties, sizeof parties, "'a%d','a%d'", first, first + 1);
    append(bench, type, partnership, parties);
}

/* What a subscription that is awake does: look at what may match, and go to
 * sleep at the tip.  Every match must be among what it looks at. */
static void
look(struct bench *bench, struct feed_sleeper *sleeper,
     const struct filter *filter, uint64_t *seen, uint64_t *looked)
{
    uint64_t tip = log_tip(bench->data.log);
    struct span event;
    ck_assert_int_eq(log_read_begin(bench->data.log_reader), LOG_OK);
    while (sleeper->position < tip) {
        uint64_t seq =
            feed_next(&bench->feed, &sleeper->mask, sleeper->position + 1, tip);
        sleeper->position = seq <= tip ? seq : tip;
        if (seq > tip)
            break;
        ck_assert_int_eq(log_read(bench->data.log_reader, seq, &event), LOG_OK);
        *seen += filter_matches(filter, event);
        ++*looked;
    }
    log_read_end(bench->data.log_reader);
    feed_sleep(&bench->feed, sleeper);
}

static uint64_t
count_matches(struct bench *bench, const struct filter *filter)
{
    uint64_t count = 0;
    struct span event;
    ck_assert_int_eq(log_read_begin(bench->data.log_reader), LOG_OK);
    for (uint64_t seq = 1; seq <= log_tip(bench->data.log); seq++) {
        ck_assert_int_eq(log_read(bench->data.log_reader, seq, &event), LOG_OK);
        count += filter_matches(filter, event);
    }
    log_read_end(bench->data.log_reader);
    return count;
}

START_TEST(nothing_that_is_wanted_is_slept_through)
{
    struct bench bench;
    struct feed_sleeper sleepers[SLEEPERS];
    struct filter filters[SLEEPERS];
    uint64_t seen[SLEEPERS] = {0}, looked = 0, matches = 0;
    uint64_t dice = random_seed("feed");
    char text[256];
    setup(&bench);
    for (int i = 0; i < SLEEPERS; i++) {
        random_filter(&dice, text);
        filters[i] = filter_of(text);
        join(&bench, &sleepers[i], &filters[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (uint64_t i = random_below(&dice, 6); i > 0; i--)
            append_random(&bench, &dice);
        if (random_below(&dice, 3) > 0) /* or they get ahead of it */
            advance(&bench);
        for (int i = 0; i < SLEEPERS; i++)
            if (!sleepers[i].asleep || random_below(&dice, 20) == 0)
                look(&bench, &sleepers[i], &filters[i], &seen[i], &looked);
    }
    advance(&bench);
    for (int i = 0; i < SLEEPERS; i++) {
        look(&bench, &sleepers[i], &filters[i], &seen[i], &looked);
        uint64_t expected = count_matches(&bench, &filters[i]);
        ck_assert_msg(seen[i] == expected, "sleeper %d saw %d of %d", i,
                      (int)seen[i], (int)expected);
        matches += expected;
        feed_leave(&bench.feed, &sleepers[i]);
        filter_deinit(&filters[i]);
    }
    ck_assert_uint_gt(matches, ROUNDS);
    ck_assert_uint_lt(looked, 3 * matches); /* of 40 times as many */
    ck_assert_uint_eq(bench.feed.count, 0);
    teardown(&bench);
}
END_TEST

/* --- the window -----------------------------------------------------------*/

static void
append_many(struct bench *bench, uint64_t count)
{
    struct mp_buf event = stored_event(
        1, 1, 0,
        "'type':'note','partnership':'p','parties':['a'],'occurred':'2017'");
    struct span spans[512];
    for (size_t i = 0; i < COUNT_OF(spans); i++)
        spans[i] = mp_buf_span(&event);
    for (uint64_t done = 0; done < count; done += COUNT_OF(spans))
        ck_assert_int_eq(
            log_append(bench->data.log, spans, COUNT_OF(spans), NULL, 0),
            LOG_OK);
    mp_buf_deinit(&event);
}

/* Who is behind the oldest head has to look for itself. */
START_TEST(heads_are_those_of_the_newest_events)
{
    struct bench bench;
    struct feed_sleeper sleeper;
    setup(&bench);
    struct filter filter = filter_of("[{'partnership':'nowhere'}]");
    append(&bench, "note", "p", "'a'");
    join(&bench, &sleeper, &filter);
    ck_assert_uint_eq(bench.feed.first, 2);
    ck_assert_uint_eq(feed_next(&bench.feed, &sleeper.mask, 1, 1), 1);
    append_many(&bench, 2 * FEED_WINDOW);
    advance(&bench);
    uint64_t tip = log_tip(bench.data.log);
    uint64_t first = tip + 1 - FEED_WINDOW;
    ck_assert_uint_eq(bench.feed.first, first);
    ck_assert_uint_eq(feed_next(&bench.feed, &sleeper.mask, first - 1, tip),
                      first - 1);
    ck_assert_uint_eq(feed_next(&bench.feed, &sleeper.mask, first, tip),
                      tip + 1);
    ck_assert_uint_eq(feed_next(&bench.feed, &sleeper.mask, first, first + 5),
                      first + 6);
    feed_leave(&bench.feed, &sleeper);
    /* nobody looks; then from the tip on */
    append_many(&bench, 512);
    join(&bench, &sleeper, &filter);
    ck_assert_uint_eq(bench.feed.end, log_tip(bench.data.log) + 1);
    ck_assert_uint_eq(bench.feed.first, bench.feed.end);
    feed_leave(&bench.feed, &sleeper);
    filter_deinit(&filter);
    teardown(&bench);
}
END_TEST

/* --- progress -------------------------------------------------------------*/

START_TEST(sleeper_wakes_to_tell_how_far_it_is)
{
    struct bench bench;
    struct feed_sleeper sleeper;
    uint64_t start_us = FEED_PROGRESS_US;
    setup(&bench);
    struct filter filter = filter_of("[{'partnership':'nowhere'}]");
    join(&bench, &sleeper, &filter);
    feed_told(&sleeper, 0, start_us);
    ck_assert(!feed_tick(&bench.feed, start_us + FEED_PROGRESS_US));
    ck_assert(sleeper.asleep); /* there is nothing to tell */
    append_many(&bench, 512);
    advance(&bench);
    ck_assert(sleeper.asleep);
    ck_assert(feed_tick(&bench.feed, start_us + 1));
    ck_assert(sleeper.asleep);
    ck_assert(!feed_is_due(&sleeper, start_us + 1));
    feed_tick(&bench.feed, start_us + FEED_PROGRESS_US - FEED_TICK_US);
    ck_assert(!sleeper.asleep);
    ck_assert(feed_is_due(&sleeper, start_us + FEED_PROGRESS_US));
    feed_told(&sleeper, 512, start_us + FEED_PROGRESS_US);
    feed_sleep(&bench.feed, &sleeper);
    append_many(&bench, FEED_PROGRESS_POSITIONS);
    advance(&bench);
    ck_assert(!sleeper.asleep);
    ck_assert_uint_ge(sleeper.position, 512 + FEED_PROGRESS_POSITIONS);
    ck_assert(feed_is_due(&sleeper, start_us + FEED_PROGRESS_US));
    feed_leave(&bench.feed, &sleeper);
    filter_deinit(&filter);
    teardown(&bench);
}
END_TEST

/* A head cannot be made of it: everybody has to look. */
START_TEST(damaged_event_wakes_everybody)
{
    struct bench bench;
    struct feed_sleeper sleeper;
    setup(&bench);
    struct filter filter = filter_of("[{'types':['note'],'party':'a',"
                                     "'partnership':'nowhere'}]");
    join(&bench, &sleeper, &filter);
    struct span garbage = span_of("garbage");
    ck_assert_int_eq(log_append(bench.data.log, &garbage, 1, NULL, 0), LOG_OK);
    advance(&bench);
    ck_assert(!sleeper.asleep);
    feed_leave(&bench.feed, &sleeper);
    filter_deinit(&filter);
    teardown(&bench);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("feed");
    TCase *tests = tcase_create("feed");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, sleeper_wakes_for_what_it_wants, 0,
                        COUNT_OF(rows));
    tcase_add_test(tests, nothing_that_is_wanted_is_slept_through);
    tcase_add_test(tests, heads_are_those_of_the_newest_events);
    tcase_add_test(tests, sleeper_wakes_to_tell_how_far_it_is);
    tcase_add_test(tests, damaged_event_wakes_everybody);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
