/* SPDX-License-Identifier: MIT */
#include "client/batch.h"

#include <stdio.h>

#include "client/complain.h"
#include "client/words.h"

void
batch_init(struct batch *batch, uint32_t count_max, size_t size_max)
{
    *batch = (struct batch){.count_max = count_max, .size_max = size_max};
}

void
batch_deinit(struct batch *batch)
{
    mp_buf_deinit(&batch->events);
    mp_buf_deinit(&batch->places);
}

bool
batch_has_room(const struct batch *batch, size_t size)
{
    return batch->count < batch->count_max &&
           size <= batch->size_max - batch->events.size;
}

bool
batch_add(struct batch *batch, struct span event, struct place place)
{
    mp_put_raw(&batch->events, event);
    mp_buf_append(&batch->places, &place, sizeof(place));
    batch->count++;
    return !batch->events.failed && !batch->places.failed;
}

static struct place
place_at(const struct batch *batch, uint32_t index)
{
    struct place place;
    memcpy(&place, batch->places.data + index * sizeof(place), sizeof(place));
    return place;
}

/* --- when it fails --------------------------------------------------------*/

/* The event at fault: "file:line: field: reason". */
static void
tell_event(const struct place *place, const struct entente_error *error)
{
    const char *field = error->field;
    if (place->file == NULL)
        complain("%s%s%s (%s)", field, field[0] != '\0' ? ": " : "",
                 error->message, error->code);
    else
        remark("%s:%zu: %s%s%s (%s)", place->file, place->line, field,
               field[0] != '\0' ? ": " : "", error->message, error->code);
}

static void
tell_batch(const struct batch *batch, enum client_status status)
{
    struct place first = place_at(batch, 0);
    struct place last = place_at(batch, batch->count - 1);
    bool unsure =
        status == CLIENT_NO_CONNECTION || status == CLIENT_INTERRUPTED;
    if (first.file == NULL || (batch->count == 1 && !unsure))
        return; /* it was named already, or there is no place to name */
    remark("%s:%zu to %s:%zu: %s", first.file, first.line, last.file, last.line,
           unsure ? "may or may not be stored; append the same lines again, "
                    "which stores nothing twice"
                  : "not stored");
}

static enum client_status
fail(const struct batch *batch, enum entente_result result,
     const struct entente_error *error)
{
    enum client_status status = client_status_of(result, error);
    struct place place = place_at(batch, 0);
    if (batch->progress != NULL)
        progress_clear(batch->progress);
    if (batch->refusal != NULL && result == ENTENTE_REFUSED &&
        error->index >= 0) {
        *batch->refusal = *error;
        return CLIENT_REFUSED;
    }
    if (result == ENTENTE_REFUSED && error->index >= 0 &&
        error->index < batch->count) {
        place = place_at(batch, (uint32_t)error->index);
        tell_event(&place, error);
    } else if (result == ENTENTE_INVALID && batch->count == 1) {
        tell_event(&place, error);
    } else {
        (void)client_fail(result, error);
    }
    tell_batch(batch, status);
    /* not_found is no answer to an append; a refusal is one */
    return status == CLIENT_NOT_FOUND ? CLIENT_REFUSED : status;
}

/* --- when it does not -----------------------------------------------------*/

static bool
is_true(struct span map, const char *key)
{
    struct span value = mp_get(map, key);
    struct mp_reader reader = mp_reader(value);
    return mp_peek(&reader) == MP_BOOL && mp_next(&reader).truth;
}

static void
count_item(struct batch *batch, struct span item)
{
    uint64_t seq = mp_get_uint(item, "seq");
    if (is_true(item, "duplicate")) {
        batch->duplicates++;
        return;
    }
    batch->stored++;
    if (batch->first == 0)
        batch->first = seq;
    batch->last = seq;
}

static void
write_answer(struct batch *batch, struct client *client, struct span answer)
{
    struct mp_reader events = mp_reader(mp_get(answer, "events"));
    uint32_t count = mp_array(&events);
    if (batch->progress != NULL && client->out.format != &format_text)
        progress_clear(batch->progress);
    for (uint32_t i = 0; i < count && !events.failed; i++) {
        struct span item = mp_value(&events);
        count_item(batch, item);
        output_item(&client->out, SUBJECT_STORED, item);
    }
    output_flush(&client->out);
}

static void
clear(struct batch *batch)
{
    mp_buf_clear(&batch->events);
    mp_buf_clear(&batch->places);
    batch->count = 0;
}

enum client_status
batch_send(struct batch *batch, struct client *client)
{
    if (batch->count == 0)
        return CLIENT_DONE;
    enum client_status status = client_connect(client);
    if (status != CLIENT_DONE)
        return status;
    struct mp_buf params = {0};
    struct entente_bytes answer;
    struct entente_error error;
    mp_put_map(&params, 1);
    mp_put_text(&params, "events");
    mp_put_array(&params, batch->count);
    mp_put_raw(&params, mp_buf_span(&batch->events));
    if (params.failed) {
        complain("no memory");
        status = CLIENT_REFUSED;
        goto out;
    }
    enum entente_result result = entente_append(
        client->daemon, (struct entente_bytes){params.data, params.size},
        &answer, &error);
    if (result == ENTENTE_OK)
        write_answer(batch, client, (struct span){answer.data, answer.size});
    else
        status = fail(batch, result, &error);
    clear(batch);
out:
    mp_buf_deinit(&params);
    return status;
}

void
batch_sum(const struct batch *batch, struct mp_buf *text)
{
    char positions[80];
    words_count(text, batch->stored, "event");
    words_put(text, " stored");
    if (batch->stored == 1) {
        snprintf(positions, sizeof(positions), " at position %llu",
                 (unsigned long long)batch->first);
        words_put(text, positions);
    } else if (batch->stored > 1) {
        snprintf(positions, sizeof(positions), " at positions %llu to %llu",
                 (unsigned long long)batch->first,
                 (unsigned long long)batch->last);
        words_put(text, positions);
    }
    if (batch->duplicates > 0) {
        words_put(text, "; ");
        words_count(text, batch->duplicates, "duplicate");
        words_put(text, batch->duplicates == 1 ? ", which was there already"
                                               : ", which were there already");
    }
}
