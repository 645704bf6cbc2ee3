/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LATEST_H
#define DAEMON_LATEST_H

#include "proto/span.h"

#include <stdatomic.h>
#include <stdint.h>

/*
 * How far the views must be for a question about one partnership.
 *
 * What a partnership's events say does not change by those of others
 * (EVENTS.md: corrections and retractions stay within it, dates are computed
 * once).  So whoever asks about one waits for its newest event and not for an
 * import of others.
 *
 * Partnerships are told apart by a hash of few bits: those that share a slot
 * wait for each other's, which is never wrong.
 */

/* Of thousands of partnerships that an import appends to, one that it does not
 * mostly has a slot of its own; 32 KiB. */
#define LATEST_SLOTS ((size_t)4096)

struct latest {
    uint64_t begin; /* of those before it nothing is known */
    _Atomic uint64_t seqs[LATEST_SLOTS]; /* 0: none since */
};

void latest_init(struct latest *latest, uint64_t tip);

/* An event is about to be stored.  Before the log's tip says that it is, so
 * that whoever has read the tip finds it; one writer at a time. */
void latest_note(struct latest *latest, struct span partnership, uint64_t seq);

/* A position at or behind a partnership's newest event.  Any thread. */
uint64_t latest_of(const struct latest *latest, struct span partnership);

#endif
