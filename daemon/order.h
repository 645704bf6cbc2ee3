/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ORDER_H
#define DAEMON_ORDER_H

#include <stdint.h>

/*
 * Numbers as key bytes: big-endian, so that the order of the bytes is the
 * order of the numbers; signed ones with the sign bit flipped.
 */

static inline void
order_put_u32(uint8_t *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(number >> (24 - 8 * i));
}

static inline void
order_put_u64(uint8_t *at, uint64_t number)
{
    uint64_t swapped = __builtin_bswap64(number);
    __builtin_memcpy(at, &swapped, sizeof swapped);
}

static inline void
order_put_i64(uint8_t *at, int64_t number)
{
    order_put_u64(at, (uint64_t)number ^ ((uint64_t)1 << 63));
}

static inline uint32_t
order_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t
order_get_u64(const uint8_t *at)
{
    uint64_t swapped;
    __builtin_memcpy(&swapped, at, sizeof swapped);
    return __builtin_bswap64(swapped);
}

static inline int64_t
order_get_i64(const uint8_t *at)
{
    return (int64_t)(order_get_u64(at) ^ ((uint64_t)1 << 63));
}

#endif
