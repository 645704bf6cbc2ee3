/* SPDX-License-Identifier: MIT */
#include "tests/bench/fail.h"
#include "tests/bench/peers/dialect.h"
#include "tests/bench/peers/note.h"

/*
 * PostgreSQL: its protocol 3, what libpq's pipeline mode sends: prepared
 * statements, everything binary, a Sync behind each request.  A batch is a
 * COPY of its own, the fastest that PostgreSQL has; so is a replay.
 */

#define PROTOCOL 196608
#define EPOCH_MS INT64_C(946684800000) /* of its timestamps: 2000-01-01 */
#define SIZE_SIZE 4
#define HEAD_SIZE 5 /* kind and size */
#define COUNT_END                                                              \
    19 /* of the first field of a row, when it is 8 bytes long                 \
        */

#define CREATE                                                                 \
    "CREATE TABLE IF NOT EXISTS ev (id bigserial PRIMARY KEY, "                \
    "partnership text NOT NULL, t timestamptz NOT NULL, "                      \
    "event bytea NOT NULL); CREATE INDEX IF NOT EXISTS ev_t ON ev (t)"
#define CREATE_FACTS                                                           \
    "CREATE TABLE facts (partnership text NOT NULL, t timestamptz NOT NULL, "  \
    "k timestamptz NOT NULL, type text NOT NULL, id text NOT NULL, "           \
    "event bytea NOT NULL)"
#define INDEX_FACTS "CREATE INDEX facts_p_t ON facts (partnership, t)"

static const struct {
    const char *name, *sql;
} statements[] = {
    {"append", "INSERT INTO ev (partnership, t, event) VALUES ($1, $2, $3)"},
    {"at", "SELECT id, event FROM ev WHERE id = $1"},
    {"since", "SELECT id, event FROM ev WHERE t >= $1 ORDER BY t LIMIT 1"},
    {"state",
     "SELECT coalesce(sum(n), 0)::bigint, json_object_agg(type, n), min(first),"
     " max(last) FROM (SELECT type, count(*) AS n, min(id) AS first, max(t) AS"
     " last FROM facts WHERE partnership = $1 AND t <= $2 AND k <= $3"
     " GROUP BY type) AS counted"},
};

#define STATEMENT_COUNT (sizeof(statements) / sizeof(statements[0]))

/* --- writing --------------------------------------------------------------*/

static void
put_u16(struct mp_buf *out, unsigned number)
{
    uint8_t bytes[] = {(uint8_t)(number >> 8), (uint8_t)number};
    mp_buf_append(out, bytes, sizeof(bytes));
}

static void
put_u32(struct mp_buf *out, uint32_t number)
{
    put_u16(out, number >> 16);
    put_u16(out, number & 0xffff);
}

static void
put_u64(struct mp_buf *out, uint64_t number)
{
    put_u32(out, (uint32_t)(number >> 32));
    put_u32(out, (uint32_t)number);
}

static void
put_string(struct mp_buf *out, const char *text)
{
    mp_buf_append(out, text, strlen(text) + 1);
}

/* A message of a kind; put_end fills in its size. */
static size_t
put_begin(struct mp_buf *out, char kind)
{
    mp_buf_append(out, &kind, 1);
    put_u32(out, 0);
    return out->size - SIZE_SIZE;
}

static void
put_end(struct mp_buf *out, size_t at)
{
    size_t size = out->size - at;
    for (int i = SIZE_SIZE - 1; i >= 0 && !out->failed; i--, size >>= 8)
        out->data[at + (size_t)i] = (uint8_t)size;
}

static void
put_simple(struct mp_buf *out, char kind, const char *text)
{
    size_t at = put_begin(out, kind);
    if (text != NULL)
        put_string(out, text);
    put_end(out, at);
}

/* A binary parameter or field. */
static void
put_field(struct mp_buf *out, const void *bytes, size_t size)
{
    put_u32(out, (uint32_t)size);
    mp_buf_append(out, bytes, size);
}

static void
put_number(struct mp_buf *out, uint64_t number)
{
    put_u32(out, sizeof(number));
    put_u64(out, number);
}

static void
put_time(struct mp_buf *out, uint64_t ms)
{
    put_number(out, (uint64_t)(((int64_t)ms - EPOCH_MS) * 1000));
}

static void
put_event(struct mp_buf *out, uint64_t n)
{
    put_u32(out, NOTE_SIZE);
    note_put(out, n);
}

/* Bind the statement; its parameters follow, then put_execute. */
static size_t
put_bind(struct mp_buf *out, const char *statement, unsigned parameters)
{
    size_t at = put_begin(out, 'B');
    put_string(out, "");
    put_string(out, statement);
    put_u16(out, 1);
    put_u16(out, 1); /* all parameters binary */
    put_u16(out, parameters);
    return at;
}

static void
put_execute(struct mp_buf *out, size_t bind)
{
    put_u16(out, 1);
    put_u16(out, 1); /* all results binary */
    put_end(out, bind);
    size_t at = put_begin(out, 'E');
    put_string(out, "");
    put_u32(out, 0); /* all rows */
    put_end(out, at);
    put_simple(out, 'S', NULL);
}

/* --- requests -------------------------------------------------------------*/

static void
put_row(struct mp_buf *out, uint64_t n, bool facts)
{
    const char *type = note_type(n);
    char id[NOTE_ID_SIZE];
    put_u16(out, facts ? 6 : 3);
    put_field(out, note_slug(n), NOTE_SLUG_SIZE);
    put_time(out, note_ms(n));
    if (facts) {
        note_put_id(id, n);
        put_time(out, note_ms(n));
        put_field(out, type, strlen(type));
        put_field(out, id, sizeof(id));
    }
    put_event(out, n);
}

static void
put_copy(struct mp_buf *out, uint64_t n, bool facts)
{
    put_simple(out, 'Q',
               facts ? "COPY facts (partnership, t, k, type, id, event) FROM "
                       "STDIN (FORMAT binary)"
                     : "COPY ev (partnership, t, event) FROM STDIN (FORMAT "
                       "binary)");
    size_t at = put_begin(out, 'd');
    mp_buf_append(out, "PGCOPY\n\377\r\n", sizeof("PGCOPY\n\377\r\n"));
    put_u64(out, 0); /* flags, no extension */
    for (uint64_t i = 0; i < NOTE_BATCH; i++)
        put_row(out, n + i, facts);
    put_u16(out, 0xffff);
    put_end(out, at);
    put_simple(out, 'c', NULL);
}

static void
put_state(struct mp_buf *out, const struct request *request)
{
    size_t at = put_bind(out, "state", 3);
    put_field(out, note_slug(request->n), NOTE_SLUG_SIZE);
    put_time(out, note_ms(request->m));
    put_number(out, INT64_MAX); /* infinity: whenever it became known */
    put_execute(out, at);
}

static void
postgresql_put(struct wire *wire, const struct request *request)
{
    struct mp_buf *out = &wire->out;
    size_t at;
    switch (request->ask) {
    case ASK_APPEND:
        at = put_bind(out, "append", 3);
        put_field(out, note_slug(request->n), NOTE_SLUG_SIZE);
        put_time(out, note_ms(request->n));
        put_event(out, request->n);
        put_execute(out, at);
        break;
    case ASK_BATCH:
    case ASK_LOAD:
    case ASK_FACTS:
        put_copy(out, request->n, request->ask == ASK_FACTS);
        break;
    case ASK_AT:
        at = put_bind(out, "at", 1);
        put_number(out, request->n);
        put_execute(out, at);
        break;
    case ASK_SINCE:
        at = put_bind(out, "since", 1);
        put_time(out, dialect_since_ms(request->n));
        put_execute(out, at);
        break;
    case ASK_STATE:
        put_state(out, request);
        break;
    case ASK_REPLAY:
        put_simple(out, 'Q',
                   "COPY (SELECT id, t, event FROM ev ORDER BY id) "
                   "TO STDOUT (FORMAT binary)");
        break;
    case ASK_PING:
        put_simple(out, 'Q', "");
        break;
    case ASK_TIMELINE:
        fail("postgresql: it has no such question");
    }
}

/* --- answers --------------------------------------------------------------*/

static uint64_t
read_number(const uint8_t *end, size_t size)
{
    uint64_t number = 0;
    for (const uint8_t *at = end - size; at < end; at++)
        number = number << 8 | *at;
    return number;
}

/* The message at the start; absent: not all of it has come. */
static struct span
message_came(const struct wire *wire)
{
    struct span came = wire_came(wire);
    if (came.size < HEAD_SIZE)
        return (struct span){0};
    size_t size = 1 + (size_t)read_number(came.data + HEAD_SIZE, SIZE_SIZE);
    return came.size < size ? (struct span){0} : (struct span){came.data, size};
}

/* Its parts end with NULs: a letter and a text each. */
static void
say_error(struct span message)
{
    char text[256];
    size_t size = message.size - HEAD_SIZE;
    size = size < sizeof(text) ? size : sizeof(text);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = message.data[HEAD_SIZE + i];
        text[i] = byte == '\0' ? ' ' : (char)byte;
    }
    fail("postgresql: %.*s", (int)size, text);
}

static void
check_row(const struct request *request, struct span row)
{
    bool counted = request->ask == ASK_STATE;
    uint64_t expected =
        counted ? note_count(request->n, request->m) : request->n;
    if (request->ask == ASK_APPEND || row.size < COUNT_END ||
        read_number(row.data + COUNT_END, sizeof(expected)) != expected)
        fail("postgresql: not the row that was asked for");
}

/* wire->left counts the rows of the answer. */
static enum taken
postgresql_take(struct wire *wire, const struct request *request,
                uint64_t *rows)
{
    struct span message = message_came(wire);
    if (message.data == NULL)
        return TAKEN_NOTHING;
    char kind = (char)*message.data;
    if (kind == 'E')
        say_error(message);
    if (kind == 'd' && message.size > NOTE_SIZE) /* else the trailer */
        ++*rows;
    if (kind == 'D') {
        check_row(request, message);
        wire->left++;
    }
    wire_drop(wire, message.size);
    if (kind != 'Z')
        return TAKEN_PART;
    bool one = request->ask == ASK_AT || request->ask == ASK_SINCE ||
               request->ask == ASK_STATE;
    if (one && wire->left != 1)
        fail("postgresql: %llu rows", (unsigned long long)wire->left);
    wire->left = 0;
    return TAKEN_ANSWER;
}

/* --- beginning ------------------------------------------------------------*/

/* Up to `count` ReadyForQuery; false where it is gone, or says an error
 * before the first one, as it does while it starts. */
static bool
await_ready(struct wire *wire, size_t count)
{
    size_t ready = 0;
    if (!wire_flush(wire))
        return false;
    while (ready < count) {
        struct span message = message_came(wire);
        if (message.data == NULL && !wire_fill(wire, true))
            return false;
        if (message.data == NULL)
            continue;
        if (*message.data == 'E' && ready == 0)
            return false;
        ready += *message.data == 'Z' ? 1 : 0;
        wire_drop(wire, message.size);
    }
    return true;
}

/* A statement whose table is not there yet is refused, which is of no matter
 * until it is used. */
static bool
postgresql_greet(struct wire *wire)
{
    struct mp_buf *out = &wire->out;
    size_t at = out->size;
    put_u32(out, 0);
    put_u32(out, PROTOCOL);
    put_string(out, "user");
    put_string(out, "postgres");
    put_string(out, "database");
    put_string(out, "postgres");
    put_string(out, "");
    put_end(out, at);
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        at = put_begin(out, 'P');
        put_string(out, statements[i].name);
        put_string(out, statements[i].sql);
        put_u16(out, 0);
        put_end(out, at);
        put_simple(out, 'S', NULL);
    }
    return await_ready(wire, 1 + STATEMENT_COUNT);
}

static void
query(struct wire *wire, const char *sql)
{
    put_simple(&wire->out, 'Q', sql);
    if (!await_ready(wire, 1))
        fail("postgresql: refused: %s", sql);
}

static void
postgresql_create(struct wire *wire)
{
    query(wire, CREATE);
}

static void
postgresql_facts_begin(struct wire *wire)
{
    query(wire, CREATE_FACTS);
}

static void
postgresql_facts_end(struct wire *wire)
{
    query(wire, INDEX_FACTS);
    query(wire, "VACUUM ANALYZE facts");
}

const struct dialect dialect_postgresql = {
    .name = "postgresql",
    .asks = ASKS(ASK_APPEND) | ASKS(ASK_BATCH) | ASKS(ASK_LOAD) |
            ASKS(ASK_FACTS) | ASKS(ASK_AT) | ASKS(ASK_SINCE) | ASKS(ASK_STATE) |
            ASKS(ASK_REPLAY) | ASKS(ASK_PING),
    .replay_ahead = 1,
    .greet = postgresql_greet,
    .create = postgresql_create,
    .facts_begin = postgresql_facts_begin,
    .facts_end = postgresql_facts_end,
    .put = postgresql_put,
    .take = postgresql_take,
};
