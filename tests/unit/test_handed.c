/* SPDX-License-Identifier: MIT */
#include "daemon/handed.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/random_fixture.h"

/* A byte that is left holds its whole chunk. */
START_TEST(chunk_is_held_until_its_last_byte_is_sent)
{
    struct handed handed = {0};
    ck_assert_uint_eq(handed_held(&handed, 0), 0);
    handed_add(&handed, 1000, 4096);
    ck_assert_uint_eq(handed_held(&handed, 1000), 4096);
    ck_assert_uint_eq(handed_held(&handed, 1), 4096);
    ck_assert_uint_eq(handed_held(&handed, 0), 0);
}
END_TEST

START_TEST(what_is_copied_is_held_by_its_size)
{
    struct handed handed = {0};
    handed_add(&handed, 1000, 0);
    ck_assert_uint_eq(handed_held(&handed, 700), 700);
    handed_add(&handed, 100, 4096);
    ck_assert_uint_eq(handed_held(&handed, 800), 4096);
    ck_assert_uint_eq(handed_held(&handed, 100), 4096);
    ck_assert_uint_eq(handed_held(&handed, 0), 0);
}
END_TEST

#define CHUNKS 64

/* Chunks that are queued and not all sent, as a list. */
struct naive {
    uint64_t ends[CHUNKS], queued, sent;
    size_t capacities[CHUNKS], count;
};

static void
queue(struct handed *handed, struct naive *naive, uint64_t *dice)
{
    size_t size = 1 + random_below(dice, 500);
    size_t capacity = random_below(dice, 3) == 0 ? 0 : size + 100;
    naive->queued += size;
    naive->ends[naive->count] = naive->queued;
    naive->capacities[naive->count++] = capacity;
    handed_add(handed, size, capacity);
}

/* What is held by those of which something is left. */
static size_t
held_by(struct naive *naive)
{
    size_t held = 0, left = 0;
    for (size_t i = 0; i < naive->count; i++) {
        if (naive->ends[i] <= naive->sent)
            continue;
        held += naive->capacities[i];
        naive->ends[left] = naive->ends[i];
        naive->capacities[left++] = naive->capacities[i];
    }
    naive->count = left;
    return held;
}

/* Never less than is held; what it is, where no more are on their way at once
 * than are told apart. */
START_TEST(any_order_of_queueing_and_sending_is_counted)
{
    struct handed handed = {0};
    struct naive naive = {0};
    uint64_t dice = random_seed("handed");
    size_t most = _i == 0 ? HANDED_MAX : CHUNKS;
    for (int i = 0; i < 20000; i++) {
        if (random_below(&dice, 3) > 0 && naive.count < most)
            queue(&handed, &naive, &dice);
        else
            naive.sent += random_below(&dice, naive.queued - naive.sent + 1);
        size_t held = held_by(&naive);
        size_t unsent = (size_t)(naive.queued - naive.sent);
        size_t least = held > unsent ? held : unsent;
        size_t said = handed_held(&handed, unsent);
        ck_assert_uint_ge(said, least);
        if (most == HANDED_MAX)
            ck_assert_uint_eq(said, least);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("handed");
    TCase *tests = tcase_create("handed");
    tcase_add_test(tests, chunk_is_held_until_its_last_byte_is_sent);
    tcase_add_test(tests, what_is_copied_is_held_by_its_size);
    tcase_add_loop_test(tests, any_order_of_queueing_and_sending_is_counted, 0,
                        2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
