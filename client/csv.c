/* SPDX-License-Identifier: MIT */
#include "client/csv.h"

#include "client/json.h"

static bool
needs_quotes(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr(",\"\r\n", text.data[i]) != NULL && text.data[i] != '\0')
            return true;
    return text.size > 0 &&
           (text.data[0] == ' ' || text.data[text.size - 1] == ' ');
}

void
csv_put_text(struct mp_buf *buf, struct span text)
{
    if (!needs_quotes(text)) {
        mp_buf_append(buf, text.data, text.size);
        return;
    }
    mp_buf_append(buf, "\"", 1);
    for (size_t i = 0; i < text.size; i++)
        mp_buf_append(
            buf, text.data[i] == '"' ? "\"\"" : (const char *)&text.data[i],
            text.data[i] == '"' ? 2 : 1);
    mp_buf_append(buf, "\"", 1);
}

static void
put_plain(struct mp_buf *buf, struct span value)
{
    struct mp_reader reader = mp_reader(value);
    enum mp_kind kind = mp_peek(&reader);
    if (kind == MP_STR) {
        struct span text = mp_str(&reader);
        mp_buf_append(buf, text.data, text.size);
    } else if (kind != MP_NIL) {
        json_put(buf, value, JSON_COMPACT);
    }
}

/* As it is read back: spaces around a name do not count, and [ begins JSON. */
static bool
is_ambiguous(struct span text)
{
    return text.size == 0 || text.data[0] == ' ' || text.data[0] == '[' ||
           text.data[text.size - 1] == ' ' ||
           memchr(text.data, ';', text.size) != NULL;
}

/* A list that cannot be joined by `;`. */
static bool
needs_json(struct mp_reader reader, uint32_t count)
{
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        enum mp_kind kind = mp_peek(&reader);
        struct mp_reader ahead = reader;
        if (kind == MP_ARRAY || kind == MP_MAP || kind == MP_BIN ||
            (kind == MP_STR && is_ambiguous(mp_str(&ahead))))
            return true;
        (void)mp_value(&reader);
    }
    return false;
}

static void
put_list(struct mp_buf *buf, struct span value)
{
    struct mp_reader reader = mp_reader(value);
    uint32_t count = mp_array(&reader);
    if (needs_json(reader, count)) {
        json_put(buf, value, JSON_COMPACT);
        return;
    }
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        if (i > 0)
            mp_buf_append(buf, ";", 1);
        put_plain(buf, mp_value(&reader));
    }
}

void
csv_put_bare(struct mp_buf *buf, struct span value)
{
    struct mp_reader reader = mp_reader(value);
    if (mp_peek(&reader) == MP_ARRAY)
        put_list(buf, value);
    else
        put_plain(buf, value);
}

void
csv_put(struct mp_buf *buf, struct span value)
{
    if (value.data == NULL)
        return;
    struct mp_buf text = {0};
    csv_put_bare(&text, value);
    buf->failed |= text.failed;
    csv_put_text(buf, mp_buf_span(&text));
    mp_buf_deinit(&text);
}
