/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_CREATE_H
#define DAEMON_LOG_CREATE_H

#include "daemon/datadir.h"
#include "daemon/env.h"

/*
 * How a log comes into being: a part of daemon/log.
 *
 * The file is made under another name, synced and renamed, so that a
 * "log.mdb" is never half made; then "log.id" says that this directory holds
 * a log, so that a log.mdb which is missing later is refused instead of being
 * made anew.  A crash at any point leaves a directory that the next start
 * finishes.
 */

#define LOG_FILE_NAME "log.mdb"

/* In it: "log", "meta", "consumers". */
#define LOG_DATABASES 3u

/* Say that the file has this format. What LMDB says. */
int log_create_put_format(MDB_txn *txn, MDB_dbi meta)
    __attribute__((warn_unused_result));

int log_create_if_new(const struct datadir *datadir, struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* Write "log.id" where it is missing; refuse where it names another log. */
int log_create_mark(const struct datadir *datadir, const char *id,
                    struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* The same without writing: 0 too where it is missing. */
int log_create_check_mark(const struct datadir *datadir, const char *id,
                          struct diag_reason *reason)
    __attribute__((warn_unused_result));

#endif
