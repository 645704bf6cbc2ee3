/* SPDX-License-Identifier: MIT */
#include "client/caseless.h"

#include <wctype.h>

#include "client/text.h"

/* Up and down again: that is how the two small sigmas become one. */
static uint32_t
fold(uint32_t character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A' + 'a';
    if (character < 0x80)
        return character;
    return (uint32_t)towlower(towupper((wint_t)character));
}

static bool
is_space(uint32_t character)
{
    return character == ' ' || (character >= '\t' && character <= '\r') ||
           (character >= 0x80 && iswspace((wint_t)character) != 0);
}

void
caseless_put(struct mp_buf *buf, struct span text)
{
    bool in_space = false;
    while (text.size > 0) {
        uint32_t character = text_next(&text);
        bool space = is_space(character);
        if (!space)
            text_put(buf, fold(character));
        else if (!in_space)
            text_put(buf, ' ');
        in_space = space;
    }
}

bool
caseless_has(struct span whole, struct span part)
{
    return part.size == 0 ||
           (part.size <= whole.size &&
            memmem(whole.data, whole.size, part.data, part.size) != NULL);
}
