/* SPDX-License-Identifier: MIT */
#include "daemon/terms.h"

#include <stdlib.h>

void
terms_deinit(struct terms *terms)
{
    free(terms->items);
    *terms = (struct terms){0};
}

static void
add(struct terms *terms, struct span key, struct span value, bool removes)
{
    if (terms->size == terms->capacity && !terms->failed) {
        size_t capacity = terms->capacity == 0 ? 16 : 2 * terms->capacity;
        struct term *items =
            reallocarray(terms->items, capacity, sizeof *items);
        terms->failed = items == NULL;
        if (items != NULL) {
            terms->items = items;
            terms->capacity = capacity;
        }
    }
    if (terms->failed)
        return;
    terms->items[terms->size] = (struct term){.key = key,
                                              .value = value,
                                              .order = (uint32_t)terms->size,
                                              .removes = removes};
    terms->size++;
}

void
terms_merge(struct terms *terms, struct span map, bool amendment)
{
    if (map.data == NULL)
        return;
    struct mp_reader reader = mp_reader(map);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span key = mp_str(&reader);
        bool nil = mp_peek(&reader) == MP_NIL;
        struct span value = mp_value(&reader);
        if (!reader.failed && !span_is(key, "effective"))
            add(terms, key, value, nil && amendment);
    }
}

void
terms_merge_all(struct terms *terms, const struct terms *others)
{
    for (size_t i = 0; i < others->size; i++)
        add(terms, others->items[i].key, others->items[i].value, false);
    terms->failed |= others->failed;
}

static int
compare(const void *left, const void *right)
{
    const struct term *a = left, *b = right;
    int order = span_compare(a->key, b->key);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

void
terms_settle(struct terms *terms)
{
    size_t kept = 0;
    if (terms->size > 0)
        qsort(terms->items, terms->size, sizeof *terms->items, compare);
    for (size_t i = 0; i < terms->size; i++) {
        bool last = i + 1 == terms->size ||
                    !span_equal(terms->items[i].key, terms->items[i + 1].key);
        if (last && !terms->items[i].removes)
            terms->items[kept++] = terms->items[i];
    }
    terms->size = kept;
}

void
terms_put(struct mp_buf *buf, const struct terms *terms)
{
    mp_put_map(buf, (uint32_t)terms->size);
    for (size_t i = 0; i < terms->size; i++) {
        mp_put_str(buf, terms->items[i].key);
        mp_put_raw(buf, terms->items[i].value);
    }
}
