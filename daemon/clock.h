/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

/*
 * clock.h: the time that intervals are measured in and waited for.
 *
 * Microseconds of CLOCK_MONOTONIC, which no setting of the wall clock moves.
 * Any thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

uint64_t clock_us(void);

/* A condition whose timed waits go by this clock.  pthread_cond_destroy ends
 * it. */
void clock_cond_init(pthread_cond_t *cond);

/* Wait, with the lock held, until there may be news; false when `until_us` has
 * passed. */
bool clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock,
                     uint64_t until_us);

#endif
