/* SPDX-License-Identifier: MIT */
/*
 * The daemon against the model: random logs, random questions of every method,
 * and every answer compared in full; over 100 000 of them.
 */
#include <check.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/model_ask.h"

#define SECONDS_MAX 300

static struct model_log random_log;
static struct model_asker asker;

static void
begin(void)
{
    fixture_begin();
    model_log_init(&random_log);
    model_asker_init(&asker, &random_log);
}

static void
end(void)
{
    model_asker_deinit(&asker);
    model_log_deinit(&random_log);
    fixture_end();
}

static void
grow(size_t count)
{
    model_log_grow(&random_log, fixture.wire, count);
}

static void
ask(size_t count)
{
    model_ask(&asker, fixture.wire, count);
}

/* --- one daemon -----------------------------------------------------------*/

/* What the daemon keeps between questions has to follow the log. */
START_TEST(answers_are_the_models_while_the_log_grows)
{
    for (int round = 0; round < 8; round++) {
        grow(50);
        ask(8000);
    }
}
END_TEST

/* Long enough for whatever it keeps at intervals, of several partnerships. */
START_TEST(answers_are_the_models_on_a_long_log)
{
    grow(1500);
    ask(6000);
}
END_TEST

/* Each event happened at any time of all those years, so that most are late
 * arrivals: what is kept behind them does not hold any more. */
START_TEST(answers_are_the_models_after_each_late_arrival)
{
    grow(300);
    ask(1000);
    for (int arrival = 0; arrival < 100; arrival++) {
        grow(1 + (size_t)arrival % 3);
        ask(120);
    }
}
END_TEST

/* --- several --------------------------------------------------------------*/

static void
remove_views(void)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.data, "views.mdb");
    ck_assert_int_eq(unlink(path), 0);
}

static void
stop_and_remove_views(void)
{
    fixture_stop();
    remove_views();
}

static void
kill_and_remove_views(void)
{
    fixture_kill();
    remove_views();
}

/* The log grows right before the end and right after the start, with cursors
 * of the daemon before in hand. */
START_TEST(answers_are_the_models_after_any_end)
{
    static void (*const ends[])(void) = {fixture_stop, fixture_kill,
                                         stop_and_remove_views,
                                         kill_and_remove_views};
    asker.rebuilding = true;
    grow(200);
    for (size_t round = 0; round < 16; round++) {
        grow(10);
        ask(500);
        if (round % 3 == 0)
            grow(10);
        ends[round % (sizeof(ends) / sizeof(ends[0]))]();
        fixture_start();
        if (round % 2 == 0)
            grow(10);
        ask(1000);
    }
}
END_TEST

/* --- while the views are made
 * -----------------------------------------------*/

/* So many that the daemon serves before it has made views of them. */
#define MANY_EVENTS 80000

static void
grow_much(void)
{
    grow(300);
    model_log_grow_mass(&random_log, fixture.wire, MANY_EVENTS);
    grow(300);
}

/* What cannot be answered yet is `unavailable`; the rest is right. */
START_TEST(answers_are_the_models_while_views_are_rebuilt_at_a_start)
{
    asker.rebuilding = true;
    grow_much();
    for (int round = 0; round < 2; round++) {
        stop_and_remove_views();
        model_asker_prepare(&asker);
        fixture_start();
        ask(400);
        grow(5);
    }
}
END_TEST

/* --- rebuild --------------------------------------------------------------*/

static json_int_t
gauge(const char *name)
{
    json_auto_t *stats = expect_ok(fixture.wire, "stats", "{}");
    const json_t *value = json_object_get(stats, name);
    ck_assert_msg(json_is_integer(value), "no %s in stats", name);
    return json_integer_value(value);
}

static bool
is_rebuilding(void)
{
    return gauge("views_rebuilding") != 0;
}

static json_int_t
rebuilds_done(void)
{
    return gauge("views_rebuilds_total");
}

static void
rebuild(void)
{
    json_auto_t *result = expect_ok(fixture.wire, "rebuild", "{}");
    expect_same(result, "{}");
}

/* Ask, and let the log grow, until it is over; every question is a bounded
 * time away from the next look. */
static void
ask_until_rebuilt(json_int_t wanted)
{
    time_t end = time(NULL) + PROCESS_PATIENCE_MS / 1000;
    while (is_rebuilding()) {
        ck_assert_msg(time(NULL) < end, "still rebuilding");
        ask(100);
        grow(2);
    }
    ck_assert_int_ge(rebuilds_done(), wanted);
    ask(500);
}

/* The old views go on answering, and appends go on, until the new ones take
 * their place: nothing is unavailable. */
START_TEST(answers_are_the_models_while_and_after_rebuild)
{
    grow_much();
    for (int round = 0; round < 3; round++) {
        json_int_t done = rebuilds_done();
        model_asker_prepare(&asker);
        rebuild();
        ask(100);
        ask_until_rebuilt(done + 1);
    }
}
END_TEST

/* A second one joins the first; what was rebuilt is believed at a start. */
START_TEST(rebuild_joins_one_that_runs_and_survives_any_end)
{
    static void (*const ends[])(void) = {fixture_stop, fixture_kill};
    asker.rebuilding = true;
    grow(300);
    ask(500);
    for (int round = 0; round < 6; round++) {
        json_int_t done = rebuilds_done();
        rebuild();
        rebuild();
        grow(5);
        ask_until_rebuilt(done + 1);
        if (round >= 2)
            rebuild(); /* and the end comes in the midst of it */
        ends[round % 2]();
        fixture_start();
        ask(500);
    }
}
END_TEST

static TCase *
model_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, SECONDS_MAX);
    suite_add_tcase(suite, tests);
    return tests;
}

int
main(void)
{
    Suite *suite = suite_create("model");
    TCase *tests = model_case(suite, "random logs");
    tcase_add_test(tests, answers_are_the_models_while_the_log_grows);
    tcase_add_test(tests, answers_are_the_models_on_a_long_log);
    tcase_add_test(tests, answers_are_the_models_after_each_late_arrival);
    tcase_add_test(tests, answers_are_the_models_after_any_end);
    TCase *many = model_case(suite, "many events");
    tcase_add_test(many,
                   answers_are_the_models_while_views_are_rebuilt_at_a_start);
    tcase_add_test(many, answers_are_the_models_while_and_after_rebuild);
    tcase_add_test(tests, rebuild_joins_one_that_runs_and_survives_any_end);
    return fixture_run(suite);
}
