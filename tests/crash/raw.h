/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_RAW_H
#define TESTS_CRASH_RAW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Connections as bare descriptors, for what tests/system/wire.h is too polite
 * for.  A request that has the same bytes each time has an answer of the same
 * size each time.
 */
int raw_open_unix(const char *path);
int raw_open_tcp(uint16_t port);

/* The same, but -1 when the daemon's backlog is full or it refuses. */
int raw_try_unix(const char *path);

void raw_send(int fd, const void *bytes, size_t size);

/* Send what the socket takes at once. */
size_t raw_send_some(int fd, const void *bytes, size_t size);

/* Receive exactly so much, and drop it; false when the daemon closed. */
bool raw_receive(int fd, size_t size) __attribute__((warn_unused_result));

/* Close with a reset: what was not read or sent is gone. */
void raw_reset(int fd);

/* How large the fixture's daemon's answer to msgid 1 is, on a connection of
 * this kind: they differ in their role. */
size_t raw_answer_size(bool tcp, const char *method, const json_t *arguments);

#endif
