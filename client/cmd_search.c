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

const struct command command_search = {
    .name = "search",
    .operands = "TEXT...",
    .operand_min = 1,
    .operand_max = SIZE_MAX,
    .summary = "events whose title, summary, people or sources have a text",
    .specs = specs,
    .piped = &format_jsonl,
    .notes =
        "Upper and lower case are the same, in every script that has them "
        "(Unicode's simple foldings), and so are a space and a line break. Of "
        "several texts each must be there, anywhere; put what belongs "
        "together into one. The log is read once, and what is found is shown "
        "at once; --partnership, --party, --type and dates make that short. "
        "Nothing found is no failure.",
    .run = run,
};
