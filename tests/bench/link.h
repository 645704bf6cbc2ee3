/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_LINK_H
#define TESTS_BENCH_LINK_H

#include "proto/rpc.h"

/*
 * A connection to the daemon's Unix socket, made for speed: requests are
 * written straight into the output, many may be on their way, and answers are
 * read in place.
 *
 * Whatever goes wrong with the connection ends the program (tests/bench/fail).
 * One thread at a time per link.
 */
struct link;

struct link *link_open(const char *path);
void link_close(struct link *link); /* NULL is allowed */

/* Begin a request in the output; the caller appends its params, `[{...}]`, to
 * the buffer and may begin the next. */
struct mp_buf *link_begin(struct link *link, const char *method,
                          uint32_t *msgid_out);

/* Send all of the output, taking in what comes meanwhile. */
void link_flush(struct link *link);

/* Wait for the next message; what it borrows lives until the next call. */
void link_next(struct link *link, struct rpc_message *message);

/* The bytes of the socket, for who wants to read slowly; at most `size`. */
size_t link_read_some(struct link *link, size_t size);

/*
 * Ask and wait for the answer.  `params` is the encoded map of arguments.
 * link_try gives false where an error is the answer, in message->error;
 * link_call ends the program then.
 */
bool link_try(struct link *link, const char *method, struct span params,
              struct rpc_message *message) __attribute__((warn_unused_result));
struct span link_call(struct link *link, const char *method,
                      struct span params);

/* Ends the program with what an error answer says. */
void link_fail(const char *method, struct span error) __attribute__((noreturn));

#endif
