/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_BASE64_H
#define CLIENT_BASE64_H

#include "proto/mp.h"

/* Base64 with padding, RFC 4648 section 4; strict in what it reads. */

void base64_put(struct mp_buf *buf, struct span bytes);

/* Append what `text` stands for; false where it is not base64. */
bool base64_read(struct mp_buf *buf, struct span text)
    __attribute__((warn_unused_result));

#endif
