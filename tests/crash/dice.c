/* SPDX-License-Identifier: MIT */
#include "tests/crash/dice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t state;

void
dice_begin(void)
{
    const char *seed = getenv("ENTENTE_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    state = seed == NULL ? (uint64_t)now.tv_nsec << 32 | (uint32_t)getpid()
                         : strtoull(seed, NULL, 0);
    if (state == 0)
        state = 1; /* the one state that the generator cannot leave */
    printf("ENTENTE_SEED=%" PRIu64 "\n", state);
}

/* xorshift64*, Vigna 2014 */
uint64_t
dice_below(uint64_t end)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return ((state * 2685821657736338717u) >> 33) % end;
}
