/* SPDX-License-Identifier: MIT */
/*
 * The daemon against the model: random logs, random questions of every method,
 * and every answer compared in full; over 100 000 of them.
 */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

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
    return fixture_run(suite);
}
