/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LIVENESS_H
#define DAEMON_LIVENESS_H

#include "daemon/number_map.h"
#include "daemon/views.h"

/*
 * Whether an event is superseded as of (K, S): some live event corrects or
 * retracts it (EVENTS.md, "Superseded").  The one that supersedes always has
 * the higher position, so the question is well founded; it is answered without
 * recursion, whatever the length of a chain, and remembered.
 *
 * One thread at a time.
 */
struct liveness {
    int64_t known;
    uint64_t seq;
    struct number_map memo; /* position -> 1 if superseded */
    struct liveness_frame *stack;
    size_t depth, capacity;
};

void liveness_init(struct liveness *liveness, int64_t known, uint64_t seq);
void liveness_deinit(struct liveness *liveness);

/*
 * Only events that are marked (struct fold_op) can be superseded.  VIEWS_OK,
 * VIEWS_FULL without memory, or VIEWS_FAILED.
 */
enum views_result liveness_superseded(struct liveness *liveness,
                                      struct views_reader *views,
                                      uint64_t event, bool *superseded)
    __attribute__((warn_unused_result));

#endif
