/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_POWER_RECOVER_H
#define TESTS_CRASH_POWER_RECOVER_H

#include "tests/crash/power_load.h"

/*
 * What the daemon makes of a directory that it finds when the power comes
 * back.
 */
enum power_verdict {
    POWER_WHOLE,   /* all that was acknowledged is there, and it goes on */
    POWER_REFUSED, /* it does not serve, or dies while it does */
    POWER_LOST,    /* something that was acknowledged is missing */
    POWER_WRONG,   /* it answers what cannot be */
    POWER_VERDICTS,
};

extern const char *const power_verdict_names[POWER_VERDICTS];

#define POWER_WHY_SIZE ((size_t)2048)

struct power_recovery {
    const struct power_load *load;
    const char *directory; /* for this alone: its data, its socket */
    uint64_t acked;        /* the highest position that was acknowledged */
    uint64_t dice;
    bool twice; /* stop it and look again */
    /* out */
    uint64_t tip;             /* that it found */
    bool rebuilt;             /* it did not believe the views */
    char why[POWER_WHY_SIZE]; /* unless all is whole */
};

/* To be called before the first: what its daemons preload, on a machine that
 * has been started for the `boot`th time. */
void power_recover_prepare(unsigned boot);

/* Start the daemon on the state, which is written to the directory; ask, then
 * append, and stop it.  Several threads may, each in its own directory. */
enum power_verdict power_recover(struct power_recovery *recovery,
                                 const struct power_state *state);

#endif
