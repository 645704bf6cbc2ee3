/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_EXPECT_H
#define TESTS_SYSTEM_EXPECT_H

#include <jansson.h>
#include <stdint.h>

#include "tests/system/wire.h"

/*
 * Claims about answers.  Arguments and patterns are JSON text as
 * tests/system/json_text.h reads it, through printf.  A claim that does not
 * hold fails the running test and shows both sides.
 */

/* Call and return the result, a new reference; an error fails. */
json_t *expect_ok(struct wire *wire, const char *method, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

/* The same, with arguments that are JSON already. */
json_t *expect_ok_json(struct wire *wire, const char *method,
                       const json_t *arguments);

/* Call and drop the result. */
void expect_done(struct wire *wire, const char *method, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Call; the answer must be an error with this code and a message.  Returns
 * the error, a new reference.
 */
json_t *expect_error(struct wire *wire, const char *code, const char *method,
                     const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same, and drop the error. */
void expect_refusal(struct wire *wire, const char *code, const char *method,
                    const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* An answer that came by other ways: it must be an error with this code. */
void expect_error_in(const json_t *message, const char *code);

/* Call; the result must include the pattern. */
void expect_in(struct wire *wire, const char *pattern, const char *method,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* `actual` must be the same as the text, key order included. */
void expect_same(const json_t *actual, const char *expected);
void expect_same_json(const json_t *actual, const json_t *expected,
                      const char *what);

/* The same as tests/system/json_text.h's json_same_answer sees it. */
void expect_same_answer(const json_t *actual, const json_t *expected,
                        const char *what);

/* `actual` must include the pattern. */
void expect_includes(const json_t *actual, const char *pattern);

/* The ids of an array of events, a new reference. */
json_t *expect_ids(const json_t *events);

#endif
