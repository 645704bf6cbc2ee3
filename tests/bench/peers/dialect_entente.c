/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "proto/rpc.h"
#include "tests/bench/fail.h"
#include "tests/bench/peers/dialect.h"
#include "tests/bench/peers/note.h"

/*
 * Our daemon: proto/PROTOCOL.md.  A replay is one streamed answer.
 *
 * Messages are cut out of the stream by a skim of their headers alone, as a
 * client that is fast would do it; proto/rpc's scanner checks much that a
 * client of our own daemon may trust.
 */

#define RETRY_MS 5

/* --- the end of a message -------------------------------------------------*/

/* What a header from 0xc0 on takes, how many of its bytes are the size of a
 * body, and how many values belong to each element it counts. */
static const struct {
    uint8_t size, count_size, values;
} headers[] = {{1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0},  {2, 1, 0},
               {3, 2, 0}, {5, 4, 0}, {3, 1, 0}, {4, 2, 0},  {6, 4, 0},
               {5, 0, 0}, {9, 0, 0}, {2, 0, 0}, {3, 0, 0},  {5, 0, 0},
               {9, 0, 0}, {2, 0, 0}, {3, 0, 0}, {5, 0, 0},  {9, 0, 0},
               {3, 0, 0}, {4, 0, 0}, {6, 0, 0}, {10, 0, 0}, {18, 0, 0},
               {2, 1, 0}, {3, 2, 0}, {5, 4, 0}, {3, 2, 1},  {5, 4, 1},
               {3, 2, 2}, {5, 4, 2}};

/* The size of a value without those in it, `*values` of them; 0: not whole. */
static inline size_t
value_size(const uint8_t *at, size_t size, uint64_t *values)
{
    uint8_t first = *at;
    *values = 0;
    if (first < 0x80 || first >= 0xe0)
        return 1;
    if (first < 0xa0) {
        *values = first < 0x90 ? 2 * (first & 15u) : (first & 15u);
        return 1;
    }
    if (first < 0xc0)
        return 1 + (first & 31u);
    size_t header = headers[first - 0xc0].size, count = 0;
    if (size < header)
        return 0;
    for (size_t i = 1; i <= headers[first - 0xc0].count_size; i++)
        count = count << 8 | at[i];
    *values = count * headers[first - 0xc0].values;
    return headers[first - 0xc0].values == 0 ? header + count : header;
}

/* Whether a whole message has come; wire->scanned is its size then. */
static bool
message_came(struct wire *wire)
{
    struct span came = wire_came(wire);
    uint64_t left = wire->scanned == 0 ? 1 : wire->left, values;
    size_t at = wire->scanned;
    while (left > 0 && at < came.size) {
        size_t size = value_size(came.data + at, came.size - at, &values);
        if (size == 0 || size > came.size - at)
            break;
        at += size;
        left += values - 1;
    }
    wire->scanned = at;
    wire->left = left;
    return left == 0 && at > 0;
}

/* --- requests -------------------------------------------------------------*/

static void
put_head(struct wire *wire, uint64_t n, const char *method, uint32_t pairs)
{
    rpc_put_request(&wire->out, (uint32_t)n, method);
    mp_put_array(&wire->out, 1);
    mp_put_map(&wire->out, pairs);
}

static void
put_append(struct wire *wire, uint64_t n, uint32_t count)
{
    put_head(wire, n, "append", 1);
    mp_put_text(&wire->out, "events");
    mp_put_array(&wire->out, count);
    for (uint32_t i = 0; i < count; i++)
        note_put(&wire->out, n + i);
}

static void
put_date(struct wire *wire, const char *key, uint64_t ms)
{
    char date[NOTE_DATE_SIZE];
    note_put_date(date, ms);
    mp_put_text(&wire->out, key);
    mp_put_str(&wire->out, (struct span){(const uint8_t *)date, sizeof(date)});
}

static void
put_since(struct wire *wire, uint64_t n)
{
    put_head(wire, n, "replay", 3);
    mp_put_text(&wire->out, "order");
    mp_put_text(&wire->out, "occurred");
    put_date(wire, "from", dialect_since_ms(n));
    mp_put_text(&wire->out, "limit");
    mp_put_uint(&wire->out, 1);
}

/* `state`, or with a limit a page of `timeline`. */
static void
put_as_of(struct wire *wire, const struct request *request)
{
    bool page = request->ask == ASK_TIMELINE;
    put_head(wire, request->n, page ? "timeline" : "state", page ? 3 : 2);
    if (page) {
        mp_put_text(&wire->out, "limit");
        mp_put_uint(&wire->out, DIALECT_PAGE);
    }
    mp_put_text(&wire->out, "partnership");
    mp_put_str(&wire->out, (struct span){(const uint8_t *)note_slug(request->n),
                                         NOTE_SLUG_SIZE});
    put_date(wire, "at", note_ms(request->m));
}

static void
entente_put(struct wire *wire, const struct request *request)
{
    switch (request->ask) {
    case ASK_APPEND:
        put_append(wire, request->n, 1);
        break;
    case ASK_BATCH:
    case ASK_LOAD:
    case ASK_FACTS:
        put_append(wire, request->n, NOTE_BATCH);
        break;
    case ASK_AT:
        put_head(wire, request->n, "get", 1);
        mp_put_text(&wire->out, "seq");
        mp_put_uint(&wire->out, request->n);
        break;
    case ASK_SINCE:
        put_since(wire, request->n);
        break;
    case ASK_STATE:
    case ASK_TIMELINE:
        put_as_of(wire, request);
        break;
    case ASK_REPLAY:
        put_head(wire, request->n, "replay", 1);
        mp_put_text(&wire->out, "stream");
        mp_put_bool(&wire->out, true);
        break;
    case ASK_PING:
        put_head(wire, request->n, "ping", 0);
        break;
    }
}

/* --- answers --------------------------------------------------------------*/

static void
expect(uint64_t found, uint64_t expected, const char *what)
{
    if (found != expected)
        fail("entente: %s is %llu, not %llu", what, (unsigned long long)found,
             (unsigned long long)expected);
}

static struct span
first_event(struct span events)
{
    struct mp_reader reader = mp_reader(events);
    if (mp_array(&reader) == 0)
        fail("entente: no event");
    return mp_value(&reader);
}

/* [msgid, [event, ...]]: they go on where the part before ended. */
static void
check_part(const struct rpc_message *message, uint64_t *rows)
{
    struct mp_reader reader = mp_reader(message->params);
    (void)mp_array(&reader);
    (void)mp_uint(&reader);
    uint32_t count = mp_array(&reader);
    struct span event = mp_value(&reader);
    if (reader.failed || !span_is(message->method, "events"))
        fail("entente: a stream holds another notification than events");
    expect(mp_get_uint(event, "seq"), *rows + 1, "a position in the stream");
    *rows += count;
}

/* Of events 1 to m the partnership has so many, of which a page shows some. */
static void
check_page(const struct request *request, struct span result)
{
    struct mp_reader reader = mp_reader(mp_get(result, "events"));
    uint64_t count = note_count(request->n, request->m);
    expect(mp_array(&reader), count < DIALECT_PAGE ? count : DIALECT_PAGE,
           "the length of a page");
}

static void
check_result(const struct request *request, struct span result, uint64_t rows)
{
    uint64_t stored = mp_get_uint(result, "last") + 1;
    switch (request->ask) {
    case ASK_APPEND:
        expect(stored - mp_get_uint(result, "first"), 1, "what was stored");
        break;
    case ASK_BATCH:
    case ASK_LOAD:
    case ASK_FACTS:
        expect(stored - mp_get_uint(result, "first"), NOTE_BATCH,
               "what was stored");
        break;
    case ASK_AT:
        expect(mp_get_uint(result, "seq"), request->n, "the position");
        break;
    case ASK_SINCE:
        expect(mp_get_uint(first_event(mp_get(result, "events")), "seq"),
               request->n, "the position");
        break;
    case ASK_STATE:
        expect(mp_get_uint(result, "events"),
               note_count(request->n, request->m), "the number of events");
        break;
    case ASK_TIMELINE:
        check_page(request, result);
        break;
    case ASK_REPLAY:
        expect(mp_get_uint(result, "count"), rows, "the count of a stream");
        break;
    case ASK_PING:
        break;
    }
}

/* Views that are being rebuilt are asked again, as PROTOCOL.md says. */
static void
ask_again(struct wire *wire, const struct request *request, struct span error)
{
    struct span text = mp_get_str(error, "message");
    if (request->ask != ASK_STATE ||
        !span_is(mp_get_str(error, "code"), "unavailable"))
        fail("entente: %.*s", (int)text.size, (const char *)text.data);
    (void)poll(NULL, 0, RETRY_MS);
    entente_put(wire, request);
}

static enum taken
entente_take(struct wire *wire, const struct request *request, uint64_t *rows)
{
    struct rpc_message message;
    if (!message_came(wire))
        return TAKEN_NOTHING;
    struct span whole = {wire_came(wire).data, wire->scanned};
    if (!rpc_parse(whole, &message) || message.kind == RPC_REQUEST)
        fail("entente: what came is no answer");
    if (message.kind == RPC_NOTIFICATION) {
        check_part(&message, rows);
    } else {
        struct mp_reader reader = mp_reader(message.error);
        if (mp_peek(&reader) != MP_NIL) {
            ask_again(wire, request, message.error);
            wire_drop(wire, wire->scanned);
            wire->scanned = 0;
            return wire_flush(wire) ? TAKEN_PART : TAKEN_NOTHING;
        }
        expect(message.msgid, (uint32_t)request->n, "the msgid of an answer");
        check_result(request, message.result, *rows);
    }
    wire_drop(wire, wire->scanned);
    wire->scanned = 0;
    return message.kind == RPC_NOTIFICATION ? TAKEN_PART : TAKEN_ANSWER;
}

static bool
entente_greet(struct wire *wire)
{
    struct request hello = {.ask = ASK_PING};
    uint64_t rows = 0;
    enum taken taken = TAKEN_NOTHING;
    entente_put(wire, &hello);
    if (!wire_flush(wire))
        return false;
    while (taken != TAKEN_ANSWER) {
        if (!wire_fill(wire, true))
            return false;
        taken = entente_take(wire, &hello, &rows);
    }
    return true;
}

const struct dialect dialect_entente = {
    .name = "entente",
    .asks = ASKS(ASK_APPEND) | ASKS(ASK_BATCH) | ASKS(ASK_LOAD) | ASKS(ASK_AT) |
            ASKS(ASK_SINCE) | ASKS(ASK_STATE) | ASKS(ASK_TIMELINE) |
            ASKS(ASK_REPLAY) | ASKS(ASK_PING),
    .replay_ahead = 1,
    .greet = entente_greet,
    .put = entente_put,
    .take = entente_take,
};
