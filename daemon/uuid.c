/* SPDX-License-Identifier: MIT */
#include "daemon/uuid.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

size_t
uuid_random(uint8_t *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = getrandom(bytes + done, size - done, 0);
        assert(got >= 0 || errno == EINTR); /* nothing else can happen */
        done += got > 0 ? (size_t)got : 0;
    }
    return size;
}

void
uuid_v7(int64_t time_ms, const uint8_t random[UUID_RANDOM_SIZE],
        char text[UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)((uint64_t)time_ms >> (40 - 8 * i));
    memcpy(bytes + 6, random, UUID_RANDOM_SIZE);
    bytes[6] = (uint8_t)(0x70 | (bytes[6] & 0x0f)); /* version 7 */
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f)); /* variant 10 */
    char *at = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at = '\0';
}
