/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_EDIT_H
#define CLIENT_EDIT_H

#include "client/args.h"
#include "client/client.h"

/*
 * `append --edit`: an event is written with an editor, beginning with the
 * fields that options give, and stored once it has no fault.
 */
enum client_status edit_event(struct client *client, const struct args *args);

#endif
