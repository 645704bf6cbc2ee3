/* SPDX-License-Identifier: MIT */
#include "tests/bench/peers/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/fail.h"

#define READ_SIZE ((size_t)1 << 18)
#define UNIX_PREFIX "unix:"
#define TCP_PREFIX "tcp:"

/* --- opening --------------------------------------------------------------*/

static int
connect_unix(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        fail("%s is too long for a socket's path; set BENCH_DIR", path);
    memcpy(address.sun_path, path, strlen(path));
    return connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

static int
connect_tcp(int fd, const char *port)
{
    int at_once = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port =
                                      htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
    return connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

int
wire_open(struct wire *wire, const char *address)
{
    static uint32_t number;
    const struct timeval silence = {.tv_sec = WIRE_SILENCE_S};
    bool local = strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
    number++;
    *wire = (struct wire){.number = number};
    wire->fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        fail("socket: %s", strerror(errno));
    (void)setsockopt(wire->fd, SOL_SOCKET, SO_RCVTIMEO, &silence,
                     sizeof(silence));
    if ((local ? connect_unix(wire->fd, address + strlen(UNIX_PREFIX))
               : connect_tcp(wire->fd, address + strlen(TCP_PREFIX))) == 0)
        return 0;
    int rc = -errno;
    wire_close(wire);
    return rc;
}

void
wire_close(struct wire *wire)
{
    close(wire->fd);
    mp_buf_deinit(&wire->out);
    mp_buf_deinit(&wire->in);
}

/* --- bytes ----------------------------------------------------------------*/

struct span
wire_came(const struct wire *wire)
{
    return (struct span){wire->in.data + wire->in_start,
                         wire->in.size - wire->in_start};
}

void
wire_drop(struct wire *wire, size_t size)
{
    wire->in_start += size;
    if (wire->in_start == wire->in.size)
        wire->in_start = wire->in.size = 0;
}

bool
wire_fill(struct wire *wire, bool wait)
{
    if (wire->in_start > 0 && wire->in.capacity - wire->in.size < READ_SIZE) {
        wire->in.size -= wire->in_start;
        memmove(wire->in.data, wire->in.data + wire->in_start, wire->in.size);
        wire->in_start = 0;
    }
    uint8_t *space = mp_buf_reserve(&wire->in, READ_SIZE);
    if (space == NULL)
        fail("no memory");
    ssize_t size = recv(wire->fd, space, READ_SIZE, wait ? 0 : MSG_DONTWAIT);
    if (size > 0)
        wire->in.size += (size_t)size;
    return size > 0 ||
           (size < 0 && (errno == EINTR || (errno == EAGAIN && !wait)));
}

bool
wire_flush(struct wire *wire)
{
    size_t sent = 0;
    if (wire->out.failed)
        fail("no memory");
    while (sent < wire->out.size) {
        ssize_t size = send(wire->fd, wire->out.data + sent,
                            wire->out.size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size >= 0) {
            sent += (size_t)size;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return false;
        struct pollfd place = {.fd = wire->fd, .events = POLLIN | POLLOUT};
        if (poll(&place, 1, -1) > 0 && (place.revents & POLLIN) != 0 &&
            !wire_fill(wire, false))
            return false;
    }
    mp_buf_clear(&wire->out);
    return true;
}

bool
wire_await(struct wire *wire, size_t size)
{
    while (wire_came(wire).size < size) {
        if (!wire_fill(wire, true))
            return false;
    }
    return true;
}

struct span
wire_line(const struct wire *wire)
{
    struct span came = wire_came(wire);
    const uint8_t *end =
        came.size < 2 ? NULL : memmem(came.data, came.size, "\r\n", 2);
    if (end == NULL)
        return (struct span){0};
    return (struct span){came.data, (size_t)(end - came.data)};
}
