/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_DATADIR_H
#define DAEMON_DATADIR_H

#include "daemon/diag.h"

#include <stdbool.h>

/*
 * The data directory: made when it is missing (0700), locked against a second
 * daemon for the life of this one, synced when a file in it is made.
 *
 * LMDB's own lock file is no protection: when it is deleted a second writer
 * gets in.  So the lock is an flock(2) on a file of ours that is never
 * removed.
 */

struct datadir {
    char *path;
    int directory_fd;
    int lock_fd;
};

/* 0, or a negative errno with `reason` set: -EBUSY when another daemon holds
 * the directory. */
int datadir_open(struct datadir *datadir, const char *path,
                 struct diag_reason *reason)
    __attribute__((warn_unused_result));
void datadir_close(struct datadir *datadir);

/* Make directory entries durable. 0 or a negative errno. */
int datadir_sync(const struct datadir *datadir)
    __attribute__((warn_unused_result));

/* A daemon has it just now. */
bool datadir_is_served(const struct datadir *datadir);

bool datadir_has(const struct datadir *datadir, const char *name);

/* "<path>/<name>", to be freed; NULL without memory. */
char *datadir_file(const struct datadir *datadir, const char *name);

#endif
