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

static bool
is_nested(struct mp_reader reader, uint32_t count)
{
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        enum mp_kind kind = mp_peek(&reader);
        if (kind == MP_ARRAY || kind == MP_MAP || kind == MP_BIN)
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
    if (is_nested(reader, count)) {
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
csv_put(struct mp_buf *buf, struct span value)
{
    if (value.data == NULL)
        return;
    struct mp_buf text = {0};
    struct mp_reader reader = mp_reader(value);
    if (mp_peek(&reader) == MP_ARRAY)
        put_list(&text, value);
    else
        put_plain(&text, value);
    buf->failed |= text.failed;
    csv_put_text(buf, mp_buf_span(&text));
    mp_buf_deinit(&text);
}
