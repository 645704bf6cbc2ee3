/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_DICE_H
#define TESTS_BENCH_DICE_H

#include <stdbool.h>
#include <stdint.h>

/* Numbers that look random and are the same for the same seed. */
struct dice {
    uint64_t state;
};

/* Below `limit`, which is over 0. */
uint64_t dice_below(struct dice *dice, uint64_t limit);

/* True in so large a share (0 to 1) of the throws. */
bool dice_chance(struct dice *dice, double share);

#endif
