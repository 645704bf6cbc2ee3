/* SPDX-License-Identifier: MIT */
#include "daemon/diag.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

static void
name_unix(int fd, struct diag_peer *peer)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return;
    peer->has_uid = true;
    peer->uid = credentials.uid;
    snprintf(peer->key, sizeof peer->key, "uid %u", credentials.uid);
    snprintf(peer->name, sizeof peer->name, "uid %u, pid %d", credentials.uid,
             (int)credentials.pid);
}

static void
name_internet(const struct sockaddr *address, socklen_t size,
              struct diag_peer *peer)
{
    char port[16];
    if (getnameinfo(address, size, peer->key, sizeof peer->key, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(peer->name, sizeof peer->name,
                 address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
                 peer->key, port);
}

void
diag_peer_of(int fd, struct diag_peer *peer)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    *peer = (struct diag_peer){.name = "unknown", .key = "unknown"};
    if (getpeername(fd, (struct sockaddr *)&address, &size) != 0)
        return;
    if (address.ss_family == AF_UNIX)
        name_unix(fd, peer);
    else
        name_internet((const struct sockaddr *)&address, size, peer);
}
