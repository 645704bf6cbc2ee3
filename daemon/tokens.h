/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_TOKENS_H
#define DAEMON_TOKENS_H

#include "daemon/diag.h"
#include "daemon/service.h"
#include "proto/token.h"

/*
 * The tokens that give a connection a role, as they stood in their file when
 * it was read (proto/token.h).
 */

struct tokens;

/*
 * Read the file.  One that does not exist yet holds none, and is said to the
 * operator; one that others could read or change is refused.  0, or a negative
 * errno with `reason` set.
 */
int tokens_load(const char *path, struct tokens **loaded,
                struct diag_reason *reason) __attribute__((warn_unused_result));
void tokens_free(struct tokens *tokens);

size_t tokens_count(const struct tokens *tokens);

/* What is kept of a token that a client showed. */
struct tokens_proof {
    uint8_t hash[TOKEN_HASH_SIZE];
};

/* False without memory. */
bool tokens_prove(struct span text, struct tokens_proof *proof)
    __attribute__((warn_unused_result));

/*
 * The role that a token gives: SERVICE_NOBODY when it is none of ours.  All
 * are compared, each in constant time.  `tokens` may be NULL.
 */
enum service_role tokens_role(const struct tokens *tokens,
                              const struct tokens_proof *proof);

#endif
