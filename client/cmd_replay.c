/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/selection.h"

const struct command command_replay = {
    .name = "replay",
    .operands = "",
    .summary = "events in order, streamed",
    .specs = selection_specs,
    .piped = &format_jsonl,
    .notes =
        "The output in jsonl can be appended again as it is. A year as --from "
        "in recorded order is written 2017-01-01, since digits alone are a "
        "position. An event that is damaged on the daemon's disk is told and "
        "left out, and makes the exit status 1. In recorded order a connection "
        "that is lost is made again, and the replay goes on where it was.",
    .run = selection_run,
};
