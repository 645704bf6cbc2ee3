/* SPDX-License-Identifier: MIT */
#include "tests/system/json_text.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *
text_load(char *text)
{
    for (char *at = strchr(text, '\''); at != NULL; at = strchr(at, '\''))
        *at = '"';
    json_error_t fault;
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
    if (value == NULL)
        ck_abort_msg("%s at %d in: %.300s", fault.text, fault.position, text);
    return value;
}

json_t *
json_of(const char *text)
{
    char *copy = strdup(text);
    ck_assert_ptr_nonnull(copy);
    json_t *value = text_load(copy);
    free(copy);
    return value;
}

json_t *
json_vformat(const char *format, va_list arguments)
{
    char *text = NULL;
    ck_assert_int_ge(vasprintf(&text, format, arguments), 0);
    json_t *value = text_load(text);
    free(text);
    return value;
}

json_t *
json_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    json_t *value = json_vformat(format, arguments);
    va_end(arguments);
    return value;
}

/* --- to MessagePack -------------------------------------------------------*/

static void
pack_str(msgpack_packer *packer, const char *text, size_t size)
{
    msgpack_pack_str(packer, size);
    msgpack_pack_str_body(packer, text, size);
}

static void
pack_hex(msgpack_packer *packer, const json_t *argument)
{
    const char *hex = json_string_value(argument);
    ck_assert_uint_eq(strlen(hex) % 2, 0);
    for (; *hex != '\0'; hex += 2) {
        char digits[] = {hex[0], hex[1], '\0'};
        char byte = (char)strtoul(digits, NULL, 16);
        if (packer->callback(packer->data, &byte, 1) != 0)
            ck_abort_msg("no memory");
    }
}

static void
pack_repeat(msgpack_packer *packer, const json_t *argument)
{
    const json_t *unit = json_array_get(argument, 0);
    size_t unit_size = json_string_length(unit);
    json_int_t count = json_integer_value(json_array_get(argument, 1));
    msgpack_pack_str(packer, unit_size * (size_t)count);
    for (json_int_t i = 0; i < count; i++)
        msgpack_pack_str_body(packer, json_string_value(unit), unit_size);
}

static void
pack_deep(msgpack_packer *packer, const json_t *argument)
{
    for (json_int_t i = 0; i < json_integer_value(argument); i++) {
        msgpack_pack_map(packer, 1);
        pack_str(packer, "a", 1);
    }
    msgpack_pack_int(packer, 1);
}

static void
pack_many(msgpack_packer *packer, const json_t *argument)
{
    json_int_t count = json_integer_value(json_array_get(argument, 1));
    msgpack_pack_array(packer, (size_t)count);
    for (json_int_t i = 0; i < count; i++)
        json_pack_to(packer, json_array_get(argument, 0));
}

static void
pack_numbered(msgpack_packer *packer, const json_t *argument)
{
    json_int_t count = json_integer_value(json_array_get(argument, 1));
    msgpack_pack_array(packer, (size_t)count);
    for (json_int_t i = 1; i <= count; i++) {
        char name[64];
        int size = snprintf(name, sizeof(name), "%s%lld",
                            json_string_value(json_array_get(argument, 0)),
                            (long long)i);
        pack_str(packer, name, (size_t)size);
    }
}

static void
pack_pairs(msgpack_packer *packer, const json_t *argument)
{
    msgpack_pack_map(packer, json_array_size(argument));
    for (size_t i = 0; i < json_array_size(argument); i++) {
        const json_t *pair = json_array_get(argument, i);
        json_pack_to(packer, json_array_get(pair, 0));
        json_pack_to(packer, json_array_get(pair, 1));
    }
}

static const struct {
    const char *key;
    void (*pack)(msgpack_packer *packer, const json_t *argument);
} specials[] = {
    {"$hex", pack_hex},   {"$repeat", pack_repeat},     {"$deep", pack_deep},
    {"$many", pack_many}, {"$numbered", pack_numbered}, {"$pairs", pack_pairs},
};

static bool
pack_special(msgpack_packer *packer, const json_t *map)
{
    if (json_object_size(map) != 1)
        return false;
    for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
        const json_t *argument = json_object_get(map, specials[i].key);
        if (argument != NULL) {
            specials[i].pack(packer, argument);
            return true;
        }
    }
    return false;
}

static void
pack_map(msgpack_packer *packer, const json_t *map)
{
    if (pack_special(packer, map))
        return;
    msgpack_pack_map(packer, json_object_size(map));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)map, key, value)
    {
        pack_str(packer, key, strlen(key));
        json_pack_to(packer, value);
    }
}

static void
pack_array(msgpack_packer *packer, const json_t *array)
{
    msgpack_pack_array(packer, json_array_size(array));
    for (size_t i = 0; i < json_array_size(array); i++)
        json_pack_to(packer, json_array_get(array, i));
}

void
json_pack_to(msgpack_packer *packer, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        pack_map(packer, value);
        break;
    case JSON_ARRAY:
        pack_array(packer, value);
        break;
    case JSON_STRING:
        pack_str(packer, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        msgpack_pack_int64(packer, json_integer_value(value));
        break;
    case JSON_REAL:
        msgpack_pack_double(packer, json_real_value(value));
        break;
    case JSON_TRUE:
        msgpack_pack_true(packer);
        break;
    case JSON_FALSE:
        msgpack_pack_false(packer);
        break;
    case JSON_NULL:
        msgpack_pack_nil(packer);
        break;
    }
}

/*
 * --- from MessagePack -------------------------------------------------------
 *
 * Check's assertions tell its parent process where they are, each with a system
 * call, even while they hold; here, many times in an answer, that would be most
 * of what a test does.
 */

static json_t *
unpack_bin(const msgpack_object_bin *bin)
{
    char *hex = calloc(bin->size + 1u, 2);
    if (hex == NULL)
        ck_abort_msg("no memory");
    for (uint32_t i = 0; i < bin->size; i++)
        sprintf(hex + (size_t)i * 2, "%02x", (unsigned char)bin->ptr[i]);
    json_t *value = json_pack("{s:s}", "$hex", hex);
    free(hex);
    return value;
}

static json_t *
unpack_array(const msgpack_object_array *array)
{
    json_t *value = json_array();
    for (uint32_t i = 0; i < array->size; i++)
        json_array_append_new(value, json_of_msgpack(&array->ptr[i]));
    return value;
}

static json_t *
unpack_map(const msgpack_object_map *map)
{
    json_t *value = json_object();
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        if (key->type != MSGPACK_OBJECT_STR)
            ck_abort_msg("a map key of type %d", (int)key->type);
        json_object_setn_new(value, key->via.str.ptr, key->via.str.size,
                             json_of_msgpack(&map->ptr[i].val));
        if (json_object_size(value) != i + 1)
            ck_abort_msg("the key %.*s stands twice in a map",
                         (int)key->via.str.size, key->via.str.ptr);
    }
    return value;
}

static json_t *
unpack_integer(const msgpack_object *object)
{
    if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
        object->via.u64 > INT64_MAX)
        ck_abort_msg("an integer over 2^63");
    return json_integer(object->via.i64);
}

json_t *
json_of_msgpack(const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        return json_null();
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(object->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return unpack_integer(object);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return json_real(object->via.f64);
    case MSGPACK_OBJECT_STR:
        return json_stringn(object->via.str.ptr, object->via.str.size);
    case MSGPACK_OBJECT_BIN:
        return unpack_bin(&object->via.bin);
    case MSGPACK_OBJECT_ARRAY:
        return unpack_array(&object->via.array);
    case MSGPACK_OBJECT_MAP:
        return unpack_map(&object->via.map);
    case MSGPACK_OBJECT_EXT:
        break;
    }
    ck_abort_msg("a MessagePack value of type %d", (int)object->type);
}

/* --- comparing ------------------------------------------------------------*/

static bool
arrays_agree(const json_t *a, const json_t *b,
             bool (*agree)(const json_t *, const json_t *))
{
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++) {
        if (!agree(json_array_get(a, i), json_array_get(b, i)))
            return false;
    }
    return true;
}

static bool
maps_same(json_t *a, json_t *b)
{
    if (json_object_size(a) != json_object_size(b))
        return false;
    void *in_b = json_object_iter(b);
    for (void *in_a = json_object_iter(a); in_a != NULL;
         in_a = json_object_iter_next(a, in_a)) {
        if (strcmp(json_object_iter_key(in_a), json_object_iter_key(in_b)) != 0)
            return false;
        if (!json_same(json_object_iter_value(in_a),
                       json_object_iter_value(in_b)))
            return false;
        in_b = json_object_iter_next(b, in_b);
    }
    return true;
}

bool
json_same(const json_t *a, const json_t *b)
{
    if (json_is_array(a) && json_is_array(b))
        return arrays_agree(a, b, json_same);
    if (json_is_object(a) && json_is_object(b))
        return maps_same((json_t *)a, (json_t *)b);
    return json_equal(a, b) == 1;
}

static bool
is_list_of_records(const char *key)
{
    return strcmp(key, "agreements") == 0 || strcmp(key, "offers") == 0 ||
           strcmp(key, "disputes") == 0;
}

bool
json_same_answer(const json_t *a, const json_t *b)
{
    if (!json_is_object(a) || !json_is_object(b) ||
        json_object_size(a) != json_object_size(b))
        return json_same(a, b);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)a, key, value)
    {
        const json_t *other = json_object_get(b, key);
        bool records = is_list_of_records(key) && json_is_array(value) &&
                       json_is_array(other);
        if (other == NULL)
            return false;
        if (records ? !arrays_agree(value, other, json_same_answer)
                    : !json_same(value, other))
            return false;
    }
    return true;
}

static bool
map_includes(const json_t *actual, const json_t *pattern)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)pattern, key, value)
    {
        const json_t *found = json_object_get(actual, key);
        if (found == NULL || !json_includes(found, value))
            return false;
    }
    return true;
}

bool
json_includes(const json_t *actual, const json_t *pattern)
{
    if (json_is_array(actual) && json_is_array(pattern))
        return arrays_agree(actual, pattern, json_includes);
    if (json_is_object(actual) && json_is_object(pattern))
        return map_includes(actual, pattern);
    return json_equal(actual, pattern) == 1;
}
