/* SPDX-License-Identifier: MIT */
#include "client/event_lines.h"

#include <stdio.h>

#include "client/cloudevents.h"
#include "client/entente.h"

static bool
fail(struct json_fault *fault, const char *reason)
{
    *fault = (struct json_fault){.line = 1};
    snprintf(fault->reason, sizeof(fault->reason), "%s", reason);
    return false;
}

bool
event_line_is_blank(struct span line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

static bool
is_assigned(struct span key)
{
    return span_is(key, "seq") || span_is(key, "rev") ||
           span_is(key, "recorded");
}

static bool
is_exported(struct span event)
{
    return mp_get(event, "seq").data != NULL &&
           mp_get(event, "rev").data != NULL &&
           mp_get(event, "recorded").data != NULL;
}

/* Copy the pairs of `event`, without what the daemon assigned if `exported`. */
static void
copy_pairs(struct mp_buf *events, struct span event, bool exported)
{
    struct mp_reader reader = mp_reader(event);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        const uint8_t *start = reader.at;
        struct span key = mp_str(&reader);
        (void)mp_value(&reader);
        if (exported && is_assigned(key))
            continue;
        mp_put_raw(events, (struct span){start, (size_t)(reader.at - start)});
    }
}

bool
event_line_prepare(struct span event, struct mp_buf *events,
                   struct json_fault *fault)
{
    struct mp_reader reader = mp_reader(event);
    uint32_t count = mp_map(&reader);
    bool exported = is_exported(event);
    bool has_id = mp_get(event, "id").data != NULL;
    char id[ENTENTE_ID_SIZE];
    if (has_id && mp_get_str(event, "id").data == NULL)
        return fail(fault, "id: must be a string");
    if (!has_id && !entente_id_from_content(
                       (struct entente_bytes){event.data, event.size}, id))
        return fail(fault, "no memory for its id");
    mp_put_map(events, count - (exported ? 3 : 0) + (has_id ? 0 : 1));
    if (!has_id) {
        mp_put_text(events, "id");
        mp_put_text(events, id);
    }
    copy_pairs(events, event, exported);
    return !events->failed || fail(fault, "no memory");
}

/* One line of JSON that is an object. */
static bool
read_object(struct span line, struct mp_buf *object, struct json_fault *fault)
{
    if (!json_read(line, object, fault))
        return false;
    struct mp_reader reader = mp_reader(mp_buf_span(object));
    return mp_peek(&reader) == MP_MAP ||
           fail(fault, "each line must be one event, a JSON object");
}

bool
event_line_read(struct span line, struct mp_buf *events,
                struct json_fault *fault)
{
    struct mp_buf event = {0};
    bool good = read_object(line, &event, fault) &&
                event_line_prepare(mp_buf_span(&event), events, fault);
    mp_buf_deinit(&event);
    return good;
}

bool
event_line_read_cloudevent(struct span line, struct mp_buf *events,
                           struct json_fault *fault)
{
    struct mp_buf cloudevent = {0}, event = {0};
    bool good = read_object(line, &cloudevent, fault) &&
                cloudevents_read(mp_buf_span(&cloudevent), &event, fault) &&
                event_line_prepare(mp_buf_span(&event), events, fault);
    mp_buf_deinit(&cloudevent);
    mp_buf_deinit(&event);
    return good;
}
