/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_SUBSCRIBER_H
#define TESTS_SYSTEM_SUBSCRIBER_H

#include <jansson.h>
#include <stdint.h>

#include "tests/system/wire.h"

/*
 * Claims about subscriptions: what a client is told of one, in order.
 */

/* Ask for one under a msgid and read the result, which must come before
 * anything else.  The arguments are JSON text, through printf. */
void subscriber_begin(struct wire *wire, uint32_t msgid, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));

/* The next message must be [2, name, [msgid, value]]; the value, a new
 * reference. */
json_t *subscriber_value(struct wire *wire, uint32_t msgid, const char *name);

/* The same, where the value is a position. */
json_int_t subscriber_position(struct wire *wire, uint32_t msgid,
                               const char *name);

/* What comes next are events with these ids, a JSON array as text, in as many
 * chunks as it takes. */
void subscriber_expect(struct wire *wire, uint32_t msgid, const char *ids);

/* The next message must be [2, "caught_up", [msgid, position]]. */
void subscriber_caught_up(struct wire *wire, uint32_t msgid,
                          json_int_t position);

/* [2, "cancel", [msgid]] */
void subscriber_cancel(struct wire *wire, uint32_t msgid);

/* Nothing is on its way: the answer to a ping comes first. */
void subscriber_silent(struct wire *wire);

#endif
