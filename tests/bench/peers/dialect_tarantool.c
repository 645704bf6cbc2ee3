/* SPDX-License-Identifier: MIT */
#include "tests/bench/fail.h"
#include "tests/bench/peers/dialect.h"
#include "tests/bench/peers/note.h"

/*
 * Tarantool: IPROTO.  The space, its indexes and the procedure for batches
 * are made by its configuration (prepare).  A replay is pages by position,
 * which are dense, so that several are asked for at a time.
 */

#define PAGE 1000
#define GREETING_SIZE 128
#define SPACE 512
#define FRAME_SIZE_SIZE 5 /* a uint32 with its header */
#define HEADER_SIZE 12    /* up to the end of the status code */
#define TYPE_SELECT 1
#define TYPE_INSERT 2
#define TYPE_CALL 10
#define TYPE_PING 64
#define KEY_TYPE 0x00
#define KEY_SYNC 0x01
#define KEY_SPACE 0x10
#define KEY_INDEX 0x11
#define KEY_LIMIT 0x12
#define KEY_OFFSET 0x13
#define KEY_ITERATOR 0x14
#define KEY_KEY 0x20
#define KEY_TUPLE 0x21
#define KEY_FUNCTION 0x22
#define KEY_DATA 0x30
#define ITERATOR_EQUAL 0
#define ITERATOR_FROM 5
#define INDEX_POSITION 0
#define INDEX_DATE 1
#define FIELDS 4 /* position, partnership, date, event */

static bool
tarantool_greet(struct wire *wire)
{
    if (!wire_await(wire, GREETING_SIZE))
        return false;
    wire_drop(wire, GREETING_SIZE);
    return true;
}

/* --- requests -------------------------------------------------------------*/

/* The size in front is filled in by put_end. */
static size_t
put_begin(struct mp_buf *out, uint64_t type, uint32_t pairs)
{
    size_t at = out->size;
    mp_buf_append(out, "\xce\0\0\0\0", FRAME_SIZE_SIZE);
    mp_put_map(out, 2);
    mp_put_uint(out, KEY_TYPE);
    mp_put_uint(out, type);
    mp_put_uint(out, KEY_SYNC);
    mp_put_uint(out, 0);
    mp_put_map(out, pairs);
    return at;
}

static void
put_end(struct mp_buf *out, size_t at)
{
    size_t size = out->size - at - FRAME_SIZE_SIZE;
    for (int i = FRAME_SIZE_SIZE - 1; i > 0; i--, size >>= 8)
        out->data[at + (size_t)i] = (uint8_t)size;
}

static void
put_pair(struct mp_buf *out, uint64_t key, uint64_t value)
{
    mp_put_uint(out, key);
    mp_put_uint(out, value);
}

/* No position: the space's sequence gives it. */
static void
put_tuple(struct mp_buf *out, uint64_t n)
{
    static const uint8_t bin_head[] = {0xc5, NOTE_SIZE >> 8, NOTE_SIZE & 0xff};
    mp_put_array(out, FIELDS);
    mp_put_nil(out);
    mp_put_str(out,
               (struct span){(const uint8_t *)note_slug(n), NOTE_SLUG_SIZE});
    mp_put_uint(out, note_ms(n));
    mp_buf_append(out, bin_head, sizeof(bin_head));
    note_put(out, n);
}

static void
put_insert(struct mp_buf *out, uint64_t n)
{
    size_t at = put_begin(out, TYPE_INSERT, 2);
    put_pair(out, KEY_SPACE, SPACE);
    mp_put_uint(out, KEY_TUPLE);
    put_tuple(out, n);
    put_end(out, at);
}

static void
put_batch(struct mp_buf *out, uint64_t n)
{
    size_t at = put_begin(out, TYPE_CALL, 2);
    mp_put_uint(out, KEY_FUNCTION);
    mp_put_text(out, "batch");
    mp_put_uint(out, KEY_TUPLE);
    mp_put_array(out, 1);
    mp_put_array(out, NOTE_BATCH);
    for (uint64_t i = 0; i < NOTE_BATCH; i++)
        put_tuple(out, n + i);
    put_end(out, at);
}

static void
put_select(struct mp_buf *out, uint64_t index, uint64_t iterator,
           uint64_t limit, uint64_t key)
{
    size_t at = put_begin(out, TYPE_SELECT, 6);
    put_pair(out, KEY_SPACE, SPACE);
    put_pair(out, KEY_INDEX, index);
    put_pair(out, KEY_LIMIT, limit);
    put_pair(out, KEY_OFFSET, 0);
    put_pair(out, KEY_ITERATOR, iterator);
    mp_put_uint(out, KEY_KEY);
    mp_put_array(out, 1);
    mp_put_uint(out, key);
    put_end(out, at);
}

static void
tarantool_put(struct wire *wire, const struct request *request)
{
    struct mp_buf *out = &wire->out;
    switch (request->ask) {
    case ASK_APPEND:
        put_insert(out, request->n);
        break;
    case ASK_BATCH:
    case ASK_LOAD:
        put_batch(out, request->n);
        break;
    case ASK_AT:
        put_select(out, INDEX_POSITION, ITERATOR_EQUAL, 1, request->n);
        break;
    case ASK_SINCE:
        put_select(out, INDEX_DATE, ITERATOR_FROM, 1,
                   dialect_since_ms(request->n));
        break;
    case ASK_REPLAY:
        put_select(out, INDEX_POSITION, ITERATOR_FROM, PAGE, request->n);
        break;
    case ASK_PING:
        put_end(out, put_begin(out, TYPE_PING, 0));
        break;
    case ASK_STATE:
    case ASK_TIMELINE:
    case ASK_FACTS:
        fail("tarantool: it has no such question");
    }
}

/* --- answers --------------------------------------------------------------*/

static uint32_t
read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

/* The tuples of an answer, in order from position n. */
static uint64_t
check_tuples(struct span frame, uint64_t n)
{
    struct mp_reader reader = mp_reader(frame);
    (void)mp_uint(&reader);  /* the size */
    (void)mp_value(&reader); /* the header */
    (void)mp_map(&reader);
    uint64_t key = mp_uint(&reader);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        (void)mp_array(&reader);
        uint64_t position = mp_uint(&reader);
        (void)mp_str(&reader);
        (void)mp_uint(&reader);
        struct mp_token event = mp_next(&reader);
        if (position != n + i || event.body.size != NOTE_SIZE)
            fail("tarantool: not the event that was asked for");
    }
    if (reader.failed || key != KEY_DATA || count == 0)
        fail("tarantool: no tuples");
    return count;
}

static enum taken
tarantool_take(struct wire *wire, const struct request *request, uint64_t *rows)
{
    struct span came = wire_came(wire);
    if (came.size < HEADER_SIZE)
        return TAKEN_NOTHING;
    size_t size = FRAME_SIZE_SIZE + read_u32(came.data + 1);
    if (came.size < size)
        return TAKEN_NOTHING;
    if (read_u32(came.data + HEADER_SIZE - sizeof(uint32_t)) != 0)
        fail("tarantool: %.*s", (int)(size - HEADER_SIZE),
             (const char *)came.data + HEADER_SIZE);
    struct span frame = {came.data, size};
    if (request->ask == ASK_REPLAY)
        *rows += check_tuples(frame, request->n);
    else if (request->ask == ASK_AT || request->ask == ASK_SINCE)
        (void)check_tuples(frame, request->n);
    wire_drop(wire, size);
    return TAKEN_ANSWER;
}

const struct dialect dialect_tarantool = {
    .name = "tarantool",
    .asks = ASKS(ASK_APPEND) | ASKS(ASK_BATCH) | ASKS(ASK_LOAD) | ASKS(ASK_AT) |
            ASKS(ASK_SINCE) | ASKS(ASK_REPLAY) | ASKS(ASK_PING),
    .replay_page = PAGE,
    .replay_ahead = 4,
    .greet = tarantool_greet,
    .put = tarantool_put,
    .take = tarantool_take,
};
