/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CASELESS_H
#define CLIENT_CASELESS_H

#include "proto/mp.h"

/*
 * Text as it is searched: without case, by Unicode's simple foldings as the
 * C library has them in C.UTF-8 (text_init), whatever the user's locale, and
 * with each run of white space as one space.  An accent is not taken away,
 * and a composed character is not the same as its parts.
 */

/* Append `text` so. */
void caseless_put(struct mp_buf *buf, struct span text);

/* Whether `part` occurs; both were folded. An empty part always does. */
bool caseless_has(struct span whole, struct span part);

#endif
