/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_LIB_SOCKET_H
#define CLIENT_LIB_SOCKET_H

#include "client/lib/url.h"

#include <stdint.h>
#include <sys/socket.h>

/*
 * Stream sockets with a deadline and a descriptor that ends every wait.
 * Knows no message.  Deadlines are socket_now_ms() values.
 */

/* What ends a wait. */
struct socket_limits {
    int64_t deadline_ms;
    int stop_fd; /* readable: give up with -ECANCELED; -1: none */
};

/* Milliseconds on a clock that never steps. */
int64_t socket_now_ms(void);

/*
 * A connected non-blocking socket, or a negative errno: -ETIMEDOUT at the
 * deadline, -ECANCELED when stopped, -ENOENT for a name that has no address.
 */
int socket_connect(const struct url *url, const struct socket_limits *limits);

/* Whether what is sent there stays on this machine: a Unix socket, loopback. */
bool socket_is_local(const struct sockaddr *address);

/* The same of a connected socket. */
bool socket_stays_here(int fd);

/*
 * Wait until `fd` (-1: nothing) has one of `events` (poll's); those that it
 * has, or a negative errno as above.
 */
int socket_wait(int fd, short events, const struct socket_limits *limits);

#endif
