/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/params.h"

static const struct arg_spec specs[] = {
    PARAMS_AT_KNOWN, PARAMS_THEN, PARAMS_RECORDED, {0}};

static enum client_status
run(struct client *client, const struct args *args)
{
    struct span party = {NULL, 0};
    struct params params;
    params_init(&params);
    params_text(&params, "party", args->operands[0]);
    enum client_status status = CLIENT_USAGE;
    if (params_as_of(&params, client, args))
        status = client_call(client, "party", params_span(&params), &party);
    if (status == CLIENT_DONE)
        output_document(&client->out, SUBJECT_PARTY, party);
    params_deinit(&params);
    return status;
}

const struct command command_party = {
    .name = "party",
    .operands = "PARTY",
    .operand_min = 1,
    .operand_max = 1,
    .summary = "one organisation: its partnerships, who else is in them, money",
    .specs = specs,
    .piped = &format_jsonl,
    .run = run,
};
