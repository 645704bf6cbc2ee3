/* SPDX-License-Identifier: MIT */
#include "daemon/recent.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

/* A conversation's worth; an import makes it grow. */
#define RECENT_CAPACITY_MIN ((size_t)256)

void
recent_init(struct recent *recent, uint64_t first)
{
    *recent = (struct recent){.first = first, .end = first};
    if (getrandom(&recent->seed, sizeof recent->seed, GRND_NONBLOCK) < 0)
        recent->seed = (uint64_t)(uintptr_t)recent;
}

void
recent_deinit(struct recent *recent)
{
    free(recent->entries);
    free(recent->id_buckets);
    free(recent->partnership_buckets);
    *recent = (struct recent){0};
}

static struct recent_entry *
entry_at(const struct recent *recent, uint64_t seq)
{
    return &recent->entries[seq & (recent->capacity - 1)];
}

static uint64_t *
bucket_of(const struct recent *recent, uint64_t *buckets, const void *data,
          size_t size)
{
    uint64_t hash = XXH3_64bits_withSeed(data, size, recent->seed);
    return &buckets[hash & (recent->capacity - 1)];
}

static uint64_t *
id_bucket(const struct recent *recent, const struct recent_entry *entry)
{
    return bucket_of(recent, recent->id_buckets, entry->id, entry->id_size);
}

static uint64_t *
partnership_bucket(const struct recent *recent,
                   const struct recent_entry *entry)
{
    return bucket_of(recent, recent->partnership_buckets, entry->partnership,
                     entry->partnership_size);
}

/* Chains run from new to old, so forgetting old ones needs no unlinking: a
 * walk ends at the first position that is no longer held. */
static void
link_entry(struct recent *recent, struct recent_entry *entry)
{
    uint64_t *bucket = id_bucket(recent, entry);
    entry->next_id = *bucket;
    *bucket = entry->seq;
    bucket = partnership_bucket(recent, entry);
    entry->next_partnership = *bucket;
    *bucket = entry->seq;
}

/* Empty, of that capacity, for the same positions. */
static int
make_bigger(const struct recent *recent, size_t capacity, struct recent *bigger)
{
    *bigger = (struct recent){.capacity = capacity,
                              .first = recent->first,
                              .end = recent->end,
                              .seed = recent->seed};
    bigger->entries = calloc(capacity, sizeof *bigger->entries);
    bigger->id_buckets = calloc(capacity, sizeof *bigger->id_buckets);
    bigger->partnership_buckets =
        calloc(capacity, sizeof *bigger->partnership_buckets);
    if (bigger->entries != NULL && bigger->id_buckets != NULL &&
        bigger->partnership_buckets != NULL)
        return 0;
    recent_deinit(bigger);
    return -ENOMEM;
}

static int
grow(struct recent *recent)
{
    struct recent bigger;
    int rc = make_bigger(recent,
                         recent->capacity == 0 ? RECENT_CAPACITY_MIN
                                               : 2 * recent->capacity,
                         &bigger);
    if (rc != 0)
        return rc;
    for (uint64_t seq = recent->first; seq < recent->end; seq++) {
        struct recent_entry *entry = entry_at(&bigger, seq);
        *entry = *entry_at(recent, seq);
        link_entry(&bigger, entry);
    }
    struct recent old = *recent;
    *recent = bigger;
    recent_deinit(&old);
    return 0;
}

int
recent_add(struct recent *recent, uint64_t rev, enum model_type type,
           struct span id, struct span partnership)
{
    assert(id.size <= MODEL_ID_SIZE_MAX);
    assert(partnership.size <= MODEL_SLUG_SIZE_MAX);
    if (recent_count(recent) == recent->capacity) {
        int rc = grow(recent);
        if (rc != 0)
            return rc;
    }
    struct recent_entry *entry = entry_at(recent, recent->end);
    entry->seq = recent->end++;
    entry->rev = rev;
    entry->type = type;
    entry->id_size = (uint8_t)id.size;
    entry->partnership_size = (uint8_t)partnership.size;
    memcpy(entry->id, id.data, id.size);
    memcpy(entry->partnership, partnership.data, partnership.size);
    link_entry(recent, entry);
    return 0;
}

static bool
holds(const struct recent *recent, uint64_t seq)
{
    return seq >= recent->first && seq < recent->end;
}

const struct recent_entry *
recent_find_id(const struct recent *recent, struct span id)
{
    if (recent_count(recent) == 0)
        return NULL;
    uint64_t seq = *bucket_of(recent, recent->id_buckets, id.data, id.size);
    while (holds(recent, seq)) {
        const struct recent_entry *entry = entry_at(recent, seq);
        if (span_equal((struct span){entry->id, entry->id_size}, id))
            return entry;
        seq = entry->next_id;
    }
    return NULL;
}

const struct recent_entry *
recent_find_partnership(const struct recent *recent, struct span partnership)
{
    if (recent_count(recent) == 0)
        return NULL;
    uint64_t seq = *bucket_of(recent, recent->partnership_buckets,
                              partnership.data, partnership.size);
    while (holds(recent, seq)) {
        const struct recent_entry *entry = entry_at(recent, seq);
        if (span_equal(
                (struct span){entry->partnership, entry->partnership_size},
                partnership))
            return entry;
        seq = entry->next_partnership;
    }
    return NULL;
}

void
recent_forget_upto(struct recent *recent, uint64_t seq)
{
    if (seq >= recent->end)
        seq = recent->end - 1;
    if (seq + 1 > recent->first)
        recent->first = seq + 1;
}

void
recent_forget_above(struct recent *recent, uint64_t seq)
{
    while (recent->end > recent->first && recent->end - 1 > seq) {
        const struct recent_entry *entry = entry_at(recent, --recent->end);
        *id_bucket(recent, entry) = entry->next_id;
        *partnership_bucket(recent, entry) = entry->next_partnership;
    }
}

size_t
recent_count(const struct recent *recent)
{
    return (size_t)(recent->end - recent->first);
}
