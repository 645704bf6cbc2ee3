/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_DICE_H
#define TESTS_CRASH_DICE_H

#include <stdint.h>

/*
 * Chance that can be had again: the seed is printed, and taken from
 * $ENTENTE_SEED where that is set.
 */
void dice_begin(void);

/* A number below `end`, which is not 0. */
uint64_t dice_below(uint64_t end);

#endif
