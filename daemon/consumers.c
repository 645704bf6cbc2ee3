/* SPDX-License-Identifier: MIT */
#include "daemon/consumers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* clang-tidy takes sizeof of a pointer to a struct for a mistake. */
#define POINTER_SIZE sizeof(void *)

struct span
consumer_name(const struct consumer *consumer)
{
    return (struct span){(const uint8_t *)consumer->name, consumer->name_size};
}

/* The index of a name, or where it would be. */
static size_t
find(const struct consumers *consumers, struct span name, bool *found)
{
    size_t low = 0, high = consumers->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order =
            span_compare(consumer_name(consumers->sorted[middle]), name);
        *found |= order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct consumer *
consumers_find(const struct consumers *consumers, struct span name)
{
    bool found;
    size_t index = find(consumers, name, &found);
    return found ? consumers->sorted[index] : NULL;
}

static bool
grow(struct consumers *consumers)
{
    if (consumers->count < consumers->capacity)
        return true;
    size_t capacity = consumers->capacity == 0 ? 16 : 2 * consumers->capacity;
    struct consumer **sorted =
        realloc(consumers->sorted, capacity * POINTER_SIZE);
    if (sorted == NULL)
        return false;
    consumers->sorted = sorted;
    consumers->capacity = capacity;
    return true;
}

struct consumer *
consumers_add(struct consumers *consumers, struct span name, uint64_t position)
{
    bool found;
    size_t index = find(consumers, name, &found);
    struct consumer *consumer = calloc(1, sizeof *consumer);
    assert(!found && name.size <= sizeof consumer->name);
    if (consumer == NULL || !grow(consumers)) {
        free(consumer);
        return NULL;
    }
    memcpy(consumer->name, name.data, name.size);
    consumer->name_size = (uint8_t)name.size;
    consumer->position = consumer->asked = consumer->told = position;
    memmove(consumers->sorted + index + 1, consumers->sorted + index,
            (consumers->count - index) * POINTER_SIZE);
    consumers->sorted[index] = consumer;
    consumers->count++;
    return consumer;
}

void
consumers_remove(struct consumers *consumers, struct consumer *consumer)
{
    bool found;
    size_t index = find(consumers, consumer_name(consumer), &found);
    assert(found && !consumer->connected);
    consumers->count--;
    memmove(consumers->sorted + index, consumers->sorted + index + 1,
            (consumers->count - index) * POINTER_SIZE);
    free(consumer);
}

static bool
load_one(const struct log_consumer *stored, void *context)
{
    struct consumers *consumers = context;
    struct consumer *consumer =
        consumers_add(consumers, stored->name, stored->position);
    if (consumer != NULL)
        consumer->stored = true;
    return consumer != NULL;
}

bool
consumers_load(struct consumers *consumers, struct log *log)
{
    return log_consumers(log, load_one, consumers) == LOG_OK;
}

void
consumers_deinit(struct consumers *consumers)
{
    for (size_t i = 0; i < consumers->count; i++)
        free(consumers->sorted[i]);
    free(consumers->sorted);
    *consumers = (struct consumers){0};
}

struct append_request *
consumers_change(struct consumer *consumer, enum append_kind kind,
                 uint32_t msgid)
{
    struct append_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->message = malloc(consumer->name_size);
    if (request->message == NULL) {
        free(request);
        return NULL;
    }
    memcpy(request->message, consumer->name, consumer->name_size);
    request->message_size = consumer->name_size;
    request->kind = kind;
    request->msgid = msgid;
    request->consumer = (struct log_consumer){
        .name = {request->message, request->message_size},
        .position = consumer->asked,
        .removed = kind == APPEND_FORGET,
    };
    consumer->forgetting |= kind == APPEND_FORGET;
    consumer->in_flight++;
    return request;
}

uint64_t
consumers_settle(struct consumers *consumers,
                 const struct append_request *request)
{
    struct consumer *consumer =
        consumers_find(consumers, request->consumer.name);
    assert(consumer != NULL && consumer->in_flight > 0);
    consumer->in_flight--;
    if (!request->refused) {
        consumer->stored = true;
        if (request->consumer.position > consumer->position)
            consumer->position = request->consumer.position;
    }
    if (consumer->in_flight == 0)
        consumer->asked = consumer->position;
    uint64_t position = consumer->position;
    if (request->kind == APPEND_FORGET)
        consumer->forgetting = false;
    if (request->kind == APPEND_FORGET ? !request->refused : !consumer->stored)
        consumers_remove(consumers, consumer);
    return position;
}
