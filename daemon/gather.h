/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_GATHER_H
#define DAEMON_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether the writer waits a moment for those whom it has just answered.
 *
 * Clients that each wait for an answer before they ask again fall into two
 * halves, of which one always waits for the flush of the other.  A flush takes
 * as long for one request as for many: where all are back in less time than a
 * flush takes, one flush for all of them serves them sooner.  PostgreSQL has
 * commit_delay for that, which its administrator has to find; here it is
 * measured, and nobody is waited for who was not there the last time.
 *
 * Times are microseconds of CLOCK_MONOTONIC.  Not for two threads at once.
 */

/* Beyond that a flush is shared by enough. */
#define GATHER_COUNT_MAX ((size_t)64)

/* Of a group: what is larger is work for the threads, not for the disk. */
#define GATHER_SIZE_MAX ((size_t)64 << 10)

/* Nobody waits longer for others, however slow the disk is. */
#define GATHER_WAIT_MAX_US ((uint64_t)2000)

struct gather {
    size_t expected;   /* requests when all are back; 0: nobody is awaited */
    uint64_t from_us;  /* when the last group was answered */
    uint64_t flush_us; /* that a flush takes, smoothed; 0: not known */
    uint64_t took_us; /* until all were back, smoothed; two flushes: too long */
    bool missed;      /* not all came the last time */
};

/* A group of so many requests and bytes was answered after a flush, while so
 * many others wait. */
void gather_answered(struct gather *gather, size_t count, size_t size,
                     size_t waiting, uint64_t flush_us, uint64_t now_us);

/* Until when more than those that wait are worth waiting for: until there are
 * `expected`, or this moment.  0: not at all. */
uint64_t gather_deadline(struct gather *gather, size_t waiting);

/* So much came of a wait. */
void gather_waited(struct gather *gather, size_t waiting, uint64_t now_us);

#endif
