/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/lookup.h"
#include "client/params.h"

static const struct arg_spec specs[] = {
    {"known", ARG_DATE, false, "DATE",
     "only what was public by the end of this date, on both sides", NULL},
    {"then", ARG_FLAG, false, NULL,
     "what the public knew on each of the two days", NULL},
    PARAMS_RECORDED,
    {0},
};

/* One of the two dates, with the options that go for both. */
static bool
put_side(struct params *params, const struct client *client,
         const struct args *args, size_t operand, const char *key)
{
    static const char *const names[] = {"PARTNERSHIP", "BEFORE", "AFTER"};
    char at[DATES_SIZE], fault[ARGS_FAULT_SIZE];
    if (!args_date(args, names[operand], args->operands[operand], at, fault)) {
        (void)client_usage(client, "%s", fault);
        return false;
    }
    struct params side;
    params_init(&side);
    bool ok = params_as_of_at(&side, client, args, at);
    params_value(params, key, params_span(&side));
    params_deinit(&side);
    return ok;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    static const char *const event_lists[] = {"added", "removed", NULL};
    struct span diff = {NULL, 0};
    struct params params;
    if (!output_can(&client->out, SUBJECT_DIFF))
        return client_usage(client, "has no csv form; use json or text");
    params_init(&params);
    params_text(&params, "partnership", args->operands[0]);
    enum client_status status = CLIENT_USAGE;
    if (put_side(&params, client, args, 1, "before") &&
        put_side(&params, client, args, 2, "after"))
        status = client_call(client, "diff", params_span(&params), &diff);
    if (status == CLIENT_DONE)
        status = lookup_document(client, SUBJECT_DIFF, diff, event_lists);
    params_deinit(&params);
    return status;
}

const struct command command_diff = {
    .name = "diff",
    .operands = "PARTNERSHIP BEFORE AFTER",
    .operand_min = 3,
    .operand_max = 3,
    .summary = "what changed between two dates",
    .specs = specs,
    .piped = &format_jsonl,
    .notes = "BEFORE and AFTER are dates, each of which stands for its end. "
             "What changed is told by the events that were added, and by the "
             "parts of the state that differ; with --known or --then events "
             "can also be gone, which were then not public or have been "
             "corrected.",
    .run = run,
};
