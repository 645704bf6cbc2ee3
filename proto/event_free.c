/* SPDX-License-Identifier: MIT */
#include "proto/event_parts.h"

#include <math.h>
#include <stdlib.h>

/* Up to here comparing each with each is the fastest way to find two alike. */
#define PAIRWISE_MAX ((size_t)16)

/* --- the keys of the open maps --------------------------------------------*/

static bool
keys_grow(struct event_keys *keys)
{
    size_t capacity = 2 * keys->capacity;
    bool on_heap = keys->list != keys->few;
    struct span *list =
        realloc(on_heap ? keys->list : NULL, capacity * sizeof(*list));
    if (list == NULL)
        return false;
    if (!on_heap)
        memcpy(list, keys->few, sizeof(keys->few));
    keys->list = list;
    keys->capacity = capacity;
    return true;
}

bool
event_keys_push(struct event_checker *checker, struct span key)
{
    struct event_keys *keys = &checker->keys;
    if (keys->count == keys->capacity && !keys_grow(keys))
        return event_refuse(checker, MODEL_OVERLOADED,
                            "no memory to check so many keys; try again later");
    keys->list[keys->count++] = key;
    return true;
}

void
event_keys_init(struct event_keys *keys)
{
    keys->list = keys->few;
    keys->count = 0;
    keys->capacity = EVENT_KEYS_INLINE;
}

void
event_keys_deinit(struct event_keys *keys)
{
    if (keys->list != keys->few)
        free(keys->list);
}

/* Any total order does, and by size first most need no look at the bytes. */
static int
key_order(const void *left, const void *right)
{
    const struct span *a = left;
    const struct span *b = right;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return memcmp(a->data, b->data, a->size);
}

static const struct span *
keys_twice_pairwise(const struct span *keys, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (span_equal(keys[i], keys[j]))
                return &keys[i];
    return NULL;
}

/* One of the keys that is there twice, or NULL.  Changes their order. */
static const struct span *
keys_twice(struct span *keys, size_t count)
{
    if (count <= PAIRWISE_MAX)
        return keys_twice_pairwise(keys, count);
    qsort(keys, count, sizeof(*keys), key_order);
    for (size_t i = 1; i < count; i++)
        if (span_equal(keys[i], keys[i - 1]))
            return &keys[i];
    return NULL;
}

/* --- values ---------------------------------------------------------------*/

/* Bounded: a container deeper than MODEL_DEPTH_MAX is refused unopened. */
static bool check_value(struct event_checker *checker, struct mp_reader *reader,
                        bool bin);

/* Take a key and go down to its value. */
static bool
check_key(struct event_checker *checker, struct mp_reader *reader)
{
    enum mp_kind kind = mp_peek(reader);
    if (kind != MP_STR)
        return event_refuse_place(checker,
                                  "has a key that is no string; keys must be "
                                  "strings");
    struct mp_reader ahead = *reader;
    event_path_key(&checker->path, mp_str(&ahead));
    return event_check_str(checker, reader, MODEL_TEXT_SIZE_MAX, true) &&
           event_keys_push(checker, checker->text);
}

static bool
check_unique(struct event_checker *checker, size_t base)
{
    struct event_keys *keys = &checker->keys;
    const struct span *twice =
        keys_twice(keys->list + base, keys->count - base);
    keys->count = base;
    if (twice == NULL)
        return true;
    event_path_key(&checker->path, *twice);
    return event_refuse_place(checker,
                              "is given twice; a map has each key once");
}

static bool
check_map(struct event_checker *checker, struct mp_reader *reader, bool bin)
{
    size_t base = checker->keys.count;
    uint32_t count = mp_map(reader);
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        if (!check_key(checker, reader) || !check_value(checker, reader, bin))
            return false;
        event_path_up(&checker->path);
    }
    return check_unique(checker, base);
}

static bool
check_array(struct event_checker *checker, struct mp_reader *reader, bool bin)
{
    uint32_t count = mp_array(reader);
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        event_path_index(&checker->path, i);
        if (!check_value(checker, reader, bin))
            return false;
        event_path_up(&checker->path);
    }
    return true;
}

static bool
check_bin(struct event_checker *checker, struct mp_reader *reader, bool bin)
{
    mp_next(reader);
    return bin || event_refuse_place(checker,
                                     "is binary, which only \"ext\" may hold; "
                                     "use a string");
}

static bool
check_float(struct event_checker *checker, struct mp_reader *reader)
{
    struct mp_token token = mp_next(reader);
    return isfinite(token.real) ||
           event_refuse_place(checker, "is %s; numbers must be finite",
                              isnan(token.real) ? "NaN" : "infinite");
}

static bool
check_depth(struct event_checker *checker)
{
    /* The event is depth 1 and has an empty path. */
    return checker->path.count < MODEL_DEPTH_MAX ||
           event_refuse_place(checker,
                              "is nested too deep; at most %u levels are "
                              "allowed, the event being the first",
                              MODEL_DEPTH_MAX);
}

static bool
check_value(struct event_checker *checker, struct mp_reader *reader, bool bin)
{
    enum mp_kind kind = mp_peek(reader);
    switch (kind) {
    case MP_NIL:
    case MP_BOOL:
    case MP_INT:
        mp_next(reader);
        return true;
    case MP_FLOAT:
        return check_float(checker, reader);
    case MP_STR:
        return event_check_str(checker, reader, MODEL_TEXT_SIZE_MAX, true);
    case MP_BIN:
        return check_bin(checker, reader, bin);
    case MP_EXT:
        return event_refuse_kind(checker, kind, "a plain value");
    case MP_ARRAY:
        return check_depth(checker) && check_array(checker, reader, bin);
    case MP_MAP:
        return check_depth(checker) && check_map(checker, reader, bin);
    }
    return false;
}

bool
event_check_free(struct event_checker *checker, struct mp_reader *reader,
                 bool bin)
{
    enum mp_kind kind = mp_peek(reader);
    return kind == MP_MAP ? check_map(checker, reader, bin)
                          : event_refuse_kind(checker, kind, "a map");
}
