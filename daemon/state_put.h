/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_STATE_PUT_H
#define DAEMON_STATE_PUT_H

#include "daemon/folding.h"

/*
 * A folded state as the map that EVENTS.md, "The state", describes: reads the
 * titles, terms and amounts of the events that the state names.
 */

struct state_answer {
    struct service *service; /* its readers are between begin and end */
    struct span partnership;
    const struct folding *folding; /* done */
};

enum state_put_result {
    STATE_PUT_OK,
    STATE_PUT_CORRUPT, /* `*corrupt` is the position of a damaged event */
    STATE_PUT_LARGE,   /* it does not fit a message */
    STATE_PUT_FAILED,  /* the views or memory failed */
};

enum state_put_result state_put(struct mp_buf *buf,
                                const struct state_answer *answer,
                                uint64_t *corrupt)
    __attribute__((warn_unused_result));

/* Answer a job with what state_put wrote to `buf`, or with why it could not.
 */
void state_put_answer(struct job *job, struct mp_buf *out,
                      enum state_put_result result, uint64_t corrupt,
                      const struct mp_buf *buf);

/* The `totals` of a state alone. */
void state_put_totals(struct mp_buf *buf, const struct fold *fold);

/* The keys of a state whose change a `diff` reports, as a map. */
enum state_put_result state_put_compared(struct mp_buf *buf,
                                         const struct state_answer *answer,
                                         uint64_t *corrupt)
    __attribute__((warn_unused_result));

#endif
