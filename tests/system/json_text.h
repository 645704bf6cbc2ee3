/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_JSON_TEXT_H
#define TESTS_SYSTEM_JSON_TEXT_H

#include <jansson.h>
#include <msgpack.h>
#include <stdbool.h>

/*
 * Values of a test, written as JSON text and sent as MessagePack.
 *
 * Apostrophes stand for quotation marks, so that C needs no backslashes:
 * "{'at': '2017-08'}".  What JSON cannot say, or not shortly, is a map with
 * one key:
 *
 *   {'$hex': 'c403...'}    these bytes, as they are
 *   {'$repeat': ['x', 9]}  the str of nine x
 *   {'$deep': 3}           {"a": {"a": {"a": 1}}}
 *   {'$many': [1, 4]}      [1, 1, 1, 1]
 *   {'$numbered': ['p', 3]} ["p1", "p2", "p3"]
 *   {'$pairs': [[k, v], ..]}  a map of these, whatever the keys are
 *
 * A mistake in the text fails the running test.
 */

/* A new reference. */
json_t *json_of(const char *text);

/* The same, through printf. */
json_t *json_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
json_t *json_vformat(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0)));

/* Write `value` as MessagePack. */
void json_pack_to(msgpack_packer *packer, const json_t *value);

/*
 * Read MessagePack as JSON; a new reference.  bin becomes
 * {"$hex": its bytes}; a map key that is no str fails the running test.
 */
json_t *json_of_msgpack(const msgpack_object *object);

/* Equal, with the keys of all maps in the same order. */
bool json_same(const json_t *a, const json_t *b);

/*
 * The same but for the key order of answers whose keys the protocol names:
 * the outer map, and the maps in its `agreements`, `offers` and `disputes`.
 * Everything inside them, such as sorted maps and submitted values, is the
 * same in order too.
 */
bool json_same_answer(const json_t *a, const json_t *b);

/*
 * True when every key of `pattern`'s maps is in `actual` with a value that
 * includes the pattern's; arrays have the same length, all else is equal.
 */
bool json_includes(const json_t *actual, const json_t *pattern);

#endif
