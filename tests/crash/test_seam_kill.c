/* SPDX-License-Identifier: MIT */
/* SIGKILL while many append and many subscribe with consumers: each consumer
 * goes on behind what it has acknowledged, and has seen every event that it
 * wants, in order, in the end. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>

#include "tests/crash/dice.h"
#include "tests/system/crowd.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"

#define SECONDS_MAX 240
#define EVENTS 20000
#define KILLS 10

START_TEST(consumers_survive_kills)
{
    dice_begin();
    struct crowd *crowd =
        crowd_start(&(const struct crowd_options){.appenders = 4,
                                                  .subscribers = 50,
                                                  .events = EVENTS,
                                                  .consumers = true,
                                                  .seed = dice_below(1 << 30)});
    for (size_t i = 1; i <= KILLS; i++) {
        size_t part = EVENTS / (KILLS + 1);
        crowd_await(crowd, i * part + dice_below(part));
        fixture_kill();
        fixture_start();
    }
    crowd_finish(crowd);
    size_t seen = crowd_check(crowd);
    ck_assert_uint_gt(seen, EVENTS);
    printf("50 consumers saw %zu events of %d through %d kills\n", seen, EVENTS,
           KILLS);
    crowd_free(crowd);
    expect_in(fixture.wire, "{'subscriptions': 0, 'consumers': 50}", "stats",
              "{}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("seam_kill");
    TCase *tests = fixture_case(suite, "seam_kill", SECONDS_MAX);
    tcase_add_test(tests, consumers_survive_kills);
    return fixture_run(suite);
}
