/* SPDX-License-Identifier: MIT */
#include "client/commands.h"
#include "client/complain.h"
#include "client/params.h"

#include <string.h>

static const char *const orders[] = {"recorded", "occurred", "disclosed", NULL};

static const struct arg_spec specs[] = {
    {"order", ARG_CHOICE, false, "ORDER",
     "recorded (the order of the log, default), occurred or disclosed", orders},
    {"from", ARG_MOMENT, false, "DATE|N",
     "the first date; in recorded order also a position (digits only)", NULL},
    {"to", ARG_MOMENT, false, "DATE|N", "the last one, which is included",
     NULL},
    {"partnership", ARG_TEXT, false, "SLUG", "only this partnership", NULL},
    {"party", ARG_TEXT, false, "SLUG", "only with this organisation", NULL},
    {"type", ARG_TEXT, true, "TYPE", "only events of this type", NULL},
    {"at", ARG_DATE, false, "DATE", "only what had happened by then", NULL},
    {"known", ARG_DATE, false, "DATE", "only what was public by then", NULL},
    PARAMS_THEN,
    PARAMS_RECORDED,
    {"superseded", ARG_FLAG, false, NULL,
     "with what was corrected or retracted (default in recorded order)", NULL},
    {"no-superseded", ARG_FLAG, false, NULL,
     "without it (default in the other orders)", NULL},
    {"reverse", ARG_FLAG, false, NULL, "last first", NULL},
    {"limit", ARG_COUNT, false, "N", "end after so many events", NULL},
    {0},
};

/* A bare year is a position only where positions are the order. */
static bool
put_bound(struct params *params, const struct client *client,
          const struct args *args, const char *name)
{
    char date[DATES_SIZE], fault[ARGS_FAULT_SIZE];
    const char *order = args_text(args, "order");
    const char *text = args_text(args, name);
    if (text == NULL)
        return true;
    if (order == NULL || strcmp(order, orders[0]) == 0) {
        params_moment(params, name, text);
        return true;
    }
    if (!args_date(args, name, text, date, fault)) {
        (void)client_usage(client, "--%s", fault);
        return false;
    }
    params_text(params, name, date);
    return true;
}

static bool
put_superseded(struct params *params, const struct client *client,
               const struct args *args)
{
    bool with = args_has(args, "superseded");
    bool without = args_has(args, "no-superseded");
    if (with && without) {
        (void)client_usage(client, "--superseded or --no-superseded, not both");
        return false;
    }
    if (with || without)
        params_bool(params, "superseded", with);
    return true;
}

static void
put_types(struct params *params, const struct args *args)
{
    size_t count = args_count(args, "type");
    if (count == 0)
        return;
    mp_put_text(&params->buf, "types");
    mp_put_array(&params->buf, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        mp_put_text(&params->buf, args_nth(args, "type", i));
    params->count++;
}

static bool
write_event(void *context, struct entente_bytes event)
{
    struct client *client = context;
    output_item(&client->out, SUBJECT_REPLAY,
                (struct span){event.data, event.size});
    return client_go_on(client);
}

static enum client_status
stream(struct client *client, struct span params)
{
    enum client_status status = client_connect(client);
    if (status != CLIENT_DONE)
        return status;
    struct entente_error error;
    enum entente_result result = entente_replay(
        client->daemon, (struct entente_bytes){params.data, params.size},
        write_event, client, &error);
    if (result == ENTENTE_OK) {
        output_end(&client->out, SUBJECT_REPLAY);
        return CLIENT_DONE;
    }
    output_flush(&client->out);
    status = client_fail(result, &error);
    if (client->out.count > 0)
        remark("the replay ended early, after %llu events",
               (unsigned long long)client->out.count);
    return status;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    struct params params;
    params_init(&params);
    params_option(&params, "order", args, "order");
    params_option(&params, "partnership", args, "partnership");
    params_option(&params, "party", args, "party");
    put_types(&params, args);
    params_flag(&params, args, "reverse");
    if (args_has(args, "limit"))
        params_number(&params, "limit", args_number(args, "limit", 0));
    enum client_status status = CLIENT_USAGE;
    if (put_bound(&params, client, args, "from") &&
        put_bound(&params, client, args, "to") &&
        put_superseded(&params, client, args) &&
        params_as_of(&params, client, args))
        status = stream(client, params_span(&params));
    params_deinit(&params);
    return status;
}

const struct command command_replay = {
    .name = "replay",
    .operands = "",
    .summary = "events in order, streamed",
    .specs = specs,
    .piped = &format_jsonl,
    .notes = "The output in jsonl can be appended again as it is. A year as "
             "--from in recorded order is written 2017-01-01, since digits "
             "alone are a position.",
    .run = run,
};
