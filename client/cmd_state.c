/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/params.h"

static const struct arg_spec specs[] = {
    PARAMS_AT_KNOWN, PARAMS_THEN, PARAMS_RECORDED, {0}};

static enum client_status
run(struct client *client, const struct args *args)
{
    struct span state = {NULL, 0};
    struct params params;
    if (!output_can(&client->out, SUBJECT_STATE))
        return client_usage(client, "has no csv form; use json or text");
    params_init(&params);
    params_text(&params, "partnership", args->operands[0]);
    enum client_status status = CLIENT_USAGE;
    if (params_as_of(&params, client, args))
        status = client_call(client, "state", params_span(&params), &state);
    if (status == CLIENT_DONE)
        output_document(&client->out, SUBJECT_STATE, state);
    params_deinit(&params);
    return status;
}

const struct command command_state = {
    .name = "state",
    .operands = "PARTNERSHIP",
    .operand_min = 1,
    .operand_max = 1,
    .summary = "where a partnership stands, or stood on a day",
    .specs = specs,
    .piped = &format_json,
    .run = run,
};
