/* SPDX-License-Identifier: MIT */
#include "daemon/blocks.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/blocks_fixture.h"

#define BATCH_COUNT_MAX ((size_t)3000)
#define SEEK_COUNT 150
#define LARGE_COUNT ((size_t)200000)
#define DAMAGED_ROUNDS 40

/* --- walks against the array ----------------------------------------------*/

static void
assert_here(const struct blocks_iter *iter, const struct index *index,
            size_t wanted)
{
    tuple_assert_entries(blocks_here(iter), &index->entries[wanted], 1);
}

/* Up to `count` entries from `at` on are where the walk goes; then it may
 * end. */
static void
assert_goes_on(struct blocks_iter *iter, const struct index *index, size_t at,
               size_t count)
{
    size_t left = iter->reverse ? at + 1 : index->count - at;
    for (size_t i = 0; i < count && i < left; i++) {
        if (i > 0)
            ck_assert_int_eq(blocks_next(iter), 0);
        assert_here(iter, index, iter->reverse ? at - i : at + i);
    }
    for (int i = 0; left <= count && i < 3; i++)
        ck_assert_int_eq(blocks_next(iter), MDB_NOTFOUND);
}

/* A seek, and some steps from there. */
static void
check_seek(struct blocks_iter *iter, const struct index *index,
           const struct tuple *from, size_t steps)
{
    size_t wanted = index_find_from(index, from, iter->reverse);
    int rc = blocks_seek(iter, from);
    ck_assert_int_eq(rc, wanted < index->count ? 0 : MDB_NOTFOUND);
    if (rc == 0)
        assert_goes_on(iter, index, wanted, steps);
}

static void
check_walks(struct blocks_iter *iter, const struct index *index, uint64_t *dice)
{
    check_seek(iter, index, iter->reverse ? &last_of_all : &TUPLE_FIRST,
               SIZE_MAX);
    check_seek(iter, index, iter->reverse ? &TUPLE_FIRST : &last_of_all,
               SIZE_MAX);
    for (int i = 0; i < SEEK_COUNT; i++) {
        struct tuple from = random_place(index, dice);
        check_seek(iter, index, &from, random_below(dice, 4));
    }
    struct tuple from = random_place(index, dice);
    check_seek(iter, index, &from, SIZE_MAX);
}

/* Both ways, in a transaction of any kind. */
static void
check_index(const struct index *index, MDB_txn *txn, uint64_t *dice)
{
    for (int reverse = 0; reverse < 2; reverse++) {
        struct blocks_iter iter = {.reverse = reverse != 0,
                                   .upto = BLOCKS_EVERYTHING};
        ck_assert_int_eq(blocks_open(&iter, txn, index->dbi), 0);
        check_walks(&iter, index, dice);
        blocks_release(&iter);
    }
}

static void
check_committed(const struct index *index, uint64_t *dice)
{
    MDB_txn *txn = index_begin(index, MDB_RDONLY);
    check_index(index, txn, dice);
    mdb_txn_abort(txn);
}

/* --- merging --------------------------------------------------------------*/

/* A batch with some of what is there already, with another value. */
static size_t
random_batch(struct tuple_entry *batch, const struct index *index,
             const struct tuple_shape *shape, uint64_t *dice)
{
    static const size_t sizes[] = {1, 2, 40, 700, BATCH_COUNT_MAX};
    size_t count = 1 + random_below(dice, sizes[random_below(dice, 5)]);
    bool replace = random_below(dice, 2) == 0;
    for (size_t i = 0; i < count; i++) {
        batch[i] = tuple_random_entry(shape, index->count + i, dice);
        if (replace && index->count > 0 && random_below(dice, 2) == 0)
            batch[i].tuple =
                index->entries[random_below(dice, index->count)].tuple;
    }
    return tuple_entries_unite(batch, count);
}

/* Several transactions of several batches each, seen from within and after
 * the commit. */
START_TEST(blocks_hold_what_was_merged)
{
    static struct tuple_entry batch[BATCH_COUNT_MAX];
    struct index index;
    uint64_t dice = random_seed("blocks");
    struct tuple_shape shape = tuple_shape_random(&dice);
    index_open(&index);
    for (int i = 0; i < 4; i++) {
        MDB_txn *txn = index_begin(&index, 0);
        for (uint64_t j = random_below(&dice, 4) + 1; j > 0; j--) {
            size_t count = random_batch(batch, &index, &shape, &dice);
            index_merge(&index, txn, batch, count);
            check_index(&index, txn, &dice);
        }
        ck_assert_int_eq(mdb_txn_commit(txn), 0);
        check_committed(&index, &dice);
    }
    index_close(&index);
}
END_TEST

START_TEST(blocks_of_an_aborted_transaction_are_gone)
{
    struct tuple_entry entries[300];
    struct index index, before;
    uint64_t dice = random_seed("blocks");
    struct tuple_shape shape = tuple_shape_random(&dice);
    index_open(&index);
    size_t count = tuple_random_entries(entries, 300, &shape, &dice);
    index_add(&index, entries, count / 2);
    before = index;
    MDB_txn *txn = index_begin(&index, 0);
    size_t puts = 0;
    ck_assert_int_eq(
        blocks_merge(txn, index.dbi, &index.zones, entries, count, &puts), 0);
    mdb_txn_abort(txn);
    check_committed(&before, &dice);
    index_close(&index);
}
END_TEST

START_TEST(blocks_of_nothing_are_empty)
{
    struct index index;
    uint64_t dice = random_seed("blocks");
    index_open(&index);
    check_committed(&index, &dice);
    index_add(&index, NULL, 0);
    ck_assert_uint_eq(index.puts, 0);
    check_committed(&index, &dice);
    index_close(&index);
}
END_TEST

/* The ends of the order among them, which are the keys of blocks. */
START_TEST(blocks_of_one_and_two_entries)
{
    const struct tuple_entry ends[] = {{TUPLE_FIRST, span_of("first")},
                                       {last_of_all, span_of("last")}};
    uint64_t dice = random_seed("blocks");
    for (int first = 0; first < 2; first++) {
        struct index index;
        index_open(&index);
        index_add(&index, &ends[first], 1);
        check_committed(&index, &dice);
        index_add(&index, &ends[1 - first], 1);
        check_committed(&index, &dice);
        index_add(&index, ends, 2);
        ck_assert_uint_eq(index.count, 2);
        check_committed(&index, &dice);
        index_close(&index);
    }
}
END_TEST

/* --- how much room they take ----------------------------------------------*/

/* One by one, some, and as many as an applied log comes in. */
static const struct {
    size_t batch, count;
} batches[] = {{1, 3000}, {100, 20000}, {16384, LARGE_COUNT}};

START_TEST(blocks_are_full_when_all_is_appended)
{
    struct index index;
    uint64_t dice = random_seed("blocks");
    size_t count = batches[_i].count;
    struct tuple_entry *entries = daily_entries(count);
    index_open(&index);
    index_add_batches(&index, entries, count, batches[_i].batch);
    struct index_size size = index_size(&index);
    /* all but the last one; most entries cost their flags only */
    ck_assert_uint_ge(size.bytes,
                      (size.blocks - 1) * (BLOCK_SIZE_MAX * 96 / 100));
    ck_assert_uint_le(size.bytes, 2 * count);
    /* LMDB leaves three of four blocks in a page */
    ck_assert_uint_le(size.pages, size.blocks / 3 + 2);
    check_committed(&index, &dice);
    free(entries);
    index_close(&index);
}
END_TEST

/* Fisher and Yates's. */
static void
shuffle(struct tuple_entry *entries, size_t count, uint64_t *dice)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = random_below(dice, i);
        struct tuple_entry swapped = entries[i - 1];
        entries[i - 1] = entries[other];
        entries[other] = swapped;
    }
}

START_TEST(blocks_are_half_full_at_least_in_any_order)
{
    struct index index;
    uint64_t dice = random_seed("blocks");
    size_t count = batches[_i].count, batch = batches[_i].batch;
    struct tuple_entry *entries = daily_entries(count);
    shuffle(entries, count, &dice);
    for (size_t i = 0; i < count; i += batch)
        qsort(entries + i, batch < count - i ? batch : count - i,
              sizeof *entries, tuple_entry_compare);
    index_open(&index);
    index_add_batches(&index, entries, count, batch);
    struct index_size size = index_size(&index);
    ck_assert_uint_ge(size.bytes, (size.blocks - 1) * BLOCK_SIZE_MAX / 2);
    ck_assert_uint_le(size.bytes, 2 * count);
    check_committed(&index, &dice);
    free(entries);
    index_close(&index);
}
END_TEST

/* --- many sets ------------------------------------------------------------*/

/* So many sets gain some entries each, all at their ends, again and again. */
#define SETS ((size_t)60)
#define GAINED ((size_t)12)

static void
gain(struct index *index, size_t sets, size_t gained, size_t round)
{
    struct tuple_entry *entries = calloc(sets * gained, sizeof *entries);
    ck_assert_ptr_nonnull(entries);
    for (size_t i = 0; i < sets * gained; i++) {
        entries[i] = daily_entry(sets * (round * gained + i % gained) + 1 +
                                 i / gained * 7 % sets);
        entries[i].tuple.set = 1 + i / gained;
    }
    index_add(index, entries, sets * gained);
    free(entries);
}

/* Blocks that end where a set does. */
static size_t
count_set_ends(const struct index *index)
{
    MDB_txn *txn = index_begin(index, MDB_RDONLY);
    MDB_cursor *cursor;
    MDB_val key, block;
    struct tuple last;
    size_t ends = 0;
    ck_assert_int_eq(mdb_cursor_open(txn, index->dbi, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &block, MDB_NEXT) == 0) {
        struct span bytes = {block.mv_data, block.mv_size};
        ck_assert(block_last(bytes, &last));
        size_t at = index_find(index, &last);
        ends += at + 1 == index->count ||
                index->entries[at + 1].tuple.set != last.set;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return ends;
}

/* Once a set fills a block or more it ends one, where it is appended to: that
 * writes one block for each set, and a new one only when one is full. */
START_TEST(sets_that_grow_end_their_blocks)
{
    struct index index;
    uint64_t dice = random_seed("blocks");
    size_t round = 0, rounds = 120;
    index_open(&index);
    for (; round < rounds; round++)
        gain(&index, SETS, GAINED, round);
    ck_assert_uint_eq(count_set_ends(&index), SETS);
    struct index_size before = index_size(&index);
    size_t puts = index.puts;
    for (; round < 2 * rounds; round++)
        gain(&index, SETS, GAINED, round);
    struct index_size size = index_size(&index);
    ck_assert_uint_eq(count_set_ends(&index), SETS);
    size_t new = size.blocks - before.blocks;
    ck_assert_uint_gt(new, SETS);
    ck_assert_uint_le(index.puts - puts, rounds * SETS + new);
    /* and the new ones are full, but for a last entry that did not go in */
    ck_assert_uint_ge(size.bytes - before.bytes,
                      new *(BLOCK_SIZE_MAX * 95 / 100));
    check_committed(&index, &dice);
    index_close(&index);
}
END_TEST

/* Small ones share blocks, which stay half full at least. */
START_TEST(sets_that_are_small_stay_together)
{
    struct index index;
    uint64_t dice = random_seed("blocks");
    index_open(&index);
    for (size_t round = 0; round < 8; round++)
        gain(&index, 50 * SETS, 1, round);
    struct index_size size = index_size(&index);
    ck_assert_uint_ge(size.bytes, size.blocks * BLOCK_SIZE_MAX / 2);
    check_committed(&index, &dice);
    index_close(&index);
}
END_TEST

/* --- iterators ------------------------------------------------------------*/

/* That nothing is behind a place says nothing of what is before it. */
START_TEST(seek_behind_everything_is_forgotten_backwards)
{
    struct index index;
    struct tuple_entry *entries = daily_entries(2000);
    struct blocks_iter iter = {.upto = BLOCKS_EVERYTHING};
    index_open(&index);
    index_add(&index, entries, 2000);
    MDB_txn *txn = index_begin(&index, MDB_RDONLY);
    ck_assert_int_eq(blocks_open(&iter, txn, index.dbi), 0);
    ck_assert_int_eq(blocks_seek(&iter, &last_of_all), MDB_NOTFOUND);
    ck_assert_int_eq(blocks_seek(&iter, &last_of_all), MDB_NOTFOUND);
    iter.reverse = true;
    ck_assert_int_eq(blocks_seek(&iter, &last_of_all), 0);
    assert_here(&iter, &index, index.count - 1);
    blocks_release(&iter);
    mdb_txn_abort(txn);
    free(entries);
    index_close(&index);
}
END_TEST

START_TEST(walk_sees_what_the_next_transaction_does)
{
    struct index index;
    uint64_t dice = random_seed("blocks");
    struct tuple_entry *entries = daily_entries(2000);
    struct blocks_iter iter = {.upto = BLOCKS_EVERYTHING};
    index_open(&index);
    index_add(&index, entries, 1000);
    MDB_txn *txn = index_begin(&index, MDB_RDONLY);
    ck_assert_int_eq(blocks_open(&iter, txn, index.dbi), 0);
    check_walks(&iter, &index, &dice);
    mdb_txn_reset(txn);
    index_add(&index, entries + 1000, 1000);
    ck_assert_int_eq(mdb_txn_renew(txn), 0);
    ck_assert_int_eq(blocks_open(&iter, txn, index.dbi), 0);
    check_walks(&iter, &index, &dice);
    /* another one, too, which has another address while both live */
    MDB_txn *other = index_begin(&index, MDB_RDONLY);
    mdb_txn_abort(txn);
    ck_assert_int_eq(blocks_open(&iter, other, index.dbi), 0);
    check_walks(&iter, &index, &dice);
    mdb_txn_abort(other);
    blocks_release(&iter);
    free(entries);
    index_close(&index);
}
END_TEST

/* --- damage ---------------------------------------------------------------*/

/* Flip bits of one block, wherever. */
static void
damage(MDB_txn *txn, MDB_dbi dbi, size_t blocks, uint64_t *dice)
{
    uint8_t bytes[BLOCK_SIZE_MAX];
    MDB_cursor *cursor;
    MDB_val key, block;
    ck_assert_int_eq(mdb_cursor_open(txn, dbi, &cursor), 0);
    for (uint64_t i = random_below(dice, blocks) + 1; i > 0; i--)
        ck_assert_int_eq(mdb_cursor_get(cursor, &key, &block, MDB_NEXT), 0);
    memcpy(bytes, block.mv_data, block.mv_size);
    size_t within = random_below(dice, 2) == 0 ? 66 : block.mv_size;
    for (uint64_t i = random_below(dice, 3) + 1; i > 0; i--)
        bytes[random_below(dice, within)] ^=
            (uint8_t)(1 << random_below(dice, 8));
    block.mv_data = bytes;
    block.mv_size -= random_below(dice, 4) == 0;
    ck_assert_int_eq(mdb_put(txn, dbi, &key, &block, 0), 0);
    mdb_cursor_close(cursor);
}

/* A walk through whatever is there ends. */
static void
walk_anything(MDB_txn *txn, MDB_dbi dbi, bool reverse)
{
    struct blocks_iter iter = {.reverse = reverse, .upto = BLOCKS_EVERYTHING};
    MDB_stat stat;
    size_t came = 0;
    ck_assert_int_eq(mdb_stat(txn, dbi, &stat), 0);
    ck_assert_int_eq(blocks_open(&iter, txn, dbi), 0);
    int rc = blocks_seek(&iter, reverse ? &last_of_all : &TUPLE_FIRST);
    for (; rc == 0; rc = blocks_next(&iter))
        ck_assert_uint_le(++came, stat.ms_entries * BLOCK_ENTRIES_MAX);
    ck_assert(rc == MDB_NOTFOUND || rc == MDB_CORRUPTED);
    blocks_release(&iter);
}

START_TEST(blocks_that_are_damaged_do_no_harm)
{
    static struct tuple_entry batch[BATCH_COUNT_MAX];
    struct index index;
    uint64_t dice = random_seed("blocks");
    struct tuple_shape shape = tuple_shape_random(&dice);
    index_open(&index);
    index_add(&index, batch,
              tuple_random_entries(batch, BATCH_COUNT_MAX, &shape, &dice));
    size_t blocks = index_size(&index).blocks;
    for (int i = 0; i < DAMAGED_ROUNDS; i++) {
        struct tuple_entry more[20];
        MDB_txn *txn = index_begin(&index, 0);
        size_t count = tuple_random_entries(more, 20, &shape, &dice);
        damage(txn, index.dbi, blocks, &dice);
        walk_anything(txn, index.dbi, false);
        walk_anything(txn, index.dbi, true);
        int rc = blocks_merge(txn, index.dbi, &index.zones, more, count,
                              &index.puts);
        ck_assert(rc == 0 || rc == MDB_CORRUPTED);
        mdb_txn_abort(txn);
    }
    index_close(&index);
}
END_TEST

/* Bytes under a key that are no block, or a key that is none. */
START_TEST(blocks_that_are_none_are_told)
{
    struct tuple_entry entry = daily_entry(5);
    struct index index;
    size_t puts = 0;
    index_open(&index);
    MDB_txn *txn = index_begin(&index, 0);
    uint8_t bytes[TUPLE_KEY_SIZE] = {0};
    MDB_val key = {.mv_size = TUPLE_KEY_SIZE - (size_t)_i, .mv_data = bytes};
    MDB_val value = {.mv_size = 70, .mv_data = (char[70]){0}};
    ck_assert_int_eq(mdb_put(txn, index.dbi, &key, &value, 0), 0);
    struct blocks_iter iter = {.upto = BLOCKS_EVERYTHING};
    ck_assert_int_eq(blocks_open(&iter, txn, index.dbi), 0);
    ck_assert_int_eq(blocks_seek(&iter, &TUPLE_FIRST), MDB_CORRUPTED);
    blocks_release(&iter);
    ck_assert_int_eq(
        blocks_merge(txn, index.dbi, &index.zones, &entry, 1, &puts),
        MDB_CORRUPTED);
    ck_assert_uint_eq(puts, 0);
    mdb_txn_abort(txn);
    index_close(&index);
}
END_TEST

static Suite *
blocks_suite(void)
{
    int batch_count = (int)(sizeof batches / sizeof *batches);
    Suite *suite = suite_create("blocks");
    TCase *tests = tcase_create("blocks");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, blocks_hold_what_was_merged, 0, 15);
    tcase_add_test(tests, blocks_of_an_aborted_transaction_are_gone);
    tcase_add_test(tests, blocks_of_nothing_are_empty);
    tcase_add_test(tests, blocks_of_one_and_two_entries);
    tcase_add_loop_test(tests, blocks_are_full_when_all_is_appended, 0,
                        batch_count);
    tcase_add_loop_test(tests, blocks_are_half_full_at_least_in_any_order, 0,
                        batch_count);
    tcase_add_test(tests, sets_that_grow_end_their_blocks);
    tcase_add_test(tests, sets_that_are_small_stay_together);
    tcase_add_test(tests, seek_behind_everything_is_forgotten_backwards);
    tcase_add_test(tests, walk_sees_what_the_next_transaction_does);
    tcase_add_loop_test(tests, blocks_that_are_damaged_do_no_harm, 0, 8);
    tcase_add_loop_test(tests, blocks_that_are_none_are_told, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

int
main(void)
{
    return data_run(blocks_suite());
}
