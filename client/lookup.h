/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_LOOKUP_H
#define CLIENT_LOOKUP_H

#include "client/client.h"

/*
 * Answers name events by their ids, which is right for a program; a person
 * wants to see what happened, and when.  For text the ids are looked up, one
 * question each.
 */

/*
 * Append `answer`, a map, with the ids in the lists under each of `keys` (NULL
 * at the end) replaced by {id, type, occurred, title, ...}, as far as the
 * daemon has them.  In other formats than text it is a copy.  `answer` may
 * borrow from the last call.
 */
enum client_status lookup_events(struct client *client, struct span answer,
                                 const char *const *keys, struct mp_buf *buf)
    __attribute__((warn_unused_result));

/* output_document of such an answer. */
enum client_status lookup_document(struct client *client, enum subject subject,
                                   struct span answer, const char *const *keys)
    __attribute__((warn_unused_result));

#endif
