/* SPDX-License-Identifier: MIT */
#include "client/lookup.h"

#include <errno.h>

#include "client/params.h"

/* What a text shows of an event that it only mentions. */
static const char *const shown[] = {"id",    "type",     "occurred",
                                    "title", "corrects", "re"};
#define SHOWN_COUNT (sizeof(shown) / sizeof(shown[0]))

static void
put_shown(struct mp_buf *buf, struct span event)
{
    uint32_t count = 0;
    size_t mark = mp_open_map(buf);
    for (size_t i = 0; i < SHOWN_COUNT; i++) {
        struct span value = mp_get(event, shown[i]);
        if (value.data == NULL)
            continue;
        mp_put_text(buf, shown[i]);
        mp_put_raw(buf, value);
        count++;
    }
    mp_close(buf, mark, count);
}

static void
put_only_id(struct mp_buf *buf, struct span id)
{
    mp_put_map(buf, 1);
    mp_put_text(buf, "id");
    mp_put_raw(buf, id);
}

/* `id` is encoded.  A stored event can be damaged; its id is still worth
 * showing. */
static enum client_status
put_event(struct client *client, struct span id, struct mp_buf *buf)
{
    struct params params;
    struct entente_error error;
    struct entente_bytes event;
    params_init(&params);
    params_value(&params, "id", id);
    struct span asked = params_span(&params);
    enum entente_result result = entente_call(
        client->daemon, "get", (struct entente_bytes){asked.data, asked.size},
        &event, &error);
    params_deinit(&params);
    if (result == ENTENTE_OK)
        put_shown(buf, (struct span){event.data, event.size});
    else if (result == ENTENTE_REFUSED)
        put_only_id(buf, id);
    else
        return client_fail(result, &error);
    return CLIENT_DONE;
}

static enum client_status
put_events(struct client *client, struct span ids, struct mp_buf *buf)
{
    enum client_status status = CLIENT_DONE;
    struct mp_reader reader = mp_reader(ids);
    uint32_t count = mp_array(&reader);
    mp_put_array(buf, count);
    for (uint32_t i = 0; i < count && !reader.failed && status == CLIENT_DONE;
         i++)
        status = put_event(client, mp_value(&reader), buf);
    return status;
}

static bool
is_key(struct span name, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        if (span_is(name, *keys))
            return true;
    return false;
}

/* `answer` does not borrow from the last call any more. */
static enum client_status
put_answer(struct client *client, struct span answer, const char *const *keys,
           struct mp_buf *buf)
{
    enum client_status status = CLIENT_DONE;
    struct mp_reader reader = mp_reader(answer);
    uint32_t count = mp_map(&reader);
    mp_put_map(buf, count);
    for (uint32_t i = 0; i < count && !reader.failed && status == CLIENT_DONE;
         i++) {
        struct span name = mp_str(&reader);
        struct span value = mp_value(&reader);
        mp_put_str(buf, name);
        if (is_key(name, keys))
            status = put_events(client, value, buf);
        else
            mp_put_raw(buf, value);
    }
    return status;
}

enum client_status
lookup_events(struct client *client, struct span answer,
              const char *const *keys, struct mp_buf *buf)
{
    if (client->out.format != &format_text) {
        mp_put_raw(buf, answer);
        return CLIENT_DONE;
    }
    struct mp_buf copy = {0};
    mp_buf_append(&copy, answer.data, answer.size);
    enum client_status status = CLIENT_DONE;
    if (!copy.failed)
        status = put_answer(client, mp_buf_span(&copy), keys, buf);
    buf->failed |= copy.failed;
    mp_buf_deinit(&copy);
    return status;
}

enum client_status
lookup_document(struct client *client, enum subject subject, struct span answer,
                const char *const *keys)
{
    struct mp_buf filled = {0};
    enum client_status status = lookup_events(client, answer, keys, &filled);
    if (filled.failed)
        client->out.error = ENOMEM;
    else if (status == CLIENT_DONE)
        output_document(&client->out, subject, mp_buf_span(&filled));
    mp_buf_deinit(&filled);
    return status;
}
