/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CSV_H
#define CLIENT_CSV_H

#include "proto/mp.h"

/*
 * Append one field of a line of CSV (RFC 4180, lines end in LF).  A list of
 * plain values is joined by `;`; a map, or a list that cannot be joined so, is
 * JSON; nil, and an absent value, is empty.  Quoted only where it must be.
 */
void csv_put(struct mp_buf *buf, struct span value);

/* The same for a text. */
void csv_put_text(struct mp_buf *buf, struct span text);

/* What csv_put would put between quotation marks. */
void csv_put_bare(struct mp_buf *buf, struct span value);

#endif
