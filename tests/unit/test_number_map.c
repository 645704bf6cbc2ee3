/* SPDX-License-Identifier: MIT */
#include "daemon/number_map.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/random_fixture.h"

/* Keys are drawn from a few, so that they meet again. */
#define KEY_COUNT 3000u
#define OPERATION_COUNT 200000

struct naive {
    bool used[KEY_COUNT];
    uint32_t values[KEY_COUNT];
    size_t count;
};

/* Small ones, ones that differ in high bits alone, and both ends. */
static uint64_t
key_of(uint64_t number)
{
    if (number == 0 || number == 1)
        return number == 0 ? 0 : UINT64_MAX;
    return number % 2 == 0 ? number : number << 48;
}

static void
compare_all(const struct number_map *map, const struct naive *naive)
{
    ck_assert_uint_eq(map->count, naive->count);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        uint32_t value = 0;
        bool found = number_map_find(map, key_of(i), &value);
        if (found != naive->used[i] || (found && value != naive->values[i]))
            ck_abort_msg("key %zu", i);
    }
}

static void
naive_put(struct naive *naive, size_t key, uint32_t value)
{
    naive->count += !naive->used[key];
    naive->used[key] = true;
    naive->values[key] = value;
}

static void
naive_remove(struct naive *naive, size_t key)
{
    naive->count -= naive->used[key];
    naive->used[key] = false;
}

START_TEST(map_does_what_an_array_does)
{
    static struct naive naive;
    struct number_map map = {0};
    uint64_t dice = random_seed("number_map");
    for (int i = 0; i < OPERATION_COUNT; i++) {
        size_t key = (size_t)random_below(&dice, KEY_COUNT);
        uint32_t value = (uint32_t)random_next(&dice);
        /* it fills in one half of the time and empties in the other */
        bool fill = random_below(&dice, 100) < (i / 20000 % 2 ? 30 : 70);
        if (fill)
            ck_assert_int_eq(number_map_put(&map, key_of(key), value), 0);
        else
            number_map_remove(&map, key_of(key));
        if (fill)
            naive_put(&naive, key, value);
        else
            naive_remove(&naive, key);
        if (i % 5000 == 0)
            compare_all(&map, &naive);
    }
    compare_all(&map, &naive);
    number_map_deinit(&map);
}
END_TEST

START_TEST(map_that_is_empty_finds_and_removes_nothing)
{
    struct number_map map = {0};
    uint32_t value = 7;
    ck_assert(!number_map_find(&map, 0, &value));
    number_map_remove(&map, 0);
    number_map_clear(&map);
    ck_assert_uint_eq(map.count, 0);
    ck_assert_uint_eq(value, 7);
    number_map_deinit(&map);
}
END_TEST

START_TEST(map_forgets_all_when_cleared_and_can_be_used_again)
{
    struct number_map map = {0};
    uint32_t value;
    for (uint64_t key = 0; key < 1000; key++)
        ck_assert_int_eq(number_map_put(&map, key, 1), 0);
    size_t capacity = map.capacity;
    number_map_clear(&map);
    ck_assert_uint_eq(map.count, 0);
    ck_assert_uint_eq(map.capacity, capacity);
    for (uint64_t key = 0; key < 1000; key++)
        ck_assert(!number_map_find(&map, key, &value));
    ck_assert_int_eq(number_map_put(&map, 5, 6), 0);
    ck_assert(number_map_find(&map, 5, &value));
    ck_assert_uint_eq(value, 6);
    number_map_deinit(&map);
}
END_TEST

START_TEST(map_replaces_a_value)
{
    struct number_map map = {0};
    uint32_t value = 0;
    ck_assert_int_eq(number_map_put(&map, 9, 1), 0);
    ck_assert_int_eq(number_map_put(&map, 9, UINT32_MAX), 0);
    ck_assert_uint_eq(map.count, 1);
    ck_assert(number_map_find(&map, 9, &value));
    ck_assert_uint_eq(value, UINT32_MAX);
    number_map_deinit(&map);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("number_map");
    TCase *tests = tcase_create("number_map");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, map_does_what_an_array_does);
    tcase_add_test(tests, map_that_is_empty_finds_and_removes_nothing);
    tcase_add_test(tests, map_forgets_all_when_cleared_and_can_be_used_again);
    tcase_add_test(tests, map_replaces_a_value);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
