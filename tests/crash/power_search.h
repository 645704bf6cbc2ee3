/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_POWER_SEARCH_H
#define TESTS_CRASH_POWER_SEARCH_H

#include "tests/crash/power_recover.h"

/*
 * Cut the power again and again: at many moments of a workload, and at each
 * leave one or another of the legal states.  Several daemons recover at once.
 */
struct power_search {
    const struct power_load *load;
    const char *directory; /* for this alone */
    size_t states;         /* different ones that are wanted */
    bool for_loss; /* end with the first loss, not with the first that is not
                      whole */
    /* out */
    size_t tried, different;
    size_t found[POWER_VERDICTS];
    size_t rebuilt; /* in which views were not believed */
    size_t beyond;  /* in which more was there than acknowledged */
    char why[2 * POWER_WHY_SIZE]; /* of the one that ended it */
};

void power_search(struct power_search *asked);

#endif
