/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ENV_H
#define DAEMON_ENV_H

#include "daemon/diag.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How this daemon opens an LMDB file: for the two modules that own one
 * (daemon/log, daemon/views), and the one place that reads MDB_* errors.
 */

/*
 * Address space that is reserved for a file, far more than any log needs, so
 * that the map never moves under a reader; the file grows only as it is used.
 * Sanitizers and valgrind shadow the address space, hence less.
 */
#ifdef ENTENTE_SANITIZED
#define ENV_MAP_SIZE ((size_t)64 << 30)
#else
#define ENV_MAP_SIZE ((size_t)1 << 40)
#endif

/* Threads times open readers, with room for tools that look on. */
#define ENV_READERS_MAX 126u

/* A negative errno for what LMDB returned, 0 for 0. */
int env_error(int rc);

/*
 * Open `path` with MDB_NOSUBDIR | MDB_NOTLS and `flags` (0 or MDB_NOSYNC) and
 * room for `databases` named ones.  A file that is empty or shorter than its
 * own page count is refused before LMDB touches its pages; one that does not
 * exist is made.  0, or a negative errno with `reason` set.
 */
int env_open(const char *path, unsigned flags, unsigned databases,
             MDB_env **env, struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* Free the reader slots of processes that died. Any thread. */
void env_tidy(MDB_env *env);

/* Bytes that the file's pages take. */
uint64_t env_size(MDB_env *env);

#endif
