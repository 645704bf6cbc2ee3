/* SPDX-License-Identifier: MIT */
#include "daemon/cursor.h"

#include "daemon/order.h"
#include "daemon/xxh3.h"

/* A, K, S, t, start_lo, seq, hash of the arguments: 8 bytes each; then a
 * checksum of them (8) and a version (2), in hexadecimal. */
#define CURSOR_SIZE ((size_t)66)
#define CURSOR_FIELDS_SIZE ((size_t)56)
#define CURSOR_VERSION 1

_Static_assert(CURSOR_TEXT_SIZE == 2 * CURSOR_SIZE, "two digits a byte");

void
cursor_put(struct mp_buf *buf, const struct cursor *cursor)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[CURSOR_SIZE];
    char text[CURSOR_TEXT_SIZE];
    order_put_i64(bytes, cursor->asof.at);
    order_put_i64(bytes + 8, cursor->asof.known);
    order_put_u64(bytes + 16, cursor->asof.seq);
    order_put_i64(bytes + 24, cursor->place.t);
    order_put_i64(bytes + 32, cursor->place.start_lo);
    order_put_u64(bytes + 40, cursor->place.seq);
    order_put_u64(bytes + 48, cursor->arguments);
    order_put_u64(bytes + 56, XXH3_64bits(bytes, CURSOR_FIELDS_SIZE));
    bytes[64] = 0;
    bytes[65] = CURSOR_VERSION;
    for (size_t i = 0; i < CURSOR_SIZE; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    mp_put_str(buf, (struct span){(const uint8_t *)text, sizeof text});
}

static int
digit_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool
unhex(struct span text, uint8_t bytes[CURSOR_SIZE])
{
    if (text.size != CURSOR_TEXT_SIZE)
        return false;
    for (size_t i = 0; i < CURSOR_SIZE; i++) {
        int high = digit_value(text.data[2 * i]);
        int low = digit_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool
cursor_read(struct span text, struct cursor *cursor)
{
    uint8_t bytes[CURSOR_SIZE];
    if (!unhex(text, bytes) || bytes[64] != 0 || bytes[65] != CURSOR_VERSION ||
        order_get_u64(bytes + 56) != XXH3_64bits(bytes, CURSOR_FIELDS_SIZE))
        return false;
    cursor->asof.at = order_get_i64(bytes);
    cursor->asof.known = order_get_i64(bytes + 8);
    cursor->asof.seq = order_get_u64(bytes + 16);
    cursor->place.t = order_get_i64(bytes + 24);
    cursor->place.start_lo = order_get_i64(bytes + 32);
    cursor->place.seq = order_get_u64(bytes + 40);
    cursor->arguments = order_get_u64(bytes + 48);
    return true;
}
