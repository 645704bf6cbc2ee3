/* SPDX-License-Identifier: MIT */
#include "daemon/answers.h"
#include "daemon/subscription.h"
#include "proto/rpc.h"

/*
 * `subscribe`, and what there is to durable consumers: `ack`, `consumers`,
 * `forget`.
 */

#define NAME_ARGS(consumer)                                                    \
    (int)(consumer)->name_size, (const char *)(consumer)->name

static struct consumer *
find_consumer(const struct request *request)
{
    return consumers_find(&request->service->consumers,
                          request->args.values[ARG_CONSUMER].bytes);
}

/*
 * Whoever has a consumer may be gone already, which is seen at the latest when
 * all that came in this turn of the loop was looked at: so the question is
 * asked once more before it is refused.
 */
static bool
is_free(struct request *request, const struct consumer *consumer)
{
    if (!consumer->connected && !consumer->forgetting && consumer->stored)
        return true;
    request->again = !request->is_second;
    if (request->again)
        return false;
    request_error(request, MODEL_CONFLICT,
                  consumer->connected
                      ? "consumer \"%.*s\" is connected; it can be only once"
                      : "consumer \"%.*s\" is just being changed; try again",
                  NAME_ARGS(consumer));
    return false;
}

/* --- subscribe ------------------------------------------------------------*/

static bool
may_subscribe(struct request *request)
{
    const struct service *service = request->service;
    if (request->is_streaming)
        request_error(request, MODEL_INVALID_REQUEST,
                      "msgid %u is still streaming; use another",
                      request->msgid);
    else if (request->lasting_count >= SUBSCRIPTION_PER_CONNECTION_MAX)
        request_error(request, MODEL_OVERLOADED,
                      "this connection has %zu subscriptions, the most that "
                      "it can have; cancel one, or use another",
                      request->lasting_count);
    else if (service->feed.count >= FEED_SUBSCRIPTIONS_MAX)
        request_error(request, MODEL_OVERLOADED,
                      "there are %zu subscriptions, as many as can be; try "
                      "again later",
                      service->feed.count);
    else
        return true;
    return false;
}

/* Where it begins without a consumer, or with a new one. */
static bool
read_after(struct request *request, uint64_t *after)
{
    const struct arg_value *value = &request->args.values[ARG_BEHIND];
    uint64_t tip = log_tip(request->service->log);
    *after = value->given ? value->number : tip;
    if (*after <= tip)
        return true;
    request_error(request, MODEL_INVALID_REQUEST,
                  "after is %llu, but the last position is %llu",
                  (unsigned long long)*after, (unsigned long long)tip);
    return false;
}

static void
subscribe_known(struct request *request, struct consumer *consumer)
{
    if (!is_free(request, consumer))
        return;
    if (request->args.values[ARG_BEHIND].given) {
        request_error(request, MODEL_INVALID_REQUEST,
                      "consumer \"%.*s\" is known and goes on behind position "
                      "%llu: leave after out, or forget it",
                      NAME_ARGS(consumer),
                      (unsigned long long)consumer->position);
        return;
    }
    if (!subscription_new(request, consumer->position, consumer))
        return;
}

/* It begins when its name is stored. */
static void
subscribe_new(struct request *request, struct span name)
{
    struct consumers *consumers = &request->service->consumers;
    uint64_t after;
    if (!read_after(request, &after))
        return;
    if (consumers->count >= CONSUMERS_MAX) {
        request_error(request, MODEL_OVERLOADED,
                      "there are %zu consumers, as many as can be; forget one",
                      consumers->count);
        return;
    }
    struct consumer *consumer = consumers_add(consumers, name, after);
    if (consumer != NULL)
        request->append =
            consumers_change(consumer, APPEND_SUBSCRIBE, request->msgid);
    if (request->append == NULL)
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
    else if (subscription_new(request, after, consumer))
        return;
    append_request_free(request->append);
    request->append = NULL;
    if (consumer != NULL)
        consumers_remove(consumers, consumer);
}

void
answer_subscribe(struct request *request)
{
    const struct arg_value *name = &request->args.values[ARG_CONSUMER];
    uint64_t after;
    if (!may_subscribe(request))
        return;
    if (!name->given) {
        if (read_after(request, &after) &&
            !subscription_new(request, after, NULL))
            return;
        return;
    }
    if (request->role < SERVICE_APPEND) {
        request_refuse_role(request, "subscribe with a consumer",
                            SERVICE_APPEND);
        return;
    }
    struct consumer *consumer = find_consumer(request);
    if (consumer != NULL)
        subscribe_known(request, consumer);
    else
        subscribe_new(request, name->bytes);
}

/* --- consumers ------------------------------------------------------------*/

/* NULL when the request has been answered. */
static struct consumer *
find_stored(struct request *request)
{
    struct span name = request->args.values[ARG_CONSUMER].bytes;
    struct consumer *consumer = find_consumer(request);
    if (consumer != NULL && consumer->stored)
        return consumer;
    request_error(request, MODEL_NOT_FOUND, "no consumer \"%.*s\"",
                  (int)name.size, (const char *)name.data);
    return NULL;
}

static void
submit(struct request *request, struct consumer *consumer,
       enum append_kind kind)
{
    request->append = consumers_change(consumer, kind, request->msgid);
    if (request->append == NULL)
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
}

void
answer_ack(struct request *request)
{
    uint64_t position = request->args.values[ARG_POSITION].number;
    struct consumer *consumer = find_stored(request);
    if (consumer == NULL)
        return;
    if (position > consumer->told) {
        request_error(request, MODEL_INVALID_REQUEST,
                      "position %llu is beyond %llu, the last that consumer "
                      "\"%.*s\" was sent",
                      (unsigned long long)position,
                      (unsigned long long)consumer->told, NAME_ARGS(consumer));
        return;
    }
    if (position > consumer->position) {
        if (position > consumer->asked)
            consumer->asked = position;
        submit(request, consumer, APPEND_ACK);
        return;
    }
    rpc_put_result(request->out, request->msgid);
    mp_put_map(request->out, 1);
    mp_put_text(request->out, "position");
    mp_put_uint(request->out, consumer->position);
    request->answered = true;
}

void
answer_forget(struct request *request)
{
    struct consumer *consumer = find_stored(request);
    if (consumer != NULL && is_free(request, consumer))
        submit(request, consumer, APPEND_FORGET);
}

static void
put_consumer(struct mp_buf *out, const struct consumer *consumer, uint64_t tip)
{
    mp_put_map(out, 4);
    mp_put_text(out, "consumer");
    mp_put_str(out, consumer_name(consumer));
    mp_put_text(out, "position");
    mp_put_uint(out, consumer->position);
    mp_put_text(out, "lag");
    mp_put_uint(out, tip - consumer->position);
    mp_put_text(out, "connected");
    mp_put_bool(out, consumer->connected);
}

void
answer_consumers(struct request *request)
{
    const struct consumers *consumers = &request->service->consumers;
    uint64_t tip = log_tip(request->service->log);
    struct mp_buf *out = request->out;
    uint32_t count = 0;
    rpc_put_result(out, request->msgid);
    size_t mark = mp_open_array(out);
    for (size_t i = 0; i < consumers->count; i++) {
        if (!consumers->sorted[i]->stored)
            continue;
        put_consumer(out, consumers->sorted[i], tip);
        count++;
    }
    mp_close(out, mark, count);
    request->answered = true;
}
