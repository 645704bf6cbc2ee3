/* SPDX-License-Identifier: MIT */
#include "proto/mp.h"

#include <endian.h>

/* The lead byte 0xc1, which MessagePack never uses. */
#define FORMAT_NONE 0xff
/* Lead byte of a str with its length in one byte. */
#define LEAD_STR_8 0xd9
/* Lead byte of the smallest negative fixint, -32. */
#define LEAD_NEGATIVE 0xe0

/*
 * What a lead byte announces.  Each header carries one number: a value, a
 * length or a count.  It stands in `number_size` big-endian bytes behind the
 * lead byte, or within it: (lead & mask) | fixed.
 */
struct mp_format {
    uint8_t kind;
    uint8_t number_size;
    uint8_t mask;
    uint8_t fixed;
};

static const struct mp_format mp_formats[256] = {
    [0x00 ... 0x7f] = {MP_INT, 0, 0x7f, 0},
    [0x80 ... 0x8f] = {MP_MAP, 0, 0x0f, 0},
    [0x90 ... 0x9f] = {MP_ARRAY, 0, 0x0f, 0},
    [0xa0 ... 0xbf] = {MP_STR, 0, 0x1f, 0},
    [0xc0] = {MP_NIL, 0, 0, 0},
    [0xc1] = {FORMAT_NONE, 0, 0, 0},
    [0xc2] = {MP_BOOL, 0, 0, 0},
    [0xc3] = {MP_BOOL, 0, 0, 1},
    [0xc4] = {MP_BIN, 1, 0, 0},
    [0xc5] = {MP_BIN, 2, 0, 0},
    [0xc6] = {MP_BIN, 4, 0, 0},
    [0xc7] = {MP_EXT, 1, 0, 0},
    [0xc8] = {MP_EXT, 2, 0, 0},
    [0xc9] = {MP_EXT, 4, 0, 0},
    [0xca] = {MP_FLOAT, 4, 0, 0},
    [0xcb] = {MP_FLOAT, 8, 0, 0},
    [0xcc] = {MP_INT, 1, 0, 0},
    [0xcd] = {MP_INT, 2, 0, 0},
    [0xce] = {MP_INT, 4, 0, 0},
    [0xcf] = {MP_INT, 8, 0, 0},
    [0xd0] = {MP_INT, 1, 0, 0},
    [0xd1] = {MP_INT, 2, 0, 0},
    [0xd2] = {MP_INT, 4, 0, 0},
    [0xd3] = {MP_INT, 8, 0, 0},
    [0xd4] = {MP_EXT, 0, 0, 1},
    [0xd5] = {MP_EXT, 0, 0, 2},
    [0xd6] = {MP_EXT, 0, 0, 4},
    [0xd7] = {MP_EXT, 0, 0, 8},
    [0xd8] = {MP_EXT, 0, 0, 16},
    [0xd9] = {MP_STR, 1, 0, 0},
    [0xda] = {MP_STR, 2, 0, 0},
    [0xdb] = {MP_STR, 4, 0, 0},
    [0xdc] = {MP_ARRAY, 2, 0, 0},
    [0xdd] = {MP_ARRAY, 4, 0, 0},
    [0xde] = {MP_MAP, 2, 0, 0},
    [0xdf] = {MP_MAP, 4, 0, 0},
    [0xe0 ... 0xff] = {MP_INT, 0, 0xff, 0},
};

struct mp_reader
mp_reader(struct span bytes)
{
    return (struct mp_reader){
        .at = bytes.data,
        .end = bytes.data == NULL ? NULL : bytes.data + bytes.size,
        .failed = bytes.data == NULL,
    };
}

static size_t
mp_left(const struct mp_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static uint64_t
mp_load(const uint8_t *at, uint8_t size)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;

    switch (size) {
    case 1:
        return *at;
    case 2:
        memcpy(&two, at, sizeof(two));
        return be16toh(two);
    case 4:
        memcpy(&four, at, sizeof(four));
        return be32toh(four);
    default:
        memcpy(&eight, at, sizeof(eight));
        return be64toh(eight);
    }
}

/* Take one header; NULL and the sticky error where there is none. */
static inline const struct mp_format *
mp_header(struct mp_reader *reader, uint64_t *number)
{
    if (reader->failed || reader->at == reader->end) {
        reader->failed = true;
        return NULL;
    }
    uint8_t lead = *reader->at;
    const struct mp_format *format = &mp_formats[lead];
    if (format->kind == FORMAT_NONE || mp_left(reader) <= format->number_size) {
        reader->failed = true;
        return NULL;
    }
    *number = format->number_size == 0
                  ? (uint64_t)((lead & format->mask) | format->fixed)
                  : mp_load(reader->at + 1, format->number_size);
    reader->at += 1 + format->number_size;
    return format;
}

/* The payload of a str, bin or ext. */
static inline struct span
mp_body(struct mp_reader *reader, uint64_t size)
{
    if (reader->failed || size > mp_left(reader)) {
        reader->failed = true;
        return (struct span){0};
    }
    struct span body = {reader->at, (size_t)size};
    reader->at += size;
    return body;
}

static void
mp_set_int(struct mp_token *token, uint8_t lead, uint64_t number)
{
    uint8_t size = mp_formats[lead].number_size;
    unsigned bits = size == 0 ? 8 : 8u * size;
    bool is_signed = lead >= LEAD_NEGATIVE || (lead >= 0xd0 && lead <= 0xd3);

    token->negative = is_signed && (number >> (bits - 1)) != 0;
    token->magnitude = number;
    if (token->negative)
        token->magnitude =
            bits == 64 ? 0 - number : ((uint64_t)1 << bits) - number;
}

static double
mp_real(uint8_t size, uint64_t number)
{
    double real;
    if (size == sizeof(real)) {
        memcpy(&real, &number, sizeof(real));
        return real;
    }
    uint32_t bits = (uint32_t)number;
    float narrow;
    memcpy(&narrow, &bits, sizeof(narrow));
    return (double)narrow;
}

static void
mp_set_ext(struct mp_reader *reader, struct mp_token *token, uint64_t size)
{
    struct span type = mp_body(reader, 1);
    if (type.data == NULL)
        return;
    token->ext_type = (int8_t)*type.data;
    token->body = mp_body(reader, size);
}

struct mp_token
mp_next(struct mp_reader *reader)
{
    struct mp_token token = {.kind = MP_NIL};
    uint64_t number = 0;
    const uint8_t *lead = reader->at;
    const struct mp_format *format = mp_header(reader, &number);
    if (format == NULL)
        return token;

    token.kind = (enum mp_kind)format->kind;
    switch (token.kind) {
    case MP_NIL:
        break;
    case MP_BOOL:
        token.truth = number != 0;
        break;
    case MP_INT:
        mp_set_int(&token, *lead, number);
        break;
    case MP_FLOAT:
        token.real = mp_real(format->number_size, number);
        break;
    case MP_STR:
    case MP_BIN:
        token.body = mp_body(reader, number);
        break;
    case MP_EXT:
        mp_set_ext(reader, &token, number);
        break;
    case MP_ARRAY:
    case MP_MAP:
        token.count = (uint32_t)number;
        break;
    }
    if (reader->failed)
        return (struct mp_token){.kind = MP_NIL};
    return token;
}

enum mp_kind
mp_peek(const struct mp_reader *reader)
{
    if (reader->failed || reader->at == reader->end)
        return MP_NIL;
    uint8_t kind = mp_formats[*reader->at].kind;
    return kind == FORMAT_NONE ? MP_NIL : (enum mp_kind)kind;
}

/* Take one header and its payload; how many values it announces. */
static uint64_t
mp_skip(struct mp_reader *reader)
{
    uint64_t number = 0;
    const struct mp_format *format = mp_header(reader, &number);
    if (format == NULL)
        return 0;
    switch ((enum mp_kind)format->kind) {
    case MP_STR:
    case MP_BIN:
        mp_body(reader, number);
        return 0;
    case MP_EXT:
        mp_body(reader, number + 1); /* its type */
        return 0;
    case MP_ARRAY:
        return number;
    case MP_MAP:
        return 2 * number;
    case MP_NIL:
    case MP_BOOL:
    case MP_INT:
    case MP_FLOAT:
        return 0;
    }
    return 0;
}

/* Pass over what events are made of, as far as it is whole: short strings,
 * small containers and numbers.  `left`: how many values are to come. */
static uint64_t
mp_skip_short(struct mp_reader *reader, uint64_t left)
{
    const uint8_t *at = reader->at, *end = reader->end;
    while (left > 0 && end - at >= 2) {
        uint8_t lead = *at;
        size_t size = 1;
        uint64_t count = 0;
        if ((lead & 0xe0) == 0xa0)
            size += lead & 0x1f;
        else if (lead == LEAD_STR_8)
            size += 1u + at[1];
        else if (lead >= 0x80 && lead < 0xa0)
            count = (uint64_t)(lead & 0x0f) << (lead < 0x90);
        else if (lead >= 0x80 && lead < LEAD_NEGATIVE)
            break;
        if (size > (size_t)(end - at))
            break;
        at += size;
        left += count - 1;
    }
    reader->at = at;
    return left;
}

struct span
mp_value(struct mp_reader *reader)
{
    const uint8_t *start = reader->at;
    uint64_t left = 1;
    /* Each value still to come takes a byte, so that this ends with them. */
    while (left > 0 && !reader->failed) {
        left = mp_skip_short(reader, left);
        if (left > 0)
            left += mp_skip(reader) - 1;
    }
    if (reader->failed)
        return (struct span){0};
    return (struct span){start, (size_t)(reader->at - start)};
}

struct span
mp_last(struct mp_reader *reader)
{
    struct span rest = mp_body(reader, mp_left(reader));
    reader->failed |= rest.size == 0;
    return rest;
}

/* One token of that kind, or the sticky error. */
static struct mp_token
mp_take(struct mp_reader *reader, enum mp_kind kind)
{
    struct mp_token token = mp_next(reader);
    if (token.kind == kind)
        return token;
    reader->failed = true;
    return (struct mp_token){.kind = MP_NIL};
}

struct span
mp_str(struct mp_reader *reader)
{
    return mp_take(reader, MP_STR).body;
}

uint64_t
mp_uint(struct mp_reader *reader)
{
    struct mp_token token = mp_take(reader, MP_INT);
    if (token.negative)
        reader->failed = true;
    return token.negative ? 0 : token.magnitude;
}

int64_t
mp_int(struct mp_reader *reader)
{
    struct mp_token token = mp_take(reader, MP_INT);
    /* The complement of INT64_MIN's magnitude less one is INT64_MIN. */
    if (token.negative)
        return ~(int64_t)(token.magnitude - 1);
    if (token.magnitude <= INT64_MAX)
        return (int64_t)token.magnitude;
    reader->failed = true;
    return 0;
}

uint32_t
mp_array(struct mp_reader *reader)
{
    return mp_take(reader, MP_ARRAY).count;
}

uint32_t
mp_map(struct mp_reader *reader)
{
    return mp_take(reader, MP_MAP).count;
}

struct span
mp_get(struct span map, const char *key)
{
    struct span wanted = span_of(key);
    struct mp_reader reader = mp_reader(map);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        bool found = false;
        if (mp_peek(&reader) == MP_STR)
            found = span_equal(mp_str(&reader), wanted);
        else
            mp_value(&reader);
        struct span value = mp_value(&reader);
        if (found)
            return value;
    }
    return (struct span){0};
}

struct span
mp_get_str(struct span map, const char *key)
{
    struct mp_reader reader = mp_reader(mp_get(map, key));
    return mp_str(&reader);
}

uint64_t
mp_get_uint(struct span map, const char *key)
{
    struct mp_reader reader = mp_reader(mp_get(map, key));
    return mp_uint(&reader);
}
