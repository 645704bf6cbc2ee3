/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/params.h"

/* A page of it: the most that the daemon gives. */
#define PAGE_SIZE 1000

static const struct arg_spec specs[] = {
    {"party", ARG_TEXT, false, "SLUG", "only those with this organisation",
     NULL},
    PARAMS_AT_KNOWN,
    PARAMS_THEN,
    PARAMS_RECORDED,
    {0},
};

static enum client_status
write_page(void *context, struct span page)
{
    struct client *client = context;
    struct mp_reader rows = mp_reader(mp_get(page, "partnerships"));
    uint32_t count = mp_array(&rows);
    for (uint32_t i = 0; i < count && !rows.failed; i++)
        output_item(&client->out, SUBJECT_LIST, mp_value(&rows));
    return CLIENT_DONE;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    struct params params;
    params_init(&params);
    params_option(&params, "party", args, "party");
    params_number(&params, "limit", PAGE_SIZE);
    enum client_status status = CLIENT_USAGE;
    if (params_as_of(&params, client, args))
        status = client_pages(client, "portfolio", params_span(&params),
                              write_page, client);
    if (status == CLIENT_DONE)
        output_end(&client->out, SUBJECT_LIST);
    params_deinit(&params);
    return status;
}

const struct command command_list = {
    .name = "list",
    .operands = "",
    .summary = "all partnerships and where each stands",
    .specs = specs,
    .piped = &format_jsonl,
    .notes = "A partnership is listed once something of it has happened. "
             "`agreements` are those in force, `offers` those open.",
    .run = run,
};
