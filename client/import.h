/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_IMPORT_H
#define CLIENT_IMPORT_H

#include "client/args.h"
#include "client/client.h"

/*
 * `append` of lines: the events of files or standard input, in batches; or,
 * with --dry-run, checked one by one without a daemon.
 */

/* Bytes of the events in a batch of many: what a daemon takes in well below a
 * second. */
#define IMPORT_BATCH_SIZE ((size_t)4 << 20)

/* What --from takes, NULL at the end. */
extern const char *const import_forms[];

enum client_status import_lines(struct client *client, const struct args *args);

#endif
