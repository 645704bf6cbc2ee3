/* SPDX-License-Identifier: MIT */
#include "tests/system/notify_socket.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/fixture.h"

static int notify_fd = -1;
static char said[4 * NOTIFY_LINE_SIZE]; /* of a datagram, what is not read */

void
notify_socket_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    scratch_join(address.sun_path, fixture.directory, "notify");
    notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(notify_fd, 0);
    ck_assert_int_eq(
        bind(notify_fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
}

void
notify_socket_watchdog(unsigned interval_ms)
{
    char interval_us[32];
    snprintf(interval_us, sizeof(interval_us), "%u000", interval_ms);
    setenv("WATCHDOG_USEC", interval_us, 1);
}

/* --- reading --------------------------------------------------------------*/

/* Another datagram; false when none comes. */
static bool
receive(int timeout_ms)
{
    struct pollfd news = {.fd = notify_fd, .events = POLLIN};
    if (poll(&news, 1, timeout_ms) != 1)
        return false;
    ssize_t size = recv(notify_fd, said, sizeof(said) - 1, 0);
    ck_assert_int_ge(size, 0);
    said[size] = '\0';
    return true;
}

static bool
next_within(char line[NOTIFY_LINE_SIZE], int timeout_ms)
{
    while (said[0] == '\0')
        if (!receive(timeout_ms))
            return false;
    size_t size = strcspn(said, "\n");
    ck_assert_uint_lt(size, NOTIFY_LINE_SIZE);
    memcpy(line, said, size);
    line[size] = '\0';
    size += said[size] == '\n';
    memmove(said, said + size, strlen(said + size) + 1);
    return true;
}

void
notify_socket_next(char line[NOTIFY_LINE_SIZE])
{
    ck_assert_msg(next_within(line, PROCESS_PATIENCE_MS), "nothing was said");
}

static bool
begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

size_t
notify_socket_await(const char *wanted, const char *counted)
{
    char line[NOTIFY_LINE_SIZE];
    size_t count = 0;
    for (;;) {
        ck_assert_msg(next_within(line, PROCESS_PATIENCE_MS),
                      "nothing more is said, and no %s", wanted);
        if (begins(line, wanted))
            return count;
        count += counted != NULL && begins(line, counted);
    }
}

void
notify_socket_drop(void)
{
    char line[NOTIFY_LINE_SIZE];
    while (next_within(line, 0))
        continue;
}

bool
notify_socket_within(const char *wanted, int timeout_ms)
{
    char line[NOTIFY_LINE_SIZE];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t end_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000 + timeout_ms;
    for (int64_t left_ms = timeout_ms; left_ms > 0;) {
        if (next_within(line, (int)left_ms) && begins(line, wanted))
            return true;
        clock_gettime(CLOCK_MONOTONIC, &now);
        left_ms = end_ms - now.tv_sec * 1000 - now.tv_nsec / 1000000;
    }
    return false;
}
