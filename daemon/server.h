/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "daemon/diag.h"
#include "daemon/listen.h"
#include "daemon/options.h"

/*
 * The reactor: one libevent loop that accepts clients, runs their connections,
 * takes the writer's news, and ends in order.
 */

/* Memory that clients may make us hold, all together: some tens of the largest
 * messages and answers. PROTOCOL.md, "Back-pressure". */
#define SERVER_HELD_MAX ((size_t)512 << 20)

/*
 * Open the data, serve until SIGTERM or SIGINT, and end; SIGHUP reads the
 * options again.  The process's exit status: 0; 74 (EX_IOERR) when the disk
 * failed; 78 (EX_CONFIG) and 1 with `reason` set when it could not start, for
 * files that the configuration names and for anything else.
 */
int server_run(struct options *options, struct diag_reason *reason);

/* Whether tokens, certificates and addresses are such that it would start.
 * False with `reason` set. */
bool server_check(struct options *options, struct diag_reason *reason)
    __attribute__((warn_unused_result));

#endif
