/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_BLOCKS_FIXTURE_H
#define TESTS_UNIT_BLOCKS_FIXTURE_H

#include "daemon/blocks.h"

#include "tests/unit/data_fixture.h"
#include "tests/unit/tuple_fixture.h"

/*
 * An index in a database of its own, and beside it what it should hold: a
 * sorted array.
 */

/* Enough for all tests, and beside a sanitizer's own memory. */
#define INDEX_MAP_SIZE ((size_t)256 << 20)

static const struct tuple last_of_all = {UINT64_MAX, INT64_MAX, INT64_MAX,
                                         UINT64_MAX};

struct index {
    MDB_env *env;
    MDB_dbi dbi;
    struct blocks_zones zones;
    struct tuple_entry *entries;
    size_t count, puts;
};

static inline void
index_open(struct index *index)
{
    char path[DATA_PATH_SIZE];
    MDB_txn *txn;
    *index = (struct index){0};
    data_directory(path);
    ck_assert_int_eq(mdb_env_create(&index->env), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(index->env, INDEX_MAP_SIZE), 0);
    ck_assert_int_eq(
        mdb_env_open(index->env, path, MDB_NOSYNC | MDB_NOTLS, 0600), 0);
    ck_assert_int_eq(mdb_txn_begin(index->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, NULL, 0, &index->dbi), 0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

static inline void
index_close(struct index *index)
{
    mdb_env_close(index->env);
    free(index->entries);
}

static inline MDB_txn *
index_begin(const struct index *index, unsigned flags)
{
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(index->env, NULL, flags, &txn), 0);
    return txn;
}

/* Entries that are sorted and new come in, equal ones take the old one's
 * place. */
static inline void
index_note(struct index *index, const struct tuple_entry *entries, size_t count)
{
    struct tuple_entry *united =
        calloc(index->count + count, sizeof *index->entries);
    size_t old = 0, kept = 0;
    ck_assert_ptr_nonnull(united);
    for (size_t i = 0; i < count; i++) {
        int order = -1;
        while (old < index->count &&
               (order = tuple_compare(&index->entries[old].tuple,
                                      &entries[i].tuple)) < 0)
            united[kept++] = index->entries[old++];
        old += old < index->count && order == 0;
        united[kept++] = entries[i];
    }
    while (old < index->count)
        united[kept++] = index->entries[old++];
    free(index->entries);
    index->entries = united;
    index->count = kept;
}

/* Merge in a transaction and note it. */
static inline void
index_merge(struct index *index, MDB_txn *txn,
            const struct tuple_entry *entries, size_t count)
{
    size_t puts = index->puts;
    ck_assert_int_eq(blocks_merge(txn, index->dbi, &index->zones, entries,
                                  count, &index->puts),
                     0);
    ck_assert_uint_ge(index->puts, puts + (count > 0));
    ck_assert_uint_le(index->puts, puts + 3 * count); /* a block in three */
    index_note(index, entries, count);
}

/* The same in a transaction of its own. */
static inline void
index_add(struct index *index, const struct tuple_entry *entries, size_t count)
{
    MDB_txn *txn = index_begin(index, 0);
    index_merge(index, txn, entries, count);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

/* What the index takes. */
struct index_size {
    size_t blocks, bytes; /* bytes of blocks */
    size_t pages;         /* of leaves */
};

static inline struct index_size
index_size(const struct index *index)
{
    MDB_txn *txn = index_begin(index, MDB_RDONLY);
    MDB_cursor *cursor;
    MDB_val key, block;
    MDB_stat stat;
    struct index_size size = {0};
    ck_assert_int_eq(mdb_stat(txn, index->dbi, &stat), 0);
    ck_assert_int_eq(mdb_cursor_open(txn, index->dbi, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &block, MDB_NEXT) == 0) {
        ck_assert_uint_le(block.mv_size, BLOCK_SIZE_MAX);
        size.bytes += block.mv_size + key.mv_size;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    size.blocks = stat.ms_entries;
    size.pages = stat.ms_leaf_pages;
    return size;
}

/* Of the array the first entry at or behind a tuple. */
static inline size_t
index_find(const struct index *index, const struct tuple *tuple)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (tuple_compare(&index->entries[middle].tuple, tuple) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where a seek in a direction should come to, or count. */
static inline size_t
index_find_from(const struct index *index, const struct tuple *from,
                bool reverse)
{
    size_t at = index_find(index, from);
    if (!reverse || (at < index->count &&
                     tuple_compare(&index->entries[at].tuple, from) == 0))
        return at;
    return at > 0 ? at - 1 : index->count;
}

/* One that is there, one beside it, or any. */
static inline struct tuple
random_place(const struct index *index, uint64_t *dice)
{
    uint64_t throw = random_below(dice, 6);
    struct tuple_shape shape = tuple_shape_random(dice);
    if (throw == 0 || index->count == 0)
        return tuple_random_entry(&shape, 0, dice).tuple;
    struct tuple place = index->entries[random_below(dice, index->count)].tuple;
    if (throw == 1)
        place.seq++;
    if (throw == 2)
        place.seq--;
    if (throw == 3)
        place = (struct tuple){place.set, place.a, INT64_MIN, 0};
    return place;
}

/* An entry for each event, which are dated by day and come in that order: some
 * a day, with a short value that is mostly the same. */
static inline struct tuple_entry
daily_entry(uint64_t seq)
{
    int64_t day = (int64_t)(seq / 7) * TUPLE_DAY_MS;
    return (struct tuple_entry){{.set = 1, .a = day, .b = day, .seq = seq},
                                span_of("member")};
}

static inline struct tuple_entry *
daily_entries(size_t count)
{
    struct tuple_entry *entries = calloc(count, sizeof *entries);
    ck_assert_ptr_nonnull(entries);
    for (size_t i = 0; i < count; i++)
        entries[i] = daily_entry(i + 1);
    return entries;
}

/* Every batch a transaction. */
static inline void
index_add_batches(struct index *index, const struct tuple_entry *entries,
                  size_t count, size_t batch)
{
    for (size_t i = 0; i < count; i += batch)
        index_add(index, entries + i, batch < count - i ? batch : count - i);
}

#endif
