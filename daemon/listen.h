/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LISTEN_H
#define DAEMON_LISTEN_H

#include "daemon/diag.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Where clients come from: sockets to listen on.
 */

#define LISTEN_URL_FORMS "unix:/PATH, tcp://127.0.0.1:PORT or tls://HOST:PORT"

/* One of these with its NUL. */
#define LISTEN_URL_SIZE ((size_t)256)

struct listen_socket {
    int fd;
    bool is_unix;
    bool is_tls;               /* TCP, and whoever accepts has to speak TLS */
    char url[LISTEN_URL_SIZE]; /* with the port that was given for 0 */
    char path[108];            /* of a Unix socket, to be removed at the end */
};

/*
 * Open a listening socket.  TCP without TLS is for loopback addresses only,
 * since nothing protects it: others are refused.  0, or a negative errno with
 * `reason` set.
 */
int listen_open(const char *url, struct listen_socket *opened,
                struct diag_reason *reason) __attribute__((warn_unused_result));

/* Whether listen_open would try, without a socket. */
int listen_check(const char *url, struct diag_reason *reason)
    __attribute__((warn_unused_result));

/*
 * Make a socket that somebody else opened, in `opened->fd`, one of ours: only
 * `is_unix`, `is_tls` and `url` need to be set, the URL of TCP becomes what it
 * is bound to.  The same addresses are refused; the descriptor stays open in
 * any case.
 */
int listen_adopt(struct listen_socket *opened, struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* Removes the path of a Unix socket; does not close the descriptor. */
void listen_forget(const struct listen_socket *opened);

#endif
