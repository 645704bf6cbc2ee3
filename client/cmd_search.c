/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/selection.h"

const struct command command_search = {
    .name = "search",
    .operands = "TEXT...",
    .operand_min = 1,
    .operand_max = SIZE_MAX,
    .summary = "events whose title, summary, people or sources have a text",
    .specs = selection_specs,
    .piped = &format_jsonl,
    .notes =
        "Upper and lower case are the same, in every script that has them "
        "(Unicode's simple foldings), and so are a space and a line break. Of "
        "several texts each must be there, anywhere; put what belongs "
        "together into one. The log is read once, and what is found is shown "
        "at once; --partnership, --party, --type and dates make that short. "
        "Nothing found is no failure.",
    .run = selection_run,
};
