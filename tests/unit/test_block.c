/* SPDX-License-Identifier: MIT */
#include "daemon/block.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tuple_fixture.h"

#define ROUNDS 3000
#define DAMAGED_ROUNDS 20000

/* More than goes into a block. */
#define ENTRY_COUNT_MAX (BLOCK_ENTRIES_MAX + 100)

/* Room for any one entry. */
#define LIMIT_MIN (BLOCK_HEAD_SIZE + TUPLE_VALUE_SIZE_MAX + 50)

static const struct block_zone some_zone = {-5, INT64_MAX, 77};

/* Entries and the block of as many of them as go in. */
struct written {
    struct tuple_entry entries[ENTRY_COUNT_MAX];
    size_t count, taken, size;
    struct tuple key;
    uint8_t block[BLOCK_SIZE_MAX];
};

static void
write_block(struct written *written, size_t limit)
{
    written->size =
        block_write(written->block, limit, &written->key, &some_zone,
                    written->entries, written->count, &written->taken);
    ck_assert_uint_ge(written->taken, 1);
    ck_assert_uint_le(written->taken, written->count);
    ck_assert_uint_le(written->size, limit);
}

/* At or before all of the entries. */
static struct tuple
random_key(const struct tuple_entry *entries, uint64_t *dice)
{
    struct tuple key = entries->tuple;
    uint64_t throw = random_below(dice, 4);
    if (throw == 0)
        return TUPLE_FIRST;
    if (throw == 1 && key.seq > 0)
        key.seq--;
    if (throw == 2 && key.set > 0)
        key = (struct tuple){.set = random_below(dice, key.set),
                             .a = tuple_random_end(dice),
                             .b = tuple_random_end(dice),
                             .seq = random_next(dice)};
    return key;
}

static void
make_entries(struct written *written, size_t count, uint64_t *dice)
{
    struct tuple_shape shape = tuple_shape_random(dice);
    written->count =
        tuple_random_entries(written->entries, count, &shape, dice);
    written->key = random_key(written->entries, dice);
}

static size_t
random_limit(uint64_t *dice)
{
    return random_below(dice, 2) == 0
               ? BLOCK_SIZE_MAX
               : LIMIT_MIN + random_below(dice, BLOCK_SIZE_MAX - LIMIT_MIN + 1);
}

/* The bytes at the end of an allocation of their size, so that what looks
 * after memory sees who reads behind them. */
static struct span
copy_of(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    ck_assert_ptr_nonnull(copy);
    if (size > 0)
        memcpy(copy, bytes, size);
    return (struct span){copy, size};
}

static void
copy_free(struct span copy)
{
    free((void *)(uintptr_t)copy.data);
}

static void
assert_zone(struct span block, const struct block_zone *wanted)
{
    struct block_zone zone;
    ck_assert(block_zone_read(block, &zone));
    ck_assert_int_eq(zone.t, wanted->t);
    ck_assert_int_eq(zone.k, wanted->k);
    ck_assert_uint_eq(zone.seq, wanted->seq);
}

/* That a block holds these entries. */
static void
assert_holds(const uint8_t *bytes, size_t size, const struct tuple *key,
             const struct tuple_entry *wanted, size_t wanted_count)
{
    struct span block = copy_of(bytes, size);
    size_t count = block_count(block);
    struct tuple last;
    ck_assert_uint_eq(count, wanted_count);
    struct tuple_entry *entries = calloc(count, sizeof *entries);
    ck_assert_ptr_nonnull(entries);
    count = 0;
    ck_assert(block_read(block, key, entries, &count));
    ck_assert_uint_eq(count, wanted_count);
    tuple_assert_entries(entries, wanted, count);
    ck_assert(block_last(block, &last));
    ck_assert_int_eq(tuple_compare(&last, &wanted[count - 1].tuple), 0);
    free(entries);
    copy_free(block);
}

static void
assert_written(const struct written *written)
{
    assert_holds(written->block, written->size, &written->key, written->entries,
                 written->taken);
}

/* --- writing and reading --------------------------------------------------*/

START_TEST(block_gives_back_what_was_written)
{
    struct written *written = calloc(1, sizeof *written);
    uint64_t dice = random_seed("block");
    for (int i = 0; i < ROUNDS; i++) {
        make_entries(written, 1 + random_below(&dice, ENTRY_COUNT_MAX), &dice);
        write_block(written, random_limit(&dice));
        assert_written(written);
        assert_zone((struct span){written->block, written->size}, &some_zone);
    }
    free(written);
}
END_TEST

START_TEST(block_without_entries_is_one)
{
    uint8_t bytes[BLOCK_SIZE_MAX];
    struct tuple key = {.set = 3, .seq = 9}, last;
    size_t taken = 1, count = 1;
    struct tuple_entry unused;
    size_t size =
        block_write(bytes, sizeof bytes, &key, &some_zone, NULL, 0, &taken);
    ck_assert_uint_eq(size, BLOCK_HEAD_SIZE);
    ck_assert_uint_eq(taken, 0);
    struct span block = copy_of(bytes, size);
    ck_assert_uint_eq(block_count(block), 0);
    ck_assert(block_read(block, &key, &unused, &count));
    ck_assert_uint_eq(count, 0);
    ck_assert(block_last(block, &last));
    ck_assert_int_eq(tuple_compare(&last, &key), 0);
    copy_free(block);
}
END_TEST

START_TEST(block_takes_what_goes_in_and_no_more)
{
    struct written *written = calloc(1, sizeof *written);
    uint64_t dice = random_seed("block");
    for (int i = 0; i < ROUNDS; i++) {
        make_entries(written, 1 + random_below(&dice, ENTRY_COUNT_MAX), &dice);
        write_block(written, random_limit(&dice));
        size_t size = written->size, taken = written->taken;
        write_block(written, size);
        ck_assert_uint_eq(written->size, size);
        ck_assert_uint_eq(written->taken, taken);
        if (size <= LIMIT_MIN)
            continue;
        write_block(written, size - 1);
        ck_assert_uint_eq(written->taken, taken - 1);
        assert_written(written);
    }
    free(written);
}
END_TEST

/* Entries that differ by a position only, by one, cost a byte. */
START_TEST(block_holds_as_many_entries_as_it_can)
{
    struct written *written = calloc(1, sizeof *written);
    written->count = ENTRY_COUNT_MAX;
    written->key = (struct tuple){.set = 1, .a = 2, .b = 3, .seq = 4};
    for (size_t i = 0; i < ENTRY_COUNT_MAX; i++) {
        written->entries[i].tuple = written->key;
        written->entries[i].tuple.seq += i + 1;
    }
    write_block(written, BLOCK_SIZE_MAX);
    ck_assert_uint_eq(written->taken, BLOCK_ENTRIES_MAX);
    ck_assert_uint_eq(written->size, BLOCK_SIZE_MAX);
    assert_written(written);
    free(written);
}
END_TEST

/* What indexes are full of: an entry now and then, dated by the day. */
START_TEST(block_is_as_small_as_promised)
{
    struct written *written = calloc(1, sizeof *written);
    written->count = 200;
    for (size_t i = 0; i < written->count; i++) {
        int64_t a = (int64_t)(17000 + i * 7) * TUPLE_DAY_MS;
        written->entries[i].tuple = (struct tuple){5, a, a, 1000 + i * 17};
    }
    written->key = written->entries[0].tuple;
    write_block(written, BLOCK_SIZE_MAX);
    assert_written(written);
    ck_assert_uint_eq(written->taken, written->count);
    ck_assert_uint_le(written->size, BLOCK_HEAD_SIZE + 3 * written->count);
    free(written);
}
END_TEST

/* What has no finite start does not keep the days behind it from being counted
 * as such. */
START_TEST(block_counts_days_behind_what_is_infinite)
{
    struct written *written = calloc(1, sizeof *written);
    for (size_t set = 0; set < 10; set++)
        for (size_t i = 0; i < 12; i++) {
            int64_t a = i == 0 ? INT64_MIN : (int64_t)(i + set) * TUPLE_DAY_MS;
            written->entries[12 * set + i].tuple =
                (struct tuple){set, a, a, 12 * set + i};
        }
    written->count = 120;
    write_block(written, BLOCK_SIZE_MAX);
    assert_written(written);
    ck_assert_uint_eq(written->taken, written->count);
    /* two with 8 bytes and flags, one of these with a set; ten of 2 bytes */
    ck_assert_uint_le(written->size, BLOCK_HEAD_SIZE + 10 * (size_t)39);
    free(written);
}
END_TEST

/* --- appending ------------------------------------------------------------*/

/* `first` entries written, the others appended some at a time. */
static void
append_rest(struct written *written, size_t first, uint64_t *dice)
{
    size_t count = written->count;
    written->count = first;
    write_block(written, BLOCK_SIZE_MAX);
    if (written->taken < first)
        return;
    while (written->taken < count) {
        size_t some = 1 + random_below(dice, count - written->taken);
        size_t taken = block_append(written->block, &written->size, &some_zone,
                                    written->entries + written->taken, some);
        ck_assert_uint_le(taken, some);
        ck_assert_uint_le(written->size, BLOCK_SIZE_MAX);
        written->taken += taken;
        if (taken < some)
            return;
    }
}

START_TEST(block_appended_to_is_as_if_written_at_once)
{
    struct written *written = calloc(1, sizeof *written);
    uint64_t dice = random_seed("block");
    for (int i = 0; i < ROUNDS; i++) {
        make_entries(written, 1 + random_below(&dice, ENTRY_COUNT_MAX), &dice);
        append_rest(written, 1 + random_below(&dice, written->count), &dice);
        assert_written(written);
    }
    free(written);
}
END_TEST

START_TEST(block_that_is_full_stays_as_it_is)
{
    uint8_t before[BLOCK_SIZE_MAX];
    struct written *written = calloc(1, sizeof *written);
    uint64_t dice = 1; /* no two values are the same: that would fit */
    struct tuple_shape shape = {.values = TUPLE_LARGEST_VALUES,
                                .seqs = TUPLE_SEQ_UP,
                                .as = TUPLE_A_ANY};
    written->count = tuple_random_entries(written->entries, 10, &shape, &dice);
    written->key = written->entries->tuple;
    write_block(written, BLOCK_SIZE_MAX);
    size_t size = written->size;
    memcpy(before, written->block, size);
    ck_assert_uint_eq(written->taken, 2);
    ck_assert_uint_eq(block_append(written->block, &size, &BLOCK_ZONE_NONE,
                                   written->entries + 2, 1),
                      0);
    ck_assert_uint_eq(size, written->size);
    ck_assert_mem_eq(written->block, before, size);
    free(written);
}
END_TEST

/* --- zones ----------------------------------------------------------------*/

START_TEST(zone_is_of_all_that_was_added)
{
    const struct block_zone zones[] = {
        {5, 6, 7}, {6, 5, 8}, {INT64_MIN, INT64_MAX, UINT64_MAX}};
    struct tuple_entry entries[3] = {
        {.tuple.seq = 1}, {.tuple.seq = 2}, {.tuple.seq = 3}};
    uint8_t bytes[BLOCK_SIZE_MAX];
    size_t taken;
    size_t size = block_write(bytes, sizeof bytes, &TUPLE_FIRST, &zones[0],
                              entries, 1, &taken);
    assert_zone((struct span){bytes, size}, &zones[0]);
    ck_assert_uint_eq(block_append(bytes, &size, &zones[1], &entries[1], 1), 1);
    assert_zone((struct span){bytes, size}, &(struct block_zone){5, 5, 7});
    ck_assert_uint_eq(block_append(bytes, &size, &zones[2], &entries[2], 1), 1);
    assert_zone((struct span){bytes, size},
                &(struct block_zone){INT64_MIN, 5, 7});
    assert_holds(bytes, size, &TUPLE_FIRST, entries, 3);
    block_zone_write(bytes, &BLOCK_ZONE_NONE);
    assert_zone((struct span){bytes, size}, &BLOCK_ZONE_NONE);
    assert_holds(bytes, size, &TUPLE_FIRST, entries, 3);
}
END_TEST

/* --- damage ---------------------------------------------------------------*/

/*
 * Use all that takes the bytes of a block: whatever they are, nothing beyond
 * them is read, and what is read can be written.  Returns whether they are
 * one.
 */
static bool
read_anything(struct span block, const struct tuple *key)
{
    size_t count = block_count(block), taken = 0;
    struct tuple_entry *entries = calloc(count + 1, sizeof *entries);
    struct block_zone zone;
    struct tuple last;
    ck_assert_ptr_nonnull(entries);
    ck_assert_uint_le(count, BLOCK_ENTRIES_MAX);
    (void)block_zone_read(block, &zone);
    (void)block_last(block, &last);
    bool read = block_read(block, key, entries, &count);
    for (size_t i = 0; read && i < count; i++) {
        uint8_t bytes[BLOCK_SIZE_MAX];
        ck_assert_uint_le(entries[i].value.size, TUPLE_VALUE_SIZE_MAX);
        (void)block_write(bytes, sizeof bytes, key, &zone, entries + i,
                          count - i, &taken);
        ck_assert_uint_ge(taken, 1);
    }
    free(entries);
    return read;
}

/* As the index does, which takes no block to pieces for this. */
static void
append_anything(struct span block, const struct tuple_entry *entry)
{
    struct tuple last;
    uint8_t *bytes = malloc(BLOCK_SIZE_MAX);
    size_t size = block.size;
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, block.data, size);
    if (block_last(block, &last)) {
        (void)block_append(bytes, &size, &BLOCK_ZONE_NONE, entry, 1);
        ck_assert_uint_le(size, BLOCK_SIZE_MAX);
    }
    free(bytes);
}

START_TEST(block_that_is_cut_short_is_none)
{
    struct written *written = calloc(1, sizeof *written);
    uint64_t dice = random_seed("block");
    for (int i = 0; i < ROUNDS / 100; i++) {
        make_entries(written, 1 + random_below(&dice, ENTRY_COUNT_MAX), &dice);
        write_block(written, BLOCK_SIZE_MAX);
        for (size_t size = 0; size < written->size; size++) {
            struct span block = copy_of(written->block, size);
            ck_assert(!read_anything(block, &written->key));
            append_anything(block, &written->entries[0]);
            copy_free(block);
        }
    }
    free(written);
}
END_TEST

START_TEST(block_with_bytes_behind_it_is_none)
{
    uint8_t bytes[BLOCK_SIZE_MAX + 1] = {0};
    struct written *written = calloc(1, sizeof *written);
    uint64_t dice = random_seed("block");
    make_entries(written, 1, &dice);
    write_block(written, BLOCK_SIZE_MAX);
    memcpy(bytes, written->block, written->size);
    for (size_t size = written->size + 1; size <= sizeof bytes; size++)
        ck_assert(!read_anything((struct span){bytes, size}, &written->key));
    free(written);
}
END_TEST

/* A bit anywhere, or some in the head. */
static void
flip_bits(uint8_t *bytes, size_t size, uint64_t *dice)
{
    uint64_t times = 1 + random_below(dice, 4);
    size_t within = random_below(dice, 2) == 0 ? size : BLOCK_HEAD_SIZE;
    for (uint64_t i = 0; i < times; i++)
        bytes[random_below(dice, within)] ^=
            (uint8_t)(1 << random_below(dice, 8));
}

START_TEST(block_with_flipped_bits_does_no_harm)
{
    struct written *written = calloc(1, sizeof *written);
    uint64_t dice = random_seed("block");
    for (int i = 0; i < DAMAGED_ROUNDS; i++) {
        make_entries(written, 1 + random_below(&dice, 40), &dice);
        write_block(written, BLOCK_SIZE_MAX);
        flip_bits(written->block, written->size, &dice);
        struct span block = copy_of(written->block, written->size);
        (void)read_anything(block, &written->key);
        append_anything(block, &written->entries[0]);
        copy_free(block);
    }
    free(written);
}
END_TEST

START_TEST(block_of_random_bytes_does_no_harm)
{
    struct tuple_entry entry = {.tuple.seq = 1, .value = span_of("value")};
    uint64_t dice = random_seed("block");
    for (int i = 0; i < DAMAGED_ROUNDS; i++) {
        uint8_t bytes[BLOCK_SIZE_MAX] = {0};
        size_t size = random_below(&dice, sizeof bytes + 1);
        for (size_t at = 0; at < size; at++)
            bytes[at] = (uint8_t)random_next(&dice);
        if (size >= 2 && random_below(&dice, 4) > 0)
            bytes[0] = 0; /* a count that may be */
        struct span block = copy_of(bytes, size);
        (void)read_anything(block, &TUPLE_FIRST);
        append_anything(block, &entry);
        copy_free(block);
    }
}
END_TEST

static Suite *
block_suite(void)
{
    Suite *suite = suite_create("block");
    TCase *tests = tcase_create("block");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, block_gives_back_what_was_written);
    tcase_add_test(tests, block_without_entries_is_one);
    tcase_add_test(tests, block_takes_what_goes_in_and_no_more);
    tcase_add_test(tests, block_holds_as_many_entries_as_it_can);
    tcase_add_test(tests, block_is_as_small_as_promised);
    tcase_add_test(tests, block_counts_days_behind_what_is_infinite);
    tcase_add_test(tests, block_appended_to_is_as_if_written_at_once);
    tcase_add_test(tests, block_that_is_full_stays_as_it_is);
    tcase_add_test(tests, zone_is_of_all_that_was_added);
    tcase_add_test(tests, block_that_is_cut_short_is_none);
    tcase_add_test(tests, block_with_bytes_behind_it_is_none);
    tcase_add_test(tests, block_with_flipped_bits_does_no_harm);
    tcase_add_test(tests, block_of_random_bytes_does_no_harm);
    suite_add_tcase(suite, tests);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(block_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
