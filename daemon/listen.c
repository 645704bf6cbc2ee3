/* SPDX-License-Identifier: MIT */
#include "daemon/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections that may wait to be accepted; the kernel caps it. */
#define LISTEN_BACKLOG 4096

/* The user and group that the kernel shows for ids that it cannot map: it
 * could be anybody. */
#define LISTEN_OVERFLOW_ID 65534u

/* Supplementary groups of a peer that are looked at. */
#define LISTEN_GROUPS_MAX 1024u

static int
fail(struct diag_reason *reason, const char *url, int error)
{
    diag_because(reason, "%s: %s", url, strerror(error));
    return -error;
}

/* --- Unix sockets ---------------------------------------------------------*/

/* A path that nobody listens on any more is left over from a crash. */
static bool
is_left_over(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused =
        connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
        errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int
open_unix(const char *path, struct listen_socket *opened,
          struct diag_reason *reason)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (path[0] != '/' || size >= sizeof address.sun_path) {
        diag_because(reason,
                     "%s: a Unix socket needs an absolute path of at most "
                     "%zu bytes",
                     opened->url, sizeof address.sun_path - 1);
        return -EINVAL;
    }
    memcpy(address.sun_path, path, size + 1);
    memcpy(opened->path, path, size + 1);
    if (is_left_over(&address))
        unlink(path);
    opened->is_unix = true;
    opened->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Members of our group may come in; roles are decided by credentials. */
    if (opened->fd < 0 ||
        bind(opened->fd, (struct sockaddr *)&address, sizeof address) != 0)
        return fail(reason, opened->url, errno);
    if (chmod(path, 0660) != 0 || listen(opened->fd, LISTEN_BACKLOG) != 0)
        return fail(reason, opened->url, errno);
    return 0;
}

/* --- TCP ------------------------------------------------------------------*/

static bool
is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in6 = (const void *)address;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* getaddrinfo takes any number, and what is left of it in 16 bits. */
static bool
is_port(const char *text)
{
    size_t size = strspn(text, "0123456789");
    return size > 0 && size <= 5 && text[size] == '\0' &&
           strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* "host:port", "[::1]:port" */
static bool
split_host(const char *text, char host[LISTEN_URL_SIZE], const char **port)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || !is_port(colon + 1))
        return false;
    size_t size = (size_t)(colon - text);
    if (text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    memcpy(host, text, size);
    host[size] = '\0';
    *port = colon + 1;
    return true;
}

static int
bind_tcp(const struct addrinfo *found, struct listen_socket *opened,
         struct diag_reason *reason)
{
    int on = 1;
    if (!is_loopback(found->ai_addr)) {
        diag_because(reason,
                     "%s: TCP without TLS is for loopback addresses only "
                     "(127.0.0.1, ::1)",
                     opened->url);
        return -EACCES;
    }
    opened->fd =
        socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (opened->fd < 0)
        return fail(reason, opened->url, errno);
    setsockopt(opened->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(opened->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(opened->fd, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(opened->fd, LISTEN_BACKLOG) != 0)
        return fail(reason, opened->url, errno);
    return 0;
}

static void
name_tcp(struct listen_socket *opened)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    char host[64], port[16];
    if (getsockname(opened->fd, (struct sockaddr *)&address, &size) != 0 ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    snprintf(opened->url, sizeof opened->url,
             address.ss_family == AF_INET6 ? "tcp://[%s]:%s" : "tcp://%s:%s",
             host, port);
}

static int
open_tcp(const char *text, struct listen_socket *opened,
         struct diag_reason *reason)
{
    char host[LISTEN_URL_SIZE];
    const char *port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (!split_host(text, host, &port)) {
        diag_because(reason, "%s: expected tcp://HOST:PORT", opened->url);
        return -EINVAL;
    }
    int rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0) {
        diag_because(reason, "%s: %s", opened->url, gai_strerror(rc));
        return -EINVAL;
    }
    rc = bind_tcp(found, opened, reason);
    freeaddrinfo(found);
    if (rc == 0)
        name_tcp(opened);
    return rc;
}

int
listen_open(const char *url, struct listen_socket *opened,
            struct diag_reason *reason)
{
    int rc = -EINVAL;
    *opened = (struct listen_socket){.fd = -1};
    if (strlen(url) >= sizeof opened->url) {
        diag_because(reason, "an address to listen on is too long");
        return rc;
    }
    memcpy(opened->url, url, strlen(url) + 1);
    if (strncmp(url, "unix:", 5) == 0)
        rc = open_unix(url + 5, opened, reason);
    else if (strncmp(url, "tcp://", 6) == 0)
        rc = open_tcp(url + 6, opened, reason);
    else
        diag_because(reason, "%s: expected unix:/PATH or tcp://127.0.0.1:PORT",
                     url);
    if (rc != 0) {
        if (opened->fd >= 0)
            close(opened->fd);
        opened->fd = -1;
        opened->path[0] = '\0'; /* it may be another daemon's */
    }
    return rc;
}

void
listen_forget(const struct listen_socket *opened)
{
    if (opened->path[0] != '\0')
        unlink(opened->path);
}

/* --- peers ----------------------------------------------------------------*/

static bool
has_group(int fd, gid_t wanted, gid_t primary)
{
    gid_t groups[LISTEN_GROUPS_MAX];
    socklen_t size = sizeof groups;
    if (primary == wanted)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
        return false;
    for (size_t i = 0; i < size / sizeof *groups; i++)
        if (groups[i] == wanted)
            return true;
    return false;
}

enum service_role
listen_role(int fd, bool is_unix)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (!is_unix)
        return SERVICE_READ;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        peer.uid == LISTEN_OVERFLOW_ID || peer.gid == LISTEN_OVERFLOW_ID)
        return SERVICE_NOBODY;
    if (peer.uid == 0 || peer.uid == geteuid())
        return SERVICE_ADMIN;
    return has_group(fd, getegid(), peer.gid) ? SERVICE_APPEND : SERVICE_NOBODY;
}
