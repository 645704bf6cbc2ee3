/* SPDX-License-Identifier: MIT */
#include "daemon/blocks.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/blocks_fixture.h"

/* Walks that pass over blocks by their zones. */

#define BATCH_COUNT_MAX ((size_t)3000)
#define SEEK_COUNT 150

static void
assert_here(const struct blocks_iter *iter, const struct index *index,
            size_t wanted)
{
    tuple_assert_entries(blocks_here(iter), &index->entries[wanted], 1);
}

static bool
is_within(const struct block_zone *zone, const struct block_zone *upto)
{
    return zone->t <= upto->t && zone->k <= upto->k && zone->seq <= upto->seq;
}

/*
 * From one entry to the next nothing is between them that is within; returns
 * where it is now in the array, or count.
 */
static size_t
check_passed_over(const struct blocks_iter *iter, int rc,
                  const struct index *index, size_t expected)
{
    size_t count = index->count, here = count;
    if (rc != 0)
        ck_assert_int_eq(rc, MDB_NOTFOUND);
    else
        here = index_find(index, &blocks_here(iter)->tuple);
    if (here < count)
        assert_here(iter, index, here);
    while (expected < count && expected != here) {
        uint64_t seq = index->entries[expected].tuple.seq;
        if (is_within(&index->zones.zones[seq - index->zones.first],
                      &iter->upto))
            ck_abort_msg("entry %zu is hidden", expected);
        expected = iter->reverse && expected == 0 ? count
                   : iter->reverse                ? expected - 1
                                                  : expected + 1;
    }
    ck_assert_uint_eq(here, expected);
    return here;
}

/* Returns how many entries came. */
static size_t
check_zoned_walk(struct blocks_iter *iter, const struct index *index,
                 const struct tuple *from, size_t steps)
{
    size_t came = 0;
    size_t expected = index_find_from(index, from, iter->reverse);
    int rc = blocks_seek(iter, from);
    for (;;) {
        size_t here = check_passed_over(iter, rc, index, expected);
        if (here == index->count || came++ == steps)
            return came;
        expected = !iter->reverse ? here + 1
                   : here == 0    ? index->count
                                  : here - 1;
        rc = blocks_next(iter);
    }
}

/* Zones for the positions that entries have. */
static void
random_zones(struct block_zone *zones, uint64_t count, uint64_t *dice)
{
    bool ordered = random_below(dice, 2) == 0;
    for (uint64_t i = 0; i < count; i++)
        zones[i] = (struct block_zone){
            .t = (int64_t)(ordered ? i : random_below(dice, count)),
            .k = (int64_t)(random_below(dice, 20) == 0 ? 0 : count),
            .seq = i};
}

static struct block_zone
random_upto(uint64_t count, uint64_t *dice)
{
    struct block_zone upto = BLOCK_ZONE_NONE;
    uint64_t throw = random_below(dice, 4);
    if (throw == 0 || throw == 1)
        upto.t = (int64_t)random_below(dice, count);
    if (throw == 1 || throw == 2)
        upto.seq = random_below(dice, count);
    if (throw == 3)
        upto.k = (int64_t)random_below(dice, count);
    return upto;
}

static void
check_zoned_walks(const struct index *index, uint64_t seq_count, uint64_t *dice)
{
    MDB_txn *txn = index_begin(index, MDB_RDONLY);
    for (int i = 0; i < 10; i++) {
        struct blocks_iter iter = {.reverse = random_below(dice, 2) == 0,
                                   .upto = random_upto(seq_count, dice)};
        ck_assert_int_eq(blocks_open(&iter, txn, index->dbi), 0);
        check_zoned_walk(&iter, index,
                         iter.reverse ? &last_of_all : &TUPLE_FIRST, SIZE_MAX);
        for (int j = 0; j < SEEK_COUNT / 10; j++) {
            struct tuple from = random_place(index, dice);
            iter.reverse = random_below(dice, 2) == 0;
            if (random_below(dice, 2) == 0)
                iter.upto = random_upto(seq_count, dice);
            check_zoned_walk(&iter, index, &from, random_below(dice, 500));
        }
        blocks_release(&iter);
    }
    mdb_txn_abort(txn);
}

#define ZONED_COUNT ((size_t)20000)

/* Positions count up from batch to batch, as those of a log do. */
START_TEST(zones_hide_nothing_that_is_within)
{
    static struct tuple_entry batch[BATCH_COUNT_MAX];
    static struct block_zone zones[ZONED_COUNT];
    struct index index;
    uint64_t dice = random_seed("blocks"), first = 1;
    struct tuple_shape shape = tuple_shape_random(&dice);
    random_zones(zones, ZONED_COUNT, &dice);
    index_open(&index);
    while (first < ZONED_COUNT) {
        size_t count = 1 + random_below(&dice, BATCH_COUNT_MAX);
        count = count < ZONED_COUNT - first ? count : ZONED_COUNT - first;
        for (size_t i = 0; i < count; i++) {
            batch[i] = tuple_random_entry(&shape, i, &dice);
            batch[i].tuple.seq = first + i;
        }
        index.zones = (struct blocks_zones){zones + first, first};
        index_add(&index, batch, tuple_entries_unite(batch, count));
        first += count;
    }
    index.zones = (struct blocks_zones){zones, 0};
    check_zoned_walks(&index, ZONED_COUNT, &dice);
    index_close(&index);
}
END_TEST

/* Entries whose zones are in their order: but few come that are beyond. */
START_TEST(zones_pass_over_what_is_beyond)
{
    struct index index;
    struct tuple_entry *entries = daily_entries(ZONED_COUNT);
    struct block_zone *zones = calloc(ZONED_COUNT + 1, sizeof *zones);
    ck_assert_ptr_nonnull(zones);
    for (size_t i = 0; i <= ZONED_COUNT; i++)
        zones[i] = (struct block_zone){(int64_t)i, 0, i};
    index_open(&index);
    index.zones = (struct blocks_zones){zones, 0};
    index_add_batches(&index, entries, ZONED_COUNT, 1000);
    MDB_txn *txn = index_begin(&index, MDB_RDONLY);
    for (int reverse = 0; reverse < 2; reverse++) {
        struct blocks_iter iter = {.reverse = reverse != 0,
                                   .upto = {1000, INT64_MAX, UINT64_MAX}};
        ck_assert_int_eq(blocks_open(&iter, txn, index.dbi), 0);
        size_t came = check_zoned_walk(
            &iter, &index, reverse ? &last_of_all : &TUPLE_FIRST, SIZE_MAX);
        ck_assert_uint_ge(came, 1000);
        ck_assert_uint_le(came, 1000 + BLOCK_ENTRIES_MAX);
        iter.upto = (struct block_zone){INT64_MAX, -1, UINT64_MAX};
        ck_assert_int_eq(blocks_seek(&iter, &last_of_all), MDB_NOTFOUND);
        blocks_release(&iter);
    }
    mdb_txn_abort(txn);
    free(zones);
    free(entries);
    index_close(&index);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("blocks_zones");
    TCase *tests = tcase_create("blocks_zones");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, zones_hide_nothing_that_is_within, 0, 6);
    tcase_add_test(tests, zones_pass_over_what_is_beyond);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
