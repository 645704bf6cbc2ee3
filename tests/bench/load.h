/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include "tests/bench/link.h"

/*
 * Appending: events are put into batches, and several batches are on their
 * way at a time, so that neither side waits for the other.  A refusal ends
 * the program.
 */

struct load_options {
    uint32_t batch;       /* events in one append, at most MODEL_BATCH_MAX */
    uint32_t outstanding; /* appends on their way */
    double seconds_max;   /* begin none after that; 0: until none is left */
};

extern const struct load_options load_options_default;

/*
 * Append what `next` gives and wait for all answers; how many events it was.
 * `next` appends one event to `out`, or gives false when there is none.
 */
uint64_t load_run(struct link *link, const struct load_options *options,
                  bool (*next)(void *source, struct mp_buf *out), void *source);

#endif
