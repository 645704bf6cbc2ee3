/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_DIAG_LIMIT_H
#define DAEMON_DIAG_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many lines a client may cause in the log: DIAG_LIMIT_BURST at once, then
 * one each DIAG_LIMIT_PERIOD_US, by a bucket for each client.  Of many clients
 * those are forgotten that caused nothing for longest; all of them together
 * have a larger bucket of their own, so that it does not help to be many.
 */

#define DIAG_LIMIT_BURST 8u
#define DIAG_LIMIT_PERIOD_US ((uint64_t)10000000)

#define DIAG_LIMIT_ALL_BURST 64u
#define DIAG_LIMIT_ALL_PERIOD_US ((uint64_t)1000000)

#define DIAG_LIMIT_CLIENTS 64u
#define DIAG_LIMIT_KEY_SIZE ((size_t)64)

struct diag_bucket {
    uint64_t full_us; /* when it will be full again; CLOCK_MONOTONIC */
};

struct diag_client {
    char key[DIAG_LIMIT_KEY_SIZE];
    struct diag_bucket bucket;
    uint64_t used_us;
    uint64_t suppressed;
};

/* All zero at first. */
struct diag_limit {
    struct diag_bucket all;
    struct diag_client clients[DIAG_LIMIT_CLIENTS];
};

/*
 * Whether a line about this client may be said now.  If so, `*suppressed` is
 * how many were not since the last one that was.
 */
bool diag_limit_pass(struct diag_limit *limit, const char *key, uint64_t now_us,
                     uint64_t *suppressed);

#endif
