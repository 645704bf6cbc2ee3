/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_LIB_SUBSCRIPTION_H
#define CLIENT_LIB_SUBSCRIPTION_H

#include "client/lib/handle.h"

/*
 * What a subscription is inside, and what its two files share of it:
 * subscription.c keeps it alive, news.c hands out what comes.
 */

struct entente_subscription {
    struct entente *handle;
    bool (*on_news)(void *context, const struct entente_news *news);
    void *context;

    struct mp_buf pairs; /* of the params, but for `after` */
    uint32_t pair_count;
    struct mp_buf consumer; /* its value in the params, or empty */
    bool is_durable;        /* there is a consumer */
    bool has_after;
    uint64_t after;       /* to be asked for */
    struct mp_buf log_id; /* of the log that it began with */

    bool connected;
    bool caught_up; /* the callback knows */
    bool stopped;   /* it had enough */
    struct retry retry;
    int64_t retry_at_ms;         /* while not connected */
    char why[ENTENTE_CODE_SIZE]; /* the callback knows of it */

    uint32_t msgid;
    uint64_t position; /* everything up to it was handed out */
    uint64_t told;     /* ... or came once more, on this connection */

    uint64_t ack_wanted, acked;
    uint32_t ack_msgid;
    bool ack_in_flight;
};

/* subscription.c: true when it was the answer to the last acknowledgement. */
bool subscription_take_answer(struct entente_subscription *subscription,
                              const struct entente_message *message);

/* news.c: hand a notification to the callback, if it is ours. */
enum entente_result
subscription_hand_out(struct entente_subscription *subscription,
                      const struct entente_message *message,
                      struct entente_error *error);

#endif
