/* SPDX-License-Identifier: MIT */
/* The power fails: at thousands of moments, and the disk has written what it
 * liked of what it was not told to flush.  Each time the daemon that starts
 * finds every event that was acknowledged, and goes on. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/crash/dice.h"
#include "tests/crash/power_search.h"
#include "tests/crash/under.h"

#define SECONDS_MAX 280

/* Different states that are recovered; $CRASH_STATES asks for others. */
#ifdef ENTENTE_SANITIZED /* what takes several times as long */
#define STATES ((size_t)300)
#else
#define STATES ((size_t)2000)
#endif
#define STATES_VARIABLE "CRASH_STATES"

/* Losses behind which there is another, and the states of each of those. */
#define LOSSES 5
#define STATES_AGAIN ((size_t)60)

static size_t
states_wanted(void)
{
    const char *text = getenv(STATES_VARIABLE);
    unsigned long long wanted = text == NULL ? 0 : strtoull(text, NULL, 10);
    return wanted > 0 ? (size_t)wanted : STATES;
}

static void
print(const struct power_search *search)
{
    printf("%zu states, %zu of them different: %zu whole, %zu refused, %zu "
           "lost, %zu wrong; views rebuilt in %zu, unacknowledged events in "
           "%zu; %zu entries, %llu events\n",
           search->tried, search->different, search->found[POWER_WHOLE],
           search->found[POWER_REFUSED], search->found[POWER_LOST],
           search->found[POWER_WRONG], search->rebuilt, search->beyond,
           search->load->trace.count, (unsigned long long)search->load->tip);
}

/* Three daemons: one is stopped, one is killed. */
static void
work_through(struct power_load *load)
{
    power_load_start(load);
    power_load_append(load, 2);
    power_load_idle();
    power_load_append(load, 1);
    fixture_stop();
    power_load_start(load);
    power_load_append(load, 1);
    power_load_kill(load);
    power_load_start(load);
    power_load_append(load, 1);
    power_load_end(load);
}

START_TEST(power_loss_takes_nothing_that_was_acknowledged)
{
    struct power_load load;
    power_load_begin(&load, RECORD_FORGET_NOTHING);
    work_through(&load);
    power_recover_prepare(1);
    struct power_search search = {
        .load = &load,
        .directory = fixture.directory,
        .states = states_wanted(),
    };
    power_search(&search);
    print(&search);
    ck_assert_msg(search.why[0] == '\0', "%s", search.why);
    ck_assert_uint_eq(search.different, search.states);
    ck_assert_uint_eq(search.found[POWER_WHOLE], search.different);
    power_load_deinit(&load);
}
END_TEST

/* It fails again, while a daemon recovers or soon after that.  What a daemon
 * has found it has shown: it stays. */
static void
lose_again(const struct power_load *load, size_t entry)
{
    struct power_load again;
    struct power_state base = {0};
    struct power_disk *disk = power_disk_new(&load->trace, load->base);
    power_disk_advance(disk, entry);
    power_disk_lose(disk, dice_below(INT64_MAX), &base);
    power_boot(1);
    power_load_resume(&again, load, &base,
                      power_trace_acked(&load->trace, entry));
    power_load_append(&again, 1);
    power_load_end(&again);
    power_recover_prepare(2);
    struct power_search search = {
        .load = &again,
        .directory = fixture.directory,
        .states = STATES_AGAIN,
    };
    power_search(&search);
    under_preload_always(NULL);
    print(&search);
    ck_assert_msg(search.why[0] == '\0', "first %s; then %s", base.what,
                  search.why);
    ck_assert_uint_eq(search.found[POWER_WHOLE], search.different);
    power_load_deinit(&again);
    power_state_deinit(&base);
    power_disk_free(disk);
}

START_TEST(power_loss_behind_a_power_loss_takes_nothing_either)
{
    struct power_load load;
    power_load_begin(&load, RECORD_FORGET_NOTHING);
    work_through(&load);
    for (int i = 0; i < LOSSES; i++)
        lose_again(&load, 1 + dice_below(load.trace.count));
    power_load_deinit(&load);
}
END_TEST

/* The search proves itself: it finds what is lost without flushes. */
static void
expect_loss(enum record_forget forget)
{
    struct power_load load;
    power_load_begin(&load, forget);
    work_through(&load);
    power_recover_prepare(1);
    struct power_search search = {
        .load = &load,
        .directory = fixture.directory,
        .states = STATES,
        .for_loss = true,
    };
    power_search(&search);
    print(&search);
    printf("%s\n", search.why);
    ck_assert_uint_gt(search.found[POWER_LOST], 0);
    power_load_deinit(&load);
}

START_TEST(without_any_flush_losses_are_found)
{
    expect_loss(RECORD_FORGET_BOTH);
}
END_TEST

START_TEST(without_waiting_for_the_meta_page_losses_are_found)
{
    expect_loss(RECORD_FORGET_WAITING);
}
END_TEST

static void
begin(void)
{
    fixture_begin_stopped();
    dice_begin();
}

int
main(void)
{
    Suite *suite = suite_create("power");
    TCase *tests = tcase_create("power");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, power_loss_takes_nothing_that_was_acknowledged);
    tcase_add_test(tests, power_loss_behind_a_power_loss_takes_nothing_either);
    tcase_add_test(tests, without_any_flush_losses_are_found);
    tcase_add_test(tests, without_waiting_for_the_meta_page_losses_are_found);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
