/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_INHERIT_H
#define DAEMON_INHERIT_H

#include "daemon/listen.h"

/*
 * Sockets that the service manager has opened for us (sd_listen_fds(3)).
 *
 * They are listening stream sockets, Unix or TCP; TCP under the rules of
 * daemon/listen, and with TLS where its name says so (FileDescriptorName=,
 * systemd.socket(5)).  A Unix socket's path stays the service manager's: it is
 * not removed at the end.
 */

/* The name of a socket that whoever accepts has to speak TLS on. */
#define INHERIT_TLS "tls"

/* Whether there are any, so that no default address is needed. */
bool inherit_offered(void);

/*
 * Take them, at most `max`.  0, or a negative errno with `reason` set when one
 * is not what it should be; descriptors are then left open.
 */
int inherit_take(struct listen_socket *taken, size_t max, size_t *count,
                 struct diag_reason *reason)
    __attribute__((warn_unused_result));

#endif
