/* SPDX-License-Identifier: MIT */
#include "client/lib/socket.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Without a sign of the peer for so long, ask whether it is there: who only
 * listens would not notice otherwise. */
#define SOCKET_KEEPALIVE_S 60

/* A full backlog of a Unix socket cannot be waited for; look again so soon. */
#define SOCKET_BACKLOG_PAUSE_MS 20

int64_t
socket_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
milliseconds_left(int64_t deadline_ms)
{
    int64_t left = deadline_ms - socket_now_ms();
    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int
socket_wait(int fd, short events, const struct socket_limits *limits)
{
    struct pollfd polled[2] = {
        {.fd = fd, .events = events},
        {.fd = limits->stop_fd, .events = POLLIN},
    };
    for (;;) {
        int count = poll(polled, 2, milliseconds_left(limits->deadline_ms));
        if (count < 0 && errno != EINTR)
            return -errno;
        if (count > 0 && polled[1].revents != 0)
            return -ECANCELED;
        if (count > 0)
            return polled[0].revents;
        if (socket_now_ms() >= limits->deadline_ms)
            return -ETIMEDOUT;
    }
}

static int
finish_connect(int fd, const struct socket_limits *limits)
{
    int ready = socket_wait(fd, POLLOUT, limits);
    if (ready < 0)
        return ready;
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return -errno;
    return -error;
}

/* Pause, then say whether another try is due. */
static int
wait_for_backlog(const struct socket_limits *limits)
{
    struct socket_limits pause = *limits;
    pause.deadline_ms = socket_now_ms() + SOCKET_BACKLOG_PAUSE_MS;
    int rc = socket_wait(-1, 0, &pause);
    if (rc != -ETIMEDOUT)
        return rc;
    return socket_now_ms() < limits->deadline_ms ? 0 : -ETIMEDOUT;
}

static int
connect_to(int family, const struct sockaddr *address, socklen_t size,
           const struct socket_limits *limits)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int rc = 0;
    while (connect(fd, address, size) != 0) {
        rc = -errno;
        if (rc == -EINPROGRESS || rc == -EINTR)
            rc = finish_connect(fd, limits);
        else if (rc == -EAGAIN && (rc = wait_for_backlog(limits)) == 0)
            continue;
        break;
    }
    if (rc != 0) {
        close(fd);
        return rc;
    }
    return fd;
}

static int
connect_unix(const struct url *url, const struct socket_limits *limits)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, url->path, sizeof(address.sun_path));
    return connect_to(AF_UNIX, (const struct sockaddr *)&address,
                      sizeof(address), limits);
}

static int
connect_tcp(const struct url *url, const struct socket_limits *limits)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(url->host, url->port, &hints, &found);
    if (rc != 0)
        return rc == EAI_SYSTEM ? -errno : -ENOENT;
    int fd = -ENOENT;
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        fd = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen, limits);
        if (fd >= 0 || fd == -ECANCELED || fd == -ETIMEDOUT)
            break;
    }
    freeaddrinfo(found);
    if (fd >= 0) {
        /* A request is one write: waiting to fill a segment only delays. */
        int on = 1, idle = SOCKET_KEEPALIVE_S;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
        (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    }
    return fd;
}

bool
socket_is_local(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct sockaddr_in6 *in6 = (const void *)address;
    return address->sa_family == AF_UNIX ||
           (address->sa_family == AF_INET6 &&
            IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr));
}

bool
socket_stays_here(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    return getpeername(fd, (struct sockaddr *)&address, &size) == 0 &&
           socket_is_local((const struct sockaddr *)&address);
}

int
socket_connect(const struct url *url, const struct socket_limits *limits)
{
    return url->is_unix ? connect_unix(url, limits) : connect_tcp(url, limits);
}
