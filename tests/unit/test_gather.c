/* SPDX-License-Identifier: MIT */
#include "daemon/gather.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/unit/data_fixture.h"

#define REQUEST_SIZE ((size_t)400)

/* --- one decision ---------------------------------------------------------*/

START_TEST(nobody_is_awaited_before_the_first_answer)
{
    struct gather gather = {0};
    ck_assert_uint_eq(gather_deadline(&gather, 1), 0);
}
END_TEST

START_TEST(a_client_alone_is_not_awaited)
{
    struct gather gather = {0};
    gather_answered(&gather, 1, REQUEST_SIZE, 0, 300, 1000);
    ck_assert_uint_eq(gather_deadline(&gather, 1), 0);
}
END_TEST

START_TEST(those_just_answered_are_awaited_for_one_flush)
{
    struct gather gather = {0};
    gather_answered(&gather, 3, 3 * REQUEST_SIZE, 2, 300, 1000);
    ck_assert_uint_eq(gather.expected, 5);
    ck_assert_uint_eq(gather_deadline(&gather, 2), 1300);
    ck_assert_uint_eq(gather_deadline(&gather, 4), 1300);
    ck_assert_uint_eq(gather_deadline(&gather, 5), 0);
}
END_TEST

static const struct {
    const char *what;
    size_t count, size, waiting;
    uint64_t flush_us, expected_us;
} answers[] = {
    {"few", 2, 2 * REQUEST_SIZE, 0, 300, 300},
    {"the most", GATHER_COUNT_MAX - 1, GATHER_SIZE_MAX, 1, 300, 300},
    {"too many", GATHER_COUNT_MAX, GATHER_SIZE_MAX, 1, 300, 0},
    {"too large", 2, GATHER_SIZE_MAX + 1, 0, 300, 0},
    {"slow disk", 2, 2 * REQUEST_SIZE, 0, 50000, GATHER_WAIT_MAX_US},
    {"no flush yet", 2, 2 * REQUEST_SIZE, 0, 0, 0},
};

START_TEST(limits_hold)
{
    struct gather gather = {0};
    gather_answered(&gather, answers[_i].count, answers[_i].size,
                    answers[_i].waiting, answers[_i].flush_us, 0);
    ck_assert_msg(gather_deadline(&gather, 1) == answers[_i].expected_us, "%s",
                  answers[_i].what);
}
END_TEST

/* One flush that hangs is not what a flush takes. */
START_TEST(an_outlier_counts_little)
{
    struct gather gather = {0};
    gather_answered(&gather, 2, REQUEST_SIZE, 0, 400, 0);
    gather_answered(&gather, 2, REQUEST_SIZE, 0, 10000000, 0);
    ck_assert_uint_eq(gather.flush_us, (7 * 400 + 4 * 400) / 8);
}
END_TEST

/* --- a run ----------------------------------------------------------------*/

/* Clients that ask again after each answer: the machine takes `turn_us` for
 * each, one after the other, and each of them then thinks. */
struct run {
    uint64_t flush_us, turn_us, think_us;
    unsigned clients;
    bool never; /* waits */
    struct gather gather;
    uint64_t now_us, idle_us; /* since when the machine is idle */
    uint64_t back_us[32];     /* when each asks again */
    size_t flushes, served;
};

static size_t
waiting(const struct run *run, uint64_t by_us)
{
    size_t count = 0;
    for (unsigned i = 0; i < run->clients; i++)
        count += run->back_us[i] <= by_us;
    return count;
}

/* When so many wait. */
static uint64_t
when_waiting(const struct run *run, size_t count)
{
    uint64_t us = run->now_us;
    while (waiting(run, us) < count)
        us++;
    return us;
}

static void
flush(struct run *run)
{
    uint64_t taken_us = run->now_us;
    size_t count = 0;
    run->now_us += run->flush_us;
    if (run->idle_us < run->now_us)
        run->idle_us = run->now_us;
    size_t others = waiting(run, run->now_us) - waiting(run, taken_us);
    for (unsigned i = 0; i < run->clients; i++) {
        if (run->back_us[i] > taken_us)
            continue;
        run->idle_us += run->turn_us;
        run->back_us[i] = run->idle_us + run->think_us;
        count++;
    }
    run->flushes++;
    run->served += count;
    gather_answered(&run->gather, count, count * REQUEST_SIZE, others,
                    run->flush_us, run->now_us);
}

static void
turn(struct run *run)
{
    run->now_us = when_waiting(run, 1);
    uint64_t until_us =
        gather_deadline(&run->gather, waiting(run, run->now_us));
    if (until_us > run->now_us && !run->never) {
        uint64_t all_us = when_waiting(run, run->gather.expected);
        run->now_us = all_us < until_us ? all_us : until_us;
        gather_waited(&run->gather, waiting(run, run->now_us), run->now_us);
    }
    flush(run);
}

/* From halves, which is how it comes when nobody waits. */
static void
run_on(struct run *run)
{
    for (unsigned i = run->clients / 2; i < run->clients; i++)
        run->back_us[i] = run->idle_us += run->turn_us;
    for (unsigned i = 0; i < 1000; i++)
        turn(run);
}

/* Served in so many flushes and in the time that they took, to what it is where
 * nobody waits: in percent. */
static uint64_t
gain(struct run run)
{
    struct run never = run;
    never.never = true;
    run_on(&run);
    run_on(&never);
    return 100 * run.served * never.now_us / (never.served * run.now_us);
}

START_TEST(one_flush_for_all_is_faster_where_they_are_quick)
{
    ck_assert_uint_ge(
        gain((struct run){.clients = 32, .flush_us = 500, .turn_us = 10}), 120);
    ck_assert_uint_ge(
        gain((struct run){.clients = 2, .flush_us = 300, .turn_us = 20}), 150);
}
END_TEST

static const struct run slow_runs[] = {
    {.clients = 32, .flush_us = 200, .turn_us = 20},
    {.clients = 8, .flush_us = 200, .turn_us = 10, .think_us = 300},
    {.clients = 8, .flush_us = 200, .turn_us = 10, .think_us = 3000},
    {.clients = 2, .flush_us = 200, .turn_us = 10, .think_us = 250},
};

START_TEST(little_is_lost_where_they_are_slow)
{
    ck_assert_uint_ge(gain(slow_runs[_i]), 95);
}
END_TEST

/* When the disk becomes slow in the middle, waiting begins to pay. */
START_TEST(a_change_is_noticed)
{
    struct run run = slow_runs[1];
    run_on(&run);
    run.flush_us = 2000;
    for (unsigned i = 0; i < 200; i++)
        turn(&run);
    run.flushes = run.served = 0;
    for (unsigned i = 0; i < 200; i++)
        turn(&run);
    ck_assert_uint_ge(run.served, 7 * run.flushes);
}
END_TEST

/* Those who come back after an hour were not slow for an hour. */
START_TEST(a_rest_is_no_measure)
{
    struct run run = {.clients = 32, .flush_us = 500, .turn_us = 10};
    run_on(&run);
    for (int rest = 0; rest < 2; rest++) {
        uint64_t from_us = run.gather.from_us + 3600000000;
        gather_waited(&run.gather, 1, from_us);
    }
    ck_assert_uint_le(run.gather.took_us, 2 * run.gather.flush_us);
    for (unsigned i = 0; i < 200; i++)
        turn(&run);
    run.flushes = run.served = 0;
    for (unsigned i = 0; i < 200; i++)
        turn(&run);
    ck_assert_uint_ge(run.served, 31 * run.flushes);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gather");
    TCase *decision = tcase_create("decision");
    tcase_add_test(decision, nobody_is_awaited_before_the_first_answer);
    tcase_add_test(decision, a_client_alone_is_not_awaited);
    tcase_add_test(decision, those_just_answered_are_awaited_for_one_flush);
    tcase_add_loop_test(decision, limits_hold, 0,
                        sizeof answers / sizeof answers[0]);
    tcase_add_test(decision, an_outlier_counts_little);
    suite_add_tcase(suite, decision);
    TCase *runs = tcase_create("run");
    tcase_add_test(runs, one_flush_for_all_is_faster_where_they_are_quick);
    tcase_add_loop_test(runs, little_is_lost_where_they_are_slow, 0,
                        sizeof slow_runs / sizeof slow_runs[0]);
    tcase_add_test(runs, a_change_is_noticed);
    tcase_add_test(runs, a_rest_is_no_measure);
    suite_add_tcase(suite, runs);
    return data_run(suite);
}
