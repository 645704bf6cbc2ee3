/* SPDX-License-Identifier: MIT */
#include "daemon/fold_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/fold_list.h"

/*
 * events, first, last; then, each behind its count, and the first three in the
 * order of their numbers, so that equal states are equal bytes:
 *   counts      type, count
 *   totals      kind, currency, events, sum (16 bytes, little-endian)
 *   parties     number, events
 *   agreements, offers, disputes: root, seq, effective start and end, then
 *               behind their count the positions of the amendments
 */

/* A varint of 64 bits. */
#define VARINT_SIZE_MAX ((size_t)10)

/* --- writing --------------------------------------------------------------*/

static void
put(struct mp_buf *buf, uint64_t number)
{
    uint8_t *at = mp_buf_reserve(buf, VARINT_SIZE_MAX);
    size_t size = 0;
    if (at == NULL)
        return;
    for (; number >= 0x80; number >>= 7)
        at[size++] = (uint8_t)(number | 0x80);
    at[size++] = (uint8_t)number;
    buf->size += size;
}

static void
put_signed(struct mp_buf *buf, int64_t number)
{
    put(buf, (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0));
}

static void
put_list(struct mp_buf *buf, const struct fold_list *list)
{
    put(buf, list->count);
    for (size_t i = 0; i < list->size; i++) {
        const struct fold_entry *entry = &list->entries[i];
        if (entry->gone)
            continue;
        put(buf, entry->root);
        put(buf, entry->seq);
        put_signed(buf, entry->effective_start);
        put_signed(buf, entry->effective_end);
        put(buf, entry->amendment_count);
        for (uint32_t j = 0; j < entry->amendment_count; j++)
            put(buf, entry->amendments[j]);
    }
}

static void
put_total(struct mp_buf *buf, const struct fold_total *total)
{
    put(buf, (uint64_t)total->kind);
    put(buf, total->currency);
    put(buf, total->events);
    mp_buf_append(buf, &total->sum, sizeof total->sum);
}

static int
compare_counts(const void *one, const void *other)
{
    const struct fold_count *left = one, *right = other;
    return (left->type > right->type) - (left->type < right->type);
}

static int
compare_totals(const void *one, const void *other)
{
    const struct fold_total *left = one, *right = other;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return (left->currency > right->currency) -
           (left->currency < right->currency);
}

static int
compare_parties(const void *one, const void *other)
{
    const struct fold_party *left = one, *right = other;
    return (left->number > right->number) - (left->number < right->number);
}

/* A sorted copy, to be freed; NULL for none, or without memory. */
static void *
sorted(struct mp_buf *buf, const void *array, size_t count, size_t element,
       int (*compare)(const void *, const void *))
{
    void *copy = count == 0 ? NULL : reallocarray(NULL, count, element);
    put(buf, count);
    if (copy == NULL) {
        buf->failed |= count > 0;
        return NULL;
    }
    memcpy(copy, array, count * element);
    qsort(copy, count, element, compare);
    return copy;
}

static void
put_counts(struct mp_buf *buf, const struct fold *fold)
{
    struct fold_count *counts = sorted(buf, fold->counts, fold->count_size,
                                       sizeof *counts, compare_counts);
    for (size_t i = 0; counts != NULL && i < fold->count_size; i++) {
        put(buf, counts[i].type);
        put(buf, counts[i].count);
    }
    free(counts);
}

static void
put_totals(struct mp_buf *buf, const struct fold *fold)
{
    struct fold_total *totals = sorted(buf, fold->totals, fold->total_size,
                                       sizeof *totals, compare_totals);
    for (size_t i = 0; totals != NULL && i < fold->total_size; i++)
        put_total(buf, &totals[i]);
    free(totals);
}

static void
put_parties(struct mp_buf *buf, const struct fold *fold)
{
    struct fold_party *parties = sorted(buf, fold->parties, fold->party_size,
                                        sizeof *parties, compare_parties);
    for (size_t i = 0; parties != NULL && i < fold->party_size; i++) {
        put(buf, parties[i].number);
        put(buf, parties[i].events);
    }
    free(parties);
}

void
fold_save(struct mp_buf *buf, const struct fold *fold)
{
    put(buf, fold->events);
    put(buf, fold->first);
    put(buf, fold->last);
    put_counts(buf, fold);
    put_totals(buf, fold);
    put_parties(buf, fold);
    put_list(buf, &fold->agreements);
    put_list(buf, &fold->offers);
    put_list(buf, &fold->disputes);
}

/* --- reading: the first mistake stays -------------------------------------*/

struct reading {
    const uint8_t *at, *end;
    int error;
};

static uint64_t
get(struct reading *reading)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (reading->at == reading->end)
            break;
        uint8_t byte = *reading->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    reading->error = reading->error != 0 ? reading->error : -EINVAL;
    return 0;
}

static int64_t
get_signed(struct reading *reading)
{
    uint64_t number = get(reading);
    return (int64_t)(number >> 1 ^ -(number & 1));
}

/* Each element takes a byte at least. */
static size_t
get_count(struct reading *reading)
{
    uint64_t count = get(reading);
    if (count > (uint64_t)(reading->end - reading->at)) {
        reading->error = reading->error != 0 ? reading->error : -EINVAL;
        return 0;
    }
    return (size_t)count;
}

static void *
get_array(struct reading *reading, size_t count, size_t element)
{
    if (count == 0 || reading->error != 0)
        return NULL;
    void *array = reallocarray(NULL, count, element);
    if (array == NULL)
        reading->error = -ENOMEM;
    return array;
}

static void
index_key(struct reading *reading, struct number_map *map, uint64_t key,
          size_t value)
{
    if (reading->error == 0)
        reading->error = number_map_put(map, key, (uint32_t)value);
}

static void
get_counts(struct reading *reading, struct fold *fold)
{
    size_t count = get_count(reading);
    fold->counts = get_array(reading, count, sizeof *fold->counts);
    for (size_t i = 0; i < count && reading->error == 0; i++) {
        fold->counts[i].type = (uint32_t)get(reading);
        fold->counts[i].count = get(reading);
        index_key(reading, &fold->count_index, fold->counts[i].type, i);
        fold->count_size = fold->count_capacity = i + 1;
    }
}

static void
get_total(struct reading *reading, struct fold_total *total)
{
    uint64_t kind = get(reading);
    total->currency = (uint32_t)get(reading);
    total->events = get(reading);
    if (kind >= MODEL_AMOUNT_KIND_COUNT ||
        (size_t)(reading->end - reading->at) < sizeof total->sum) {
        reading->error = reading->error != 0 ? reading->error : -EINVAL;
        return;
    }
    total->kind = (enum model_amount_kind)kind;
    memcpy(&total->sum, reading->at, sizeof total->sum);
    reading->at += sizeof total->sum;
}

static void
get_totals(struct reading *reading, struct fold *fold)
{
    size_t count = get_count(reading);
    fold->totals = get_array(reading, count, sizeof *fold->totals);
    for (size_t i = 0; i < count && reading->error == 0; i++) {
        struct fold_total *total = &fold->totals[i];
        *total = (struct fold_total){0};
        get_total(reading, total);
        index_key(reading, &fold->total_index,
                  (uint64_t)total->kind << 32 | total->currency, i);
        fold->total_size = fold->total_capacity = i + 1;
    }
}

static void
get_parties(struct reading *reading, struct fold *fold)
{
    size_t count = get_count(reading);
    fold->parties = get_array(reading, count, sizeof *fold->parties);
    for (size_t i = 0; i < count && reading->error == 0; i++) {
        fold->parties[i].number = (uint32_t)get(reading);
        fold->parties[i].events = get(reading);
        index_key(reading, &fold->party_index, fold->parties[i].number, i);
        fold->party_size = fold->party_capacity = i + 1;
    }
}

static void
get_entry(struct reading *reading, struct fold_list *list)
{
    struct fold_entry *entry = fold_list_set(list, get(reading));
    if (entry == NULL) {
        reading->error = -ENOMEM;
        return;
    }
    entry->seq = get(reading);
    entry->effective_start = get_signed(reading);
    entry->effective_end = get_signed(reading);
    size_t count = get_count(reading);
    for (size_t i = 0; i < count && reading->error == 0; i++)
        reading->error = fold_entry_amend(entry, get(reading));
}

static void
get_list(struct reading *reading, struct fold_list *list)
{
    size_t count = get_count(reading);
    for (size_t i = 0; i < count && reading->error == 0; i++)
        get_entry(reading, list);
}

int
fold_load(struct fold *fold, struct span bytes)
{
    struct reading reading = {.at = bytes.data, .end = bytes.data + bytes.size};
    fold->events = get(&reading);
    fold->first = get(&reading);
    fold->last = get(&reading);
    get_counts(&reading, fold);
    get_totals(&reading, fold);
    get_parties(&reading, fold);
    get_list(&reading, &fold->agreements);
    get_list(&reading, &fold->offers);
    get_list(&reading, &fold->disputes);
    if (reading.error == 0 && reading.at != reading.end)
        reading.error = -EINVAL;
    return reading.error;
}
