/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_BACKUP_TARGET_H
#define DAEMON_BACKUP_TARGET_H

#include "daemon/datadir.h"
#include "proto/span.h"

/*
 * Where a backup is made: a new directory PATH, which is PATH.partial until it
 * is whole.
 *
 * PATH.partial is locked for as long as somebody makes it, so that what a
 * daemon left there that was killed can be told from what another one is
 * making.
 */

#define BACKUP_TARGET_SUFFIX ".partial"

struct backup_target {
    char *path;    /* the final one */
    char *partial; /* until then */
    int parent_fd;
    struct datadir directory; /* at `partial` */
};

/*
 * Make the directory.  0, or a negative errno with `reason` set: where it is
 * something about the path that can be put right the errno is one for which
 * backup_target_is_unfit.  Nothing is left behind then.
 */
int backup_target_open(struct backup_target *target, struct span path,
                       struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* It is the path, or what may be done there. */
bool backup_target_is_unfit(int rc);

/* A new file in it, to be written. A descriptor or a negative errno. */
int backup_target_file(const struct backup_target *target, const char *name)
    __attribute__((warn_unused_result));

/* Give it the final name, durably, which must still be free; a negative errno
 * with `reason` set where it keeps the other. */
int backup_target_settle(struct backup_target *target,
                         struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* Remove it, unless it is settled, and let go of it. */
void backup_target_close(struct backup_target *target);

#endif
