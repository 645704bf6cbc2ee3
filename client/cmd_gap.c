/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/lagged.h"
#include "client/params.h"

/* A page of it: the most that the daemon gives. */
#define PAGE_SIZE 1000

static const struct arg_spec specs[] = {
    {"at", ARG_DATE, false, "DATE",
     "what had happened by the end of this date (default: today)", NULL},
    {"known", ARG_DATE, false, "DATE",
     "and was not public by the end of this one (default: the same)", NULL},
    PARAMS_RECORDED,
    {0},
};

static enum client_status
write_page(void *context, struct span page)
{
    struct client *client = context;
    struct mp_reader events = mp_reader(mp_get(page, "events"));
    uint32_t count = mp_array(&events);
    for (uint32_t i = 0; i < count && !events.failed; i++) {
        struct span item = mp_value(&events);
        lagged_write(client, SUBJECT_GAP, mp_get(item, "event"),
                     mp_get(item, "lag_days"));
    }
    return CLIENT_DONE;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    struct params params;
    params_init(&params);
    if (args->operand_count > 0)
        params_text(&params, "partnership", args->operands[0]);
    params_number(&params, "limit", PAGE_SIZE);
    enum client_status status = CLIENT_USAGE;
    if (params_as_of(&params, client, args))
        status = client_pages(client, "gap", params_span(&params), write_page,
                              client);
    if (status == CLIENT_DONE)
        output_end(&client->out, SUBJECT_GAP);
    params_deinit(&params);
    return status;
}

const struct command command_gap = {
    .name = "gap",
    .operands = "[PARTNERSHIP]",
    .operand_max = 1,
    .summary = "what had happened and was not public",
    .specs = specs,
    .piped = &format_jsonl,
    .notes = "In JSON each item is the event with `lag_days` added: the days "
             "until it was public, null where it never was.",
    .run = run,
};
