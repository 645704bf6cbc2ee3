/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/lookup.h"
#include "client/params.h"

#include <errno.h>

/* A page of it: the most that the daemon gives. */
#define PAGE_SIZE 1000

static enum client_status
write_revelation(struct client *client, struct span revelation)
{
    static const char *const event_lists[] = {"discloses", NULL};
    struct mp_buf item = {0};
    enum client_status status =
        lookup_events(client, revelation, event_lists, &item);
    if (item.failed)
        client->out.error = ENOMEM;
    else if (status == CLIENT_DONE)
        output_item(&client->out, SUBJECT_REVELATIONS, mp_buf_span(&item));
    mp_buf_deinit(&item);
    return status;
}

/* Looking up calls the daemon, so the page has to be kept. */
static enum client_status
write_page(void *context, struct span page)
{
    struct client *client = context;
    struct mp_buf kept = {0};
    struct span rows = mp_get(page, "revelations");
    mp_buf_append(&kept, rows.data, rows.size);
    struct mp_reader reader = mp_reader(mp_buf_span(&kept));
    uint32_t count = mp_array(&reader);
    enum client_status status = CLIENT_DONE;
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        status = write_revelation(client, mp_value(&reader));
        if (status != CLIENT_DONE || !client_go_on(client))
            break;
    }
    if (kept.failed)
        client->out.error = ENOMEM;
    mp_buf_deinit(&kept);
    return status;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    struct params params;
    params_init(&params);
    if (args->operand_count > 0)
        params_text(&params, "partnership", args->operands[0]);
    params_number(&params, "limit", PAGE_SIZE);
    enum client_status status = client_pages(
        client, "revelations", params_span(&params), write_page, client);
    if (status == CLIENT_DONE)
        output_end(&client->out, SUBJECT_REVELATIONS);
    params_deinit(&params);
    return status;
}

const struct command command_revelations = {
    .name = "revelations",
    .operands = "[PARTNERSHIP]",
    .operand_max = 1,
    .summary = "what each court revelation disclosed",
    .piped = &format_jsonl,
    .notes = "By all that the log holds now: what was corrected or retracted "
             "is left out. With PARTNERSHIP the revelations are its own; what "
             "they disclosed may be of another one.",
    .run = run,
};
