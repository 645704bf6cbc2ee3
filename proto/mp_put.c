/* SPDX-License-Identifier: MIT */
#include "proto/mp.h"

#include <assert.h>
#include <msgpack/pack.h>
#include <stdlib.h>

/* The first allocation: most answers fit. */
#define BUF_SIZE_MIN ((size_t)256)

/* Lead bytes of the containers whose header always takes five bytes. */
#define LEAD_ARRAY_32 0xdd
#define LEAD_MAP_32 0xdf

void
mp_buf_deinit(struct mp_buf *buf)
{
    free(buf->data);
    *buf = (struct mp_buf){0};
}

void
mp_buf_clear(struct mp_buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

/* Doubling makes the copies cost a constant for each byte appended. */
static bool
buf_grow(struct mp_buf *buf, size_t needed)
{
    size_t capacity =
        buf->capacity < BUF_SIZE_MIN ? BUF_SIZE_MIN : buf->capacity;
    while (capacity < needed) {
        if (capacity > SIZE_MAX / 2)
            return false;
        capacity *= 2;
    }
    uint8_t *data = realloc(buf->data, capacity);
    if (data == NULL)
        return false;
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

uint8_t *
mp_buf_reserve(struct mp_buf *buf, size_t size)
{
    if (buf->failed)
        return NULL;
    bool fits = buf->data != NULL && size <= buf->capacity - buf->size;
    if (!fits &&
        (size > SIZE_MAX - buf->size || !buf_grow(buf, buf->size + size))) {
        buf->failed = true;
        return NULL;
    }
    return buf->data + buf->size;
}

void
mp_buf_append(struct mp_buf *buf, const void *data, size_t size)
{
    uint8_t *room = mp_buf_reserve(buf, size);
    if (room == NULL || size == 0)
        return;
    memcpy(room, data, size);
    buf->size += size;
}

struct span
mp_buf_span(const struct mp_buf *buf)
{
    return (struct span){buf->data, buf->size};
}

/* msgpack-c's write callback; the error is kept in the buffer itself. */
static int
buf_write(void *data, const char *bytes, size_t size)
{
    struct mp_buf *buf = data;
    mp_buf_append(buf, bytes, size);
    return buf->failed ? -1 : 0;
}

static msgpack_packer
buf_packer(struct mp_buf *buf)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, buf, buf_write);
    return packer;
}

void
mp_put_nil(struct mp_buf *buf)
{
    msgpack_packer packer = buf_packer(buf);
    msgpack_pack_nil(&packer);
}

void
mp_put_bool(struct mp_buf *buf, bool truth)
{
    msgpack_packer packer = buf_packer(buf);
    if (truth)
        msgpack_pack_true(&packer);
    else
        msgpack_pack_false(&packer);
}

void
mp_put_uint(struct mp_buf *buf, uint64_t number)
{
    msgpack_packer packer = buf_packer(buf);
    msgpack_pack_uint64(&packer, number);
}

void
mp_put_int(struct mp_buf *buf, int64_t number)
{
    msgpack_packer packer = buf_packer(buf);
    msgpack_pack_int64(&packer, number);
}

void
mp_put_double(struct mp_buf *buf, double number)
{
    msgpack_packer packer = buf_packer(buf);
    msgpack_pack_double(&packer, number);
}

/* A length that no header can announce would corrupt the stream. */
static bool
buf_can_announce(struct mp_buf *buf, size_t size)
{
    if (size > UINT32_MAX)
        buf->failed = true;
    return !buf->failed;
}

void
mp_put_str(struct mp_buf *buf, struct span text)
{
    if (!buf_can_announce(buf, text.size))
        return;
    msgpack_packer packer = buf_packer(buf);
    msgpack_pack_str(&packer, text.size);
    mp_buf_append(buf, text.data, text.size);
}

void
mp_put_text(struct mp_buf *buf, const char *text)
{
    mp_put_str(buf, span_of(text));
}

void
mp_put_bin(struct mp_buf *buf, struct span bytes)
{
    if (!buf_can_announce(buf, bytes.size))
        return;
    msgpack_packer packer = buf_packer(buf);
    msgpack_pack_bin(&packer, bytes.size);
    mp_buf_append(buf, bytes.data, bytes.size);
}

void
mp_put_array(struct mp_buf *buf, uint32_t count)
{
    msgpack_packer packer = buf_packer(buf);
    msgpack_pack_array(&packer, count);
}

void
mp_put_map(struct mp_buf *buf, uint32_t count)
{
    msgpack_packer packer = buf_packer(buf);
    msgpack_pack_map(&packer, count);
}

void
mp_put_raw(struct mp_buf *buf, struct span value)
{
    mp_buf_append(buf, value.data, value.size);
}

/* Returns where the count stands, which mp_close fills in. */
static size_t
buf_open(struct mp_buf *buf, uint8_t lead)
{
    const uint8_t header[5] = {lead};
    mp_buf_append(buf, header, sizeof(header));
    return buf->size - sizeof(uint32_t);
}

size_t
mp_open_array(struct mp_buf *buf)
{
    return buf_open(buf, LEAD_ARRAY_32);
}

size_t
mp_open_map(struct mp_buf *buf)
{
    return buf_open(buf, LEAD_MAP_32);
}

void
mp_close(struct mp_buf *buf, size_t mark, uint32_t count)
{
    if (buf->failed)
        return; /* the mark may lie outside of what was written */
    assert(mark <= buf->size && buf->size - mark >= sizeof(count));
    for (size_t i = 0; i < sizeof(count); i++)
        buf->data[mark + i] = (uint8_t)(count >> (24 - 8 * i));
}
