/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/fail.h"
#include "tests/bench/peers/dialect.h"
#include "tests/bench/peers/note.h"

/*
 * NATS JetStream: its text protocol.  It has no atomic batches, and nothing
 * that finds an event by a date of ours.  A replay is a push consumer that
 * acknowledges nothing.
 */

#define LINE_SIZE 1024
#define STREAM                                                                 \
    "{\"name\":\"S\",\"subjects\":[\"ev.*\"],\"storage\":\"file\","            \
    "\"retention\":\"limits\",\"discard\":\"new\",\"num_replicas\":1,"         \
    "\"allow_direct\":true}"
#define CONSUMER                                                               \
    "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"_D.%u\","        \
    "\"deliver_policy\":\"all\",\"ack_policy\":\"none\","                      \
    "\"replay_policy\":\"instant\",\"mem_storage\":true,\"max_deliver\":1}}"

/* A message that was delivered; `header_size` of the body are its header. */
struct delivery {
    bool replayed; /* else an answer */
    size_t header_size;
    struct span body;
};

static void
put_publish(struct wire *wire, const char *subject, const char *body)
{
    char line[LINE_SIZE];
    int size = snprintf(line, sizeof(line), "PUB %s _I.%u %zu\r\n%s\r\n",
                        subject, wire->number, strlen(body), body);
    mp_buf_append(&wire->out, line, (size_t)size);
}

static void
put_replay(struct wire *wire)
{
    char body[LINE_SIZE], line[LINE_SIZE];
    int size = snprintf(line, sizeof(line), "SUB _D.%u 2\r\n", wire->number);
    mp_buf_append(&wire->out, line, (size_t)size);
    snprintf(body, sizeof(body), CONSUMER, wire->number);
    put_publish(wire, "$JS.API.CONSUMER.CREATE.S", body);
}

static void
nats_put(struct wire *wire, const struct request *request)
{
    char body[LINE_SIZE];
    int size;
    switch (request->ask) {
    case ASK_APPEND:
        size = snprintf(body, sizeof(body), "PUB ev.a _I.%u %zu\r\n",
                        wire->number, NOTE_SIZE);
        mp_buf_append(&wire->out, body, (size_t)size);
        note_put(&wire->out, request->n);
        mp_buf_append(&wire->out, "\r\n", 2);
        break;
    case ASK_AT:
        snprintf(body, sizeof(body), "{\"seq\":%llu}",
                 (unsigned long long)request->n);
        put_publish(wire, "$JS.API.DIRECT.GET.S", body);
        break;
    case ASK_REPLAY:
        put_replay(wire);
        break;
    case ASK_PING:
        mp_buf_append(&wire->out, "PING\r\n", 6);
        break;
    case ASK_BATCH:
    case ASK_LOAD:
    case ASK_SINCE:
    case ASK_STATE:
    case ASK_TIMELINE:
    case ASK_FACTS:
        fail("nats: it has no such question");
    }
}

/* --- answers --------------------------------------------------------------*/

/*
 * Sizes stand at the end of the line: "MSG subject sid [reply] size" and
 * "HMSG subject sid [reply] header-size size".
 */
static size_t
last_number(struct span line, size_t *end)
{
    while (*end > 0 && line.data[*end - 1] != ' ')
        --*end;
    size_t number = strtoul((const char *)line.data + *end, NULL, 10);
    if (*end > 0)
        --*end;
    return number;
}

/* 'M': a message, in `delivery`; 'P': a pong; 'O': something else; 0: more
 * must come.  What the delivery borrows lives until the next wire_fill. */
static char
take_one(struct wire *wire, struct delivery *delivery)
{
    struct span line = wire_line(wire);
    if (line.data == NULL)
        return 0;
    bool headed = *line.data == 'H';
    if (*line.data == '-')
        fail("nats: %.*s", (int)line.size, (const char *)line.data);
    if (*line.data != 'M' && !headed) {
        char kind = span_is(line, "PONG") ? 'P' : 'O';
        if (span_is(line, "PING"))
            mp_buf_append(&wire->out, "PONG\r\n", 6);
        wire_drop(wire, line.size + 2);
        return kind;
    }
    size_t end = line.size, size = last_number(line, &end);
    if (wire_came(wire).size < line.size + 2 + size + 2)
        return 0;
    const uint8_t *subject = memchr(line.data, ' ', line.size);
    delivery->header_size = headed ? last_number(line, &end) : 0;
    delivery->body = (struct span){line.data + line.size + 2, size};
    delivery->replayed = subject[1] == 'e';
    wire_drop(wire, line.size + 2 + size + 2);
    return 'M';
}

static void
check_answer(const struct request *request, const struct delivery *delivery)
{
    struct span body = delivery->body;
    if (request->ask == ASK_AT &&
        body.size - delivery->header_size != NOTE_SIZE)
        fail("nats: no event %llu", (unsigned long long)request->n);
    if (request->ask != ASK_AT &&
        memmem(body.data, body.size, "\"error\"", 7) != NULL)
        fail("nats: %.*s", (int)body.size, (const char *)body.data);
}

static enum taken
nats_take(struct wire *wire, const struct request *request, uint64_t *rows)
{
    struct delivery delivery;
    char kind = take_one(wire, &delivery);
    if (kind == 0)
        return TAKEN_NOTHING;
    if (kind != 'M')
        return kind == 'P' && request->ask == ASK_PING ? TAKEN_ANSWER
                                                       : TAKEN_PART;
    if (request->ask == ASK_REPLAY && delivery.replayed) {
        if (delivery.body.size != NOTE_SIZE)
            fail("nats: an event of %zu bytes", delivery.body.size);
        return ++*rows == request->m ? TAKEN_ANSWER : TAKEN_PART;
    }
    check_answer(request, &delivery);
    return request->ask == ASK_REPLAY ? TAKEN_PART : TAKEN_ANSWER;
}

static bool
await(struct wire *wire, char kind, struct delivery *delivery)
{
    char came;
    if (!wire_flush(wire))
        return false;
    while ((came = take_one(wire, delivery)) != kind) {
        if (came == 0 && !wire_fill(wire, true))
            return false;
    }
    return true;
}

static bool
nats_greet(struct wire *wire)
{
    struct delivery none;
    char line[LINE_SIZE];
    int size =
        snprintf(line, sizeof(line),
                 "CONNECT {\"verbose\":false,\"pedantic\":false,"
                 "\"headers\":true,\"no_responders\":true,\"lang\":\"c\","
                 "\"version\":\"1\",\"protocol\":1}\r\nSUB _I.%u 1\r\n"
                 "PING\r\n",
                 wire->number);
    mp_buf_append(&wire->out, line, (size_t)size);
    return await(wire, 'P', &none);
}

static void
nats_create(struct wire *wire)
{
    struct delivery delivery;
    put_publish(wire, "$JS.API.STREAM.CREATE.S", STREAM);
    if (!await(wire, 'M', &delivery))
        fail("nats: it went away");
    check_answer(&(struct request){.ask = ASK_APPEND}, &delivery);
}

const struct dialect dialect_nats = {
    .name = "nats",
    .asks = ASKS(ASK_APPEND) | ASKS(ASK_AT) | ASKS(ASK_REPLAY) | ASKS(ASK_PING),
    .replay_ahead = 1,
    .greet = nats_greet,
    .create = nats_create,
    .put = nats_put,
    .take = nats_take,
};
