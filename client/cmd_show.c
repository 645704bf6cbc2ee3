/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/lookup.h"
#include "client/params.h"

static enum client_status
run(struct client *client, const struct args *args)
{
    static const char *const event_lists[] = {"superseded_by", "answered_by",
                                              "discloses", NULL};
    struct span context = {NULL, 0};
    struct params params;
    if (!output_can(&client->out, SUBJECT_EVENT))
        return client_usage(client, "has no csv form; use json or text");
    params_init(&params);
    params_text(&params, "id", args->operands[0]);
    params_bool(&params, "context", true);
    enum client_status status =
        client_call(client, "get", params_span(&params), &context);
    if (status == CLIENT_DONE)
        status = lookup_document(client, SUBJECT_EVENT, context, event_lists);
    params_deinit(&params);
    return status;
}

const struct command command_show = {
    .name = "show",
    .operands = "ID",
    .operand_min = 1,
    .operand_max = 1,
    .summary = "one event, its corrections, what it disclosed",
    .piped = &format_jsonl,
    .run = run,
};
