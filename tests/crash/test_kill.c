/* SPDX-License-Identifier: MIT */
/* SIGKILL and SIGTERM at random moments under load: everything acknowledged is
 * there, at the position that was acknowledged, and positions have no gap. */
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/crash/check_log.h"
#include "tests/crash/dice.h"
#include "tests/system/fixture.h"
#include "tests/system/load.h"

#define SECONDS_MAX 55
#define KILLING_S 18
#define STOPPING_S 7
#define CONNECTIONS_MAX 5
#define ACKNOWLEDGED_MAX 30
#define DELAY_MAX_NS 4000000 /* several commits long */
#define BATCH_MAX 5          /* of load.c */
#define BATCHES_IN_FLIGHT 2  /* of each of its connections */

/* The log is begun anew at this size, so that looking at all of it after each
 * end does not become all that there is time for. */
#define LOG_MAX 600

/* --- ends -----------------------------------------------------------------*/

/* Let a random time pass: the moment is what is tested, nothing waits for it.
 */
static void
random_moment(struct load *load)
{
    struct timespec delay = {.tv_nsec = (long)dice_below(DELAY_MAX_NS)};
    load_await(load, dice_below(ACKNOWLEDGED_MAX));
    (void)ppoll(NULL, 0, &delay, NULL);
}

static void
begin_anew(void)
{
    fixture_stop();
    scratch_remove(fixture.data);
    fixture_start();
}

/* One end under load; how many events were acknowledged before. */
static size_t
end_once(void (*end)(void), unsigned generation)
{
    json_int_t before = check_log();
    size_t connections = 1 + dice_below(CONNECTIONS_MAX);
    struct load *load = load_start(connections, generation);
    random_moment(load);
    end();
    load_await_end(load);
    fixture_start();
    json_int_t stored = check_log() - before;
    size_t count = load_check(load);
    size_t extra = connections * BATCHES_IN_FLIGHT * BATCH_MAX;
    ck_assert_int_ge(stored, (json_int_t)count);
    ck_assert_int_le(stored, (json_int_t)(count + extra));
    ck_assert_int_eq(check_log(), before + stored);
    load_free(load);
    if (before + stored > LOG_MAX)
        begin_anew();
    return count;
}

static void
end_often(const char *what, void (*end)(void), time_t seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t last = now.tv_sec + seconds;
    unsigned count = 0;
    size_t acknowledged = 0;
    while (now.tv_sec < last) {
        acknowledged += end_once(end, count++);
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    printf("%u %s, %zu events acknowledged, all there\n", count, what,
           acknowledged);
    ck_assert_uint_gt(count, 0);
    ck_assert_uint_gt(acknowledged, 0);
}

START_TEST(kill_at_a_random_moment_loses_nothing_acknowledged)
{
    dice_begin();
    end_often("SIGKILL", fixture_kill, KILLING_S);
}
END_TEST

START_TEST(stop_at_a_random_moment_loses_nothing_acknowledged)
{
    dice_begin();
    end_often("SIGTERM", fixture_stop, STOPPING_S);
}
END_TEST

/* Who stops a daemon may do so twice: it ends as orderly. */
#define STOPS 10
#define SIGNALS 5000

START_TEST(signals_while_it_stops_change_nothing)
{
    for (unsigned round = 0; round < STOPS; round++) {
        struct load *load = load_start(2, round);
        load_await(load, 1);
        for (int i = 0; i < SIGNALS; i++)
            process_signal(fixture.daemon, i % 2 == 0 ? SIGTERM : SIGINT);
        fixture_stop();
        load_await_end(load);
        fixture_start();
        ck_assert_uint_gt(load_check(load), 0);
        load_free(load);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("kill");
    TCase *tests = fixture_case(suite, "kill", SECONDS_MAX);
    tcase_add_test(tests, kill_at_a_random_moment_loses_nothing_acknowledged);
    tcase_add_test(tests, stop_at_a_random_moment_loses_nothing_acknowledged);
    tcase_add_test(tests, signals_while_it_stops_change_nothing);
    return fixture_run(suite);
}
