/* SPDX-License-Identifier: MIT */
#include "client/closure.h"

#include <stdlib.h>

#include "client/complain.h"
#include "client/id_set.h"
#include "proto/model.h"

static const enum model_field references[] = {
    MODEL_FIELD_RE, MODEL_FIELD_CORRECTS, MODEL_FIELD_DISCLOSED_BY};
#define REFERENCE_COUNT (sizeof(references) / sizeof(references[0]))

/* An event that comes along. */
struct closure_event {
    uint64_t seq;
    uint8_t *bytes;
    size_t size;
};

struct closure {
    struct id_set has;  /* selected, or coming along */
    struct id_set asks; /* named by these */
    struct closure_event *along;
    size_t along_count;
    size_t along_next; /* the first that was not handed out */
    uint64_t last;     /* position of the last event that is selected */
    bool no_memory;
    struct selection *selection;

    /* while it is walked */
    bool (*on_event)(void *context, struct span event);
    void *context;
};

/* --- what is missing ------------------------------------------------------*/

/* The event is in; what it names is asked for. */
static bool
note(struct closure *closure, struct span event)
{
    bool good = id_set_add(&closure->has, mp_get_str(event, "id"));
    for (size_t i = 0; i < REFERENCE_COUNT && good; i++) {
        struct span id = mp_get_str(event, model_fields[references[i]].key);
        good = id.data == NULL || id_set_add(&closure->asks, id);
    }
    closure->no_memory = !good;
    return good;
}

static bool
note_selected(void *context, struct span event)
{
    struct closure *closure = context;
    closure->last = mp_get_uint(event, "seq");
    return note(closure, event);
}

static bool
keep(struct closure *closure, struct span event)
{
    struct closure_event *along =
        realloc(closure->along, (closure->along_count + 1) * sizeof(*along));
    if (along == NULL)
        return false;
    closure->along = along;
    struct closure_event *kept = &along[closure->along_count];
    kept->bytes = malloc(event.size);
    if (kept->bytes == NULL)
        return false;
    closure->along_count++;
    memcpy(kept->bytes, event.data, event.size);
    kept->size = event.size;
    kept->seq = mp_get_uint(event, "seq");
    return note(closure, event);
}

/* One that is damaged is done without. */
static enum client_status
fetch(struct closure *closure, struct client *client, struct span id)
{
    struct entente_error error;
    struct entente_bytes event;
    struct params params;
    enum client_status status = client_connect(client);
    if (status != CLIENT_DONE)
        return status;
    params_init(&params);
    params_str(&params, "id", id);
    struct span named = params_span(&params);
    enum entente_result result = entente_call(
        client->daemon, "get", (struct entente_bytes){named.data, named.size},
        &event, &error);
    params_deinit(&params);
    if (result == ENTENTE_OK)
        closure->no_memory |=
            !keep(closure, (struct span){event.data, event.size});
    else if (!selection_is_damage(closure->selection, client, result, &error))
        status = client_fail(result, &error);
    return status;
}

/* Each that is fetched may ask for further ones, always earlier: it ends. */
static enum client_status
fetch_missing(struct closure *closure, struct client *client)
{
    enum client_status status = CLIENT_DONE;
    size_t at = 0;
    struct span id;
    while (status == CLIENT_DONE && !closure->no_memory &&
           client_go_on(client) && id_set_next(&closure->asks, &at, &id))
        if (!id_set_has(&closure->has, id))
            status = fetch(closure, client, id);
    return status;
}

static int
compare_events(const void *a, const void *b)
{
    const struct closure_event *left = a, *right = b;
    return (left->seq > right->seq) - (left->seq < right->seq);
}

/* --- handing out ----------------------------------------------------------*/

/* Those along that stand before `seq`. */
static bool
hand_out_before(struct closure *closure, uint64_t seq)
{
    bool more = true;
    while (more && closure->along_next < closure->along_count &&
           closure->along[closure->along_next].seq < seq) {
        const struct closure_event *event =
            &closure->along[closure->along_next++];
        more = closure->on_event(closure->context,
                                 (struct span){event->bytes, event->size});
    }
    return more;
}

static bool
hand_out(void *context, struct span event)
{
    struct closure *closure = context;
    uint64_t seq = mp_get_uint(event, "seq");
    return hand_out_before(closure, seq) &&
           closure->on_event(closure->context, event) && seq < closure->last;
}

static void
closure_deinit(struct closure *closure)
{
    for (size_t i = 0; i < closure->along_count; i++)
        free(closure->along[i].bytes);
    free(closure->along);
    id_set_deinit(&closure->has);
    id_set_deinit(&closure->asks);
}

enum client_status
closure_walk(struct selection *selection, struct client *client,
             bool (*on_event)(void *context, struct span event), void *context)
{
    struct closure closure = {
        .selection = selection, .on_event = on_event, .context = context};
    enum client_status status =
        selection_walk(selection, client, note_selected, &closure);
    if (status == CLIENT_DONE)
        status = fetch_missing(&closure, client);
    if (closure.along_count > 1)
        qsort(closure.along, closure.along_count, sizeof(*closure.along),
              compare_events);
    if (closure.no_memory) {
        complain("no memory");
        status = CLIENT_REFUSED;
    }
    /* what is named is earlier than what names it: none is left at the end */
    if (status == CLIENT_DONE && closure.last > 0 && client_go_on(client))
        status = selection_walk(selection, client, hand_out, &closure);
    closure_deinit(&closure);
    return status;
}
