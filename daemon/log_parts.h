/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_PARTS_H
#define DAEMON_LOG_PARTS_H

#include "daemon/env.h"
#include "daemon/log.h"

#include <stdatomic.h>
#include <xxhash.h>

/*
 * What the parts of daemon/log share: daemon/log.c opens and appends,
 * log_read.c reads, log_copy.c copies.  Nobody else includes this.
 */

#define LOG_CHECKSUM_SIZE ((size_t)8)
#define LOG_KEY_SIZE ((size_t)8)

struct log {
    MDB_env *env;
    MDB_dbi events, consumers;
    int directory_fd; /* the datadir's; -1 where it is only read */
    uint64_t quota;
    _Atomic uint64_t tip;
    bool failed; /* writer thread only */
    char id[LOG_ID_SIZE];
};

/* The last position in what a transaction sees, 0 while there is none; an MDB_*
 * code. */
int log_last_position(MDB_txn *txn, MDB_dbi events, uint64_t *last)
    __attribute__((warn_unused_result));

/* Of an event's bytes and its position. */
static inline uint64_t
log_checksum(uint64_t seq, struct span event)
{
    return XXH3_64bits_withSeed(event.data, event.size, seq);
}

#endif
