/* SPDX-License-Identifier: MIT */
#include "client/lib/subscription.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Messages that one call of entente_process hands out at most. */
#define PROCESS_MESSAGES_MAX 64

/* How long the last acknowledgement may take, whatever stops the rest. */
#define LAST_ACK_MS 2000

/* --- beginning, and beginning again ---------------------------------------*/

/* Keep what does not change from one try to the next. */
static bool
take_params(struct entente_subscription *subscription, struct span params)
{
    struct mp_reader reader = mp_reader(params);
    uint32_t count = params.data == NULL ? 0 : mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span key = mp_str(&reader);
        struct span value = mp_value(&reader);
        struct mp_reader number = mp_reader(value);
        if (span_is(key, "after") && mp_peek(&number) != MP_NIL) {
            subscription->after = mp_uint(&number);
            subscription->has_after = true;
        }
        if (number.failed)
            return false;
        if (span_is(key, "after"))
            continue;
        if (span_is(key, "consumer"))
            mp_put_raw(&subscription->consumer, value);
        mp_put_str(&subscription->pairs, key);
        mp_put_raw(&subscription->pairs, value);
        subscription->pair_count++;
    }
    struct mp_reader name = mp_reader(mp_buf_span(&subscription->consumer));
    subscription->is_durable =
        subscription->consumer.size > 0 && mp_peek(&name) == MP_STR;
    return !reader.failed;
}

/* With a consumer the daemon knows where it was. */
static void
put_params(const struct entente_subscription *subscription, struct mp_buf *buf)
{
    mp_put_map(buf, subscription->pair_count + subscription->has_after);
    mp_put_raw(buf, mp_buf_span(&subscription->pairs));
    if (subscription->has_after) {
        mp_put_text(buf, "after");
        mp_put_uint(buf, subscription->after);
    }
}

/* It must be the log that it began with; and where the caller named no
 * position it is the one that the log ends with now, so that it is known even
 * if the connection is lost before anything came. */
static enum entente_result
say_hello(struct entente_subscription *subscription,
          struct entente_error *error)
{
    struct entente *handle = subscription->handle;
    struct entente_bytes answer;
    enum entente_result result = handle_exchange(
        handle, "hello", (struct span){NULL, 0}, &answer, error);
    if (result != ENTENTE_OK)
        return result;
    struct span log_id = mp_get_str(span_from_bytes(answer), "log_id");
    struct span known = mp_buf_span(&subscription->log_id);
    if (known.data == NULL)
        mp_buf_append(&subscription->log_id, log_id.data, log_id.size);
    else if (!span_equal(known, log_id))
        return error_set(error, ENTENTE_LOST, "other_log",
                         "the daemon serves another log than before");
    if (!subscription->is_durable && !subscription->has_after) {
        subscription->after = mp_get_uint(span_from_bytes(answer), "tip");
        subscription->has_after = true;
    }
    return ENTENTE_OK;
}

static enum entente_result
ask(struct entente_subscription *subscription, struct entente_error *error)
{
    struct entente *handle = subscription->handle;
    struct entente_bytes answer;
    struct mp_buf params = {0};
    enum entente_result result = say_hello(subscription, error);
    if (result != ENTENTE_OK)
        return result;
    put_params(subscription, &params);
    if (params.failed || subscription->log_id.failed)
        result = error_from_errno(error, -ENOMEM, &handle->url);
    else
        result = handle_exchange(handle, "subscribe", mp_buf_span(&params),
                                 &answer, error);
    mp_buf_deinit(&params);
    if (result != ENTENTE_OK)
        return result;
    subscription->msgid = handle->msgid;
    subscription->told = 0;
    subscription->ack_in_flight = false;
    if (subscription->is_durable) /* its position is stored from now on */
        subscription->has_after = false;
    return ENTENTE_OK;
}

/* A new consumer may have been stored though its result was lost; then it is
 * known, and where `after` says. */
static bool
may_be_known(struct entente_subscription *subscription, bool lost,
             enum entente_result result, const struct entente_error *error)
{
    if (!lost || !subscription->is_durable || !subscription->has_after ||
        result != ENTENTE_REFUSED ||
        strcmp(error->code, model_errors[MODEL_INVALID_REQUEST].code) != 0)
        return false;
    subscription->has_after = false;
    return true;
}

static enum entente_result
begin(struct entente_subscription *subscription, struct entente_error *error)
{
    struct entente *handle = subscription->handle;
    struct retry retry;
    enum entente_result result;
    bool lost = false, again;
    retry_init(&retry, false);
    handle_begin(handle);
    int64_t deadline_ms = handle->limits.deadline_ms;
    do {
        handle->limits.deadline_ms = deadline_ms; /* tries that fail must end */
        result = ask(subscription, error);
        again = may_be_known(subscription, lost, result, error);
        lost |= result == ENTENTE_LOST;
    } while (result != ENTENTE_OK &&
             (again || retry_wait(handle, &retry, &result, error)));
    return result;
}

static void
release(struct entente_subscription *subscription)
{
    mp_buf_deinit(&subscription->pairs);
    mp_buf_deinit(&subscription->consumer);
    mp_buf_deinit(&subscription->log_id);
    free(subscription);
}

static enum entente_result
start(struct entente_subscription *subscription, struct span params,
      struct entente_error *error)
{
    struct entente *handle = subscription->handle;
    if (!take_params(subscription, params))
        return error_set(error, ENTENTE_INVALID, "invalid",
                         "params must be one encoded map of named arguments, "
                         "with `after` a position");
    if (subscription->pairs.failed || subscription->consumer.failed)
        return error_from_errno(error, -ENOMEM, &handle->url);
    enum entente_result result = begin(subscription, error);
    subscription->connected = result == ENTENTE_OK;
    subscription->position = subscription->after;
    return result;
}

enum entente_result
entente_subscribe(struct entente *handle, struct entente_bytes params,
                  bool (*on_news)(void *context,
                                  const struct entente_news *news),
                  void *context, struct entente_subscription **subscription,
                  struct entente_error *error)
{
    struct entente_subscription *made = calloc(1, sizeof(*made));
    *subscription = NULL;
    if (made == NULL)
        return error_from_errno(error, -ENOMEM, &handle->url);
    made->handle = handle;
    made->on_news = on_news;
    made->context = context;
    enum entente_result result = start(made, span_from_bytes(params), error);
    if (result == ENTENTE_OK)
        *subscription = made;
    else
        release(made);
    return result;
}

/* --- the connection -------------------------------------------------------*/

/* Whoever was cut off may still be connected as far as the daemon knows. */
static bool
is_temporary(enum entente_result result, const struct entente_error *error)
{
    const struct retry retry = {0};
    return retry_is_worth(&retry, result, error) ||
           (result == ENTENTE_LOST && strcmp(error->code, "timeout") == 0) ||
           (result == ENTENTE_REFUSED &&
            (strcmp(error->code, model_errors[MODEL_CONFLICT].code) == 0 ||
             strcmp(error->code, model_errors[MODEL_STORAGE_FULL].code) == 0));
}

static void
pause_for(struct entente_subscription *subscription,
          const struct entente_error *error)
{
    int64_t pause_ms = retry_pause_ms(&subscription->retry, INT64_MAX, error);
    subscription->retry_at_ms = socket_now_ms() + pause_ms;
}

static bool
tell(struct entente_subscription *subscription, enum entente_news_kind kind,
     const struct entente_error *error)
{
    const struct entente_news news = {
        .kind = kind, .position = subscription->position, .error = error};
    subscription->stopped =
        !subscription->on_news(subscription->context, &news);
    return !subscription->stopped;
}

/* Why there is no connection; once, as long as it is the same. */
static enum entente_result
tell_lost(struct entente_subscription *subscription,
          const struct entente_error *error)
{
    memcpy(subscription->why, error->code, sizeof(subscription->why));
    return tell(subscription, ENTENTE_DISCONNECTED, error) ? ENTENTE_OK
                                                           : ENTENTE_STOPPED;
}

static enum entente_result
disconnected(struct entente_subscription *subscription,
             enum entente_result result, struct entente_error *error)
{
    subscription->connected = false;
    handle_disconnect(subscription->handle);
    if (!is_temporary(result, error))
        return result;
    retry_init(&subscription->retry, false);
    pause_for(subscription, error);
    return tell_lost(subscription, error);
}

/* Behind what was handed out; a consumer goes on behind what it has
 * acknowledged, and what comes twice is left out. */
static enum entente_result
reconnect(struct entente_subscription *subscription,
          struct entente_error *error)
{
    struct entente *handle = subscription->handle;
    if (!subscription->is_durable)
        subscription->after = subscription->position;
    handle_begin(handle);
    enum entente_result result = ask(subscription, error);
    if (result == ENTENTE_OK) {
        subscription->connected = true;
        return tell(subscription, ENTENTE_RECONNECTED, NULL) ? ENTENTE_OK
                                                             : ENTENTE_STOPPED;
    }
    handle_disconnect(handle);
    if (!is_temporary(result, error))
        return result;
    pause_for(subscription, error);
    if (strcmp(error->code, subscription->why) == 0)
        return ENTENTE_AGAIN;
    return tell_lost(subscription, error);
}

int
entente_wait_ms(const struct entente_subscription *subscription)
{
    if (subscription->connected)
        return -1;
    int64_t left_ms = subscription->retry_at_ms - socket_now_ms();
    return left_ms < 0 ? 0 : (int)left_ms;
}

/* Wait until the next try is due, if that is within the time given. */
static enum entente_result
connect_again(struct entente_subscription *subscription, int wait_ms,
              struct entente_error *error)
{
    struct entente *handle = subscription->handle;
    int pause_ms = entente_wait_ms(subscription);
    bool due = wait_ms < 0 || pause_ms <= wait_ms;
    struct socket_limits pause = {socket_now_ms() + (due ? pause_ms : wait_ms),
                                  handle->limits.stop_fd};
    int rc = socket_wait(-1, 0, &pause);
    if (rc != -ETIMEDOUT)
        return error_from_errno(error, rc, &handle->url);
    return due ? reconnect(subscription, error) : ENTENTE_AGAIN;
}

/* --- acknowledging --------------------------------------------------------*/

void
entente_ack(struct entente_subscription *subscription, uint64_t position)
{
    if (position > subscription->ack_wanted)
        subscription->ack_wanted = position;
}

uint64_t
entente_acked(const struct entente_subscription *subscription)
{
    return subscription->acked;
}

/* One at a time; no more than this connection was sent, since a daemon that
 * was started anew knows of nothing else. */
static enum entente_result
send_ack(struct entente_subscription *subscription, struct entente_error *error)
{
    struct entente *handle = subscription->handle;
    uint64_t position = subscription->ack_wanted < subscription->told
                            ? subscription->ack_wanted
                            : subscription->told;
    if (!subscription->is_durable || subscription->ack_in_flight ||
        position <= subscription->acked)
        return ENTENTE_OK;
    struct mp_buf params = {0};
    mp_put_map(&params, 2);
    mp_put_text(&params, "consumer");
    mp_put_raw(&params, mp_buf_span(&subscription->consumer));
    mp_put_text(&params, "position");
    mp_put_uint(&params, position);
    handle_begin(handle);
    enum entente_result result =
        params.failed ? error_from_errno(error, -ENOMEM, &handle->url)
                      : handle_send(handle, "ack", mp_buf_span(&params), error);
    mp_buf_deinit(&params);
    if (result == ENTENTE_OK) {
        subscription->ack_msgid = handle->msgid;
        subscription->ack_in_flight = true;
    }
    return result;
}

/* True when it was the answer to the last acknowledgement.  A refusal for want
 * of room is no end: the next one may be stored. */
bool
subscription_take_answer(struct entente_subscription *subscription,
                         const struct entente_message *message)
{
    if (!message->is_answer || !subscription->ack_in_flight ||
        message->msgid != subscription->ack_msgid)
        return false;
    subscription->ack_in_flight = false;
    uint64_t position =
        mp_get_uint(span_from_bytes(message->result), "position");
    if (position > subscription->acked)
        subscription->acked = position;
    return true;
}

/* --- running --------------------------------------------------------------*/

/* One message.  ENTENTE_OK also when the connection was lost. */
static enum entente_result
process_one(struct entente_subscription *subscription, int wait_ms,
            struct entente_error *error)
{
    struct entente_message message = {0};
    enum entente_result result = send_ack(subscription, error);
    if (result == ENTENTE_OK)
        result = entente_next(subscription->handle,
                              wait_ms < 0 ? INT_MAX : wait_ms, &message, error);
    if (result == ENTENTE_LOST ||
        (result == ENTENTE_REFUSED && message.is_answer && message.msgid == 0))
        return disconnected(subscription, result, error);
    if (result == ENTENTE_REFUSED) {
        bool full =
            strcmp(error->code, model_errors[MODEL_STORAGE_FULL].code) == 0;
        return subscription_take_answer(subscription, &message) && !full
                   ? result
                   : ENTENTE_OK;
    }
    if (result != ENTENTE_OK ||
        subscription_take_answer(subscription, &message))
        return result;
    return subscription_hand_out(subscription, &message, error);
}

enum entente_result
entente_process(struct entente_subscription *subscription, int wait_ms,
                struct entente_error *error)
{
    if (subscription->stopped)
        return error_set(error, ENTENTE_STOPPED, "stopped",
                         "the callback ended the subscription");
    if (!subscription->connected) {
        enum entente_result result =
            connect_again(subscription, wait_ms, error);
        if (result != ENTENTE_OK || !subscription->connected)
            return result;
        wait_ms = 0;
    }
    enum entente_result result = ENTENTE_OK;
    for (int count = 0; count < PROCESS_MESSAGES_MAX; count++) {
        result = process_one(subscription, count == 0 ? wait_ms : 0, error);
        if (result == ENTENTE_AGAIN && count > 0)
            return ENTENTE_OK;
        if (result != ENTENTE_OK || !subscription->connected)
            break;
    }
    return result;
}

enum entente_result
entente_run(struct entente_subscription *subscription,
            struct entente_error *error)
{
    enum entente_result result;
    do
        result = entente_process(subscription, -1, error);
    while (result == ENTENTE_OK || result == ENTENTE_AGAIN);
    return result;
}

/* --- the end --------------------------------------------------------------*/

/* Wait for the acknowledgements that are left, reading over the rest. */
static void
finish_acks(struct entente_subscription *subscription)
{
    struct entente *handle = subscription->handle;
    struct entente_error error;
    int stop_fd = handle->limits.stop_fd;
    int64_t end_ms = socket_now_ms() + LAST_ACK_MS;
    handle->limits.stop_fd = -1;
    while (send_ack(subscription, &error) == ENTENTE_OK &&
           subscription->ack_in_flight) {
        struct entente_message message = {0};
        int64_t left_ms = end_ms - socket_now_ms();
        enum entente_result result = entente_next(
            handle, left_ms < 0 ? 0 : (int)left_ms, &message, &error);
        if (result != ENTENTE_OK && result != ENTENTE_REFUSED)
            break;
        if (subscription_take_answer(subscription, &message) &&
            result == ENTENTE_REFUSED)
            break; /* the same would be refused again */
    }
    handle->limits.stop_fd = stop_fd;
}

void
entente_unsubscribe(struct entente_subscription *subscription)
{
    struct entente_error error;
    if (subscription == NULL)
        return;
    if (subscription->connected) {
        finish_acks(subscription);
        /* what is on its way is dropped by the next call */
        (void)!entente_cancel(subscription->handle, subscription->msgid,
                              &error);
    }
    release(subscription);
}
