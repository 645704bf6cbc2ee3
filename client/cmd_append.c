/* SPDX-License-Identifier: MIT */
#include "client/check.h"
#include "client/commands.h"
#include "client/edit.h"
#include "client/event_options.h"
#include "client/import.h"
#include "client/store.h"

static const struct arg_spec specs[] = {
    {"from", ARG_CHOICE, false, "FORM",
     "lines: what they are: jsonl (an event a line, default), csv (the first "
     "line names the fields) or cloudevents (as export --as writes them)",
     import_forms},
    {"batch", ARG_COUNT, false, "N",
     "lines: how many events to append at once (default: 1000)", NULL},
    {"atomic", ARG_FLAG, false, NULL,
     "lines: all of them or none, in one batch", NULL},
    {"edit", ARG_FLAG, false, NULL,
     "write one event with $VISUAL, $EDITOR or vi", NULL},
    {"dry-run", ARG_FLAG, false, NULL,
     "check the events here and send nothing; needs no daemon", NULL},
    EVENT_OPTIONS,
    {0},
};

static enum client_status
append_one(struct client *client, const struct args *args)
{
    struct mp_buf event = {0};
    struct check check = {0};
    enum client_status status =
        event_options_put(client, args, EVENT_OPTIONS_WHOLE, &event);
    if (status == CLIENT_DONE && args_has(args, "dry-run")) {
        status = check_event(&check, client, mp_buf_span(&event),
                             (struct place){NULL, 0});
        status = check_end(&check, client, status);
    } else if (status == CLIENT_DONE) {
        status = store_event(client, mp_buf_span(&event), NULL);
    }
    mp_buf_deinit(&event);
    return status;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    bool one = event_options_given(args) || args_has(args, "edit");
    if (!one)
        return import_lines(client, args);
    if (args->operand_count > 0)
        return client_usage(client, "an event comes from options or from "
                                    "files, not both");
    if (args_has(args, "batch") || args_has(args, "atomic") ||
        args_has(args, "from"))
        return client_usage(client, "--batch, --atomic and --from are for "
                                    "lines of files");
    if (!args_has(args, "edit"))
        return append_one(client, args);
    if (args_has(args, "dry-run"))
        return client_usage(client, "--edit checks the event anyway; leave "
                                    "out --dry-run");
    return edit_event(client, args);
}

const struct command command_append = {
    .name = "append",
    .operands = "[FILE...]",
    .operand_max = SIZE_MAX,
    .summary = "append events: lines of JSON, or one event from options",
    .specs = specs,
    .piped = &format_jsonl,
    .notes =
        "Without options that describe an event, each line of the files (or "
        "of standard input, also \"-\") is one event as JSON. A batch is "
        "stored whole or not at all; the first one that is refused ends the "
        "import. Doing it again is safe: a line without an id gets one from "
        "its content, and what is in the log already is not stored twice.\n"
        "In csv the first line names the fields, as id, parties, amount.value "
        "or sources[0].url; see `correct` for what each takes. An empty value "
        "is a field that is not there, and a date is kept as it is written.\n"
        "One event from options needs --type, --partnership, --party, "
        "--occurred and --title.\n"
        "--edit opens an editor on a form that explains the fields, with what "
        "the options give filled in, and opens it again with what is wrong on "
        "top. Leaving it unchanged or empty stores nothing.",
    .run = run,
};
