/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_STATE_PUT_H
#define DAEMON_STATE_PUT_H

#include "daemon/asof.h"
#include "daemon/fold.h"

/*
 * A folded state as the map that EVENTS.md, "The state", describes: reads the
 * titles, terms and amounts of the events that the state names.
 */

/* How many possible events an answer names. */
#define STATE_POSSIBLE_MAX 100u

struct state_answer {
    struct service *service; /* its readers are between begin and end */
    struct span partnership;
    struct asof asof;
    const struct fold *fold;
    const uint64_t *possible; /* positions, in order */
    size_t possible_count;
    uint64_t undisclosed;
};

enum state_put_result {
    STATE_PUT_OK,
    STATE_PUT_CORRUPT, /* `*corrupt` is the position of a damaged event */
    STATE_PUT_FAILED,  /* the views or memory failed */
};

enum state_put_result state_put(struct mp_buf *buf,
                                const struct state_answer *answer,
                                uint64_t *corrupt)
    __attribute__((warn_unused_result));

/* The `totals` of a state alone. */
void state_put_totals(struct mp_buf *buf, const struct fold *fold);

#endif
