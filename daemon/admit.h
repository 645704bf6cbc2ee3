/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ADMIT_H
#define DAEMON_ADMIT_H

#include "daemon/append.h"
#include "daemon/log.h"
#include "daemon/recent.h"
#include "daemon/views.h"

/*
 * Whether a request to append may be stored, and the bytes that are stored.
 *
 * A group is what one flush makes durable: requests are admitted one after
 * the other, each sees those before it, and a request that is refused leaves
 * no trace.  The order of the checks is that of PROTOCOL.md, "append".
 *
 * Writer thread only.
 */

struct admit {
    struct log_reader *log;     /* begun by the caller, for a group */
    struct views_reader *views; /* the same */
    struct recent *recent;      /* everything above the views' position */
    int64_t recorded_ms;        /* of this group */
    uint64_t first;             /* position of the group's first event */
    struct mp_buf bytes;        /* the stored events, one after the other */
    size_t *ends;               /* where each ends in bytes */
    size_t count, capacity;
    uint8_t random[256]; /* for the ids that we assign; used from the end */
    size_t random_left;
};

void admit_deinit(struct admit *admit);

/* Begin a group behind `tip`. */
void admit_begin(struct admit *admit, uint64_t tip, int64_t recorded_ms);

/* A stored event, durable or of this group; borrowed until the next event is
 * admitted. */
enum log_result admit_event(struct admit *admit, uint64_t seq,
                            struct span *event);

/*
 * Check a request; on success its events have seq and rev, and the new ones
 * stand at the end of the group.  Otherwise it is refused and nothing changed.
 */
void admit_request(struct admit *admit, struct append_request *request);

/* The group's events as spans, valid until the next call; NULL without
 * memory. To be freed by the caller. */
struct span *admit_spans(const struct admit *admit);

#endif
