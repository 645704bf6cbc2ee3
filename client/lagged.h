/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_LAGGED_H
#define CLIENT_LAGGED_H

#include "client/client.h"

/*
 * Events with how long each stayed unknown: what `timeline` and `gap` list.
 * An item is the event with `lag_days` added, so that `.id` and `.lag_days`
 * stand side by side for whoever reads the JSON.
 */

/*
 * Write `event` with its lag, one encoded value; an absent one counts as nil.
 */
void lagged_write(struct client *client, enum subject subject,
                  struct span event, struct span lag_days);

#endif
