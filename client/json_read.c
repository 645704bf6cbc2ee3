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
    return good || fail(fault, "\"$bin\" takes a string of base64");
}

static bool
put_object(struct mp_buf *buf, json_t *object, int depth,
           struct json_fault *fault)
{
    size_t count = json_object_size(object);
    const json_t *bin = json_object_get(object, "$bin");
    if (bin != NULL && count == 1)
        return put_bin(buf, bin, fault);
    mp_put_map(buf, (uint32_t)count);
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        mp_put_text(buf, key);
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
    json_t *value =
        json_loadb((const char *)text.data, text.size,
                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
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
