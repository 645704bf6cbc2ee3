/* SPDX-License-Identifier: MIT */
/* Where what is stored goes over into what comes: no gap, no repeat, wherever
 * a subscriber joins, and however many there are. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "tests/system/crowd.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"

#define SECONDS_MAX 240

static uint64_t
seed(void)
{
    struct timespec now;
    const char *given = getenv("ENTENTE_SEED");
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t value =
        given != NULL ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec + 1;
    printf("ENTENTE_SEED=%" PRIu64 "\n", value);
    return value;
}

static void
run(const struct crowd_options *options)
{
    struct crowd *crowd = crowd_start(options);
    crowd_finish(crowd);
    size_t seen = crowd_check(crowd);
    ck_assert_uint_gt(seen, options->events);
    printf("%zu subscribers saw %zu events of %zu\n", options->subscribers,
           seen, options->events);
    crowd_free(crowd);
}

START_TEST(subscribers_see_what_matches_once_and_in_order)
{
    run(&(const struct crowd_options){
        .appenders = 4, .subscribers = 50, .events = 40000, .seed = seed()});
    expect_in(fixture.wire, "{'subscriptions': 0, 'consumers': 0}", "stats",
              "{}");
}
END_TEST

START_TEST(consumers_see_what_matches_once_and_in_order)
{
    run(&(const struct crowd_options){.appenders = 4,
                                      .subscribers = 50,
                                      .events = 20000,
                                      .consumers = true,
                                      .seed = seed()});
    expect_in(fixture.wire, "{'subscriptions': 0, 'consumers': 50}", "stats",
              "{}");
}
END_TEST

START_TEST(a_thousand_subscribers_are_served)
{
    run(&(const struct crowd_options){
        .appenders = 4, .subscribers = 1000, .events = 10000, .seed = seed()});
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("seam");
    TCase *tests = fixture_case(suite, "seam", SECONDS_MAX);
    tcase_add_test(tests, subscribers_see_what_matches_once_and_in_order);
    tcase_add_test(tests, consumers_see_what_matches_once_and_in_order);
    tcase_add_test(tests, a_thousand_subscribers_are_served);
    return fixture_run(suite);
}
