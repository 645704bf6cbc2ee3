/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_VARIED_LOG_H
#define TESTS_SYSTEM_VARIED_LOG_H

#include <stddef.h>

/*
 * A log with everything in it that an event may have, for what must show or
 * keep all of it: random events, and those that the random log has not, such
 * as binary, integers of 64 bits, keys in any order, and text that other
 * formats would take for their own marks.
 */

/* Append `count` random events and all of the others.  The seed is printed,
 * and taken from $ENTENTE_SEED where that is set. */
void varied_log_append(size_t count);

#endif
