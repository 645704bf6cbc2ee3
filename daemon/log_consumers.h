/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_CONSUMERS_H
#define DAEMON_LOG_CONSUMERS_H

#include "daemon/log.h"

#include <lmdb.h>

/*
 * Where durable cursors are stored: a part of daemon/log.
 *
 * Database "consumers": key the name, value a checksum over position and name
 * (8 bytes, big-endian), then the position (8 bytes, big-endian).
 */

/* Find the database, or make it: logs of earlier versions have none.  0, or
 * what LMDB says. */
int log_consumers_open(MDB_txn *txn, MDB_dbi *consumers)
    __attribute__((warn_unused_result));

/* Put or delete each, in order; one that is to be removed may be gone. */
int log_consumers_put(MDB_txn *txn, MDB_dbi consumers,
                      const struct log_consumer *changes, size_t count)
    __attribute__((warn_unused_result));

/* Read one as it is stored; false where its checksum is wrong. */
bool log_consumers_read(const MDB_val *key, const MDB_val *value,
                        struct log_consumer *consumer)
    __attribute__((warn_unused_result));

/* Hand out all of them that a transaction sees, none above `tip`. */
enum log_result
log_consumers_each(MDB_txn *txn, MDB_dbi consumers, uint64_t tip,
                   bool (*each)(const struct log_consumer *, void *),
                   void *context) __attribute__((warn_unused_result));

#endif
