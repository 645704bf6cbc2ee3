/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CHECK_EVENTS_H
#define DAEMON_CHECK_EVENTS_H

#include "daemon/check_report.h"
#include "daemon/log.h"

#include <stdbool.h>

/*
 * Every event of a log, one after the other, by itself and by those before it:
 * its checksum, its position, its fields by the rules that it was accepted by,
 * the revisions of its partnership, the times of recording, its id, and what it
 * refers to.  A damaged event is one finding, and what it can no longer tell of
 * others is held against nobody.
 */

struct check_events {
    uint64_t sound, damaged, missing;
    uint64_t partnerships, references;
    uint64_t unchecked; /* references to what may be a damaged event */
};

/*
 * Look at the positions up to the tip of `log`, which holds `count` events.  0,
 * or a negative errno with `reason` set where it could not go on.
 */
int check_events(struct log *log, uint64_t count, struct check_report *report,
                 struct check_events *result, struct diag_reason *reason)
    __attribute__((warn_unused_result));

#endif
