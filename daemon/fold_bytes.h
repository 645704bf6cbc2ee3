/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_FOLD_BYTES_H
#define DAEMON_FOLD_BYTES_H

#include "daemon/fold.h"

/*
 * A fold as bytes, for the checkpoints in the views.  FOLD_VERSION covers the
 * layout: numbers are varints (LEB128), signed ones zigzag; see the .c file.
 */

/* Append; buf->failed without memory. */
void fold_save(struct mp_buf *buf, const struct fold *fold);

/* Read what fold_save wrote into a fold that is {0}.  0, -ENOMEM, or -EINVAL
 * when the bytes are something else; then fold_deinit still applies. */
int fold_load(struct fold *fold, struct span bytes)
    __attribute__((warn_unused_result));

#endif
