/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_TUPLE_FIXTURE_H
#define TESTS_UNIT_TUPLE_FIXTURE_H

#include "daemon/tuple.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/random_fixture.h"

/*
 * Entries of indexes for random tests: a shape says what they are like, and
 * all of one array have the same shape.
 */

#define TUPLE_DAY_MS INT64_C(86400000)

enum tuple_sets { TUPLE_ONE_SET, TUPLE_FEW_SETS, TUPLE_ANY_SETS, TUPLE_SETS };
enum tuple_as { TUPLE_A_DAYS, TUPLE_A_MS, TUPLE_A_ENDS, TUPLE_A_ANY, TUPLE_AS };
enum tuple_bs {
    TUPLE_B_IS_A,
    TUPLE_B_NEAR,
    TUPLE_B_ENDS,
    TUPLE_B_ANY,
    TUPLE_BS
};
enum tuple_seqs {
    TUPLE_SEQ_UP,
    TUPLE_SEQ_DOWN,
    TUPLE_SEQ_BELOW, /* TUPLE_SEQ_LIMIT, again and again */
    TUPLE_SEQ_ANY,
    TUPLE_SEQS
};
enum tuple_values {
    TUPLE_NO_VALUE,
    TUPLE_SAME_VALUE,
    TUPLE_SHORT_VALUES,
    TUPLE_LARGEST_VALUES,
    TUPLE_ANY_VALUES,
    TUPLE_VALUES
};

#define TUPLE_SEQ_LIMIT UINT64_C(1000000)

struct tuple_shape {
    enum tuple_sets sets;
    enum tuple_as as;
    enum tuple_bs bs;
    enum tuple_seqs seqs;
    enum tuple_values values;
};

static inline struct tuple_shape
tuple_shape_random(uint64_t *dice)
{
    return (struct tuple_shape){
        .sets = (enum tuple_sets)random_below(dice, TUPLE_SETS),
        .as = (enum tuple_as)random_below(dice, TUPLE_AS),
        .bs = (enum tuple_bs)random_below(dice, TUPLE_BS),
        .seqs = (enum tuple_seqs)random_below(dice, TUPLE_SEQS),
        .values = (enum tuple_values)random_below(dice, TUPLE_VALUES)};
}

static inline uint64_t
tuple_random_set(enum tuple_sets sets, uint64_t *dice)
{
    static const uint64_t few[] = {0, 1, 2, 7, UINT64_C(1) << 40, UINT64_MAX};
    if (sets == TUPLE_ONE_SET)
        return 7;
    return sets == TUPLE_FEW_SETS ? few[random_below(dice, 6)]
                                  : random_next(dice);
}

static inline int64_t
tuple_random_end(uint64_t *dice)
{
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1,       0,
                                   1,         INT64_MAX - 1, INT64_MAX};
    return ends[random_below(dice, 7)];
}

static inline int64_t
tuple_random_a(enum tuple_as as, uint64_t *dice)
{
    if (as == TUPLE_A_ENDS)
        return tuple_random_end(dice);
    if (as == TUPLE_A_ANY)
        return (int64_t)random_next(dice);
    int64_t day = (int64_t)random_below(dice, 20000) * TUPLE_DAY_MS;
    return as == TUPLE_A_DAYS ? day : day / 1000 + (int64_t)*dice % 1000;
}

static inline int64_t
tuple_random_b(enum tuple_bs bs, int64_t a, uint64_t *dice)
{
    if (bs == TUPLE_B_ENDS)
        return tuple_random_end(dice);
    if (bs == TUPLE_B_ANY)
        return (int64_t)random_next(dice);
    return bs == TUPLE_B_IS_A
               ? a
               : (int64_t)((uint64_t)a - 400 + random_below(dice, 800));
}

static inline uint64_t
tuple_random_seq(enum tuple_seqs seqs, size_t index, uint64_t *dice)
{
    if (seqs == TUPLE_SEQ_UP)
        return index + 1;
    if (seqs == TUPLE_SEQ_DOWN)
        return TUPLE_SEQ_LIMIT - index;
    return seqs == TUPLE_SEQ_BELOW ? random_below(dice, TUPLE_SEQ_LIMIT)
                                   : random_next(dice);
}

/* Of bytes that live as long as the program. */
static inline struct span
tuple_random_value(enum tuple_values values, uint64_t *dice)
{
    static uint8_t bytes[4 * TUPLE_VALUE_SIZE_MAX];
    if (bytes[0] == 0)
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i % 255 + 1);
    size_t at = (size_t)random_below(dice, 3 * TUPLE_VALUE_SIZE_MAX);
    if (values == TUPLE_NO_VALUE)
        return (struct span){0};
    if (values == TUPLE_SAME_VALUE)
        return (struct span){bytes, 30};
    if (values == TUPLE_SHORT_VALUES)
        return (struct span){bytes + at, random_below(dice, 12)};
    if (values == TUPLE_LARGEST_VALUES)
        return (struct span){bytes + at, TUPLE_VALUE_SIZE_MAX};
    return (struct span){bytes + at,
                         random_below(dice, TUPLE_VALUE_SIZE_MAX + 1)};
}

static inline struct tuple_entry
tuple_random_entry(const struct tuple_shape *shape, size_t index,
                   uint64_t *dice)
{
    struct tuple_entry entry;
    entry.tuple.set = tuple_random_set(shape->sets, dice);
    entry.tuple.a = tuple_random_a(shape->as, dice);
    entry.tuple.b = tuple_random_b(shape->bs, entry.tuple.a, dice);
    entry.tuple.seq = tuple_random_seq(shape->seqs, index, dice);
    entry.value = tuple_random_value(shape->values, dice);
    return entry;
}

static inline int
tuple_entry_compare(const void *one, const void *other)
{
    const struct tuple_entry *left = one, *right = other;
    return tuple_compare(&left->tuple, &right->tuple);
}

/* Sort and leave one of those that are equal; returns how many remain. */
static inline size_t
tuple_entries_unite(struct tuple_entry *entries, size_t count)
{
    size_t kept = 0;
    qsort(entries, count, sizeof *entries, tuple_entry_compare);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 ||
            tuple_compare(&entries[kept - 1].tuple, &entries[i].tuple) != 0)
            entries[kept++] = entries[i];
    return kept;
}

/* Up to `count` entries of a shape, sorted, none of them twice. */
static inline size_t
tuple_random_entries(struct tuple_entry *entries, size_t count,
                     const struct tuple_shape *shape, uint64_t *dice)
{
    for (size_t i = 0; i < count; i++)
        entries[i] = tuple_random_entry(shape, i, dice);
    return tuple_entries_unite(entries, count);
}

static inline void
tuple_assert_entries(const struct tuple_entry *got,
                     const struct tuple_entry *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tuple_compare(&got[i].tuple, &wanted[i].tuple) != 0)
            ck_abort_msg("entry %zu of %zu is another", i, count);
        if (!span_equal(got[i].value, wanted[i].value))
            ck_abort_msg("entry %zu of %zu has another value", i, count);
    }
}

#endif
