/* SPDX-License-Identifier: MIT */
#include "tests/bench/dice.h"

#include <assert.h>

/* The bits of a double that hold a number below 1. */
#define MANTISSA_BITS 53

/* SplitMix64: https://prng.di.unimi.it/splitmix64.c */
static uint64_t
dice_next(struct dice *dice)
{
    uint64_t z = (dice->state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t
dice_below(struct dice *dice, uint64_t limit)
{
    assert(limit > 0);
    return dice_next(dice) % limit;
}

bool
dice_chance(struct dice *dice, double share)
{
    double thrown = (double)(dice_next(dice) >> (64 - MANTISSA_BITS)) /
                    (double)((uint64_t)1 << MANTISSA_BITS);
    return thrown < share;
}
