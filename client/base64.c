/* SPDX-License-Identifier: MIT */
#include "client/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_put(struct mp_buf *buf, struct span bytes)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t have = bytes.size - i < 3 ? bytes.size - i : 3;
        uint8_t three[3] = {0};
        memcpy(three, bytes.data + i, have);
        uint32_t group =
            (uint32_t)three[0] << 16 | (uint32_t)three[1] << 8 | three[2];
        char text[4];
        for (size_t j = 0; j < 4; j++)
            text[j] =
                j <= have ? alphabet[group >> (18 - 6 * j) & 63] : (char)'=';
        mp_buf_append(buf, text, sizeof(text));
    }
}

/* Four characters, of which the last `pad` are padding. */
static bool
read_group(struct mp_buf *buf, const uint8_t *text, size_t pad)
{
    uint32_t group = 0;
    for (size_t j = 0; j < 4; j++) {
        const char *found =
            j < 4 - pad ? memchr(alphabet, text[j], sizeof(alphabet) - 1)
                        : alphabet;
        if (found == NULL)
            return false;
        group = group << 6 | (uint32_t)(found - alphabet);
    }
    uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8),
                        (uint8_t)group};
    for (size_t j = 3 - pad; j < 3; j++)
        if (bytes[j] != 0) /* bits that nothing would show */
            return false;
    mp_buf_append(buf, bytes, 3 - pad);
    return true;
}

bool
base64_read(struct mp_buf *buf, struct span text)
{
    if (text.size % 4 != 0)
        return false;
    for (size_t i = 0; i < text.size; i += 4) {
        size_t pad = 0;
        if (i + 4 == text.size) {
            pad = text.data[i + 3] == '=';
            pad += pad == 1 && text.data[i + 2] == '=';
        }
        if (!read_group(buf, text.data + i, pad))
            return false;
    }
    return true;
}
