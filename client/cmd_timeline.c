/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/lagged.h"
#include "client/params.h"
#include "proto/edtf.h"

/* A page of a timeline: the most that the daemon gives. */
#define PAGE_SIZE 1000

#define DAY_S (INT64_C(24) * 60 * 60)

static const struct arg_spec specs[] = {
    PARAMS_AT_KNOWN,
    PARAMS_THEN,
    PARAMS_RECORDED,
    {"possible", ARG_FLAG, false, NULL,
     "also what may have happened by then, its date being imprecise", NULL},
    {0},
};

static enum client_status
write_page(void *context, struct span page)
{
    struct client *client = context;
    struct mp_reader events = mp_reader(mp_get(page, "events"));
    struct mp_reader lags = mp_reader(mp_get(page, "lag_days"));
    uint32_t count = mp_array(&events);
    (void)mp_array(&lags);
    for (uint32_t i = 0; i < count && !events.failed; i++) {
        struct span event = mp_value(&events);
        struct span lag = mp_value(&lags);
        lagged_write(client, SUBJECT_TIMELINE, event,
                     lags.failed ? (struct span){NULL, 0} : lag);
    }
    return CLIENT_DONE;
}

/* Text marks what is only possible; for that it has to know the day. */
static void
note_at(struct client *client, const struct args *args)
{
    struct edtf date;
    struct edtf_fault fault;
    const char *at = args_text(args, "at");
    if (!args_has(args, "possible"))
        return;
    if (at != NULL && edtf_parse(span_of(at), &date, &fault))
        client->out.at_ms = date.end_hi;
    else if (at == NULL) /* the end of the present day, UTC */
        client->out.at_ms = (args->now.tv_sec / DAY_S + 1) * DAY_S * 1000 - 1;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    struct params params;
    params_init(&params);
    params_text(&params, "partnership", args->operands[0]);
    params_flag(&params, args, "possible");
    params_number(&params, "limit", PAGE_SIZE);
    note_at(client, args);
    enum client_status status = CLIENT_USAGE;
    if (params_as_of(&params, client, args))
        status = client_pages(client, "timeline", params_span(&params),
                              write_page, client);
    if (status == CLIENT_DONE)
        output_end(&client->out, SUBJECT_TIMELINE);
    params_deinit(&params);
    return status;
}

const struct command command_timeline = {
    .name = "timeline",
    .operands = "PARTNERSHIP",
    .operand_min = 1,
    .operand_max = 1,
    .summary = "what happened, in order, and what became public only later",
    .specs = specs,
    .piped = &format_jsonl,
    .notes = "In JSON each item is the event with `lag_days` added: the days "
             "until it was public, null where it never was.",
    .run = run,
};
