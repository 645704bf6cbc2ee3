/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_OBJECT_H
#define TESTS_SYSTEM_OBJECT_H

#include <msgpack.h>
#include <stdbool.h>

/*
 * MessagePack values of an answer, looked at in place: for answers that are
 * too many or too long to be turned into JSON.  What is not there, or of
 * another type, fails the running test.
 */

/* The value under a key. */
const msgpack_object *object_get(const msgpack_object *map, const char *key);

/* The element of an array. */
const msgpack_object *object_at(const msgpack_object *array, uint32_t index);

/* How many elements an array has. */
uint32_t object_count(const msgpack_object *array);

uint64_t object_uint(const msgpack_object *number);

bool object_is_nil(const msgpack_object *value);
bool object_is_text(const msgpack_object *value, const char *text);

/* A copy that lives in the zone. */
msgpack_object object_copy(const msgpack_object *value, msgpack_zone *zone);

#endif
