/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <stdlib.h>

/* An event's depth; an answer holds terms one array and two maps deeper. */
#define EQUAL_DEPTH_MAX (MODEL_DEPTH_MAX + 4)

/* Pairs sorted without an allocation: an event has fewer fields. */
#define PAIRS_INLINE ((size_t)24)
/* Up to here looking each key up is faster than sorting. */
#define PAIRWISE_MAX 4u

/* A map behind its header. */
struct equal_map {
    struct mp_reader reader;
    uint32_t count;
};

struct equal_pair {
    struct span key;
    struct span value;
};

/* The pairs of one map. */
struct equal_pairs {
    struct equal_pair *list; /* `few`, or on the heap */
    size_t count;
    struct equal_pair few[PAIRS_INLINE];
};

/* Bounded: containers nest EQUAL_DEPTH_MAX deep. */
static bool value_equal(struct span a, struct span b, unsigned depth);

/* --- maps -----------------------------------------------------------------*/

static struct span
map_bytes(struct equal_map map)
{
    return (struct span){map.reader.at,
                         (size_t)(map.reader.end - map.reader.at)};
}

/* The value of a key, or an absent span. */
static struct span
map_find(struct equal_map map, struct span key)
{
    for (uint32_t i = 0; i < map.count && !map.reader.failed; i++) {
        bool found = span_equal(mp_str(&map.reader), key);
        struct span value = mp_value(&map.reader);
        if (found)
            return value;
    }
    return (struct span){0};
}

/* Needs no memory, but quadratic time. */
static bool
map_equal_pairwise(struct equal_map a, struct equal_map b, unsigned depth)
{
    for (uint32_t i = 0; i < a.count && !a.reader.failed; i++) {
        struct span key = mp_str(&a.reader);
        struct span value = mp_value(&a.reader);
        if (!value_equal(value, map_find(b, key), depth))
            return false;
    }
    return !a.reader.failed;
}

static void
pairs_deinit(struct equal_pairs *pairs)
{
    if (pairs->list != pairs->few)
        free(pairs->list);
}

static int
pair_order(const void *left, const void *right)
{
    const struct equal_pair *a = left;
    const struct equal_pair *b = right;
    return span_compare(a->key, b->key);
}

/* Read a map's pairs, sorted by key; false where there is no memory. */
static bool
pairs_init(struct equal_pairs *pairs, struct equal_map map)
{
    pairs->count = 0;
    pairs->list = map.count <= PAIRS_INLINE
                      ? pairs->few
                      : malloc(map.count * sizeof(*pairs->list));
    if (pairs->list == NULL)
        return false;
    for (uint32_t i = 0; i < map.count && !map.reader.failed; i++) {
        struct equal_pair *pair = &pairs->list[pairs->count++];
        pair->key = mp_str(&map.reader);
        pair->value = mp_value(&map.reader);
    }
    qsort(pairs->list, pairs->count, sizeof(*pairs->list), pair_order);
    return true;
}

static bool
pairs_equal(const struct equal_pairs *a, const struct equal_pairs *b,
            unsigned depth)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!span_equal(a->list[i].key, b->list[i].key) ||
            !value_equal(a->list[i].value, b->list[i].value, depth))
            return false;
    return true;
}

static bool
map_equal_sorted(struct equal_map a, struct equal_map b, unsigned depth)
{
    struct equal_pairs left, right;
    if (!pairs_init(&left, a))
        return map_equal_pairwise(a, b, depth);
    bool equal;
    if (pairs_init(&right, b)) {
        equal = pairs_equal(&left, &right, depth);
        pairs_deinit(&right);
    } else {
        equal = map_equal_pairwise(a, b, depth);
    }
    pairs_deinit(&left);
    return equal;
}

static bool
map_equal(struct equal_map a, struct equal_map b, unsigned depth)
{
    /* Each pair takes two bytes: no more memory than the bytes account for. */
    if (a.count != b.count || a.count > map_bytes(a).size / 2)
        return false;
    return a.count <= PAIRWISE_MAX ? map_equal_pairwise(a, b, depth)
                                   : map_equal_sorted(a, b, depth);
}

/* --- values ---------------------------------------------------------------*/

static bool
array_equal(struct mp_reader a, struct mp_reader b, uint32_t count,
            unsigned depth)
{
    for (uint32_t i = 0; i < count && !a.failed && !b.failed; i++)
        if (!value_equal(mp_value(&a), mp_value(&b), depth))
            return false;
    return !a.failed && !b.failed;
}

static bool
value_equal(struct span a, struct span b, unsigned depth)
{
    struct mp_reader left = mp_reader(a);
    struct mp_reader right = mp_reader(b);
    struct mp_token x = mp_next(&left);
    struct mp_token y = mp_next(&right);
    if (left.failed || right.failed || x.kind != y.kind)
        return false;
    switch (x.kind) {
    case MP_NIL:
        return true;
    case MP_BOOL:
        return x.truth == y.truth;
    case MP_INT:
        return x.negative == y.negative && x.magnitude == y.magnitude;
    case MP_FLOAT:
        return x.real == y.real;
    case MP_STR:
    case MP_BIN:
        return span_equal(x.body, y.body);
    case MP_EXT:
        return x.ext_type == y.ext_type && span_equal(x.body, y.body);
    case MP_ARRAY:
        return x.count == y.count && depth < EQUAL_DEPTH_MAX &&
               array_equal(left, right, x.count, depth + 1);
    case MP_MAP:
        return depth < EQUAL_DEPTH_MAX &&
               map_equal((struct equal_map){left, x.count},
                         (struct equal_map){right, y.count}, depth + 1);
    }
    return false;
}

/* --- events ---------------------------------------------------------------*/

static bool
is_assigned(struct span key)
{
    return span_is(key, "seq") || span_is(key, "rev") ||
           span_is(key, "recorded");
}

/* Pass over what the daemon put in front. */
static struct equal_map
submitted_part(struct equal_map stored)
{
    while (stored.count > 0 && !stored.reader.failed) {
        struct mp_reader ahead = stored.reader;
        if (!is_assigned(mp_str(&ahead)))
            break;
        mp_value(&ahead);
        stored.reader = ahead;
        stored.count--;
    }
    return stored;
}

bool
event_equal(struct span submitted, struct span stored)
{
    struct equal_map a = {.reader = mp_reader(submitted)};
    struct equal_map b = {.reader = mp_reader(stored)};
    a.count = mp_map(&a.reader);
    b.count = mp_map(&b.reader);
    if (a.reader.failed || b.reader.failed)
        return false;
    b = submitted_part(b);
    /* What was stored from the same bytes holds the same bytes. */
    if (a.count == b.count && span_equal(map_bytes(a), map_bytes(b)))
        return true;
    return map_equal(a, b, 1);
}

bool
event_value_equal(struct span a, struct span b)
{
    return value_equal(a, b, 0);
}
