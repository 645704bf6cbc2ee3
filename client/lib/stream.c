/* SPDX-License-Identifier: MIT */
#include "client/lib/handle.h"

#include <errno.h>

/* A replay that is running. */
struct stream {
    struct entente *handle;
    uint32_t msgid;
    bool (*on_event)(void *context, struct entente_bytes event);
    void *context;
    bool begun;     /* an event was handed out */
    bool cancelled; /* on_event had enough */
};

/* `params` with `stream: true` behind, or false. */
static bool
put_stream_params(struct mp_buf *buf, struct span params)
{
    uint32_t count = 0;
    struct mp_reader reader = mp_reader(params);
    if (params.data != NULL) {
        count = mp_map(&reader);
        if (reader.failed || mp_get(params, "stream").data != NULL)
            return false;
    }
    mp_put_map(buf, count + 1);
    if (params.data != NULL)
        mp_put_raw(buf,
                   (struct span){reader.at, (size_t)(reader.end - reader.at)});
    mp_put_text(buf, "stream");
    mp_put_bool(buf, true);
    return true;
}

/* Hand out the events of one notification, if it is ours. */
static void
hand_out(struct stream *stream, const struct entente_message *message)
{
    if (!span_is(span_from_bytes(message->name), "events"))
        return;
    struct mp_reader reader = mp_reader(span_from_bytes(message->params));
    if (mp_array(&reader) != 2 || mp_uint(&reader) != stream->msgid)
        return;
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !stream->cancelled; i++) {
        struct span event = mp_value(&reader);
        if (reader.failed)
            return;
        stream->begun = true;
        stream->cancelled =
            !stream->on_event(stream->context, bytes_from_span(event));
    }
}

static enum entente_result
read_stream(struct stream *stream, struct entente_error *error)
{
    bool told = false;
    for (;;) {
        struct entente_message message = {0};
        enum entente_result result =
            handle_next(stream->handle, &message, error);
        if (result != ENTENTE_OK && result != ENTENTE_REFUSED)
            return result;
        if (message.is_answer &&
            (message.msgid == stream->msgid || message.msgid == 0))
            return stream->cancelled ? ENTENTE_OK : result;
        if (!message.is_answer && !stream->cancelled)
            hand_out(stream, &message);
        if (stream->cancelled && !told) {
            told = true;
            result = entente_cancel(stream->handle, stream->msgid, error);
            if (result != ENTENTE_OK)
                return result;
        }
    }
}

static enum entente_result
run_stream(struct stream *stream, struct span params,
           struct entente_error *error)
{
    struct entente *handle = stream->handle;
    enum entente_result result = handle_send(handle, "replay", params, error);
    if (result == ENTENTE_OK) {
        stream->msgid = handle->msgid;
        result = read_stream(stream, error);
    }
    if (result == ENTENTE_LOST || result == ENTENTE_STOPPED)
        handle_disconnect(handle);
    /* Whoever had enough does not mind how it ended. */
    return stream->cancelled && result == ENTENTE_LOST ? ENTENTE_OK : result;
}

enum entente_result
entente_replay(struct entente *handle, struct entente_bytes params,
               bool (*on_event)(void *context, struct entente_bytes event),
               void *context, struct entente_error *error)
{
    struct mp_buf with_stream = {0};
    struct stream stream = {
        .handle = handle, .on_event = on_event, .context = context};
    enum entente_result result;
    if (!put_stream_params(&with_stream, span_from_bytes(params)))
        return error_set(error, ENTENTE_INVALID, "invalid",
                         "params must be an encoded map without `stream`");
    if (with_stream.failed) {
        result = error_from_errno(error, -ENOMEM, &handle->url);
        goto out;
    }
    struct retry retry;
    retry_init(&retry, false);
    handle_begin(handle);
    int64_t deadline_ms = handle->limits.deadline_ms;
    do {
        handle->limits.deadline_ms = deadline_ms; /* tries that fail must end */
        result = run_stream(&stream, mp_buf_span(&with_stream), error);
    } while (result != ENTENTE_OK && !stream.begun &&
             retry_wait(handle, &retry, &result, error));
out:
    mp_buf_deinit(&with_stream);
    return result;
}
