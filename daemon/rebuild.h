/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_REBUILD_H
#define DAEMON_REBUILD_H

#include "daemon/views.h"

/*
 * Views that are made anew in a file beside while the old ones go on
 * answering: a thread of its own applies the log to them until it is close to
 * the tip; who owns the old ones, the writer thread, then brings both to the
 * same position and puts the new ones in their place.
 *
 * All functions but the wake-up are for the writer thread.
 */

enum rebuild_state {
    REBUILD_RUNNING,
    REBUILD_NEAR,   /* nearly at the tip: ready for rebuild_finish */
    REBUILD_FAILED, /* no room, or no memory: rebuild_abandon it */
};

struct rebuild;

/* Begin. `wake` is called from the thread when the state changes.  NULL, with
 * `reason`, when it cannot. */
struct rebuild *rebuild_start(struct views *views, struct log *log,
                              void (*wake)(void *context), void *context,
                              struct diag_reason *reason);

enum rebuild_state rebuild_state(const struct rebuild *rebuild);

/*
 * Bring both to the same position and put the new views in the place of the
 * old ones; `log_reader` is the caller's.  Frees it, whatever comes: VIEWS_OK,
 * or _FULL or _FAILED, where the old ones stay.
 */
enum views_result rebuild_finish(struct rebuild *rebuild,
                                 struct log_reader *log_reader)
    __attribute__((warn_unused_result));

/* Stop and drop the new views; NULL is legal. */
void rebuild_abandon(struct rebuild *rebuild);

#endif
