/* SPDX-License-Identifier: MIT */
#include "daemon/number_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAP_CAPACITY_MIN ((size_t)16)

struct number_map_slot {
    uint64_t key;
    uint32_t value;
    bool used;
};

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
static size_t
home(const struct number_map *map, uint64_t key)
{
    key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9u;
    key = (key ^ key >> 27) * 0x94d049bb133111ebu;
    return (size_t)(key ^ key >> 31) & (map->capacity - 1);
}

/* The slot of a key, or the free one where it would go. */
static size_t
probe(const struct number_map *map, uint64_t key)
{
    size_t at = home(map, key);
    while (map->slots[at].used && map->slots[at].key != key)
        at = (at + 1) & (map->capacity - 1);
    return at;
}

void
number_map_deinit(struct number_map *map)
{
    free(map->slots);
    *map = (struct number_map){0};
}

void
number_map_clear(struct number_map *map)
{
    if (map->count > 0)
        memset(map->slots, 0, map->capacity * sizeof *map->slots);
    map->count = 0;
}

bool
number_map_find(const struct number_map *map, uint64_t key, uint32_t *value)
{
    if (map->count == 0)
        return false;
    const struct number_map_slot *slot = &map->slots[probe(map, key)];
    if (slot->used)
        *value = slot->value;
    return slot->used;
}

static int
resize(struct number_map *map, size_t capacity)
{
    struct number_map bigger = {.capacity = capacity, .count = map->count};
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].used)
            bigger.slots[probe(&bigger, map->slots[i].key)] = map->slots[i];
    free(map->slots);
    *map = bigger;
    return 0;
}

/* At most three quarters full, so that a probe stays short. */
int
number_map_reserve(struct number_map *map, size_t count)
{
    size_t capacity =
        map->capacity == 0 ? NUMBER_MAP_CAPACITY_MIN : map->capacity;
    while (4 * count > 3 * capacity)
        capacity *= 2;
    return capacity == map->capacity ? 0 : resize(map, capacity);
}

int
number_map_put(struct number_map *map, uint64_t key, uint32_t value)
{
    int rc = number_map_reserve(map, map->count + 1);
    if (rc != 0)
        return rc;
    struct number_map_slot *slot = &map->slots[probe(map, key)];
    map->count += !slot->used;
    *slot = (struct number_map_slot){.key = key, .value = value, .used = true};
    return 0;
}

void
number_map_remove(struct number_map *map, uint64_t key)
{
    if (map->count == 0)
        return;
    size_t mask = map->capacity - 1;
    size_t hole = probe(map, key);
    if (!map->slots[hole].used)
        return;
    for (size_t at = (hole + 1) & mask; map->slots[at].used;
         at = (at + 1) & mask) {
        size_t from_home = (at - home(map, map->slots[at].key)) & mask;
        size_t from_hole = (at - hole) & mask;
        if (from_home < from_hole)
            continue; /* it would land before its home */
        map->slots[hole] = map->slots[at];
        hole = at;
    }
    map->slots[hole].used = false;
    map->count--;
}
