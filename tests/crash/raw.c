/* SPDX-License-Identifier: MIT */
#include "tests/crash/raw.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/system/fixture.h"

int
raw_try_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

int
raw_open_unix(const char *path)
{
    int fd = raw_try_unix(path);
    ck_assert_msg(fd >= 0, "connect: %s", strerror(errno));
    return fd;
}

int
raw_open_tcp(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof(address)) ==
                      0,
                  "connect: %s", strerror(errno));
    return fd;
}

void
raw_send(int fd, const void *bytes, size_t size)
{
    ck_assert_int_eq(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

size_t
raw_send_some(int fd, const void *bytes, size_t size)
{
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        ck_assert_int_eq(errno, EAGAIN);
    return sent < 0 ? 0 : (size_t)sent;
}

bool
raw_receive(int fd, size_t size)
{
    char bytes[4096];
    while (size > 0) {
        struct pollfd place = {.fd = fd, .events = POLLIN};
        ck_assert_msg(poll(&place, 1, WIRE_PATIENCE_MS) == 1,
                      "the daemon does not answer");
        size_t most = size < sizeof(bytes) ? size : sizeof(bytes);
        ssize_t got = recv(fd, bytes, most, 0);
        if (got <= 0)
            return false;
        size -= (size_t)got;
    }
    return true;
}

void
raw_reset(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    ck_assert_int_eq(
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    close(fd);
}

size_t
raw_answer_size(bool tcp, const char *method, const json_t *arguments)
{
    struct wire *wire = tcp ? wire_open_tcp(process_port(fixture.daemon))
                            : wire_open_unix(fixture.socket);
    wire_queue(wire, 1, method, arguments);
    wire_flush(wire);
    json_decref(wire_answer(wire, 1));
    size_t size;
    wire_message_bytes(wire, &size);
    wire_close(wire);
    return size;
}
