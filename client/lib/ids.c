/* SPDX-License-Identifier: MIT */
#include "client/entente.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "client/lib/whole.h"
#include "proto/rpc.h"

#define ID_HASH_PREFIX "sha256-"
#define ID_HASH_BYTES 16 /* 128 bits: no two of 10^15 events meet */

/* --- UUIDv7 ---------------------------------------------------------------*/

static void
put_hex(char *to, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    *to = '\0';
}

/* https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7 */
bool
entente_id_new(char id[ENTENTE_ID_SIZE])
{
    uint8_t uuid[16];
    struct timespec now;
    if (getrandom(uuid, sizeof(uuid), 0) != (ssize_t)sizeof(uuid) ||
        clock_gettime(CLOCK_REALTIME, &now) != 0)
        return false;
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (int i = 0; i < 6; i++)
        uuid[i] = (uint8_t)(ms >> (40 - 8 * i));
    uuid[6] = (uint8_t)(0x70 | (uuid[6] & 0x0f));
    uuid[8] = (uint8_t)(0x80 | (uuid[8] & 0x3f));
    char hex[33];
    put_hex(hex, uuid, sizeof(uuid));
    snprintf(id, ENTENTE_ID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
             hex + 12, hex + 16, hex + 20);
    return true;
}

/* --- content --------------------------------------------------------------*/

/* One key of a map with its value. */
struct pair {
    struct span key;
    struct span value;
};

static void put_canonical(struct mp_buf *buf, struct span value, bool top);

static bool
counts_not(struct span key)
{
    return span_is(key, "id") || span_is(key, "seq") || span_is(key, "rev") ||
           span_is(key, "recorded");
}

static int
compare_pairs(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    return span_compare(left->key, right->key);
}

/* The pairs of a map behind its header; returns how many count. */
static uint32_t
read_pairs(struct mp_reader *reader, uint32_t count, bool top,
           struct pair *pairs)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct mp_reader start = *reader;
        struct span key = mp_value(reader);
        struct span value = mp_value(reader);
        if (mp_peek(&start) == MP_STR)
            key = mp_str(&start);
        if (!top || !counts_not(key))
            pairs[kept++] = (struct pair){key, value};
    }
    return kept;
}

static void
put_map(struct mp_buf *buf, struct mp_reader *reader, uint32_t count, bool top)
{
    /* The scanner saw every pair, so a count is never more than there is. */
    struct pair *pairs = calloc((size_t)count + 1, sizeof(*pairs));
    if (pairs == NULL) {
        buf->failed = true;
        return;
    }
    uint32_t kept = read_pairs(reader, count, top, pairs);
    qsort(pairs, kept, sizeof(*pairs), compare_pairs);
    mp_put_map(buf, kept);
    for (uint32_t i = 0; i < kept; i++) {
        mp_put_str(buf, pairs[i].key);
        put_canonical(buf, pairs[i].value, false);
    }
    free(pairs);
}

static void
put_integer(struct mp_buf *buf, const struct mp_token *token)
{
    if (token->negative)
        mp_put_int(buf, (int64_t)(0 - token->magnitude));
    else
        mp_put_uint(buf, token->magnitude);
}

/* Recursive: the scanner has bounded the depth. */
static void
put_canonical(struct mp_buf *buf, struct span value, bool top)
{
    struct mp_reader reader = mp_reader(value);
    struct mp_token token = mp_next(&reader);
    switch (token.kind) {
    case MP_NIL:
        mp_put_nil(buf);
        break;
    case MP_BOOL:
        mp_put_bool(buf, token.truth);
        break;
    case MP_INT:
        put_integer(buf, &token);
        break;
    case MP_FLOAT:
        mp_put_double(buf, token.real);
        break;
    case MP_STR:
        mp_put_str(buf, token.body);
        break;
    case MP_BIN:
        mp_put_bin(buf, token.body);
        break;
    case MP_EXT: /* no event has one; the daemon says so */
        mp_put_raw(buf, value);
        break;
    case MP_ARRAY:
        mp_put_array(buf, token.count);
        for (uint32_t i = 0; i < token.count && !reader.failed; i++)
            put_canonical(buf, mp_value(&reader), false);
        break;
    case MP_MAP:
        put_map(buf, &reader, token.count, top);
        break;
    }
}

bool
entente_id_from_content(struct entente_bytes event, char id[ENTENTE_ID_SIZE])
{
    struct span value = {event.data, event.size};
    if (!whole_map(value, RPC_DEPTH_MAX))
        return false;
    struct mp_buf canonical = {0};
    put_canonical(&canonical, value, true);
    uint8_t hash[EVP_MAX_MD_SIZE];
    bool done =
        !canonical.failed && EVP_Digest(canonical.data, canonical.size, hash,
                                        NULL, EVP_sha256(), NULL) == 1;
    mp_buf_deinit(&canonical);
    if (!done)
        return false;
    size_t prefix = sizeof(ID_HASH_PREFIX) - 1;
    memcpy(id, ID_HASH_PREFIX, prefix);
    put_hex(id + prefix, hash, ID_HASH_BYTES);
    return true;
}
