/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CURSOR_H
#define DAEMON_CURSOR_H

#include "daemon/asof.h"

/*
 * Where a page ended, as the opaque string that a client hands back.
 *
 * It carries the dates of the first page, so that all pages speak of the same
 * moment, the place of the last event, and a hash of the other arguments, so
 * that it is not used with different ones.  It knows nothing of this process:
 * it survives a restart.  A checksum catches typing mistakes; it is no secret
 * and grants nothing.
 */

struct cursor {
    struct asof asof;
    struct views_place place; /* of the last event; only seq where the order
                                 is that of recording */
    uint64_t arguments;       /* hash of the method and its other arguments */
};

/* Bytes of the string. */
#define CURSOR_TEXT_SIZE ((size_t)132)

void cursor_put(struct mp_buf *buf, const struct cursor *cursor);

/* False when the text is no cursor. */
bool cursor_read(struct span text, struct cursor *cursor)
    __attribute__((warn_unused_result));

#endif
