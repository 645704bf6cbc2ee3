/* SPDX-License-Identifier: MIT */
#include "client/commands.h"

static enum client_status
run(struct client *client, const struct args *args)
{
    (void)args;
    struct span pong = {NULL, 0};
    enum client_status status =
        client_call(client, "ping", (struct span){NULL, 0}, &pong);
    if (status == CLIENT_DONE)
        output_document(&client->out, SUBJECT_PONG, pong);
    return status;
}

const struct command command_ping = {
    .name = "ping",
    .operands = "",
    .summary = "ask whether the daemon answers",
    .piped = &format_jsonl,
    .run = run,
};
