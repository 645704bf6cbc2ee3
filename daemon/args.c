/* SPDX-License-Identifier: MIT */
#include "daemon/args.h"

#include <stdarg.h>
#include <stdio.h>

#include "daemon/order.h"
#include "daemon/xxh3.h"
#include "proto/event.h"

static const char *const arg_names[ARG_COUNT] = {
#define X(symbol, name, kind) [ARG_##symbol] = name,
    ARGS(X)
#undef X
};

static const char *const order_names[] = {
    [ARGS_RECORDED] = "recorded",
    [ARGS_OCCURRED] = "occurred",
    [ARGS_DISCLOSED] = "disclosed",
};

__attribute__((format(printf, 4, 5))) static bool
refuse(struct args_fault *fault, enum model_error code, const char *name,
       const char *format, ...)
{
    *fault = (struct args_fault){.code = code, .name = name};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
    return false;
}

static bool
refuse_kind(struct args_fault *fault, const char *name, const char *expected)
{
    return refuse(fault, MODEL_INVALID_REQUEST, name, "%s must be %s", name,
                  expected);
}

/* --- one reader a kind ----------------------------------------------------*/

static bool
is_str(struct span value, struct span *text)
{
    struct mp_reader reader = mp_reader(value);
    *text = mp_str(&reader);
    return !reader.failed;
}

static bool
read_TEXT(struct span value, const char *name, struct arg_value *arg,
          struct args_fault *fault)
{
    if (!is_str(value, &arg->bytes) || arg->bytes.size > MODEL_TEXT_SIZE_MAX ||
        !event_is_text(arg->bytes, false))
        return refuse_kind(fault, name,
                           "a str of at most 4096 bytes without control "
                           "characters");
    return true;
}

static bool
read_SLUG(struct span value, const char *name, struct arg_value *arg,
          struct args_fault *fault)
{
    if (!is_str(value, &arg->bytes) || !event_is_slug(arg->bytes))
        return refuse_kind(fault, name,
                           "a name of 1 to 64 of a-z, 0-9, '.', '_', '-', "
                           "that begins with a letter or digit");
    return true;
}

static bool
read_ID(struct span value, const char *name, struct arg_value *arg,
        struct args_fault *fault)
{
    if (!is_str(value, &arg->bytes) || !event_is_id(arg->bytes))
        return refuse_kind(fault, name,
                           "an id: 1 to 64 of A-Z, a-z, 0-9, '.', '_', ':', "
                           "'-', that begins with a letter or digit");
    return true;
}

static bool
read_BOOL(struct span value, const char *name, struct arg_value *arg,
          struct args_fault *fault)
{
    struct mp_reader reader = mp_reader(value);
    struct mp_token token = mp_next(&reader);
    if (token.kind != MP_BOOL)
        return refuse_kind(fault, name, "true or false");
    arg->truth = token.truth;
    return true;
}

static bool
read_UINT(struct span value, const char *name, struct arg_value *arg,
          struct args_fault *fault)
{
    struct mp_reader reader = mp_reader(value);
    arg->number = mp_uint(&reader);
    if (reader.failed)
        return refuse_kind(fault, name, "a position: a whole number from 0");
    return true;
}

static bool
read_LIMIT(struct span value, const char *name, struct arg_value *arg,
           struct args_fault *fault)
{
    struct mp_reader reader = mp_reader(value);
    arg->number = mp_uint(&reader);
    if (reader.failed || arg->number == 0)
        return refuse_kind(fault, name, "a whole number from 1 to 1000");
    return true;
}

static bool
read_DATE(struct span value, const char *name, struct arg_value *arg,
          struct args_fault *fault)
{
    struct edtf_fault where = {0};
    if (!is_str(value, &arg->bytes))
        return refuse_kind(fault, name, "a date: an EDTF str like \"2017-08\"");
    if (edtf_parse(arg->bytes, &arg->date, &where))
        return true;
    refuse(fault, MODEL_INVALID_DATE, name, "%s, byte %zu: %s", name,
           where.offset, where.reason);
    fault->has_offset = true;
    fault->offset = where.offset;
    return false;
}

static bool
read_POINT(struct span value, const char *name, struct arg_value *arg,
           struct args_fault *fault)
{
    struct mp_reader reader = mp_reader(value);
    enum mp_kind kind = mp_peek(&reader);
    if (kind != MP_STR && kind != MP_INT)
        return refuse_kind(fault, name, "a position or a date");
    arg->is_date = kind == MP_STR;
    return arg->is_date ? read_DATE(value, name, arg, fault)
                        : read_UINT(value, name, arg, fault);
}

static bool
read_ORDER(struct span value, const char *name, struct arg_value *arg,
           struct args_fault *fault)
{
    struct span text;
    for (size_t i = 0;
         is_str(value, &text) && i < sizeof order_names / sizeof *order_names;
         i++) {
        arg->number = i;
        if (span_is(text, order_names[i]))
            return true;
    }
    return refuse_kind(fault, name,
                       "\"recorded\", \"occurred\" or "
                       "\"disclosed\"");
}

static bool
refuse_type(struct args_fault *fault, const char *name, uint32_t index,
            struct span type)
{
    const char *names[MODEL_USER_TYPE]; /* all but x-... */
    for (size_t i = 0; i < MODEL_USER_TYPE; i++)
        names[i] = model_types[i].name;
    const char *nearest = model_nearest(type, names, MODEL_USER_TYPE);
    if (type.size > MODEL_USER_TYPE_SIZE_MAX || !event_is_text(type, false))
        return refuse(fault, MODEL_INVALID_REQUEST, name,
                      "%s[%u] is not a type of event", name, index);
    return refuse(
        fault, MODEL_INVALID_REQUEST, name,
        nearest != NULL ? "%s[%u]: \"%.*s\" is not a type of event; did you "
                          "mean \"%s\"?"
                        : "%s[%u]: \"%.*s\" is not a type of event",
        name, index, (int)type.size, (const char *)type.data, nearest);
}

static bool
read_TYPES(struct span value, const char *name, struct arg_value *arg,
           struct args_fault *fault)
{
    struct mp_reader reader = mp_reader(value);
    uint32_t count = mp_array(&reader);
    if (reader.failed || count == 0 || count > ARGS_TYPES_MAX)
        return refuse_kind(fault, name, "an array of 1 to 64 types");
    for (uint32_t i = 0; i < count; i++) {
        struct span type = mp_str(&reader);
        if (reader.failed)
            return refuse_kind(fault, name, "an array of str");
        if (model_type_find(type) == MODEL_TYPE_COUNT)
            return refuse_type(fault, name, i, type);
    }
    arg->bytes = value;
    return true;
}

static bool
read_RAW_ARRAY(struct span value, const char *name, struct arg_value *arg,
               struct args_fault *fault)
{
    struct mp_reader reader = mp_reader(value);
    if (mp_peek(&reader) != MP_ARRAY)
        return refuse_kind(fault, name, "an array");
    arg->bytes = value;
    return true;
}

static bool
read_RAW_MAP(struct span value, const char *name, struct arg_value *arg,
             struct args_fault *fault)
{
    struct mp_reader reader = mp_reader(value);
    if (mp_peek(&reader) != MP_MAP)
        return refuse_kind(fault, name, "a map");
    arg->bytes = value;
    return true;
}

static bool (*const readers[ARG_COUNT])(struct span, const char *,
                                        struct arg_value *,
                                        struct args_fault *) = {
#define X(symbol, name, kind) [ARG_##symbol] = read_##kind,
    ARGS(X)
#undef X
};

/* --- all of them ----------------------------------------------------------*/

static bool
refuse_unknown(struct args_fault *fault, arg_set allowed, struct span key)
{
    const char *names[ARG_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < ARG_COUNT; i++)
        if (allowed & (arg_set)1 << i)
            names[count++] = arg_names[i];
    const char *nearest = model_nearest(key, names, count);
    if (!event_is_text(key, false) || key.size > MODEL_SLUG_SIZE_MAX)
        return refuse(fault, MODEL_INVALID_REQUEST, NULL,
                      "an argument's name is none of this method's");
    return refuse(fault, MODEL_INVALID_REQUEST, NULL,
                  nearest != NULL
                      ? "\"%.*s\" is no argument of this method; did you "
                        "mean \"%s\"?"
                      : "\"%.*s\" is no argument of this method",
                  (int)key.size, (const char *)key.data, nearest);
}

static bool
read_one(struct mp_reader *reader, bool last, arg_set allowed,
         struct args *args, struct args_fault *fault)
{
    struct span key = mp_str(reader);
    struct span value = last ? mp_last(reader) : mp_value(reader);
    if (reader->failed)
        return refuse(fault, MODEL_INVALID_REQUEST, NULL,
                      "the arguments' names must be str");
    for (size_t i = 0; i < ARG_COUNT; i++) {
        struct arg_value *arg = &args->values[i];
        if (!(allowed & (arg_set)1 << i) || !span_is(key, arg_names[i]))
            continue;
        if (arg->given)
            return refuse(fault, MODEL_INVALID_REQUEST, arg_names[i],
                          "%s is given twice", arg_names[i]);
        struct mp_reader nil = mp_reader(value);
        if (mp_peek(&nil) == MP_NIL)
            return true; /* the same as absent */
        arg->given = true;
        return readers[i](value, arg_names[i], arg, fault);
    }
    return refuse_unknown(fault, allowed, key);
}

static bool
check_required(const struct args *args, arg_set required,
               struct args_fault *fault)
{
    for (size_t i = 0; i < ARG_COUNT; i++)
        if (required & (arg_set)1 << i && !args->values[i].given)
            return refuse(fault, MODEL_INVALID_REQUEST, arg_names[i],
                          "%s is missing", arg_names[i]);
    return true;
}

static bool
read_pairs(struct mp_reader *reader, uint32_t pairs, arg_set allowed,
           struct args *args, struct args_fault *fault)
{
    *args = (struct args){0};
    for (uint32_t i = 0; i < pairs; i++)
        if (!read_one(reader, i + 1 == pairs, allowed, args, fault))
            return false;
    return true;
}

bool
args_read(struct span params, arg_set allowed, arg_set required,
          struct args *args, struct args_fault *fault)
{
    struct mp_reader reader = mp_reader(params);
    uint32_t count = mp_array(&reader);
    uint32_t pairs = count == 1 ? mp_map(&reader) : 0;
    if (reader.failed || count > 1)
        return refuse(fault, MODEL_INVALID_REQUEST, NULL,
                      "params must be an array with one map of named "
                      "arguments: [{...}]");
    return read_pairs(&reader, pairs, allowed, args, fault) &&
           check_required(args, required, fault);
}

bool
args_read_map(struct span map, arg_set allowed, struct args *args,
              struct args_fault *fault)
{
    struct mp_reader reader = mp_reader(map);
    uint32_t pairs = mp_map(&reader);
    return read_pairs(&reader, pairs, allowed, args, fault);
}

/* Only these may say the same in other bytes. */
static uint64_t
hash_types(struct span types, uint64_t hash)
{
    struct mp_reader reader = mp_reader(types);
    for (uint32_t count = mp_array(&reader); count > 0; count--) {
        struct span type = mp_str(&reader);
        hash = XXH3_64bits_withSeed(type.data, type.size, hash);
    }
    return hash;
}

uint64_t
args_hash(const struct args *args, const char *method)
{
    uint64_t hash = XXH3_64bits(method, span_of(method).size);
    for (size_t i = 0; i < ARG_COUNT; i++) {
        const struct arg_value *arg = &args->values[i];
        uint8_t head[12];
        if (!arg->given || i == ARG_CURSOR)
            continue;
        order_put_u64(head, arg->number);
        head[8] = (uint8_t)i;
        head[9] = arg->truth;
        head[10] = arg->is_date;
        head[11] = 0;
        hash = XXH3_64bits_withSeed(head, sizeof head, hash);
        if (i == ARG_TYPES)
            hash = hash_types(arg->bytes, hash);
        else if (arg->bytes.data != NULL)
            hash = XXH3_64bits_withSeed(arg->bytes.data, arg->bytes.size, hash);
    }
    return hash;
}
