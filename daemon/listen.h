/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LISTEN_H
#define DAEMON_LISTEN_H

#include "daemon/diag.h"
#include "daemon/service.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Where clients come from: sockets to listen on, and what role a peer has.
 */

/* "unix:/path" or "tcp://host:port" with its NUL. */
#define LISTEN_URL_SIZE ((size_t)256)

struct listen_socket {
    int fd;
    bool is_unix;
    char url[LISTEN_URL_SIZE]; /* with the port that was given for 0 */
    char path[108];            /* of a Unix socket, to be removed at the end */
};

/*
 * Open a listening socket.  TCP is for loopback addresses only, since nothing
 * protects it: others are refused.  0, or a negative errno with `reason` set.
 */
int listen_open(const char *url, struct listen_socket *opened,
                struct diag_reason *reason) __attribute__((warn_unused_result));

/* Removes the path of a Unix socket; does not close the descriptor. */
void listen_forget(const struct listen_socket *opened);

/*
 * The role of a peer (PROTOCOL.md, "Roles"): on a Unix socket by its
 * credentials, nobody where they cannot be had; on TCP `read`.
 */
enum service_role listen_role(int fd, bool is_unix);

#endif
