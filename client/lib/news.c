/* SPDX-License-Identifier: MIT */
#include "client/lib/subscription.h"

/*
 * What a subscription is sent, as its callback hears it: what came already,
 * before the connection was made anew, is left out.
 */

static enum entente_result
call(struct entente_subscription *subscription, const struct entente_news *news,
     struct entente_error *error)
{
    subscription->stopped = !subscription->on_news(subscription->context, news);
    if (subscription->stopped)
        return error_set(error, ENTENTE_STOPPED, "stopped",
                         "the callback ended the subscription");
    return ENTENTE_OK;
}

/* Everything up to `position` has come now; true when that is news. */
static bool
advance(struct entente_subscription *subscription, uint64_t position)
{
    if (position > subscription->told)
        subscription->told = position;
    if (position <= subscription->position)
        return false;
    subscription->position = position;
    return true;
}

static enum entente_result
hand_out_events(struct entente_subscription *subscription,
                struct mp_reader *reader, struct entente_error *error)
{
    struct entente_news news = {.kind = ENTENTE_EVENTS};
    uint32_t count = mp_array(reader);
    const uint8_t *first = NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct span event = mp_value(reader);
        if (reader->failed)
            break;
        if (!advance(subscription, mp_get_uint(event, "seq")))
            continue; /* positions grow: none of those before is new */
        if (first == NULL)
            first = event.data;
        news.count++;
    }
    if (reader->failed)
        return error_set(error, ENTENTE_LOST, "protocol",
                         "the daemon sent events that are none");
    if (news.count == 0)
        return ENTENTE_OK;
    news.position = subscription->position;
    news.events = (struct entente_bytes){first, (size_t)(reader->at - first)};
    return call(subscription, &news, error);
}

static enum entente_result
hand_out_position(struct entente_subscription *subscription,
                  enum entente_news_kind kind, struct mp_reader *reader,
                  struct entente_error *error)
{
    uint64_t position = mp_uint(reader);
    if (reader->failed)
        return error_set(error, ENTENTE_LOST, "protocol",
                         "the daemon sent a position that is none");
    bool is_new = advance(subscription, position);
    if (kind == ENTENTE_CAUGHT_UP && subscription->caught_up)
        kind = ENTENTE_PROGRESS; /* it is told once, whatever was lost */
    subscription->caught_up |= kind == ENTENTE_CAUGHT_UP;
    if (!is_new && kind != ENTENTE_CAUGHT_UP)
        return ENTENTE_OK;
    const struct entente_news news = {.kind = kind,
                                      .position = subscription->position};
    return call(subscription, &news, error);
}

enum entente_result
subscription_hand_out(struct entente_subscription *subscription,
                      const struct entente_message *message,
                      struct entente_error *error)
{
    struct span name = span_from_bytes(message->name);
    struct mp_reader reader = mp_reader(span_from_bytes(message->params));
    if (message->is_answer || mp_array(&reader) != 2 ||
        mp_uint(&reader) != subscription->msgid)
        return ENTENTE_OK; /* nothing of ours */
    if (span_is(name, "events"))
        return hand_out_events(subscription, &reader, error);
    if (span_is(name, "caught_up"))
        return hand_out_position(subscription, ENTENTE_CAUGHT_UP, &reader,
                                 error);
    if (span_is(name, "progress"))
        return hand_out_position(subscription, ENTENTE_PROGRESS, &reader,
                                 error);
    if (span_is(name, "corrupt"))
        return hand_out_position(subscription, ENTENTE_DAMAGED, &reader, error);
    if (span_is(name, "ended"))
        return error_from_map(error, mp_value(&reader));
    return ENTENTE_OK;
}
