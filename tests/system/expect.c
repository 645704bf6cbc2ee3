/* SPDX-License-Identifier: MIT */
#include "tests/system/expect.h"

#include <check.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/json_text.h"

/* Arguments may be long; what is shown of them is not. */
#define SHOWN_MAX 1500

static char *
show(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    ck_assert_ptr_nonnull(text);
    if (strlen(text) > SHOWN_MAX)
        text[SHOWN_MAX] = '\0';
    return text;
}

json_t *
expect_ok_json(struct wire *wire, const char *method, const json_t *arguments)
{
    json_auto_t *message = wire_call(wire, method, arguments);
    const json_t *error = json_array_get(message, 2);
    if (!json_is_null(error)) {
        char *asked = show(arguments);
        char *told = show(error);
        ck_abort_msg("%s %s\nis refused: %s", method, asked, told);
    }
    return json_incref(json_array_get(message, 3));
}

json_t *
expect_ok(struct wire *wire, const char *method, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    json_auto_t *arguments = json_vformat(format, list);
    va_end(list);
    return expect_ok_json(wire, method, arguments);
}

void
expect_done(struct wire *wire, const char *method, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    json_auto_t *arguments = json_vformat(format, list);
    va_end(list);
    json_decref(expect_ok_json(wire, method, arguments));
}

/* --- errors ---------------------------------------------------------------*/

void
expect_error_in(const json_t *message, const char *code)
{
    char *text = show(message);
    const json_t *error = json_array_get(message, 2);
    const char *actual = json_string_value(json_object_get(error, "code"));
    ck_assert_msg(actual != NULL && strcmp(actual, code) == 0, "not %s: %s",
                  code, text);
    ck_assert_msg(json_is_null(json_array_get(message, 3)),
                  "an error with a result: %s", text);
    ck_assert_msg(json_string_length(json_object_get(error, "message")) > 0,
                  "an error without a message: %s", text);
    free(text);
}

static json_t *
error_of_call(struct wire *wire, const char *code, const char *method,
              const json_t *arguments)
{
    json_auto_t *message = wire_call(wire, method, arguments);
    const json_t *error = json_array_get(message, 2);
    const char *actual = json_string_value(json_object_get(error, "code"));
    if (actual == NULL || strcmp(actual, code) != 0) {
        char *asked = show(arguments);
        char *told = show(message);
        ck_abort_msg("%s %s\nwants %s, got %s", method, asked, code, told);
    }
    expect_error_in(message, code);
    return json_incref(json_array_get(message, 2));
}

json_t *
expect_error(struct wire *wire, const char *code, const char *method,
             const char *format, ...)
{
    va_list list;
    va_start(list, format);
    json_auto_t *arguments = json_vformat(format, list);
    va_end(list);
    return error_of_call(wire, code, method, arguments);
}

void
expect_refusal(struct wire *wire, const char *code, const char *method,
               const char *format, ...)
{
    va_list list;
    va_start(list, format);
    json_auto_t *arguments = json_vformat(format, list);
    va_end(list);
    json_decref(error_of_call(wire, code, method, arguments));
}

/* --- results --------------------------------------------------------------*/

static _Noreturn void
report_difference(const json_t *actual, const json_t *expected,
                  const char *what)
{
    char *got = show(actual);
    char *wanted = show(expected);
    ck_abort_msg("%s\nwanted %s\ngot    %s", what, wanted, got);
}

void
expect_same_json(const json_t *actual, const json_t *expected, const char *what)
{
    if (!json_same(actual, expected))
        report_difference(actual, expected, what);
}

void
expect_same_answer(const json_t *actual, const json_t *expected,
                   const char *what)
{
    if (!json_same_answer(actual, expected))
        report_difference(actual, expected, what);
}

void
expect_same(const json_t *actual, const char *expected)
{
    json_auto_t *wanted = json_of(expected);
    expect_same_json(actual, wanted, "");
}

static void
includes(const json_t *actual, const json_t *pattern, const char *what)
{
    if (json_includes(actual, pattern))
        return;
    char *got = show(actual);
    char *wanted = show(pattern);
    ck_abort_msg("%s\nwanted, among others, %s\ngot %s", what, wanted, got);
}

void
expect_includes(const json_t *actual, const char *pattern)
{
    json_auto_t *wanted = json_of(pattern);
    includes(actual, wanted, "");
}

void
expect_in(struct wire *wire, const char *pattern, const char *method,
          const char *format, ...)
{
    va_list list;
    va_start(list, format);
    json_auto_t *arguments = json_vformat(format, list);
    va_end(list);
    json_auto_t *result = expect_ok_json(wire, method, arguments);
    json_auto_t *wanted = json_of(pattern);
    char *what = show(arguments);
    includes(result, wanted, what);
    free(what);
}

json_t *
expect_ids(const json_t *events)
{
    ck_assert(json_is_array(events));
    json_t *ids = json_array();
    for (size_t i = 0; i < json_array_size(events); i++)
        json_array_append(ids,
                          json_object_get(json_array_get(events, i), "id"));
    return ids;
}
