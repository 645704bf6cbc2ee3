/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_APPEND_ANSWER_H
#define DAEMON_APPEND_ANSWER_H

#include "daemon/append.h"

/* Write the response to a request that came back from the writer. */
void append_answer(struct mp_buf *out, const struct append_request *request);

#endif
