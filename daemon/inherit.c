/* SPDX-License-Identifier: MIT */
#include "daemon/inherit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

bool
inherit_offered(void)
{
    return sd_listen_fds(0) > 0;
}

static void
name_unix(struct listen_socket *socket)
{
    struct sockaddr_un address = {0};
    socklen_t size = sizeof address;
    if (getsockname(socket->fd, (struct sockaddr *)&address, &size) != 0)
        return;
    /* An abstract name begins with NUL. */
    if (address.sun_path[0] == '\0')
        address.sun_path[0] = '@';
    snprintf(socket->url, sizeof socket->url, "unix:%.*s",
             (int)sizeof address.sun_path, address.sun_path);
}

static int
take(int fd, const char *name, struct listen_socket *taken,
     struct diag_reason *reason)
{
    *taken = (struct listen_socket){.fd = fd};
    if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
        diag_because(reason,
                     "descriptor %d (%s), passed by the service manager, is "
                     "no listening stream socket: the unit needs ListenStream=",
                     fd, name);
        return -ENOTSOCK;
    }
    if (sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0) {
        taken->is_unix = true;
        name_unix(taken);
        return listen_adopt(taken, reason);
    }
    taken->is_tls = strcmp(name, INHERIT_TLS) == 0;
    snprintf(taken->url, sizeof taken->url, "%s", name);
    return listen_adopt(taken, reason);
}

int
inherit_take(struct listen_socket *taken, size_t max, size_t *count,
             struct diag_reason *reason)
{
    char **names = NULL;
    int rc = 0;
    *count = 0;
    int found = sd_listen_fds_with_names(0, &names);
    if (found > 0 && (size_t)found > max) {
        diag_because(reason,
                     "the service manager passed %d sockets; at most %zu",
                     found, max);
        rc = -E2BIG;
    }
    for (int i = 0; i < found && rc == 0; i++) {
        rc = take(SD_LISTEN_FDS_START + i, names[i], &taken[i], reason);
        if (rc == 0)
            (*count)++;
    }
    for (int i = 0; i < found; i++)
        free(names[i]);
    free(names);
    return found < 0 ? found : rc;
}
