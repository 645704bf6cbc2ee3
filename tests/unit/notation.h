/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NOTATION_H
#define TESTS_UNIT_NOTATION_H

#include "proto/mp.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * A notation for MessagePack in which the tables of event tests are written:
 *
 * 'text'  str, its bytes as they stand    [ , ]     array
 * 12 -3   integer                         { : , }   map
 * ~1.5    float 64                        !nil !true !false
 * <c4017a> MessagePack in hexadecimal     "s300 str of 300 letters
 * "b9 bin of 9 bytes                      "e65 array of 65 strs, all different
 * "m65 array of 65 empty maps             "d5 array in array ..., 5 of them
 */
static const char *encode(struct mp_buf *buf, const char *at);

static const char *
encode_many(struct mp_buf *buf, const char *at)
{
    char *end;
    char kind = at[0];
    uint32_t count = (uint32_t)strtoul(at + 1, &end, 10);
    uint8_t *letters = malloc(count + 1);
    memset(letters, 'a', count);
    if (kind == 's')
        mp_put_str(buf, (struct span){letters, count});
    if (kind == 'b')
        mp_put_bin(buf, (struct span){letters, count});
    if (kind == 'e' || kind == 'm')
        mp_put_array(buf, count);
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "e%u", i);
        if (kind == 'e')
            mp_put_text(buf, name);
        if (kind == 'm')
            mp_put_map(buf, 0);
        if (kind == 'd')
            mp_put_array(buf, i + 1 < count ? 1 : 0);
    }
    free(letters);
    return end;
}

static const char *
encode_hex(struct mp_buf *buf, const char *at)
{
    for (; *at != '>'; at += 2) {
        char digits[] = {at[0], at[1], '\0'};
        uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);
        mp_buf_append(buf, &byte, 1);
    }
    return at + 1;
}

static const char *
encode_word(struct mp_buf *buf, const char *at)
{
    if (*at == 'n')
        mp_put_nil(buf);
    else
        mp_put_bool(buf, *at == 't');
    return at + strspn(at, "niltruefas");
}

/* Arrays and maps; a comma may stand behind the last element. */
static const char *
encode_container(struct mp_buf *buf, const char *at, char last)
{
    size_t mark = last == ']' ? mp_open_array(buf) : mp_open_map(buf);
    uint32_t count = 0;
    while (*at != last) {
        at = encode(buf, at);
        if (last == '}') {
            ck_assert_int_eq(*at, ':');
            at = encode(buf, at + 1);
        }
        at += *at == ',';
        count++;
    }
    mp_close(buf, mark, count);
    return at + 1;
}

static const char *
encode(struct mp_buf *buf, const char *at)
{
    char *end = NULL;
    switch (*at) {
    case '\'':
        end = strchr(at + 1, '\'');
        ck_assert_ptr_nonnull(end);
        mp_put_str(buf, (struct span){(const uint8_t *)at + 1,
                                      (size_t)(end - at - 1)});
        return end + 1;
    case '[':
        return encode_container(buf, at + 1, ']');
    case '{':
        return encode_container(buf, at + 1, '}');
    case '<':
        return encode_hex(buf, at + 1);
    case '"':
        return encode_many(buf, at + 1);
    case '!':
        return encode_word(buf, at + 1);
    case '~':
        mp_put_double(buf, strtod(at + 1, &end));
        return end;
    default:
        mp_put_int(buf, strtoll(at, &end, 10));
        ck_assert_ptr_ne(end, at);
        return end;
    }
}

/* The caller deinits the buffer. */
static struct mp_buf
encoded(const char *notation)
{
    struct mp_buf buf = {0};
    const char *end = encode(&buf, notation);
    ck_assert_msg(*end == '\0', "left over: %s", end);
    ck_assert(!buf.failed);
    return buf;
}

/* The needed fields one by one, and all of them. */
#define TYPE "'type':'note',"
#define WHERE "'partnership':'p',"
#define WHO "'parties':['a','b'],"
#define WHEN "'occurred':'2017-08',"
#define WHAT "'title':'t',"
#define BASE TYPE WHERE WHO WHEN WHAT

/* What the daemon puts in front. */
#define ASSIGNED "'seq':9,'rev':4,'recorded':-7,"

#endif
