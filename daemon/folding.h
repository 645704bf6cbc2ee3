/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_FOLDING_H
#define DAEMON_FOLDING_H

#include "daemon/job.h"
#include "daemon/liveness.h"

/*
 * One partnership folded as of (A, K, S), a slice at a time: takes the last
 * checkpoint that holds, and feeds the operations behind it that count to
 * daemon/fold.
 */

/* How many possible events are kept. EVENTS.md, "The state". */
#define FOLDING_POSSIBLE_MAX 100u

struct folding_possible {
    int64_t start_lo;
    uint64_t seq;
};

enum folding_phase {
    FOLDING_BEGIN,       /* look for a checkpoint */
    FOLDING_FOLD,        /* fold what is behind it */
    FOLDING_POSSIBLE,    /* gather the possible events */
    FOLDING_UNDISCLOSED, /* count what was not public */
    FOLDING_DONE
};

struct folding {
    struct asof asof;
    enum folding_phase phase;
    uint32_t partnership;
    bool state;              /* possible and undisclosed are wanted too */
    uint32_t party;          /* whose totals are wanted too, 0 for none */
    struct fold *party_fold; /* where they go; the caller's */
    struct views_place next; /* where the phase goes on */
    uint64_t folded;         /* operations since the checkpoint */
    int64_t duration;        /* of the possible events that are looked at */
    size_t of_duration;      /* how many of them were found */
    struct fold fold;
    struct liveness known;     /* as of (K, S) */
    struct liveness disclosed; /* as of (+inf, S) */
    uint64_t undisclosed;
    struct folding_possible possible[FOLDING_POSSIBLE_MAX]; /* sorted */
    size_t possible_count;
};

void folding_init(struct folding *folding, uint32_t partnership,
                  const struct asof *asof);
void folding_deinit(struct folding *folding);

/* VIEWS_ABSENT when it is done, VIEWS_OK when the slice is over first. */
enum views_result folding_walk(struct folding *folding, struct service *service,
                               struct job_slice *slice)
    __attribute__((warn_unused_result));

/* Does an operation count as happened, as of these dates?  VIEWS_OK or an
 * error. */
enum views_result folding_happened(struct liveness *known,
                                   const struct asof *asof,
                                   struct views_reader *views,
                                   const struct fold_op *op, bool *happened)
    __attribute__((warn_unused_result));

#endif
