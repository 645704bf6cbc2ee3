/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ADMIT_REFERENCE_H
#define DAEMON_ADMIT_REFERENCE_H

#include "daemon/admit.h"

/*
 * The checks of `re`, `corrects` and `disclosed_by`: a part of daemon/admit.
 * EVENTS.md, "References".
 */

/* The position of an id in the log or in this group: VIEWS_OK, _ABSENT or
 * _FAILED. */
enum views_result admit_find(struct admit *admit, struct span id,
                             uint64_t *seq);

/* The request's new events have their positions; refuses it where one names
 * what it may not. */
void admit_check_references(struct admit *admit,
                            struct append_request *request);

#endif
