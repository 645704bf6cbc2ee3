/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "daemon/diag.h"
#include "daemon/listen.h"

/*
 * The reactor: one libevent loop that accepts clients, runs their connections,
 * takes the writer's news, and ends in order.
 */

/* Connections at a time; more wait in the backlog. PROTOCOL.md, "Limits". */
#define SERVER_CONNECTIONS_MAX 4096u

/* Memory that clients may make us hold, all together: some tens of the largest
 * messages and answers. PROTOCOL.md, "Back-pressure". */
#define SERVER_HELD_MAX ((size_t)512 << 20)

/* Addresses that one daemon listens on. */
#define SERVER_LISTENERS_MAX 16u

struct server_options {
    const char *data;
    const char *listen[SERVER_LISTENERS_MAX];
    size_t listen_count;
};

/*
 * Open the data, serve until SIGTERM or SIGINT, and end.  The process's exit
 * status: 0; 74 (EX_IOERR) when the disk failed; 1 with `reason` set when it
 * could not start.
 */
int server_run(const struct server_options *options,
               struct diag_reason *reason);

#endif
