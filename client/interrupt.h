/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_INTERRUPT_H
#define CLIENT_INTERRUPT_H

#include <stdbool.h>

/*
 * The first SIGINT or SIGTERM asks the program to come to an end in order;
 * the second ends it.  A closed pipe is an error of write, not a signal.
 */

/* False: the system has no descriptor left. Call once, before threads. */
bool interrupt_init(void);

/* Readable from the first signal on; for poll. */
int interrupt_fd(void);

bool interrupt_came(void);

#endif
