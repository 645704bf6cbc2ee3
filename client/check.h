/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CHECK_H
#define CLIENT_CHECK_H

#include "client/batch.h"

/*
 * `append --dry-run`: every rule that needs no other event, without a daemon.
 * Reports all faults, not only the first.
 */

struct check {
    uint64_t good;
    uint64_t faulty;
};

/* CLIENT_DONE, also for a faulty event, which is counted and told. */
enum client_status check_event(struct check *check, struct client *client,
                               struct span event, struct place place);

/* Sum up; CLIENT_REFUSED where an event was faulty. */
enum client_status check_end(const struct check *check, struct client *client,
                             enum client_status status);

#endif
