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

/* How long a TCP connection is silent before the kernel asks, and between two
 * times that it asks: some ten minutes until it gives up. */
#define LISTEN_KEEPALIVE_S 60

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
check_unix(const char *path, struct listen_socket *wanted,
           struct diag_reason *reason)
{
    const size_t size_max = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    if (path[0] == '/' && strlen(path) <= size_max)
        return 0;
    diag_because(reason,
                 "%s: a Unix socket needs an absolute path of at most %zu "
                 "bytes",
                 wanted->url, size_max);
    return -EINVAL;
}

static int
open_unix(const char *path, struct listen_socket *opened,
          struct diag_reason *reason)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    int rc = check_unix(path, opened, reason);
    if (rc != 0)
        return rc;
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

/* An idle client is kept, one whose machine is gone not: its place would never
 * come back.  What is accepted inherits this. */
static void
keep_alive(int fd)
{
    int on = 1, idle = LISTEN_KEEPALIVE_S;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle);
}

static int
bind_tcp(const struct addrinfo *found, struct listen_socket *opened,
         struct diag_reason *reason)
{
    int on = 1;
    opened->fd =
        socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (opened->fd < 0)
        return fail(reason, opened->url, errno);
    setsockopt(opened->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(opened->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    keep_alive(opened->fd);
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
             address.ss_family == AF_INET6 ? "%s://[%s]:%s" : "%s://%s:%s",
             opened->is_tls ? "tls" : "tcp", host, port);
}

static int
refuse_open(const struct listen_socket *wanted, struct diag_reason *reason)
{
    diag_because(reason,
                 "%s: TCP without TLS is for loopback addresses only "
                 "(127.0.0.1, ::1); use tls://HOST:PORT",
                 wanted->url);
    return -EACCES;
}

/* The address that `text` names, if it may be listened on. */
static int
resolve_tcp(const char *text, const struct listen_socket *wanted,
            struct addrinfo **found, struct diag_reason *reason)
{
    char host[LISTEN_URL_SIZE];
    const char *port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (!split_host(text, host, &port)) {
        diag_because(reason, "%s: expected tcp://HOST:PORT or tls://HOST:PORT",
                     wanted->url);
        return -EINVAL;
    }
    int rc = getaddrinfo(host, port, &hints, found);
    if (rc != 0) {
        diag_because(reason, "%s: %s", wanted->url, gai_strerror(rc));
        return -EINVAL;
    }
    if (wanted->is_tls || is_loopback((*found)->ai_addr))
        return 0;
    freeaddrinfo(*found);
    return refuse_open(wanted, reason);
}

static int
check_tcp(const char *text, struct listen_socket *wanted,
          struct diag_reason *reason)
{
    struct addrinfo *found = NULL;
    int rc = resolve_tcp(text, wanted, &found, reason);
    if (rc == 0)
        freeaddrinfo(found);
    return rc;
}

static int
open_tcp(const char *text, struct listen_socket *opened,
         struct diag_reason *reason)
{
    struct addrinfo *found = NULL;
    int rc = resolve_tcp(text, opened, &found, reason);
    if (rc != 0)
        return rc;
    rc = bind_tcp(found, opened, reason);
    freeaddrinfo(found);
    if (rc == 0)
        name_tcp(opened);
    return rc;
}

/* --- any ------------------------------------------------------------------*/

static const char *
after(const char *url, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(url, prefix, size) == 0 ? url + size : NULL;
}

/* Call what is for this kind of address with what stands behind it. */
static int
dispatch(const char *url, struct listen_socket *wanted,
         int (*on_unix)(const char *, struct listen_socket *,
                        struct diag_reason *),
         int (*on_tcp)(const char *, struct listen_socket *,
                       struct diag_reason *),
         struct diag_reason *reason)
{
    const char *rest;
    *wanted = (struct listen_socket){.fd = -1};
    if (strlen(url) >= sizeof wanted->url) {
        diag_because(reason, "an address to listen on is too long");
        return -EINVAL;
    }
    memcpy(wanted->url, url, strlen(url) + 1);
    if ((rest = after(url, "unix:")) != NULL)
        return on_unix(rest, wanted, reason);
    if ((rest = after(url, "tcp://")) != NULL)
        return on_tcp(rest, wanted, reason);
    wanted->is_tls = true;
    if ((rest = after(url, "tls://")) != NULL)
        return on_tcp(rest, wanted, reason);
    diag_because(reason, "%s: expected " LISTEN_URL_FORMS, url);
    return -EINVAL;
}

int
listen_open(const char *url, struct listen_socket *opened,
            struct diag_reason *reason)
{
    int rc = dispatch(url, opened, open_unix, open_tcp, reason);
    if (rc != 0) {
        if (opened->fd >= 0)
            close(opened->fd);
        opened->fd = -1;
        opened->path[0] = '\0'; /* it may be another daemon's */
    }
    return rc;
}

int
listen_check(const char *url, struct diag_reason *reason)
{
    struct listen_socket wanted;
    return dispatch(url, &wanted, check_unix, check_tcp, reason);
}

static void
be_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int
listen_adopt(struct listen_socket *opened, struct diag_reason *reason)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    int on = 1;
    be_nonblocking(opened->fd);
    if (opened->is_unix)
        return 0;
    if (getsockname(opened->fd, (struct sockaddr *)&address, &size) != 0)
        return fail(reason, opened->url, errno);
    name_tcp(opened);
    if (!opened->is_tls && !is_loopback((const struct sockaddr *)&address))
        return refuse_open(opened, reason);
    setsockopt(opened->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    keep_alive(opened->fd);
    return 0;
}

void
listen_forget(const struct listen_socket *opened)
{
    if (opened->path[0] != '\0')
        unlink(opened->path);
}
