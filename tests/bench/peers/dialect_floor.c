/* SPDX-License-Identifier: MIT */
#include "tests/bench/fail.h"
#include "tests/bench/peers/dialect.h"
#include "tests/bench/peers/floor_protocol.h"
#include "tests/bench/peers/note.h"

/* The least server: tests/bench/peers/floor_protocol.h. */

static void
put_head(struct wire *wire, enum floor_op op, uint64_t n, uint32_t count)
{
    struct floor_request head = {
        .op = op, .count = count, .n = n, .size = count * (uint32_t)NOTE_SIZE};
    mp_buf_append(&wire->out, &head, sizeof(head));
    for (uint32_t i = 0; i < count; i++)
        note_put(&wire->out, n + i);
}

static void
floor_put(struct wire *wire, const struct request *request)
{
    switch (request->ask) {
    case ASK_APPEND:
        put_head(wire, FLOOR_APPEND, request->n, 1);
        break;
    case ASK_BATCH:
    case ASK_LOAD:
        put_head(wire, FLOOR_APPEND, request->n, NOTE_BATCH);
        break;
    case ASK_AT:
        put_head(wire, FLOOR_AT, request->n, 0);
        break;
    case ASK_SINCE:
        put_head(wire, FLOOR_SINCE, dialect_since_ms(request->n), 0);
        break;
    case ASK_REPLAY:
        put_head(wire, FLOOR_REPLAY, request->n, 0);
        break;
    case ASK_PING:
        put_head(wire, FLOOR_PING, 0, 0);
        break;
    case ASK_STATE:
    case ASK_TIMELINE:
    case ASK_FACTS:
        fail("floor: it has no such question");
    }
}

static enum taken
floor_take(struct wire *wire, const struct request *request, uint64_t *rows)
{
    struct floor_answer head;
    struct span came = wire_came(wire);
    if (came.size < sizeof(head))
        return TAKEN_NOTHING;
    memcpy(&head, came.data, sizeof(head));
    if (came.size < sizeof(head) + head.size)
        return TAKEN_NOTHING;
    wire_drop(wire, sizeof(head) + head.size);
    bool reads = request->ask == ASK_AT || request->ask == ASK_SINCE;
    if (reads && (head.position != request->n || head.size != NOTE_SIZE))
        fail("floor: not the event that was asked for");
    if (request->ask != ASK_REPLAY || head.size == 0)
        return TAKEN_ANSWER;
    if (head.position != ++*rows || head.size != NOTE_SIZE)
        fail("floor: a replay out of order");
    return TAKEN_PART;
}

const struct dialect dialect_floor = {
    .name = "floor",
    .asks = ASKS(ASK_APPEND) | ASKS(ASK_BATCH) | ASKS(ASK_LOAD) | ASKS(ASK_AT) |
            ASKS(ASK_SINCE) | ASKS(ASK_REPLAY) | ASKS(ASK_PING),
    .replay_ahead = 1,
    .put = floor_put,
    .take = floor_take,
};
