/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_UUID_H
#define DAEMON_UUID_H

#include <stddef.h>
#include <stdint.h>

/*
 * UUID version 7: 48 bits of time, 74 random ones (RFC 9562, section 5.7).
 * Any thread.
 */

#define UUID_RANDOM_SIZE ((size_t)10)
#define UUID_TEXT_SIZE ((size_t)37) /* with its NUL */

/* Fill `bytes` from the kernel; returns `size`. Waits only while the machine
 * has not gathered entropy since it booted. */
size_t uuid_random(uint8_t *bytes, size_t size);

void uuid_v7(int64_t time_ms, const uint8_t random[UUID_RANDOM_SIZE],
             char text[UUID_TEXT_SIZE]);

#endif
