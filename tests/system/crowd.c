/* SPDX-License-Identifier: MIT */
#include "tests/system/crowd.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/system/fixture.h"

#define PARTNERSHIPS 10
#define PARTIES 12
#define BATCH_MAX 20
#define ACK_EVERY 50 /* events between two acknowledgements */
#define RETRY_MS 10  /* between two tries to connect */

static const char *const types[] = {"note",      "meeting",    "contact",
                                    "statement", "regulatory", "x-visit"};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* What an event is, or what is wanted of it: -1 for any. */
struct kind {
    int partnership, party, type, other_type;
};

struct seen {
    uint64_t seq;
    uint64_t hash; /* of its id */
};

struct appender {
    struct crowd *crowd;
    pthread_t thread;
    size_t index;
};

struct subscriber {
    struct crowd *crowd;
    pthread_t thread;
    size_t index;
    uint64_t dice;
    struct kind wanted;
    size_t join_at; /* acknowledged events before it joins */
    bool joined;
    uint64_t after; /* what it sees begins behind it */
    uint64_t acknowledged;
    struct seen *seen;
    size_t count, capacity;
    size_t ends;    /* of the last batch, that it has seen */
    uint64_t known; /* seen before, of those that came again */
};

struct crowd {
    struct crowd_options options;
    struct appender *appenders;
    struct subscriber *subscribers;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t progress;
    size_t acknowledged;
};

/* SplitMix64: https://prng.di.unimi.it/splitmix64.c */
static uint64_t
throw_dice(uint64_t *state, uint64_t end)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % end;
}

/* --- a connection that may be lost ----------------------------------------*/

struct link {
    int fd;
    msgpack_unpacker unpacker;
    msgpack_unpacked message;
};

static void
link_open(struct link *link)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, fixture.socket, strlen(fixture.socket));
    if (!msgpack_unpacker_init(&link->unpacker, 65536))
        ck_abort_msg("no memory");
    msgpack_unpacked_init(&link->message);
    for (;;) { /* the daemon may be away just now */
        link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(link->fd, 0);
        if (connect(link->fd, (const struct sockaddr *)&address,
                    sizeof(address)) == 0)
            return;
        close(link->fd);
        (void)poll(NULL, 0, RETRY_MS);
    }
}

static void
link_close(struct link *link)
{
    close(link->fd);
    msgpack_unpacked_destroy(&link->message);
    msgpack_unpacker_destroy(&link->unpacker);
}

static bool
link_send(struct link *link, const msgpack_sbuffer *bytes)
{
    size_t sent = 0;
    while (sent < bytes->size) {
        ssize_t size = send(link->fd, bytes->data + sent, bytes->size - sent,
                            MSG_NOSIGNAL);
        if (size < 0 && errno != EINTR)
            return false;
        sent += size > 0 ? (size_t)size : 0;
    }
    return true;
}

/* The next message, or NULL when the connection is lost. */
static const msgpack_object *
link_next(struct link *link)
{
    for (;;) {
        msgpack_unpack_return result =
            msgpack_unpacker_next(&link->unpacker, &link->message);
        if (result == MSGPACK_UNPACK_SUCCESS)
            return &link->message.data;
        ck_assert_int_eq(result, MSGPACK_UNPACK_CONTINUE);
        if (!msgpack_unpacker_reserve_buffer(&link->unpacker, 65536))
            ck_abort_msg("no memory");
        ssize_t size =
            read(link->fd, msgpack_unpacker_buffer(&link->unpacker), 65536);
        if (size <= 0 && !(size < 0 && errno == EINTR))
            return NULL;
        msgpack_unpacker_buffer_consumed(&link->unpacker,
                                         size > 0 ? (size_t)size : 0);
    }
}

/* --- requests -------------------------------------------------------------*/

static void
put_text(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str(packer, strlen(text));
    msgpack_pack_str_body(packer, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void
put_format(msgpack_packer *packer, const char *format, ...)
{
    char text[64];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    put_text(packer, text);
}

static void
put_request(msgpack_packer *packer, uint32_t msgid, const char *method,
            size_t arguments)
{
    msgpack_pack_array(packer, 4);
    msgpack_pack_int(packer, 0);
    msgpack_pack_uint32(packer, msgid);
    put_text(packer, method);
    msgpack_pack_array(packer, 1);
    msgpack_pack_map(packer, arguments);
}

/* Parties are one, or all. */
static void
put_event(msgpack_packer *packer, const char *id, const struct kind *kind)
{
    msgpack_pack_map(packer, 6);
    put_text(packer, "id");
    put_text(packer, id);
    put_text(packer, "type");
    put_text(packer, types[kind->type]);
    put_text(packer, "partnership");
    put_format(packer, "p%d", kind->partnership);
    put_text(packer, "parties");
    int count = kind->party < 0 ? PARTIES : 1;
    msgpack_pack_array(packer, (size_t)count);
    for (int i = 0; i < count; i++)
        put_format(packer, "a%d", kind->party < 0 ? i : kind->party);
    put_text(packer, "occurred");
    put_text(packer, "2017");
    put_text(packer, "title");
    put_text(packer, id);
}

/* --- appending ------------------------------------------------------------*/

static void
count_acknowledged(struct crowd *crowd, size_t count)
{
    pthread_mutex_lock(&crowd->lock);
    crowd->acknowledged += count;
    pthread_cond_broadcast(&crowd->progress);
    pthread_mutex_unlock(&crowd->lock);
}

/* What a batch holds follows from where it begins, so that it is the same when
 * it is sent again. */
static size_t
put_batch(const struct appender *appender, msgpack_packer *packer, size_t from,
          size_t end)
{
    uint64_t dice =
        appender->crowd->options.seed + appender->index * 1000003 + from;
    size_t count = 1 + throw_dice(&dice, BATCH_MAX);
    count = count < end - from ? count : end - from;
    put_request(packer, (uint32_t)from, "append", 1);
    put_text(packer, "events");
    msgpack_pack_array(packer, count);
    for (size_t i = 0; i < count; i++) {
        char id[32];
        const struct kind kind = {
            .partnership = (int)throw_dice(&dice, PARTNERSHIPS),
            .party = (int)throw_dice(&dice, PARTIES),
            .type = (int)throw_dice(&dice, TYPES),
        };
        snprintf(id, sizeof(id), "e%zu.%zu", appender->index, from + i);
        put_event(packer, id, &kind);
    }
    return count;
}

/* Append events `from` on, two batches on their way, until the connection is
 * lost; returns the first that was not acknowledged. */
static size_t
append_from(struct appender *appender, struct link *link, size_t from,
            size_t end)
{
    size_t sent = from, done = from, in_flight = 0, sizes[2] = {0};
    msgpack_sbuffer bytes;
    msgpack_packer packer;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&packer, &bytes, msgpack_sbuffer_write);
    while (done < end) {
        while (in_flight < 2 && sent < end) {
            msgpack_sbuffer_clear(&bytes);
            sizes[in_flight] = put_batch(appender, &packer, sent, end);
            sent += sizes[in_flight++];
            if (!link_send(link, &bytes))
                goto out;
        }
        const msgpack_object *answer = link_next(link);
        if (answer == NULL)
            break;
        ck_assert_uint_eq(answer->via.array.ptr[1].via.u64, done);
        ck_assert_int_eq(answer->via.array.ptr[2].type, MSGPACK_OBJECT_NIL);
        done += sizes[0];
        count_acknowledged(appender->crowd, sizes[0]);
        sizes[0] = sizes[1];
        in_flight--;
    }
out:
    msgpack_sbuffer_destroy(&bytes);
    return done;
}

static void *
appender_run(void *context)
{
    struct appender *appender = context;
    const struct crowd_options *options = &appender->crowd->options;
    size_t end = options->events / options->appenders, done = 0;
    while (done < end) {
        struct link link;
        link_open(&link);
        done = append_from(appender, &link, done, end);
        link_close(&link);
    }
    return NULL;
}

/* Behind all others an event that every filter wants, and one for each kind
 * of them. */
static void
append_ends(void)
{
    struct link link;
    msgpack_sbuffer bytes;
    msgpack_packer packer;
    link_open(&link);
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&packer, &bytes, msgpack_sbuffer_write);
    put_request(&packer, 1, "append", 1);
    put_text(&packer, "events");
    msgpack_pack_array(&packer, PARTNERSHIPS * TYPES);
    for (int i = 0; i < (int)(PARTNERSHIPS * TYPES); i++) {
        char id[32];
        const struct kind kind = {.partnership = i % PARTNERSHIPS,
                                  .party = -1,
                                  .type = i / PARTNERSHIPS};
        snprintf(id, sizeof(id), "end%d", i);
        put_event(&packer, id, &kind);
    }
    ck_assert(link_send(&link, &bytes));
    const msgpack_object *answer = link_next(&link);
    ck_assert_ptr_nonnull(answer);
    ck_assert_int_eq(answer->via.array.ptr[2].type, MSGPACK_OBJECT_NIL);
    msgpack_sbuffer_destroy(&bytes);
    link_close(&link);
}

/* --- subscribing ----------------------------------------------------------*/

static size_t
ends_wanted(const struct kind *wanted)
{
    size_t partnerships = wanted->partnership < 0 ? PARTNERSHIPS : 1;
    size_t of_types = wanted->type < 0                     ? TYPES
                      : wanted->type == wanted->other_type ? 1
                                                           : 2;
    return partnerships * of_types;
}

static void
choose_wanted(struct subscriber *subscriber)
{
    uint64_t *dice = &subscriber->dice;
    struct kind *wanted = &subscriber->wanted;
    unsigned kinds = (unsigned)throw_dice(dice, 8);
    *wanted = (struct kind){-1, -1, -1, -1};
    if (kinds & 1)
        wanted->partnership = (int)throw_dice(dice, PARTNERSHIPS);
    if (kinds & 2)
        wanted->party = (int)throw_dice(dice, PARTIES);
    if (kinds & 4) {
        wanted->type = (int)throw_dice(dice, TYPES);
        wanted->other_type = (int)throw_dice(dice, TYPES);
    }
}

static void
put_filter(msgpack_packer *packer, const struct kind *wanted)
{
    if (wanted->partnership >= 0) {
        put_text(packer, "partnership");
        put_format(packer, "p%d", wanted->partnership);
    }
    if (wanted->party >= 0) {
        put_text(packer, "party");
        put_format(packer, "a%d", wanted->party);
    }
    if (wanted->type >= 0) {
        put_text(packer, "types");
        msgpack_pack_array(packer, 2);
        put_text(packer, types[wanted->type]);
        put_text(packer, types[wanted->other_type]);
    }
}

#define SUBSCRIPTION 5u
#define ACK 6u

static void
put_subscribe(const struct subscriber *subscriber, msgpack_packer *packer,
              bool first)
{
    const struct kind *wanted = &subscriber->wanted;
    bool named = subscriber->crowd->options.consumers;
    size_t arguments = (size_t)(wanted->partnership >= 0) +
                       (size_t)(wanted->party >= 0) +
                       (size_t)(wanted->type >= 0) + named + first;
    put_request(packer, SUBSCRIPTION, "subscribe", arguments);
    put_filter(packer, wanted);
    if (first) {
        put_text(packer, "after");
        msgpack_pack_uint64(packer, subscriber->after);
    }
    if (named) {
        put_text(packer, "consumer");
        put_format(packer, "c%zu", subscriber->index);
    }
}

static bool
is_text(const msgpack_object *object, const char *text)
{
    return object->type == MSGPACK_OBJECT_STR &&
           object->via.str.size == strlen(text) &&
           memcmp(object->via.str.ptr, text, strlen(text)) == 0;
}

static const msgpack_object *
value_of(const msgpack_object *map, const char *key)
{
    for (uint32_t i = 0; i < map->via.map.size; i++)
        if (is_text(&map->via.map.ptr[i].key, key))
            return &map->via.map.ptr[i].val;
    ck_abort_msg("no %s", key);
}

static uint64_t
hash_of(const msgpack_object *text)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */
    for (uint32_t i = 0; i < text->via.str.size; i++)
        hash = (hash ^ (uint8_t)text->via.str.ptr[i]) * 1099511628211U;
    return hash;
}

static void
take_seen(struct subscriber *subscriber, struct seen seen)
{
    if (subscriber->count == subscriber->capacity) {
        subscriber->capacity = 2 * subscriber->capacity + 64;
        subscriber->seen = realloc(
            subscriber->seen, subscriber->capacity * sizeof(*subscriber->seen));
        ck_assert_ptr_nonnull(subscriber->seen);
    }
    subscriber->seen[subscriber->count++] = seen;
}

/* New ones come in order.  Behind a crash some come again: those that were not
 * acknowledged, each at its place. */
static void
take_event(struct subscriber *subscriber, const msgpack_object *event)
{
    const msgpack_object *id = value_of(event, "id");
    struct seen seen = {value_of(event, "seq")->via.u64, hash_of(id)};
    if (subscriber->known < subscriber->count) {
        const struct seen *old = &subscriber->seen[subscriber->known++];
        ck_assert_msg(old->seq == seen.seq && old->hash == seen.hash,
                      "subscriber %zu: %llu instead of %llu once more",
                      subscriber->index, (unsigned long long)seen.seq,
                      (unsigned long long)old->seq);
        return;
    }
    uint64_t last = subscriber->count == 0
                        ? subscriber->after
                        : subscriber->seen[subscriber->count - 1].seq;
    ck_assert_msg(seen.seq > last, "subscriber %zu: %llu behind %llu",
                  subscriber->index, (unsigned long long)seen.seq,
                  (unsigned long long)last);
    take_seen(subscriber, seen);
    subscriber->known = subscriber->count;
    subscriber->ends +=
        id->via.str.size > 3 && memcmp(id->via.str.ptr, "end", 3) == 0;
}

/* A chunk; false when it is none. */
static bool
take_message(struct subscriber *subscriber, const msgpack_object *message)
{
    const msgpack_object *parts = message->via.array.ptr;
    if (message->via.array.size != 3 || !is_text(&parts[1], "events"))
        return false;
    const msgpack_object *params = parts[2].via.array.ptr;
    ck_assert_uint_eq(params[0].via.u64, SUBSCRIPTION);
    for (uint32_t i = 0; i < params[1].via.array.size; i++)
        take_event(subscriber, &params[1].via.array.ptr[i]);
    return true;
}

static bool
acknowledge(struct subscriber *subscriber, struct link *link)
{
    uint64_t position = subscriber->seen[subscriber->known - 1].seq;
    msgpack_sbuffer bytes;
    msgpack_packer packer;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&packer, &bytes, msgpack_sbuffer_write);
    put_request(&packer, ACK, "ack", 2);
    put_text(&packer, "consumer");
    put_format(&packer, "c%zu", subscriber->index);
    put_text(&packer, "position");
    msgpack_pack_uint64(&packer, position);
    bool sent = link_send(link, &bytes);
    msgpack_sbuffer_destroy(&bytes);
    return sent;
}

/* What was acknowledged does not come again. */
static void
take_ack(struct subscriber *subscriber, const msgpack_object *answer)
{
    const msgpack_object *parts = answer->via.array.ptr;
    ck_assert_int_eq(parts[2].type, MSGPACK_OBJECT_NIL);
    subscriber->acknowledged = value_of(&parts[3], "position")->via.u64;
}

/* The daemon goes on behind what it has stored, which is what was acknowledged
 * last, or what was on its way. */
static void
rewind_to(struct subscriber *subscriber, const msgpack_object *message)
{
    const msgpack_object *params = message->via.array.ptr[2].via.array.ptr;
    if (!is_text(&message->via.array.ptr[1], "events"))
        return;
    uint64_t first = value_of(&params[1].via.array.ptr[0], "seq")->via.u64;
    ck_assert_uint_gt(first, subscriber->acknowledged);
    subscriber->known = 0;
    while (subscriber->known < subscriber->count &&
           subscriber->seen[subscriber->known].seq < first)
        subscriber->known++;
}

static bool
has_all(const struct subscriber *subscriber)
{
    return subscriber->ends == ends_wanted(&subscriber->wanted);
}

/* Until it has all, or the connection is lost. */
static void
follow(struct subscriber *subscriber, struct link *link)
{
    const msgpack_object *message;
    bool named = subscriber->crowd->options.consumers;
    bool rewound = subscriber->count == 0, waiting = false;
    size_t since = 0;
    while (!has_all(subscriber) && (message = link_next(link)) != NULL) {
        const msgpack_object *parts = message->via.array.ptr;
        if (parts[0].via.u64 == 1) {
            ck_assert_uint_eq(parts[1].via.u64, ACK);
            take_ack(subscriber, message);
            waiting = false;
            continue;
        }
        if (!rewound)
            rewind_to(subscriber, message);
        size_t before = subscriber->count;
        if (!take_message(subscriber, message))
            continue;
        rewound = true;
        since += subscriber->count - before;
        if (named && since >= ACK_EVERY && !waiting) {
            since = 0;
            waiting = true;
            if (!acknowledge(subscriber, link))
                return;
        }
    }
}

/* False when the connection was lost before the result. */
static bool
subscribe(struct subscriber *subscriber, struct link *link, bool *is_known)
{
    msgpack_sbuffer bytes;
    msgpack_packer packer;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&packer, &bytes, msgpack_sbuffer_write);
    put_subscribe(subscriber, &packer, !*is_known);
    bool sent = link_send(link, &bytes);
    msgpack_sbuffer_destroy(&bytes);
    const msgpack_object *answer = sent ? link_next(link) : NULL;
    if (answer == NULL)
        return false;
    const msgpack_object *parts = answer->via.array.ptr;
    ck_assert_uint_eq(parts[0].via.u64, 1);
    ck_assert_uint_eq(parts[1].via.u64, SUBSCRIPTION);
    bool stored = parts[2].type == MSGPACK_OBJECT_NIL;
    if (!stored) /* its first try was stored, and its result was lost */
        ck_assert(is_text(value_of(&parts[2], "code"), "invalid_request"));
    *is_known = subscriber->crowd->options.consumers;
    return stored;
}

static size_t
await_acknowledged(struct crowd *crowd, size_t acknowledged)
{
    pthread_mutex_lock(&crowd->lock);
    while (crowd->acknowledged < acknowledged)
        pthread_cond_wait(&crowd->progress, &crowd->lock);
    size_t count = crowd->acknowledged;
    pthread_mutex_unlock(&crowd->lock);
    return count;
}

static void *
subscriber_run(void *context)
{
    struct subscriber *subscriber = context;
    bool is_known = false;
    size_t tip = await_acknowledged(subscriber->crowd, subscriber->join_at);
    subscriber->after = throw_dice(&subscriber->dice, tip + 1);
    while (!has_all(subscriber)) {
        struct link link;
        link_open(&link);
        if (subscribe(subscriber, &link, &is_known))
            follow(subscriber, &link);
        link_close(&link);
    }
    return NULL;
}

/* --- the crowd ------------------------------------------------------------*/

struct crowd *
crowd_start(const struct crowd_options *options)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    ck_assert_ptr_nonnull(crowd);
    crowd->options = *options;
    crowd->appenders = calloc(options->appenders, sizeof(*crowd->appenders));
    crowd->subscribers =
        calloc(options->subscribers, sizeof(*crowd->subscribers));
    ck_assert(crowd->appenders != NULL && crowd->subscribers != NULL);
    pthread_mutex_init(&crowd->lock, NULL);
    pthread_cond_init(&crowd->progress, NULL);
    for (size_t i = 0; i < options->subscribers; i++) {
        struct subscriber *subscriber = &crowd->subscribers[i];
        *subscriber = (struct subscriber){
            .crowd = crowd, .index = i, .dice = options->seed + i};
        choose_wanted(subscriber);
        subscriber->join_at = throw_dice(&subscriber->dice, options->events);
        ck_assert_int_eq(pthread_create(&subscriber->thread, NULL,
                                        subscriber_run, subscriber),
                         0);
    }
    for (size_t i = 0; i < options->appenders; i++) {
        struct appender *appender = &crowd->appenders[i];
        *appender = (struct appender){.crowd = crowd, .index = i};
        ck_assert_int_eq(
            pthread_create(&appender->thread, NULL, appender_run, appender), 0);
    }
    return crowd;
}

void
crowd_await(struct crowd *crowd, size_t acknowledged)
{
    (void)await_acknowledged(crowd, acknowledged);
}

void
crowd_finish(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->options.appenders; i++)
        pthread_join(crowd->appenders[i].thread, NULL);
    append_ends();
    for (size_t i = 0; i < crowd->options.subscribers; i++)
        pthread_join(crowd->subscribers[i].thread, NULL);
}

void
crowd_free(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->options.subscribers; i++)
        free(crowd->subscribers[i].seen);
    free(crowd->appenders);
    free(crowd->subscribers);
    pthread_cond_destroy(&crowd->progress);
    pthread_mutex_destroy(&crowd->lock);
    free(crowd);
}

/* --- what they saw --------------------------------------------------------*/

static bool
has_party(const msgpack_object *parties, int party)
{
    char name[16];
    snprintf(name, sizeof(name), "a%d", party);
    for (uint32_t i = 0; i < parties->via.array.size; i++)
        if (is_text(&parties->via.array.ptr[i], name))
            return true;
    return false;
}

static bool
is_wanted(const struct kind *wanted, const msgpack_object *event)
{
    char name[16];
    const msgpack_object *type = value_of(event, "type");
    snprintf(name, sizeof(name), "p%d", wanted->partnership);
    return (wanted->partnership < 0 ||
            is_text(value_of(event, "partnership"), name)) &&
           (wanted->party < 0 ||
            has_party(value_of(event, "parties"), wanted->party)) &&
           (wanted->type < 0 || is_text(type, types[wanted->type]) ||
            is_text(type, types[wanted->other_type]));
}

/* One event of the log against what each has seen next. */
static void
check_event(struct crowd *crowd, const msgpack_object *event, size_t *next)
{
    uint64_t seq = value_of(event, "seq")->via.u64;
    uint64_t hash = hash_of(value_of(event, "id"));
    for (size_t i = 0; i < crowd->options.subscribers; i++) {
        const struct subscriber *subscriber = &crowd->subscribers[i];
        if (seq <= subscriber->after || !is_wanted(&subscriber->wanted, event))
            continue;
        const struct seen *seen = &subscriber->seen[next[i]];
        ck_assert_msg(next[i] < subscriber->count && seen->seq == seq &&
                          seen->hash == hash,
                      "subscriber %zu, after %llu, did not see %llu", i,
                      (unsigned long long)subscriber->after,
                      (unsigned long long)seq);
        next[i]++;
    }
}

/* The whole log, streamed. */
static void
check_log_stream(struct crowd *crowd, size_t *next)
{
    struct link link;
    msgpack_sbuffer bytes;
    msgpack_packer packer;
    const msgpack_object *message;
    uint64_t count = 0;
    link_open(&link);
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&packer, &bytes, msgpack_sbuffer_write);
    put_request(&packer, 1, "replay", 1);
    put_text(&packer, "stream");
    msgpack_pack_true(&packer);
    ck_assert(link_send(&link, &bytes));
    while ((message = link_next(&link)) != NULL &&
           message->via.array.ptr[0].via.u64 == 2) {
        const msgpack_object *events =
            &message->via.array.ptr[2].via.array.ptr[1];
        for (uint32_t i = 0; i < events->via.array.size; i++, count++)
            check_event(crowd, &events->via.array.ptr[i], next);
    }
    ck_assert_ptr_nonnull(message);
    ck_assert_uint_eq(count, crowd->options.events + PARTNERSHIPS * TYPES);
    msgpack_sbuffer_destroy(&bytes);
    link_close(&link);
}

size_t
crowd_check(struct crowd *crowd)
{
    size_t *next = calloc(crowd->options.subscribers, sizeof(*next));
    size_t total = 0;
    ck_assert_ptr_nonnull(next);
    check_log_stream(crowd, next);
    for (size_t i = 0; i < crowd->options.subscribers; i++) {
        ck_assert_uint_eq(next[i], crowd->subscribers[i].count);
        total += next[i];
    }
    free(next);
    return total;
}
