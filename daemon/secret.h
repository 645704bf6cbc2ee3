/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SECRET_H
#define DAEMON_SECRET_H

#include "daemon/diag.h"

#include <stdio.h>

/*
 * Files that nobody else may read or change: private keys and tokens.
 */

/*
 * Open `path` for reading: a file that belongs to root or to our user, that
 * others cannot read and that only its owner can write.  Its group may read
 * it, so that root can own what we read.  0, or a negative errno with `reason`
 * set; -ENOENT where there is none.  The caller closes it.
 */
int secret_open(const char *path, FILE **file, struct diag_reason *reason)
    __attribute__((warn_unused_result));

#endif
