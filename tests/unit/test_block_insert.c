/* SPDX-License-Identifier: MIT */
#include "daemon/block.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tuple_fixture.h"

#define ROUNDS 4000
#define ENTRY_COUNT_MAX ((size_t)300)

static const struct block_zone old_zone = {5, 9, 77}, new_zone = {6, 8, 70};

/* Entries, some of which a block holds and some of which are new to it. */
struct inserted {
    struct tuple_entry all[ENTRY_COUNT_MAX];
    struct tuple_entry old[ENTRY_COUNT_MAX], new[ENTRY_COUNT_MAX];
    size_t count, old_count, new_count, size;
    struct tuple key;
    uint8_t block[BLOCK_SIZE_MAX];
};

/* One entry goes into the block, the new ones or, with another value, both. */
static void
deal(struct inserted *inserted, size_t at, uint64_t share, uint64_t *dice)
{
    struct tuple_entry entry = inserted->all[at];
    uint64_t throw = random_below(dice, 100);
    if (throw < 5) {
        inserted->new[inserted->new_count++] = entry;
        entry.value.size /= 2;
        inserted->old[inserted->old_count++] = entry;
    } else if (throw < share) {
        inserted->new[inserted->new_count++] = entry;
    } else {
        inserted->old[inserted->old_count++] = entry;
    }
}

static void
make(struct inserted *inserted, uint64_t *dice)
{
    struct tuple_shape shape = tuple_shape_random(dice);
    uint64_t share = 5 + random_below(dice, 95);
    size_t taken;
    inserted->old_count = inserted->new_count = 0;
    inserted->count = tuple_random_entries(
        inserted->all, 1 + random_below(dice, 120), &shape, dice);
    for (size_t i = 0; i < inserted->count; i++)
        deal(inserted, i, share, dice);
    inserted->key =
        random_below(dice, 2) == 0 ? TUPLE_FIRST : inserted->all[0].tuple;
    inserted->size =
        block_write(inserted->block, BLOCK_SIZE_MAX, &inserted->key, &old_zone,
                    inserted->old, inserted->old_count, &taken);
    /* What did not go in: of both, as if it did not exist. */
    inserted->old_count = taken;
}

/* What the block should hold afterwards. */
static size_t
unite(const struct inserted *inserted, struct tuple_entry *wanted)
{
    size_t old = 0, count = 0;
    for (size_t new = 0; new < inserted->new_count; new ++) {
        const struct tuple_entry *entry = &inserted->new[new];
        int order = 1;
        while (old < inserted->old_count &&
               (order = tuple_compare(&inserted->old[old].tuple,
                                      &entry->tuple)) < 0)
            wanted[count++] = inserted->old[old++];
        old += old < inserted->old_count && order == 0;
        wanted[count++] = *entry;
    }
    while (old < inserted->old_count)
        wanted[count++] = inserted->old[old++];
    return count;
}

static void
assert_holds(const struct inserted *inserted, const struct tuple_entry *wanted,
             size_t wanted_count)
{
    struct tuple_entry got[BLOCK_ENTRIES_MAX];
    struct span block = {inserted->block, inserted->size};
    struct tuple last;
    size_t count = 0;
    ck_assert_uint_eq(block_count(block), wanted_count);
    ck_assert(block_read(block, &inserted->key, got, &count));
    ck_assert_uint_eq(count, wanted_count);
    tuple_assert_entries(got, wanted, count);
    if (count == 0)
        return;
    ck_assert(block_last(block, &last));
    ck_assert_int_eq(tuple_compare(&last, &wanted[count - 1].tuple), 0);
}

static bool
insert(struct inserted *inserted)
{
    return block_insert(inserted->block, &inserted->size, &inserted->key,
                        &new_zone, inserted->new, inserted->new_count);
}

/* Whether they went in. */
static bool
insert_and_look(struct inserted *inserted)
{
    struct tuple_entry wanted[2 * ENTRY_COUNT_MAX];
    uint8_t before[BLOCK_SIZE_MAX];
    size_t size = inserted->size;
    struct block_zone zone;
    memcpy(before, inserted->block, size);
    if (!insert(inserted)) {
        ck_assert_uint_eq(inserted->size, size);
        ck_assert_mem_eq(inserted->block, before, size);
        return false;
    }
    ck_assert_uint_le(inserted->size, BLOCK_SIZE_MAX);
    assert_holds(inserted, wanted, unite(inserted, wanted));
    ck_assert(
        block_zone_read((struct span){inserted->block, inserted->size}, &zone));
    ck_assert_int_eq(zone.t, 5);
    ck_assert_int_eq(zone.k, 8);
    ck_assert_uint_eq(zone.seq, 70);
    return true;
}

START_TEST(block_holds_what_was_inserted)
{
    struct inserted *inserted = calloc(1, sizeof *inserted);
    uint64_t dice = random_seed("block insert");
    size_t went_in = 0;
    ck_assert_ptr_nonnull(inserted);
    for (int i = 0; i < ROUNDS; i++) {
        make(inserted, &dice);
        went_in += insert_and_look(inserted);
    }
    ck_assert_uint_ge(went_in, ROUNDS / 4);
    ck_assert_uint_lt(went_in, ROUNDS);
    free(inserted);
}
END_TEST

/* What is appended to behind insertions is told from the right last entry. */
START_TEST(block_is_appended_to_behind_what_was_inserted)
{
    struct inserted *inserted = calloc(1, sizeof *inserted);
    struct tuple_entry wanted[2 * ENTRY_COUNT_MAX];
    uint64_t dice = random_seed("block insert");
    size_t appended = 0;
    ck_assert_ptr_nonnull(inserted);
    for (int i = 0; i < ROUNDS; i++) {
        make(inserted, &dice);
        struct tuple_entry behind = {
            .tuple = {UINT64_MAX, INT64_MAX, INT64_MAX, UINT64_MAX},
            .value = inserted->all[inserted->count - 1].value};
        size_t count = unite(inserted, wanted);
        ck_assert_uint_gt(count, 0);
        if (!insert(inserted) ||
            tuple_compare(&wanted[count - 1].tuple, &behind.tuple) == 0 ||
            block_append(inserted->block, &inserted->size, &new_zone, &behind,
                         1) == 0)
            continue;
        wanted[count] = behind;
        assert_holds(inserted, wanted, count + 1);
        appended++;
    }
    ck_assert_uint_ge(appended, ROUNDS / 5);
    free(inserted);
}
END_TEST

START_TEST(block_with_flipped_bits_is_inserted_into_without_harm)
{
    struct inserted *inserted = calloc(1, sizeof *inserted);
    uint64_t dice = random_seed("block insert");
    ck_assert_ptr_nonnull(inserted);
    for (int i = 0; i < ROUNDS; i++) {
        make(inserted, &dice);
        for (uint64_t n = 1 + random_below(&dice, 3); n > 0; n--)
            inserted->block[random_below(&dice, inserted->size)] ^=
                (uint8_t)(1 << random_below(&dice, 8));
        (void)insert(inserted);
        ck_assert_uint_le(inserted->size, BLOCK_SIZE_MAX);
    }
    free(inserted);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("block insert");
    TCase *tcase = tcase_create("block insert");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, block_holds_what_was_inserted);
    tcase_add_test(tcase, block_is_appended_to_behind_what_was_inserted);
    tcase_add_test(tcase,
                   block_with_flipped_bits_is_inserted_into_without_harm);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
