/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_TUPLE_H
#define DAEMON_TUPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"

/*
 * An entry of an index: a member of a set, in the order of its place there.
 * What a set and a place are is the index's business (daemon/views_lists).
 *
 * The order is that of (set, a, b, seq).
 */
struct tuple {
    uint64_t set;
    int64_t a, b;
    uint64_t seq;
};

#define TUPLE_FIRST ((struct tuple){.a = INT64_MIN, .b = INT64_MIN})

static inline int
tuple_compare(const struct tuple *one, const struct tuple *other)
{
    if (one->set != other->set)
        return one->set < other->set ? -1 : 1;
    if (one->a != other->a)
        return one->a < other->a ? -1 : 1;
    if (one->b != other->b)
        return one->b < other->b ? -1 : 1;
    if (one->seq != other->seq)
        return one->seq < other->seq ? -1 : 1;
    return 0;
}

/* A tuple with what is kept of it; `value` is borrowed. */
struct tuple_entry {
    struct tuple tuple;
    struct span value; /* of at most TUPLE_VALUE_SIZE_MAX bytes */
};

/* An operation with 64 parties, which is the largest value, and some more. */
#define TUPLE_VALUE_SIZE_MAX ((size_t)400)

/* The same as bytes whose order is that of the tuples. */
#define TUPLE_KEY_SIZE ((size_t)32)
void tuple_write(uint8_t key[TUPLE_KEY_SIZE], const struct tuple *tuple);
struct tuple tuple_read(const uint8_t key[TUPLE_KEY_SIZE]);

/*
 * Sort by set, then by place, and for equal tuples as they came: a radix sort
 * by the bytes of the sets (Knuth, TAOCP 3, 5.2.5, algorithm R), then each set
 * by comparison unless it is in order already, which it mostly is.
 * `scratch` has room for `count` entries.
 */
void tuple_sort(struct tuple_entry *entries, struct tuple_entry *scratch,
                size_t count);

/* The same for entries that are in the order of their sets already. */
void tuple_sort_places(struct tuple_entry *entries, struct tuple_entry *scratch,
                       size_t count);

#endif
