/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_GAP_WALK_H
#define DAEMON_GAP_WALK_H

#include "daemon/views.h"

/*
 * The events that could have happened by A without being public by K, in fold
 * order, of one partnership or of all.
 *
 * Up to K only late events (k > t) can be among them, and they have an index
 * of their own; from K to A any event can.  Whoever walks still has to look at
 * k, S and superseding.
 */
struct gap_walk {
    struct views_reader *views;
    uint32_t partnership; /* 0: all */
    int64_t at, known;
    bool late_over; /* the walk is beyond K */
};

/* VIEWS_ABSENT beyond A. */
enum views_result gap_walk_seek(struct gap_walk *walk,
                                const struct views_place *from,
                                struct views_hit *hit)
    __attribute__((warn_unused_result));
enum views_result gap_walk_next(struct gap_walk *walk, struct views_hit *hit)
    __attribute__((warn_unused_result));

#endif
