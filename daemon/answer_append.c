/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answers.h"
#include "proto/rpc.h"

/*
 * `append`, the reactor's half: every event is checked by itself, so that the
 * writer only sees what could be stored.  A request that is refused here goes
 * through the writer all the same, since the answers of a connection come in
 * the order of its requests.
 */

/* The arguments in a copy of the bytes, which the input buffer does not
 * outlive. */
static struct append_request *
new_request(struct request *request, struct span *params)
{
    struct append_request *append = calloc(1, sizeof *append);
    if (append == NULL)
        return NULL;
    append->msgid = request->msgid;
    append->message_size = request->params.size;
    append->message = malloc(request->params.size);
    if (append->message == NULL) {
        append_request_free(append);
        return NULL;
    }
    memcpy(append->message, request->params.data, request->params.size);
    *params = (struct span){append->message, append->message_size};
    return append;
}

static void
refuse_arguments(struct append_request *append, const struct args_fault *fault)
{
    struct append_refusal *refusal =
        append_refuse(append, fault->code, "%s", fault->message);
    if (fault->name != NULL)
        snprintf(refusal->field, sizeof refusal->field, "%s", fault->name);
}

static void
refuse_event(struct append_request *append, size_t index,
             const struct event_fault *fault)
{
    struct append_refusal *refusal =
        append_refuse(append, fault->code, "%s", fault->message);
    refusal->has_index = true;
    refusal->index = index;
    snprintf(refusal->field, sizeof refusal->field, "%s", fault->field);
    refusal->has_offset = fault->has_offset;
    refusal->offset = fault->offset;
}

static void
take_event(struct append_event *taken, const struct event *event)
{
    *taken = (struct append_event){
        .id = event->fields[MODEL_FIELD_ID],
        .partnership = event->fields[MODEL_FIELD_PARTNERSHIP],
        .re = event->fields[MODEL_FIELD_RE],
        .corrects = event->fields[MODEL_FIELD_CORRECTS],
        .disclosed_by = event->fields[MODEL_FIELD_DISCLOSED_BY],
        .type = event->type,
        .value = event->map,
        .pairs = event->pairs,
        .pair_count = event->pair_count,
    };
}

static void
take_events(struct append_request *append, struct span array)
{
    struct mp_reader reader = mp_reader(array);
    uint32_t count = mp_array(&reader);
    if (count == 0 || count > MODEL_BATCH_MAX) {
        struct append_refusal *refusal = append_refuse(
            append, count == 0 ? MODEL_INVALID_REQUEST : MODEL_TOO_LARGE,
            "events holds %u events; send 1 to %u at a time", count,
            MODEL_BATCH_MAX);
        snprintf(refusal->field, sizeof refusal->field, "events");
        return;
    }
    append->events = calloc(count, sizeof *append->events);
    if (append->events == NULL) {
        append_refuse(append, MODEL_OVERLOADED,
                      "out of memory; nothing was stored; try again later");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct event event;
        struct event_fault fault;
        if (!event_check(mp_value(&reader), MODEL_EVENT_SIZE_MAX, &event,
                         &fault)) {
            refuse_event(append, i, &fault);
            return;
        }
        take_event(&append->events[append->event_count++], &event);
    }
}

static bool
take_expect(struct append_request *append, struct mp_reader *reader)
{
    struct append_expect *expect = &append->expects[append->expect_count];
    expect->partnership = mp_str(reader);
    expect->revision = mp_uint(reader);
    append->expect_count++;
    return !reader->failed && event_is_slug(expect->partnership);
}

static int
compare_expects(const void *left, const void *right)
{
    const struct append_expect *a = left, *b = right;
    return span_compare(a->partnership, b->partnership);
}

static bool
are_different(struct append_request *append)
{
    struct append_expect *expects = append->expects;
    qsort(expects, append->expect_count, sizeof *expects, compare_expects);
    for (size_t i = 1; i < append->expect_count; i++)
        if (span_equal(expects[i - 1].partnership, expects[i].partnership))
            return false;
    return true;
}

static void
take_expects(struct append_request *append, struct span map)
{
    struct mp_reader reader = mp_reader(map);
    uint32_t count = mp_map(&reader);
    bool good = count <= MODEL_BATCH_MAX; /* no batch touches more */
    append->expects = calloc(good ? count + 1 : 1, sizeof *append->expects);
    if (append->expects == NULL) {
        append_refuse(append, MODEL_OVERLOADED,
                      "out of memory; nothing was stored; try again later");
        return;
    }
    for (uint32_t i = 0; i < count && good; i++)
        good = take_expect(append, &reader);
    if (!good || !are_different(append)) {
        struct append_refusal *refusal = append_refuse(
            append, MODEL_INVALID_REQUEST,
            "expect must be a map from partnerships, each once, to the "
            "revision that each is at: a whole number, 0 if it must not "
            "exist");
        snprintf(refusal->field, sizeof refusal->field, "expect");
    }
}

void
answer_append(struct request *request)
{
    struct span params;
    struct args_fault fault;
    struct append_request *append = new_request(request, &params);
    if (append == NULL) {
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; nothing was stored; try again later");
        return;
    }
    request->append = append;
    if (!args_read(params, ARG_BIT(EVENTS) | ARG_BIT(EXPECT), ARG_BIT(EVENTS),
                   &request->args, &fault)) {
        refuse_arguments(append, &fault);
        return;
    }
    if (request->args.values[ARG_EXPECT].given)
        take_expects(append, request->args.values[ARG_EXPECT].bytes);
    if (!append->refused)
        take_events(append, request->args.values[ARG_EVENTS].bytes);
}
