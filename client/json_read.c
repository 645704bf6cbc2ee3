/* SPDX-License-Identifier: MIT */
#include "client/json.h"

#include <jansson.h>
#include <stdio.h>

#include "client/base64.h"

static bool
fail(struct json_fault *fault, const char *reason)
{
    *fault = (struct json_fault){.line = 1};
    snprintf(fault->reason, sizeof(fault->reason), "%s", reason);
    return false;
}

static bool put_value(struct mp_buf *buf, json_t *value, int depth,
                      struct json_fault *fault);

static struct span
string_span(const json_t *value)
{
    return (struct span){(const uint8_t *)json_string_value(value),
                         json_string_length(value)};
}

/* {"$bin": base64} */
static bool
put_bin(struct mp_buf *buf, const json_t *text, struct json_fault *fault)
{
    struct mp_buf bytes = {0};
    bool good = json_is_string(text) && base64_read(&bytes, string_span(text));
    if (good)
        mp_put_bin(buf, bytes.size > 0 ? mp_buf_span(&bytes) : span_of(""));
    buf->failed |= bytes.failed;
    mp_buf_deinit(&bytes);
    return good || fail(fault, "\"" JSON_BIN "\" takes a string of base64");
}

/* Digits only, and no more than fit. */
static bool
read_uint(struct span digits, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < digits.size; i++)
        if (digits.data[i] < '0' || digits.data[i] > '9' ||
            __builtin_mul_overflow(*number, 10u, number) ||
            __builtin_add_overflow(*number, (uint64_t)(digits.data[i] - '0'),
                                   number))
            return false;
    return digits.size > 0;
}

/* {"$uint": digits} */
static bool
put_uint(struct mp_buf *buf, const json_t *text, struct json_fault *fault)
{
    uint64_t number;
    if (!json_is_string(text) || !read_uint(string_span(text), &number))
        return fail(fault, "\"" JSON_UINT "\" takes a string of digits below "
                           "2^64");
    mp_put_uint(buf, number);
    return true;
}

/* One "$" less where json_put wrote one more. */
static void
put_key(struct mp_buf *buf, const char *key, size_t count)
{
    mp_put_text(buf, count == 1 && strncmp(key, "$$", 2) == 0 ? key + 1 : key);
}

static bool
put_object(struct mp_buf *buf, json_t *object, int depth,
           struct json_fault *fault)
{
    size_t count = json_object_size(object);
    const json_t *bin = json_object_get(object, JSON_BIN);
    const json_t *uint = json_object_get(object, JSON_UINT);
    if (bin != NULL && count == 1)
        return put_bin(buf, bin, fault);
    if (uint != NULL && count == 1)
        return put_uint(buf, uint, fault);
    mp_put_map(buf, (uint32_t)count);
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        put_key(buf, key, count);
        if (!put_value(buf, value, depth + 1, fault))
            return false;
    }
    return true;
}

static bool
put_array(struct mp_buf *buf, const json_t *array, int depth,
          struct json_fault *fault)
{
    size_t count = json_array_size(array);
    mp_put_array(buf, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        if (!put_value(buf, json_array_get(array, i), depth + 1, fault))
            return false;
    return true;
}

static bool
put_value(struct mp_buf *buf, json_t *value, int depth,
          struct json_fault *fault)
{
    if (depth > JSON_DEPTH_MAX)
        return fail(fault, "nested too deep");
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return put_object(buf, value, depth, fault);
    case JSON_ARRAY:
        return put_array(buf, value, depth, fault);
    case JSON_STRING:
        mp_put_str(buf, string_span(value));
        return true;
    case JSON_INTEGER:
        mp_put_int(buf, json_integer_value(value));
        return true;
    case JSON_REAL:
        mp_put_double(buf, json_real_value(value));
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        mp_put_bool(buf, json_is_true(value));
        return true;
    case JSON_NULL:
        mp_put_nil(buf);
        return true;
    }
    return fail(fault, "an unknown kind of value");
}

/* jansson's message, or a better one. */
static void
tell_error(struct json_fault *fault, json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    if (code == json_error_null_character)
        (void)fail(fault, "a NUL character (\\u0000); no string has one");
    else if (code == json_error_numeric_overflow)
        (void)fail(fault, "a number beyond 64 bits; write it as a string");
    else
        (void)fail(fault, error->text);
    fault->line = error->line > 0 ? (size_t)error->line : 1;
    fault->column = error->column > 0 ? (size_t)error->column : 0;
}

/* --- integers beyond 63 bits ----------------------------------------------*/

/* The end of the string that begins at `at`, with its quotation marks. */
static size_t
string_end(struct span text, size_t at)
{
    for (at++; at < text.size && text.data[at] != '"'; at++)
        at += text.data[at] == '\\';
    return at < text.size ? at + 1 : text.size;
}

/* The end of the number, name or mark that begins at `at`. */
static size_t
word_end(struct span text, size_t at)
{
    while (at < text.size && strchr("+-.0123456789eE", text.data[at]) != NULL)
        at++;
    return at;
}

static bool
is_wide(struct span word)
{
    uint64_t number;
    return read_uint(word, &number) && number > INT64_MAX &&
           word.data[0] != '0';
}

/* Copy `text` with {"$uint": ...} for each such integer; false where there is
 * none. */
static bool
put_wide(struct mp_buf *copy, struct span text)
{
    bool found = false;
    for (size_t at = 0, end; at < text.size; at = end) {
        bool string = text.data[at] == '"';
        end = string ? string_end(text, at) : word_end(text, at);
        end = end > at ? end : at + 1;
        struct span word = {text.data + at, end - at};
        bool wide = !string && is_wide(word);
        if (wide)
            mp_buf_append(copy, "{\"" JSON_UINT "\":\"",
                          sizeof("{\"" JSON_UINT "\":\"") - 1);
        mp_buf_append(copy, word.data, word.size);
        if (wide)
            mp_buf_append(copy, "\"}", 2);
        found |= wide;
    }
    return found && !copy->failed;
}

/* jansson has no integers beyond 63 bits; MessagePack has. */
static json_t *
load(struct span text, json_error_t *error)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_t *value =
        json_loadb((const char *)text.data, text.size, flags, error);
    if (value != NULL || json_error_code(error) != json_error_numeric_overflow)
        return value;
    struct mp_buf copy = {0};
    if (put_wide(&copy, text)) {
        value = json_loadb((const char *)copy.data, copy.size, flags, error);
        error->column = 0; /* of the copy */
    }
    mp_buf_deinit(&copy);
    return value;
}

bool
json_read(struct span text, struct mp_buf *buf, struct json_fault *fault)
{
    const uint8_t *nul =
        text.size == 0 ? NULL : memchr(text.data, '\0', text.size);
    if (nul != NULL) {
        (void)fail(fault, "a NUL byte; JSON has none");
        fault->column = (size_t)(nul - text.data) + 1;
        return false;
    }
    json_error_t error;
    json_t *value = load(text, &error);
    if (value == NULL) {
        tell_error(fault, &error);
        return false;
    }
    bool good = put_value(buf, value, 1, fault);
    json_decref(value);
    if (good && buf->failed)
        return fail(fault, "no memory");
    return good;
}
