/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_STORE_H
#define CLIENT_STORE_H

#include "client/client.h"

/* Append one event, which has an id, and show that and its position. */
enum client_status store_event(struct client *client, struct span event)
    __attribute__((warn_unused_result));

#endif
