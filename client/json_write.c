/* SPDX-License-Identifier: MIT */
#include "client/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/base64.h"
#include "client/text.h"

#define JSON_INDENT 2

static void
put_plain(struct mp_buf *buf, const char *text)
{
    mp_buf_append(buf, text, strlen(text));
}

static void
put_escape(struct mp_buf *buf, uint32_t character)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = character > 0 && character < 0x80
                            ? strchr(named, (int)character)
                            : NULL;
    char escape[8];
    if (found != NULL)
        snprintf(escape, sizeof(escape), "\\%c", letters[found - named]);
    else
        snprintf(escape, sizeof(escape), "\\u%04" PRIx32, character & 0xffff);
    put_plain(buf, escape);
}

void
json_put_string(struct mp_buf *buf, struct span text)
{
    put_plain(buf, "\"");
    while (text.size > 0) {
        uint32_t character = text_next(&text);
        if (character == '"' || character == '\\' || text_is_control(character))
            put_escape(buf, character);
        else
            text_put(buf, character);
    }
    put_plain(buf, "\"");
}

/* The fewest digits that read back as the same number. */
static void
put_real(struct mp_buf *buf, double real)
{
    if (!isfinite(real)) {
        put_plain(buf, "null");
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, real);
        double back = strtod(text, NULL);
        if (!(back < real) && !(back > real))
            break;
    }
    put_plain(buf, text);
    if (strpbrk(text, ".e") == NULL)
        put_plain(buf, ".0");
}

static void
put_integer(struct mp_buf *buf, const struct mp_token *token)
{
    char text[24];
    snprintf(text, sizeof(text), "%s%" PRIu64, token->negative ? "-" : "",
             token->magnitude);
    put_plain(buf, text);
}

static void
put_bin(struct mp_buf *buf, struct span bytes)
{
    put_plain(buf, "{\"" JSON_BIN "\":\"");
    base64_put(buf, bytes);
    put_plain(buf, "\"}");
}

static void
put_break(struct mp_buf *buf, int indent)
{
    if (indent < 0)
        return;
    put_plain(buf, "\n");
    for (int i = 0; i < indent; i++)
        put_plain(buf, " ");
}

static void put_next(struct mp_buf *buf, struct mp_reader *reader, int indent);

/* A key is a str in all that the daemon sends; anything else is quoted. */
static void
put_key(struct mp_buf *buf, struct mp_reader *reader, int indent)
{
    if (mp_peek(reader) == MP_STR) {
        json_put_string(buf, mp_str(reader));
    } else {
        struct mp_buf key = {0};
        put_next(&key, reader, -1);
        json_put_string(buf, mp_buf_span(&key));
        mp_buf_deinit(&key);
    }
    put_plain(buf, indent < 0 ? ":" : ": ");
}

/* A map of one pair whose key JSON would take for something else. */
static bool
needs_dollar(const struct mp_reader *reader, uint32_t count)
{
    struct mp_reader ahead = *reader;
    if (count != 1 || mp_peek(reader) != MP_STR)
        return false;
    struct span key = mp_str(&ahead);
    return span_is(key, JSON_BIN) || span_is(key, JSON_UINT) ||
           (key.size >= 2 && memcmp(key.data, "$$", 2) == 0);
}

static void
put_dollar_key(struct mp_buf *buf, struct mp_reader *reader, int indent)
{
    struct span key = mp_str(reader);
    struct mp_buf longer = {0};
    mp_buf_append(&longer, "$", 1);
    mp_buf_append(&longer, key.data, key.size);
    json_put_string(buf, mp_buf_span(&longer));
    buf->failed |= longer.failed;
    mp_buf_deinit(&longer);
    put_plain(buf, indent < 0 ? ":" : ": ");
}

static void
put_container(struct mp_buf *buf, struct mp_reader *reader,
              const struct mp_token *token, int indent)
{
    bool map = token->kind == MP_MAP;
    int inner = indent < 0 ? -1 : indent + JSON_INDENT;
    put_plain(buf, map ? "{" : "[");
    for (uint32_t i = 0; i < token->count && !reader->failed; i++) {
        if (i > 0)
            put_plain(buf, ",");
        put_break(buf, inner);
        if (map && needs_dollar(reader, token->count))
            put_dollar_key(buf, reader, indent);
        else if (map)
            put_key(buf, reader, indent);
        put_next(buf, reader, inner);
    }
    if (token->count > 0)
        put_break(buf, indent);
    put_plain(buf, map ? "}" : "]");
}

/* Recursive: the scanner has bounded the depth. */
static void
put_next(struct mp_buf *buf, struct mp_reader *reader, int indent)
{
    struct mp_token token = mp_next(reader);
    switch (token.kind) {
    case MP_NIL:
    case MP_EXT:
        put_plain(buf, "null");
        break;
    case MP_BOOL:
        put_plain(buf, token.truth ? "true" : "false");
        break;
    case MP_INT:
        put_integer(buf, &token);
        break;
    case MP_FLOAT:
        put_real(buf, token.real);
        break;
    case MP_STR:
        json_put_string(buf, token.body);
        break;
    case MP_BIN:
        put_bin(buf, token.body);
        break;
    case MP_ARRAY:
    case MP_MAP:
        put_container(buf, reader, &token, indent);
        break;
    }
}

void
json_put(struct mp_buf *buf, struct span value, enum json_style style)
{
    struct mp_reader reader = mp_reader(value);
    put_next(buf, &reader, style == JSON_PRETTY ? 0 : -1);
}
