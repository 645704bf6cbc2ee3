/* SPDX-License-Identifier: MIT */
#include "proto/rpc.h"

/* Elements of a request or a response, and of a notification. */
#define REQUEST_COUNT 4u
#define NOTIFICATION_COUNT 3u

static bool
read_msgid(struct mp_reader *reader, struct rpc_message *message)
{
    uint64_t msgid = mp_uint(reader);
    if (reader->failed || msgid > UINT32_MAX)
        return false;
    message->has_msgid = true;
    message->msgid = (uint32_t)msgid;
    return true;
}

static void
read_call(struct mp_reader *reader, struct rpc_message *message)
{
    message->method = mp_str(reader);
    message->params = mp_last(reader);
}

static void
read_answer(struct mp_reader *reader, struct rpc_message *message)
{
    message->error = mp_value(reader);
    message->result = mp_value(reader);
}

bool
rpc_parse(struct span bytes, struct rpc_message *message)
{
    struct mp_reader reader = mp_reader(bytes);
    *message = (struct rpc_message){0};

    uint32_t count = mp_array(&reader);
    uint64_t kind = mp_uint(&reader);
    if (reader.failed || kind > RPC_NOTIFICATION)
        return false;
    message->kind = (enum rpc_message_kind)kind;
    if (message->kind != RPC_NOTIFICATION &&
        (count < 2 || !read_msgid(&reader, message)))
        return false;
    if (count !=
        (kind == RPC_NOTIFICATION ? NOTIFICATION_COUNT : REQUEST_COUNT))
        return false;
    if (message->kind == RPC_RESPONSE)
        read_answer(&reader, message);
    else
        read_call(&reader, message);
    return !reader.failed && reader.at == reader.end;
}

void
rpc_put_request(struct mp_buf *buf, uint32_t msgid, const char *method)
{
    mp_put_array(buf, REQUEST_COUNT);
    mp_put_uint(buf, RPC_REQUEST);
    mp_put_uint(buf, msgid);
    mp_put_text(buf, method);
}

void
rpc_put_result(struct mp_buf *buf, uint32_t msgid)
{
    mp_put_array(buf, REQUEST_COUNT);
    mp_put_uint(buf, RPC_RESPONSE);
    mp_put_uint(buf, msgid);
    mp_put_nil(buf);
}

void
rpc_put_notification(struct mp_buf *buf, const char *method)
{
    mp_put_array(buf, NOTIFICATION_COUNT);
    mp_put_uint(buf, RPC_NOTIFICATION);
    mp_put_text(buf, method);
}

void
rpc_put_error(struct mp_buf *buf, uint32_t msgid, enum model_error code,
              const char *message, struct span extra, uint32_t extra_count)
{
    mp_put_array(buf, REQUEST_COUNT);
    mp_put_uint(buf, RPC_RESPONSE);
    mp_put_uint(buf, msgid);
    mp_put_map(buf, 2 + extra_count);
    mp_put_text(buf, "code");
    mp_put_text(buf, model_errors[code].code);
    mp_put_text(buf, "message");
    mp_put_text(buf, message);
    mp_put_raw(buf, extra);
    mp_put_nil(buf);
}
