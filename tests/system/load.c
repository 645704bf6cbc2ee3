/* SPDX-License-Identifier: MIT */
#include "tests/system/load.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define BATCH_MAX 5
#define ID_SIZE 48

struct acknowledged {
    char id[ID_SIZE];
    json_int_t seq;
};

struct loader {
    struct load *load;
    pthread_t thread;
    struct wire *wire;
    size_t index;
    struct acknowledged *acknowledged; /* the thread's until it has ended */
    size_t count;
};

struct load {
    unsigned generation;
    size_t loader_count;
    struct loader *loaders;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t progress;
    size_t acknowledged;
};

static json_t *
event_make(const char *id)
{
    return json_format("{'id': '%s', 'type': 'note', 'partnership': 'p', "
                       "'parties': ['a'], 'occurred': '2017', 'title': 't'}",
                       id);
}

static void
batch_send(struct loader *loader, struct wire *wire, uint32_t msgid,
           size_t *next)
{
    json_t *events = json_array();
    size_t count = 1 + msgid % BATCH_MAX;
    for (size_t i = 0; i < count; i++) {
        char id[ID_SIZE];
        snprintf(id, sizeof(id), "g%u.c%zu.n%zu", loader->load->generation,
                 loader->index, (*next)++);
        json_array_append_new(events, event_make(id));
    }
    json_auto_t *arguments = json_pack("{s:o}", "events", events);
    wire_queue(wire, msgid, "append", arguments);
    wire_flush(wire);
}

static void
batch_remember(struct loader *loader, const json_t *message)
{
    const json_t *events =
        json_object_get(json_array_get(message, 3), "events");
    size_t count = json_array_size(events);
    loader->acknowledged =
        realloc(loader->acknowledged,
                (loader->count + count) * sizeof(loader->acknowledged[0]));
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(events, i);
        struct acknowledged *item = &loader->acknowledged[loader->count++];
        snprintf(item->id, sizeof(item->id), "%s",
                 json_string_value(json_object_get(entry, "id")));
        item->seq = json_integer_value(json_object_get(entry, "seq"));
    }
    pthread_mutex_lock(&loader->load->lock);
    loader->load->acknowledged += count;
    pthread_cond_broadcast(&loader->load->progress);
    pthread_mutex_unlock(&loader->load->lock);
}

/* An error answer is possible while the daemon stops; it acknowledges none. */
static void *
loader_run(void *argument)
{
    struct loader *loader = argument;
    struct wire *wire = loader->wire;
    size_t next = 0;
    uint32_t msgid = 0;
    batch_send(loader, wire, msgid++, &next);
    for (;;) {
        /* one is answered while the next is on its way */
        batch_send(loader, wire, msgid++, &next);
        json_auto_t *message = NULL;
        if (wire_read(wire, WIRE_PATIENCE_MS, &message) != WIRE_MESSAGE)
            break;
        if (json_is_null(json_array_get(message, 2)))
            batch_remember(loader, message);
    }
    wire_close(wire);
    return NULL;
}

struct load *
load_start(size_t connections, unsigned generation)
{
    struct load *load = calloc(1, sizeof(*load));
    ck_assert_ptr_nonnull(load);
    load->generation = generation;
    load->loader_count = connections;
    load->loaders = calloc(connections, sizeof(load->loaders[0]));
    ck_assert_ptr_nonnull(load->loaders);
    pthread_mutex_init(&load->lock, NULL);
    pthread_cond_init(&load->progress, NULL);
    for (size_t i = 0; i < connections; i++) {
        struct loader *loader = &load->loaders[i];
        *loader = (struct loader){
            .load = load,
            .wire = wire_open_unix(fixture.socket),
            .index = i,
        };
        ck_assert_int_eq(
            pthread_create(&loader->thread, NULL, loader_run, loader), 0);
    }
    return load;
}

void
load_await(struct load *load, size_t acknowledged)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += WIRE_PATIENCE_MS / 1000;
    int rc = 0;
    pthread_mutex_lock(&load->lock);
    while (load->acknowledged < acknowledged && rc == 0)
        rc = pthread_cond_timedwait(&load->progress, &load->lock, &end);
    pthread_mutex_unlock(&load->lock);
    ck_assert_msg(rc == 0, "the daemon acknowledges too little");
}

void
load_await_end(struct load *load)
{
    for (size_t i = 0; i < load->loader_count; i++)
        pthread_join(load->loaders[i].thread, NULL);
}

/* --- what became of it ----------------------------------------------------*/

static void
item_check(const struct acknowledged *item)
{
    json_auto_t *stored =
        expect_ok(fixture.wire, "get", "{'id': '%s'}", item->id);
    ck_assert_msg(json_integer_value(json_object_get(stored, "seq")) ==
                      item->seq,
                  "%s was acknowledged at another position", item->id);
    json_auto_t *arguments =
        json_pack("{s:[o]}", "events", event_make(item->id));
    json_auto_t *result = expect_ok_json(fixture.wire, "append", arguments);
    const json_t *entry = json_array_get(json_object_get(result, "events"), 0);
    ck_assert(json_is_true(json_object_get(entry, "duplicate")));
    ck_assert_int_eq(json_integer_value(json_object_get(entry, "seq")),
                     item->seq);
}

size_t
load_check(const struct load *load)
{
    size_t count = 0;
    for (size_t i = 0; i < load->loader_count; i++) {
        const struct loader *loader = &load->loaders[i];
        for (size_t j = 0; j < loader->count; j++)
            item_check(&loader->acknowledged[j]);
        count += loader->count;
    }
    return count;
}

void
load_free(struct load *load)
{
    for (size_t i = 0; i < load->loader_count; i++)
        free(load->loaders[i].acknowledged);
    free(load->loaders);
    pthread_cond_destroy(&load->progress);
    pthread_mutex_destroy(&load->lock);
    free(load);
}
