/* SPDX-License-Identifier: MIT */
#include "daemon/append_answer.h"

#include "proto/rpc.h"

/* How soon a client may try again where trying again can help, in
 * milliseconds. */
#define APPEND_RETRY_MS 1000u

static void
put_number(struct mp_buf *buf, const char *key, uint64_t number,
           uint32_t *count)
{
    mp_put_text(buf, key);
    mp_put_uint(buf, number);
    ++*count;
}

static void
put_name(struct mp_buf *buf, const char *key, struct span name, uint32_t *count)
{
    mp_put_text(buf, key);
    mp_put_str(buf, name);
    ++*count;
}

static uint32_t
put_details(struct mp_buf *buf, const struct append_refusal *refusal)
{
    uint32_t count = 0;
    if (refusal->has_index)
        put_number(buf, "index", refusal->index, &count);
    if (refusal->field[0] != '\0')
        put_name(buf, "field", span_of(refusal->field), &count);
    if (refusal->has_offset)
        put_number(buf, "offset", refusal->offset, &count);
    if (refusal->id.data != NULL)
        put_name(buf, "id", refusal->id, &count);
    if (refusal->seq != 0)
        put_number(buf, "seq", refusal->seq, &count);
    if (refusal->code == MODEL_CONFLICT) {
        put_name(buf, "partnership", refusal->partnership, &count);
        put_number(buf, "expected", refusal->expected, &count);
        put_number(buf, "actual", refusal->actual, &count);
    }
    if (refusal->code == MODEL_UNAVAILABLE || refusal->code == MODEL_OVERLOADED)
        put_number(buf, "retry_ms", APPEND_RETRY_MS, &count);
    return count;
}

static void
put_refusal(struct mp_buf *out, const struct append_request *request)
{
    const struct append_refusal *refusal = request->refusal;
    struct mp_buf extra = {0};
    if (refusal == NULL) {
        rpc_put_error(out, request->msgid, MODEL_OVERLOADED,
                      "out of memory; nothing was stored; try again later",
                      (struct span){0}, 0);
        return;
    }
    uint32_t count = put_details(&extra, refusal);
    rpc_put_error(out, request->msgid, refusal->code, refusal->message,
                  mp_buf_span(&extra), extra.failed ? 0 : count);
    mp_buf_deinit(&extra);
}

static void
put_event(struct mp_buf *out, const struct append_event *event)
{
    mp_put_map(out, 4);
    mp_put_text(out, "id");
    if (event->id.data != NULL)
        mp_put_str(out, event->id);
    else
        mp_put_text(out, event->assigned_id);
    mp_put_text(out, "seq");
    mp_put_uint(out, event->seq);
    mp_put_text(out, "rev");
    mp_put_uint(out, event->rev);
    mp_put_text(out, "duplicate");
    mp_put_bool(out, event->duplicate);
}

void
append_answer(struct mp_buf *out, const struct append_request *request)
{
    if (request->refused) {
        put_refusal(out, request);
        return;
    }
    uint64_t first = UINT64_MAX, last = 0;
    for (size_t i = 0; i < request->event_count; i++) {
        uint64_t seq = request->events[i].seq;
        first = seq < first ? seq : first;
        last = seq > last ? seq : last;
    }
    rpc_put_result(out, request->msgid);
    mp_put_map(out, 3);
    mp_put_text(out, "first");
    mp_put_uint(out, first);
    mp_put_text(out, "last");
    mp_put_uint(out, last);
    mp_put_text(out, "events");
    mp_put_array(out, (uint32_t)request->event_count);
    for (size_t i = 0; i < request->event_count; i++)
        put_event(out, &request->events[i]);
}
