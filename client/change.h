/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CHANGE_H
#define CLIENT_CHANGE_H

#include "client/args.h"
#include "client/client.h"

/*
 * What `correct` and `retract` have in common: an event that stands in the
 * log, and a new one that is made of it by FIELD=VALUE and takes its place.
 */

/* Rows of a table of options. */
#define CHANGE_OPTIONS                                                         \
    {"set",                                                                    \
     ARG_TEXT,                                                                 \
     true,                                                                     \
     "FIELD=VALUE",                                                            \
     "a field of the new event, as occurred=2019-06, amount.value=5, "         \
     "parties=a;b or sources[0].url=...; nothing behind = takes it away; "     \
     "repeat it",                                                              \
     NULL},                                                                    \
        {"id",                                                                 \
         ARG_TEXT,                                                             \
         false,                                                                \
         "ID",                                                                 \
         "the name of the new event (default: a new UUIDv7)",                  \
         NULL},                                                                \
    {                                                                          \
        "force", ARG_FLAG, false, NULL,                                        \
            "also where another event has taken its place already", NULL       \
    }

/*
 * Get the event of the first operand into `*event` (a copy).  Where it is
 * superseded, say by what; then ask on a terminal, and without one refuse,
 * unless --force is given.  Anything but CLIENT_DONE was told to the user.
 */
enum client_status change_fetch(struct client *client, const struct args *args,
                                struct mp_buf *event)
    __attribute__((warn_unused_result));

/*
 * Append the head of a new event: a map with --id or a new id.  Its count is
 * to be closed with mp_close.  CLIENT_REFUSED: no random numbers.
 */
enum client_status change_begin(struct mp_buf *event, const struct args *args,
                                size_t *mark)
    __attribute__((warn_unused_result));

/*
 * Apply all --set to the new event.  `fixed` are the fields that the command
 * itself sets, NULL at the end.
 */
enum client_status change_apply(const struct client *client,
                                const struct args *args,
                                const char *const *fixed, struct mp_buf *event)
    __attribute__((warn_unused_result));

#endif
