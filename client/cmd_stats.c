/* SPDX-License-Identifier: MIT */
#include "client/commands.h"

static enum client_status
run(struct client *client, const struct args *args)
{
    (void)args;
    struct span stats = {NULL, 0};
    enum client_status status =
        client_call(client, "stats", (struct span){NULL, 0}, &stats);
    if (status == CLIENT_DONE)
        output_document(&client->out, SUBJECT_STATS, stats);
    return status;
}

const struct command command_stats = {
    .name = "stats",
    .operands = "",
    .summary = "the daemon's counters and gauges",
    .piped = &format_jsonl,
    .run = run,
};
