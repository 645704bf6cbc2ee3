/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_STORE_H
#define CLIENT_STORE_H

#include "client/client.h"

/*
 * Append one event, which has an id, and show that and its position.  What is
 * wrong with the event itself is put into `*refusal`, where that is not NULL,
 * and not told; it must be zero.
 */
enum client_status store_event(struct client *client, struct span event,
                               struct entente_error *refusal)
    __attribute__((warn_unused_result));

#endif
