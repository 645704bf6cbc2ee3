/* SPDX-License-Identifier: MIT */
#include "daemon/tuple.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/order.h"

void
tuple_write(uint8_t key[TUPLE_KEY_SIZE], const struct tuple *tuple)
{
    order_put_u64(key, tuple->set);
    order_put_i64(key + 8, tuple->a);
    order_put_i64(key + 16, tuple->b);
    order_put_u64(key + 24, tuple->seq);
}

struct tuple
tuple_read(const uint8_t key[TUPLE_KEY_SIZE])
{
    return (struct tuple){.set = order_get_u64(key),
                          .a = order_get_i64(key + 8),
                          .b = order_get_i64(key + 16),
                          .seq = order_get_u64(key + 24)};
}

/* One pass by one byte of the set; stable. */
static void
pass(const struct tuple_entry *from, struct tuple_entry *to, size_t count,
     const size_t counts[256], unsigned shift)
{
    size_t at[256], sum = 0;
    for (size_t i = 0; i < 256; i++) {
        at[i] = sum;
        sum += counts[i];
    }
    for (size_t i = 0; i < count; i++)
        to[at[from[i].tuple.set >> shift & 0xff]++] = from[i];
}

static bool
all_alike(const size_t counts[256], size_t count)
{
    for (size_t i = 0; i < 256; i++)
        if (counts[i] != 0)
            return counts[i] == count;
    return true;
}

/* The sorted entries are where the answer points. */
static struct tuple_entry *
sort_sets(struct tuple_entry *entries, struct tuple_entry *scratch,
          size_t count)
{
    size_t counts[8][256] = {0};
    for (size_t i = 0; i < count; i++)
        for (unsigned byte = 0; byte < 8; byte++)
            counts[byte][entries[i].tuple.set >> (8 * byte) & 0xff]++;
    for (unsigned byte = 0; byte < 8; byte++) {
        if (all_alike(counts[byte], count))
            continue;
        pass(entries, scratch, count, counts[byte], 8 * byte);
        struct tuple_entry *swapped = entries;
        entries = scratch;
        scratch = swapped;
    }
    return entries;
}

/* Merge two sorted runs that follow each other; stable. */
static void
merge(const struct tuple_entry *left, size_t left_count,
      const struct tuple_entry *right, size_t right_count,
      struct tuple_entry *to)
{
    while (left_count > 0 && right_count > 0) {
        if (tuple_compare(&right->tuple, &left->tuple) < 0) {
            *to++ = *right++;
            right_count--;
        } else {
            *to++ = *left++;
            left_count--;
        }
    }
    memcpy(to, left, left_count * sizeof *to);
    memcpy(to + left_count, right, right_count * sizeof *to);
}

static bool
is_sorted(const struct tuple_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (tuple_compare(&entries[i].tuple, &entries[i - 1].tuple) < 0)
            return false;
    return true;
}

/* Runs up to this long are sorted by insertion, which is fastest there. */
#define INSERTION_MAX ((size_t)12)

static void
insertion_sort(struct tuple_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct tuple_entry entry = entries[i];
        size_t at = i;
        for (;
             at > 0 && tuple_compare(&entry.tuple, &entries[at - 1].tuple) < 0;
             at--)
            entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

/* Halves, each halved again: 20 levels for a million entries. */
static void
merge_sort(struct tuple_entry *entries, struct tuple_entry *scratch,
           size_t count)
{
    if (count <= INSERTION_MAX) {
        insertion_sort(entries, count);
        return;
    }
    if (is_sorted(entries, count))
        return;
    size_t half = count / 2;
    merge_sort(entries, scratch, half);
    merge_sort(entries + half, scratch, count - half);
    memcpy(scratch, entries, count * sizeof *scratch);
    merge(scratch, half, scratch + half, count - half, entries);
}

void
tuple_sort_places(struct tuple_entry *entries, struct tuple_entry *scratch,
                  size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && entries[end].tuple.set == entries[i].tuple.set)
            end++;
        merge_sort(entries + i, scratch, end - i);
        i = end;
    }
}

void
tuple_sort(struct tuple_entry *entries, struct tuple_entry *scratch,
           size_t count)
{
    struct tuple_entry *sorted = sort_sets(entries, scratch, count);
    if (sorted != entries)
        memcpy(entries, sorted, count * sizeof *entries);
    tuple_sort_places(entries, scratch, count);
}
