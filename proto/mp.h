/* SPDX-License-Identifier: MIT */
#ifndef PROTO_MP_H
#define PROTO_MP_H

#include "proto/span.h"

/*
 * MessagePack read in place and written to a growing buffer.
 * https://github.com/msgpack/msgpack/blob/master/spec.md
 *
 * The reader borrows its bytes, allocates nothing, never reads past them and
 * has a sticky error: after the first mistake every call yields nil, zero or
 * an empty span, so that a caller reads all its fields and checks once.  It
 * trusts no count: a caller loops while `!reader.failed`.  Bytes from a peer
 * pass rpc_scan first (proto/rpc.h), which bounds their depth.
 *
 * The writer is msgpack-c's packer over a buffer.  Any thread, one at a time
 * per object.
 */

enum mp_kind {
    MP_NIL,
    MP_BOOL,
    MP_INT,
    MP_FLOAT,
    MP_STR,
    MP_BIN,
    MP_EXT,
    MP_ARRAY,
    MP_MAP,
};

struct mp_token {
    enum mp_kind kind;
    bool truth;         /* MP_BOOL */
    bool negative;      /* MP_INT: the value is -magnitude */
    uint64_t magnitude; /* MP_INT; up to 2^63 where negative */
    double real;        /* MP_FLOAT, float32 widened */
    int8_t ext_type;    /* MP_EXT */
    struct span body;   /* MP_STR, MP_BIN, MP_EXT: the payload */
    uint32_t count;     /* MP_ARRAY: elements, MP_MAP: pairs */
};

struct mp_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

struct mp_reader mp_reader(struct span bytes);

/* One header, with its payload for str, bin and ext; the elements of an array
 * or map follow as further tokens. */
struct mp_token mp_next(struct mp_reader *reader);

/* The kind of the next token without taking it; MP_NIL once failed. */
enum mp_kind mp_peek(const struct mp_reader *reader);

/* One whole value, returned as its bytes. Iterative, whatever its depth. */
struct span mp_value(struct mp_reader *reader);

/* What is left, which is one whole value: the last one in what is known to be
 * whole itself, as a scanned message is.  Nobody looks whether it is. */
struct span mp_last(struct mp_reader *reader);

/* One value of the kind that the name says, or the sticky error. */
struct span mp_str(struct mp_reader *reader);
uint64_t mp_uint(struct mp_reader *reader);
int64_t mp_int(struct mp_reader *reader); /* also fails outside int64_t */
uint32_t mp_array(struct mp_reader *reader);
uint32_t mp_map(struct mp_reader *reader);

/*
 * The value under a str key of a map: its bytes, or an absent span where the
 * map has no such key or `map` is no map.  Linear in the map's size.
 */
struct span mp_get(struct span map, const char *key);

/* mp_get for a value of one kind: absent or 0 where it is of another. */
struct span mp_get_str(struct span map, const char *key);
uint64_t mp_get_uint(struct span map, const char *key);

/* A growing buffer; start with {0}.  `failed` is sticky: no memory. */
struct mp_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool failed;
};

void mp_buf_deinit(struct mp_buf *buf);
void mp_buf_clear(struct mp_buf *buf); /* keeps the memory */
/* Room for `size` more bytes at buf->data + buf->size, or NULL. */
uint8_t *mp_buf_reserve(struct mp_buf *buf, size_t size);
void mp_buf_append(struct mp_buf *buf, const void *data, size_t size);
struct span mp_buf_span(const struct mp_buf *buf);

void mp_put_nil(struct mp_buf *buf);
void mp_put_bool(struct mp_buf *buf, bool truth);
void mp_put_uint(struct mp_buf *buf, uint64_t number);
void mp_put_int(struct mp_buf *buf, int64_t number);
void mp_put_double(struct mp_buf *buf, double number);
void mp_put_str(struct mp_buf *buf, struct span text);
void mp_put_text(struct mp_buf *buf, const char *text); /* NUL-terminated str */
void mp_put_bin(struct mp_buf *buf, struct span bytes);
void mp_put_array(struct mp_buf *buf, uint32_t count);
void mp_put_map(struct mp_buf *buf, uint32_t count);
void mp_put_raw(struct mp_buf *buf, struct span value); /* encoded already */

/*
 * A container whose count is known only at its end: mark, then close with the
 * count.  The header takes five bytes (array 32, map 32).
 */
size_t mp_open_array(struct mp_buf *buf);
size_t mp_open_map(struct mp_buf *buf);
void mp_close(struct mp_buf *buf, size_t mark, uint32_t count);

#endif
