/* SPDX-License-Identifier: MIT */
#include "daemon/leader.h"

#include <check.h>
#include <event2/event.h>
#include <semaphore.h>

#include "tests/unit/data_fixture.h"

#define TURNS 200
#define WAITS 6 /* of which each outlasts the follower's patience */

struct bench {
    struct leader leader;
    struct event_base *base;
    struct event *tick;
    pthread_t was_aside;
    int turns; /* not atomic: they are the leader's */
    int asides, taken;
    bool aside; /* somebody is */
    sem_t go_on;
    bool waits; /* for go_on, which the loop posts */
};

static bool
is_enough(const struct bench *bench)
{
    return bench->turns >= TURNS && bench->taken >= (bench->waits ? WAITS : 0);
}

/* Whoever is aside can go on when another has turned the loop. */
static void
on_tick(evutil_socket_t fd, short what, void *context)
{
    struct bench *bench = context;
    (void)fd;
    (void)what;
    bench->turns++;
    if (bench->waits && bench->aside &&
        !pthread_equal(bench->was_aside, pthread_self())) {
        bench->aside = false;
        bench->taken++;
        sem_post(&bench->go_on);
    }
    if (is_enough(bench))
        leader_stop(&bench->leader);
}

static bool
on_turn(void *context)
{
    struct bench *bench = context;
    bool waits = bench->waits;
    if (is_enough(bench)) /* nobody would post */
        return true;
    if (bench->aside) { /* nobody would follow */
        ck_assert_uint_eq(leader_step_aside(&bench->leader), 0);
        return true;
    }
    bench->aside = true;
    bench->was_aside = pthread_self();
    uint64_t turn = leader_step_aside(&bench->leader);
    if (turn == 0) {
        bench->aside = false;
        return true;
    }
    if (waits)
        sem_wait(&bench->go_on);
    if (!leader_step_back(&bench->leader, turn))
        return false;
    bench->aside = false;
    bench->asides++;
    return true;
}

static void
run(struct bench *bench, bool (*turn)(void *context))
{
    struct timeval often = {.tv_usec = 1000};
    ck_assert_int_eq(sem_init(&bench->go_on, 0, 0), 0);
    bench->base = event_base_new();
    ck_assert_ptr_nonnull(bench->base);
    bench->tick = event_new(bench->base, -1, EV_PERSIST, on_tick, bench);
    ck_assert_int_eq(event_add(bench->tick, &often), 0);
    leader_init(&bench->leader, bench->base, turn, bench);
    leader_run(&bench->leader);
    leader_deinit(&bench->leader);
    event_free(bench->tick);
    event_base_free(bench->base);
    sem_destroy(&bench->go_on);
}

/* Most of the turns: a slow machine may be held up for longer than the
 * follower waits. */
START_TEST(short_absence_changes_nothing)
{
    struct bench bench = {.waits = false};
    run(&bench, on_turn);
    ck_assert_int_ge(bench.turns, TURNS);
    ck_assert_int_gt(bench.asides, 0);
}
END_TEST

/* The loop turns on in another thread, time and again. */
START_TEST(follower_leads_while_the_leader_waits)
{
    struct bench bench = {.waits = true};
    run(&bench, on_turn);
    ck_assert_int_ge(bench.taken, WAITS);
}
END_TEST

static bool
stop_at_once(void *context)
{
    struct bench *bench = context;
    leader_stop(&bench->leader);
    return true;
}

START_TEST(stop_after_a_turn_ends_it)
{
    struct bench bench = {.waits = false};
    run(&bench, stop_at_once);
    ck_assert_int_le(bench.turns, 1);
}
END_TEST

static bool
go_on(void *context)
{
    (void)context;
    return true;
}

START_TEST(loop_without_events_ends)
{
    struct leader leader;
    struct event_base *base = event_base_new();
    leader_init(&leader, base, go_on, NULL);
    leader_run(&leader);
    leader_deinit(&leader);
    event_base_free(base);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("leader");
    TCase *tests = tcase_create("leader");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, short_absence_changes_nothing);
    tcase_add_test(tests, follower_leads_while_the_leader_waits);
    tcase_add_test(tests, stop_after_a_turn_ends_it);
    tcase_add_test(tests, loop_without_events_ends);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
