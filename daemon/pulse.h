/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_PULSE_H
#define DAEMON_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A thread's sign of life: since when it has its present piece of work in
 * hand.  The thread beats when it takes one up (or, in a long one, when it gets
 * on) and rests when it has none, so that a thread that waits for work is not
 * taken for one that is stuck.  daemon/watch reads it from another thread.
 *
 * Times are microseconds of CLOCK_MONOTONIC, never 0.
 */
struct pulse {
    _Atomic uint64_t since_us; /* 0: nothing in hand */
};

static inline void
pulse_beat(struct pulse *pulse, uint64_t now_us)
{
    atomic_store_explicit(&pulse->since_us, now_us, memory_order_relaxed);
}

static inline void
pulse_rest(struct pulse *pulse)
{
    atomic_store_explicit(&pulse->since_us, 0, memory_order_relaxed);
}

/* How long it has been without a beat while it had work; 0 at rest. */
static inline uint64_t
pulse_age_us(const struct pulse *pulse, uint64_t now_us)
{
    uint64_t since_us =
        atomic_load_explicit(&pulse->since_us, memory_order_relaxed);
    return since_us == 0 || since_us > now_us ? 0 : now_us - since_us;
}

#endif
