/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CLOSURE_H
#define CLIENT_CLOSURE_H

#include "client/selection.h"

/*
 * What a selection refers to: the events that its events name in `re`,
 * `corrects` and `disclosed_by`, those that these name, and so on.  Together
 * they can be appended to an empty log.
 *
 * Needs two walks over the selection, and memory for the ids that it has and
 * for the events that come along.
 */

/*
 * The selection and all that it refers to, in the order of positions: as
 * selection_walk, but that `selection` must be of recorded order and must see
 * no event that comes later (`recorded`).
 */
enum client_status
closure_walk(struct selection *selection, struct client *client,
             bool (*on_event)(void *context, struct span event), void *context)
    __attribute__((warn_unused_result));

#endif
