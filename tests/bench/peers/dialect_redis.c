/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/fail.h"
#include "tests/bench/peers/dialect.h"
#include "tests/bench/peers/note.h"

/*
 * Redis: RESP, and one stream.  An entry's id is its date where events are
 * loaded, so that both a position and a date find it; elsewhere Redis makes
 * it.  A replay is XRANGE in pages, each asked for when the one before came.
 */

#define PAGE 1000
#define ID_SIZE 32

static void
put_words(struct mp_buf *out, size_t count, const char *const *words)
{
    char head[ID_SIZE];
    for (size_t i = 0; i < count; i++) {
        int size = snprintf(head, sizeof(head), "$%zu\r\n", strlen(words[i]));
        mp_buf_append(out, head, (size_t)size);
        mp_buf_append(out, words[i], strlen(words[i]));
        mp_buf_append(out, "\r\n", 2);
    }
}

static void
put_xadd(struct mp_buf *out, uint64_t n, bool dated)
{
    char id[ID_SIZE] = "*", head[ID_SIZE];
    if (dated)
        snprintf(id, sizeof(id), "%llu-0", (unsigned long long)note_ms(n));
    mp_buf_append(out, "*5\r\n", 4);
    put_words(out, 4, (const char *const[]){"XADD", "s", id, "e"});
    int size = snprintf(head, sizeof(head), "$%zu\r\n", NOTE_SIZE);
    mp_buf_append(out, head, (size_t)size);
    note_put(out, n);
    mp_buf_append(out, "\r\n", 2);
}

static void
put_xrange(struct mp_buf *out, const char *from, const char *to,
           const char *count)
{
    mp_buf_append(out, "*6\r\n", 4);
    put_words(out, 6,
              (const char *const[]){"XRANGE", "s", from, to, "COUNT", count});
}

static void
put_batch(struct mp_buf *out, uint64_t n, bool dated)
{
    mp_buf_append(out, "*1\r\n", 4);
    put_words(out, 1, (const char *const[]){"MULTI"});
    for (uint64_t i = 0; i < NOTE_BATCH; i++)
        put_xadd(out, n + i, dated);
    mp_buf_append(out, "*1\r\n", 4);
    put_words(out, 1, (const char *const[]){"EXEC"});
}

static void
redis_put(struct wire *wire, const struct request *request)
{
    char id[ID_SIZE];
    struct mp_buf *out = &wire->out;
    switch (request->ask) {
    case ASK_APPEND:
        put_xadd(out, request->n, false);
        break;
    case ASK_BATCH:
    case ASK_LOAD:
        put_batch(out, request->n, request->ask == ASK_LOAD);
        break;
    case ASK_AT:
        snprintf(id, sizeof(id), "%llu-0",
                 (unsigned long long)note_ms(request->n));
        put_xrange(out, id, id, "1");
        break;
    case ASK_SINCE:
        snprintf(id, sizeof(id), "%llu",
                 (unsigned long long)dialect_since_ms(request->n));
        put_xrange(out, id, "+", "1");
        break;
    case ASK_REPLAY:
        snprintf(id, sizeof(id), "%llu-0",
                 (unsigned long long)note_ms(request->n));
        put_xrange(out, id, "+", "1000");
        break;
    case ASK_PING:
        mp_buf_append(out, "*1\r\n$4\r\nPING\r\n", 14);
        break;
    case ASK_STATE:
    case ASK_TIMELINE:
    case ASK_FACTS:
        fail("redis: it has no such question");
    }
}

/* --- answers --------------------------------------------------------------*/

/* A line `<kind><number>` at `*at`, which is moved behind it; false: not all
 * of it has come. */
static bool
take_number(struct span came, size_t *at, char kind, size_t *number_out)
{
    const uint8_t *line = came.data + *at;
    const uint8_t *end =
        *at < came.size ? memchr(line, '\n', came.size - *at) : NULL;
    if (end == NULL)
        return false;
    if (*line != (uint8_t)kind)
        fail("redis: %.*s", (int)(end - line), (const char *)line);
    *number_out = strtoul((const char *)line + 1, NULL, 10);
    *at += (size_t)(end - line) + 1;
    return true;
}

/* A bulk string at `*at`, which is moved behind it. */
static bool
take_bulk(struct span came, size_t *at, struct span *bulk_out)
{
    size_t size;
    if (!take_number(came, at, '$', &size) || came.size - *at < size + 2)
        return false;
    *bulk_out = (struct span){came.data + *at, size};
    *at += size + 2;
    return true;
}

/* An entry is [id, [name, event]]. */
static bool
take_entry(struct wire *wire, uint64_t n)
{
    struct span came = wire_came(wire), id, name, event;
    char expected[ID_SIZE];
    size_t at = 0, count;
    if (!take_number(came, &at, '*', &count) || !take_bulk(came, &at, &id) ||
        !take_number(came, &at, '*', &count) || !take_bulk(came, &at, &name) ||
        !take_bulk(came, &at, &event))
        return false;
    snprintf(expected, sizeof(expected), "%llu-0",
             (unsigned long long)note_ms(n));
    if (!span_is(id, expected) || event.size != NOTE_SIZE)
        fail("redis: not the event that was asked for");
    wire_drop(wire, at);
    return true;
}

/* wire->left is one more than the entries or ids still to come, 0 at first. */
static bool
take_count(struct wire *wire, size_t most)
{
    size_t at = 0, count;
    if (wire->left > 0)
        return true;
    if (!take_number(wire_came(wire), &at, '*', &count))
        return false;
    if (count == 0 || count > most)
        fail("redis: %zu entries, not %zu", count, most);
    wire_drop(wire, at);
    wire->left = count + 1;
    return true;
}

static enum taken
take_entries(struct wire *wire, const struct request *request, uint64_t *rows)
{
    bool replay = request->ask == ASK_REPLAY;
    size_t most = replay ? PAGE : 1;
    if (!take_count(wire, most) ||
        !take_entry(wire, replay ? *rows + 1 : request->n))
        return TAKEN_NOTHING;
    if (replay)
        ++*rows;
    if (--wire->left > 1)
        return TAKEN_PART;
    wire->left = 0;
    return TAKEN_ANSWER;
}

/* +OK, +QUEUED for each, then the ids. */
static enum taken
take_batch(struct wire *wire)
{
    struct span came = wire_came(wire), line = wire_line(wire), id;
    size_t at = 0, most = NOTE_BATCH;
    if (line.data == NULL)
        return TAKEN_NOTHING;
    if (*came.data == '+' && wire->left == 0) {
        wire_drop(wire, line.size + 2);
        return TAKEN_PART;
    }
    if (!take_count(wire, most) || !take_bulk(wire_came(wire), &at, &id))
        return TAKEN_NOTHING;
    wire_drop(wire, at);
    if (--wire->left > 1)
        return TAKEN_PART;
    wire->left = 0;
    return TAKEN_ANSWER;
}

static enum taken
redis_take(struct wire *wire, const struct request *request, uint64_t *rows)
{
    size_t at = 0;
    struct span bulk, line;
    switch (request->ask) {
    case ASK_APPEND:
        if (!take_bulk(wire_came(wire), &at, &bulk))
            return TAKEN_NOTHING;
        wire_drop(wire, at);
        return TAKEN_ANSWER;
    case ASK_BATCH:
    case ASK_LOAD:
        return take_batch(wire);
    case ASK_AT:
    case ASK_SINCE:
    case ASK_REPLAY:
        return take_entries(wire, request, rows);
    case ASK_PING:
        line = wire_line(wire);
        if (line.data == NULL)
            return TAKEN_NOTHING;
        if (!span_is(line, "+PONG"))
            fail("redis: %.*s", (int)line.size, (const char *)line.data);
        wire_drop(wire, line.size + 2);
        return TAKEN_ANSWER;
    case ASK_STATE:
    case ASK_TIMELINE:
    case ASK_FACTS:
        break;
    }
    fail("redis: it has no such question");
}

/* While it reads its log it answers -LOADING. */
static bool
redis_greet(struct wire *wire)
{
    redis_put(wire, &(struct request){.ask = ASK_PING});
    if (!wire_flush(wire))
        return false;
    while (wire_line(wire).data == NULL) {
        if (!wire_fill(wire, true))
            return false;
    }
    bool ready = *wire_came(wire).data == '+';
    wire_drop(wire, wire_line(wire).size + 2);
    return ready;
}

const struct dialect dialect_redis = {
    .name = "redis",
    .asks = ASKS(ASK_APPEND) | ASKS(ASK_BATCH) | ASKS(ASK_LOAD) | ASKS(ASK_AT) |
            ASKS(ASK_SINCE) | ASKS(ASK_REPLAY) | ASKS(ASK_PING),
    .replay_page = PAGE,
    .replay_ahead = 1,
    .greet = redis_greet,
    .put = redis_put,
    .take = redis_take,
};
