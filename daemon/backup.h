/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_BACKUP_H
#define DAEMON_BACKUP_H

#include "daemon/log.h"

#include <stdbool.h>

/*
 * Backups: copies of the log that are made while it is appended to, each by a
 * thread of its own, one at a time.
 *
 * A backup is a new data directory.  It is made under another name beside the
 * final one (daemon/backup_target), and gets that name when its bytes are
 * durable and every checksum in it was found right.  So what has the final
 * name is whole, whenever the daemon or the machine died.
 *
 * All functions are for the reactor's thread.
 */

struct backups;

/* NULL without memory or descriptors. */
struct backups *backups_new(struct log *log);

/* Readable when a backup has ended. */
int backups_fd(const struct backups *backups);

/* Let go of one that has ended; empties the fd. */
void backups_reap(struct backups *backups);

/* End what runs without a result; nothing can be begun any more. */
void backups_stop(struct backups *backups);

/* Stop, and wait for the end. NULL is legal. */
void backups_free(struct backups *backups);

enum backup_result {
    BACKUP_RUNNING,
    BACKUP_DONE,
    BACKUP_UNFIT,   /* the path: it exists, or nothing can be made there */
    BACKUP_FULL,    /* no room for it */
    BACKUP_CORRUPT, /* an event fails its checksum */
    BACKUP_STOPPED, /* the daemon ends */
    BACKUP_FAILED,  /* the disk, or memory */
};

/* In every case but BACKUP_DONE nothing is left behind. */
struct backup_outcome {
    uint64_t bytes, tip;       /* BACKUP_DONE */
    uint64_t damaged;          /* BACKUP_CORRUPT: its position */
    struct diag_reason reason; /* all others */
};

struct backup;

/*
 * Begin one of every event up to `tip`, at least, as the directory `path`,
 * which must be absolute.  It goes on whether or not somebody waits for it.
 * NULL: another one runs, or there is no thread or memory for it.
 */
struct backup *backup_begin(struct backups *backups, struct span path,
                            uint64_t tip);

/* Once it is not BACKUP_RUNNING, `*outcome` is set. */
enum backup_result backup_result(const struct backup *backup,
                                 const struct backup_outcome **outcome);

/* Who began it needs it no longer. */
void backup_release(struct backup *backup);

#endif
