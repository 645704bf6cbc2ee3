/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_RANDOM_FIXTURE_H
#define TESTS_UNIT_RANDOM_FIXTURE_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*
 * Dice for random tests: another seed each time, printed, and TEST_SEED=... to
 * throw the same again.
 */

static inline uint64_t
random_seed(const char *what)
{
    const char *given = getenv("TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed =
        given != NULL ? strtoull(given, NULL, 0)
                      : (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
    printf("%s: TEST_SEED=%" PRIu64 "\n", what, seed);
    fflush(stdout);
    return seed;
}

/* SplitMix64: https://prng.di.unimi.it/splitmix64.c */
static inline uint64_t
random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static inline uint64_t
random_below(uint64_t *state, uint64_t limit)
{
    return random_next(state) % limit;
}

#endif
