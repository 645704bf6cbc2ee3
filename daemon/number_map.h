/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_NUMBER_MAP_H
#define DAEMON_NUMBER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A map from 64-bit numbers to 32-bit ones: open addressing with linear
 * probing and backward-shift deletion (Knuth, TAOCP 3, 6.4, algorithm R).
 * Start with {0}.  One thread at a time.
 */
struct number_map {
    struct number_map_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void number_map_deinit(struct number_map *map);
void number_map_clear(struct number_map *map); /* keeps the memory */

/* Have room for so many keys. 0 or -ENOMEM. */
int number_map_reserve(struct number_map *map, size_t count)
    __attribute__((warn_unused_result));

bool number_map_find(const struct number_map *map, uint64_t key,
                     uint32_t *value);
/* Insert or replace. 0 or -ENOMEM. */
int number_map_put(struct number_map *map, uint64_t key, uint32_t value)
    __attribute__((warn_unused_result));
void number_map_remove(struct number_map *map, uint64_t key);

#endif
