/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_TEMPLATE_H
#define CLIENT_TEMPLATE_H

#include "client/assign.h"

/*
 * An event as a text to be filled in with an editor, made of the tables of
 * proto/model:
 *
 *   # what a field is
 *   field = value
 *    which goes on in lines that begin with a space
 *    .
 *    and of which " ." is an empty one
 *
 * Fields and values are those of client/assign.h.
 */

/* Append a template with the fields that `event`, a map, has already. */
void template_put(struct mp_buf *text, struct span event);

/* Append `text` with `fault` on top, in place of an earlier one. */
void template_put_fault(struct mp_buf *buf, struct span text,
                        const char *fault);

/* Room for a line, a place and what is wrong there, and its NUL. */
#define TEMPLATE_REASON_SIZE (ASSIGN_REASON_SIZE + 256)

/*
 * Append the event of a text, a map, empty where nothing was filled in.  False
 * with `reason` filled: "line 7: occurred: not a date".
 */
bool template_read(struct span text, const struct assign *assign,
                   struct mp_buf *event, char reason[TEMPLATE_REASON_SIZE])
    __attribute__((warn_unused_result));

#endif
