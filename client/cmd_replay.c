/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/selection.h"

static const struct arg_spec specs[] = {
    SELECTION_FILTERS,
    SELECTION_RANGE,
    SELECTION_ORDER,
    {0},
};

static enum client_status
run(struct client *client, const struct args *args)
{
    struct selection selection;
    enum client_status status = selection_init(&selection, client, args);
    if (status == CLIENT_DONE)
        status = selection_write(&selection, client);
    selection_deinit(&selection);
    return status;
}

const struct command command_replay = {
    .name = "replay",
    .operands = "",
    .summary = "events in order, streamed",
    .specs = specs,
    .piped = &format_jsonl,
    .notes = "The output in jsonl can be appended again as it is. A year as "
             "--from in recorded order is written 2017-01-01, since digits "
             "alone are a position.",
    .run = run,
};
