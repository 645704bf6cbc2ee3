/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_NOTIFY_SOCKET_H
#define TESTS_SYSTEM_NOTIFY_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The service manager's end of sd_notify(3): a socket that every daemon
 * started from now on tells how it does.  One per test process.
 */

/* Of one thing that was said, with its NUL. */
#define NOTIFY_LINE_SIZE ((size_t)512)

/* Open it in the fixture's directory, and tell by NOTIFY_SOCKET where. */
void notify_socket_open(void);

/* Ask for signs of life, each at least so often. */
void notify_socket_watchdog(unsigned interval_ms);

/* Wait for the next thing said, "READY=1". */
void notify_socket_next(char line[NOTIFY_LINE_SIZE]);

/* Wait for the next that begins with `wanted`, dropping what comes before; how
 * many of the dropped begin with `counted`, which may be NULL. */
size_t notify_socket_await(const char *wanted, const char *counted);

/* Drop all that was said so far. */
void notify_socket_drop(void);

/* Whether something that begins with `wanted` comes within the time. */
bool notify_socket_within(const char *wanted, int timeout_ms);

#endif
