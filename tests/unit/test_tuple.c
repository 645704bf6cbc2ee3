/* SPDX-License-Identifier: MIT */
#include "daemon/tuple.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tuple_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* --- order ----------------------------------------------------------------*/

static const uint64_t unsigned_ends[] = {0, 1, UINT64_C(1) << 63,
                                         UINT64_MAX - 1, UINT64_MAX};
static const int64_t signed_ends[] = {INT64_MIN, INT64_MIN + 1, -1,       0,
                                      1,         INT64_MAX - 1, INT64_MAX};
#define UNSIGNED_COUNT COUNT_OF(unsigned_ends)
#define SIGNED_COUNT COUNT_OF(signed_ends)
#define EXTREME_COUNT                                                          \
    (UNSIGNED_COUNT * SIGNED_COUNT * SIGNED_COUNT * UNSIGNED_COUNT)

/* All of them in their order, which is that of their numbers. */
static struct tuple
extreme(size_t number)
{
    struct tuple tuple;
    tuple.seq = unsigned_ends[number % UNSIGNED_COUNT];
    number /= UNSIGNED_COUNT;
    tuple.b = signed_ends[number % SIGNED_COUNT];
    number /= SIGNED_COUNT;
    tuple.a = signed_ends[number % SIGNED_COUNT];
    tuple.set = unsigned_ends[number / SIGNED_COUNT];
    return tuple;
}

static int
sign(int number)
{
    return (number > 0) - (number < 0);
}

START_TEST(tuple_and_its_key_have_the_same_order)
{
    static uint8_t keys[EXTREME_COUNT][TUPLE_KEY_SIZE];
    static struct tuple tuples[EXTREME_COUNT];
    for (size_t i = 0; i < EXTREME_COUNT; i++) {
        tuples[i] = extreme(i);
        tuple_write(keys[i], &tuples[i]);
    }
    for (size_t i = 0; i < EXTREME_COUNT; i++)
        for (size_t j = 0; j < EXTREME_COUNT; j++) {
            int wanted = (i > j) - (i < j);
            if (sign(tuple_compare(&tuples[i], &tuples[j])) != wanted)
                ck_abort_msg("tuples %zu and %zu", i, j);
            if (sign(memcmp(keys[i], keys[j], TUPLE_KEY_SIZE)) != wanted)
                ck_abort_msg("keys %zu and %zu", i, j);
        }
}
END_TEST

START_TEST(tuple_comes_back_from_its_key)
{
    uint8_t key[TUPLE_KEY_SIZE];
    for (size_t i = 0; i < EXTREME_COUNT; i++) {
        struct tuple tuple = extreme(i);
        tuple_write(key, &tuple);
        struct tuple back = tuple_read(key);
        ck_assert_uint_eq(back.set, tuple.set);
        ck_assert_int_eq(back.a, tuple.a);
        ck_assert_int_eq(back.b, tuple.b);
        ck_assert_uint_eq(back.seq, tuple.seq);
    }
}
END_TEST

START_TEST(tuple_first_is_before_all)
{
    static const uint8_t zeros[TUPLE_KEY_SIZE];
    uint8_t key[TUPLE_KEY_SIZE];
    tuple_write(key, &TUPLE_FIRST);
    ck_assert_mem_eq(key, zeros, sizeof key);
}
END_TEST

/* --- sorting --------------------------------------------------------------*/

#define SORT_COUNT_MAX ((size_t)2000)

/* How entries stand before they are sorted. */
enum before { ANYHOW, FORWARD, BACKWARD, NEARLY, EQUAL, BEFORE_COUNT };

/* The value's size is where an entry was, which makes a stable sort of any. */
static int
compare_stably(const void *one, const void *other)
{
    const struct tuple_entry *left = one, *right = other;
    int order = tuple_compare(&left->tuple, &right->tuple);
    return order != 0 ? order
                      : (left->value.size > right->value.size) -
                            (left->value.size < right->value.size);
}

static void
arrange(struct tuple_entry *entries, size_t count, enum before before,
        uint64_t *dice)
{
    if (before == EQUAL)
        for (size_t i = 1; i < count; i++)
            entries[i].tuple = entries[0].tuple;
    if (before == FORWARD || before == BACKWARD || before == NEARLY)
        qsort(entries, count, sizeof *entries, tuple_entry_compare);
    for (size_t i = 0; before == BACKWARD && i < count / 2; i++) {
        struct tuple_entry swapped = entries[i];
        entries[i] = entries[count - 1 - i];
        entries[count - 1 - i] = swapped;
    }
    for (size_t i = 0; before == NEARLY && i < count / 50; i++)
        entries[random_below(dice, count)] = entries[random_below(dice, count)];
}

/* Arrays as large as they have to be, for what looks after them. */
static void
check_sort(size_t count, const struct tuple_shape *shape, enum before before,
           uint64_t *dice)
{
    size_t size = count * sizeof(struct tuple_entry);
    struct tuple_entry *entries = malloc(size), *scratch = malloc(size);
    struct tuple_entry *wanted = malloc(size);
    for (size_t i = 0; i < count; i++)
        entries[i] = tuple_random_entry(shape, i, dice);
    arrange(entries, count, before, dice);
    for (size_t i = 0; i < count; i++) {
        entries[i].value = (struct span){.size = i};
        wanted[i] = entries[i];
    }
    qsort(wanted, count, sizeof *wanted, compare_stably);
    tuple_sort(entries, scratch, count);
    for (size_t i = 0; i < count; i++)
        if (compare_stably(&entries[i], &wanted[i]) != 0)
            ck_abort_msg("entry %zu of %zu", i, count);
    free(entries);
    free(scratch);
    free(wanted);
}

START_TEST(sort_does_what_a_stable_sort_does)
{
    uint64_t dice = random_seed("tuple_sort");
    for (size_t count = 0; count <= SORT_COUNT_MAX; count++) {
        struct tuple_shape shape = tuple_shape_random(&dice);
        enum before before = (enum before)random_below(&dice, BEFORE_COUNT);
        check_sort(count, &shape, before, &dice);
    }
}
END_TEST

/* Small arrays have equal tuples and edges in most of their places. */
START_TEST(sort_does_so_with_few_entries_of_every_kind)
{
    uint64_t dice = random_seed("tuple_sort");
    for (unsigned sets = 0; sets < TUPLE_SETS; sets++)
        for (unsigned before = 0; before < BEFORE_COUNT; before++)
            for (size_t count = 0; count <= 100; count++) {
                struct tuple_shape shape = {.sets = (enum tuple_sets)sets,
                                            .as = TUPLE_A_ENDS,
                                            .seqs = TUPLE_SEQ_UP};
                check_sort(count, &shape, (enum before)before, &dice);
            }
}
END_TEST

START_TEST(sort_does_so_with_many_entries)
{
    uint64_t dice = random_seed("tuple_sort");
    struct tuple_shape shape = {.sets = (enum tuple_sets)_i,
                                .as = TUPLE_A_DAYS,
                                .seqs = TUPLE_SEQ_BELOW};
    check_sort(100000, &shape, ANYHOW, &dice);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("tuple");
    TCase *tests = tcase_create("tuple");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, tuple_and_its_key_have_the_same_order);
    tcase_add_test(tests, tuple_comes_back_from_its_key);
    tcase_add_test(tests, tuple_first_is_before_all);
    tcase_add_test(tests, sort_does_what_a_stable_sort_does);
    tcase_add_test(tests, sort_does_so_with_few_entries_of_every_kind);
    tcase_add_loop_test(tests, sort_does_so_with_many_entries, 0, TUPLE_SETS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
