/* SPDX-License-Identifier: MIT */
#include "client/text.h"

#include <locale.h>
#include <wchar.h>

void
text_init(void)
{
    /* Without that locale every character counts as one column. */
    (void)setlocale(LC_CTYPE, "C.UTF-8");
}

/* How many bytes a character has by its first byte; 0 for none. */
static size_t
sequence_size(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

static uint32_t
decode(const uint8_t *at, size_t size)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t character = at[0] & first_bits[size];
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return TEXT_REPLACEMENT;
        character = character << 6 | (at[i] & 0x3fu);
    }
    if (character < least[size] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff))
        return TEXT_REPLACEMENT;
    return character;
}

uint32_t
text_next(struct span *rest)
{
    size_t size = sequence_size(rest->data[0]);
    uint32_t character = TEXT_REPLACEMENT;
    if (size > 0 && size <= rest->size)
        character = decode(rest->data, size);
    if (character == TEXT_REPLACEMENT &&
        !(size == 3 && rest->size >= 3 &&
          memcmp(rest->data, "\xef\xbf\xbd", 3) == 0))
        size = 1;
    rest->data += size;
    rest->size -= size;
    return character;
}

bool
text_is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069);
}

void
text_put(struct mp_buf *buf, uint32_t character)
{
    uint8_t bytes[4];
    size_t size = 1;
    if (character < 0x80) {
        bytes[0] = (uint8_t)character;
    } else if (character < 0x800) {
        size = 2;
        bytes[0] = (uint8_t)(0xc0 | character >> 6);
    } else if (character < 0x10000) {
        size = 3;
        bytes[0] = (uint8_t)(0xe0 | character >> 12);
    } else {
        size = 4;
        bytes[0] = (uint8_t)(0xf0 | character >> 18);
    }
    for (size_t i = 1; i < size; i++)
        bytes[i] = (uint8_t)(0x80 | (character >> (6 * (size - 1 - i)) & 0x3f));
    mp_buf_append(buf, bytes, size);
}

void
text_put_clean(struct mp_buf *buf, struct span text, bool lines)
{
    while (text.size > 0) {
        uint32_t character = text_next(&text);
        if (character == '\t' || (character == '\n' && !lines))
            character = ' ';
        else if (character != '\n' && text_is_control(character))
            character = TEXT_REPLACEMENT;
        text_put(buf, character);
    }
}

static size_t
character_width(uint32_t character)
{
    int width = wcwidth((wchar_t)character);
    return width < 0 ? 1 : (size_t)width;
}

size_t
text_width(struct span text)
{
    size_t width = 0;
    while (text.size > 0)
        width += character_width(text_next(&text));
    return width;
}

/* Up to `end`, without the spaces before it; go on at `next`. */
static bool
cut_line(struct span *rest, const uint8_t *end, const uint8_t *next,
         struct span *line)
{
    *line = (struct span){rest->data, (size_t)(end - rest->data)};
    rest->size -= (size_t)(next - rest->data);
    rest->data = next;
    while (line->size > 0 && line->data[line->size - 1] == ' ')
        line->size--;
    return true;
}

bool
text_wrap(struct span *rest, size_t width, struct span *line)
{
    if (rest->size == 0)
        return false;
    struct span ahead = *rest;
    const uint8_t *space = NULL;
    size_t columns = 0;
    while (ahead.size > 0) {
        const uint8_t *start = ahead.data;
        uint32_t character = text_next(&ahead);
        if (character == '\n')
            return cut_line(rest, start, ahead.data, line);
        if (character == ' ' && start != rest->data)
            space = start;
        columns += character_width(character);
        if (columns <= width || start == rest->data)
            continue;
        if (space != NULL)
            return cut_line(rest, space, space + 1, line);
        return cut_line(rest, start, start, line);
    }
    return cut_line(rest, ahead.data, ahead.data, line);
}
