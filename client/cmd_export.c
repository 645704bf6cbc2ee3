/* SPDX-License-Identifier: MIT */
#include "client/commands.h"

#include <errno.h>
#include <string.h>

#include "client/closure.h"
#include "client/complain.h"
#include "client/export.h"
#include "client/words.h"

static const char *const form_names[] = {"jsonl", "cloudevents", "timelinejs",
                                         "ics",   "dot",         NULL};

static const struct export_form *const forms[] = {
    &export_cloudevents, &export_timelinejs, &export_ics};
#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

static const struct arg_spec specs[] = {
    {"as", ARG_CHOICE, false, "FORM",
     "jsonl (an event a line, default), cloudevents (the same as CloudEvents "
     "1.0), timelinejs, ics (a calendar) or dot (agreements in force, for "
     "Graphviz)",
     form_names},
    {"closed", ARG_FLAG, false, NULL,
     "with what the events refer to, corrected or not, so that they can be "
     "appended to an empty log",
     NULL},
    SELECTION_FILTERS,
    SELECTION_RANGE,
    {"superseded", ARG_FLAG, false, NULL,
     "with what was corrected or retracted (default, but for timelinejs and "
     "ics)",
     NULL},
    {"no-superseded", ARG_FLAG, false, NULL, "without it", NULL},
    {0},
};

/* --- events ---------------------------------------------------------------*/

/* An export that goes on, and the form that it has; NULL: that of --format. */
struct exporting {
    struct client *client;
    const struct export_form *form;
    struct export export;
};

static bool
write_event(void *context, struct span event)
{
    struct exporting *exporting = context;
    struct export *export = &exporting->export;
    if (exporting->form == NULL)
        output_item(export->out, SUBJECT_REPLAY, event);
    else if (exporting->form->event(export, event))
        export->count++;
    else
        export->left_out++;
    if (export->value.failed || export->text.failed)
        export->out->error = ENOMEM;
    return client_go_on(exporting->client);
}

static void
begin(struct exporting *exporting)
{
    const struct export_form *form = exporting->form;
    if (form != NULL && form->begin != NULL)
        form->begin(&exporting->export);
}

static void
end(struct exporting *exporting)
{
    const struct export_form *form = exporting->form;
    struct mp_buf left_out = {0};
    if (form == NULL)
        output_end(exporting->export.out, SUBJECT_REPLAY);
    else if (form->end != NULL)
        form->end(&exporting->export);
    words_count(&left_out, exporting->export.left_out, "event");
    if (exporting->export.left_out > 0)
        remark("%.*s left out, without a date that has a place in it",
               (int)left_out.size, (const char *)left_out.data);
    mp_buf_deinit(&left_out);
}

/* What the daemon says of its log; `log_id` borrows from `kept`. */
static enum client_status
greet(struct exporting *exporting, struct mp_buf *kept, uint64_t *tip)
{
    struct span hello;
    struct export *export = &exporting->export;
    enum client_status status =
        client_call(exporting->client, "hello", span_of("\x80"), &hello);
    if (status != CLIENT_DONE)
        return status;
    struct span log_id = mp_get_str(hello, "log_id");
    *tip = mp_get_uint(hello, "tip");
    mp_buf_append(kept, log_id.data, log_id.size);
    export->log_id = mp_buf_span(kept);
    cloudevents_source(export->log_id, export->source);
    return CLIENT_DONE;
}

/* Of the log as it is now: what comes in meanwhile is for the next one. */
static void
put_defaults(struct exporting *exporting, struct selection *selection,
             const struct args *args, uint64_t tip)
{
    if (!args_has(args, "recorded"))
        params_number(&selection->params, "recorded", tip);
    if (exporting->form != NULL && exporting->form->for_people &&
        !args_has(args, "superseded") && !args_has(args, "no-superseded"))
        params_bool(&selection->params, "superseded", false);
}

static enum client_status
export_events(struct exporting *exporting, const struct args *args)
{
    struct client *client = exporting->client;
    struct selection selection;
    struct mp_buf log_id = {0};
    uint64_t tip = 0;
    enum client_status status = selection_init(&selection, client, args);
    if (status == CLIENT_DONE)
        status = greet(exporting, &log_id, &tip);
    if (status != CLIENT_DONE)
        goto out;
    put_defaults(exporting, &selection, args, tip);
    begin(exporting);
    if (args_has(args, "closed"))
        status = closure_walk(&selection, client, write_event, exporting);
    else
        status = selection_walk(&selection, client, write_event, exporting);
    if (status == CLIENT_DONE)
        end(exporting);
    if (status == CLIENT_DONE && selection.damaged)
        status = CLIENT_REFUSED;
out:
    selection_deinit(&selection);
    mp_buf_deinit(&log_id);
    mp_buf_deinit(&exporting->export.value);
    mp_buf_deinit(&exporting->export.text);
    return status;
}

/* --- the command ----------------------------------------------------------*/

static enum client_status
check_dot(const struct client *client, const struct args *args)
{
    static const char *const unfit[] = {"type",       "person",       "source",
                                        "from",       "to",           "closed",
                                        "superseded", "no-superseded"};
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++)
        if (args_has(args, unfit[i]))
            return client_usage(
                client, "--as dot shows a state, which has no --%s", unfit[i]);
    return CLIENT_DONE;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    const char *name = args_text(args, "as");
    struct exporting exporting = {.client = client,
                                  .export = {.out = &client->out}};
    if (name != NULL && args_has(args, "format"))
        return client_usage(client, "--as or --format, not both");
    if (!args_has(args, "format"))
        client->out.format = &format_jsonl; /* on a terminal, too */
    if (name != NULL && strcmp(name, "dot") == 0) {
        enum client_status status = check_dot(client, args);
        return status != CLIENT_DONE ? status : export_dot(client, args);
    }
    for (size_t i = 0; i < FORM_COUNT && name != NULL; i++)
        if (strcmp(forms[i]->name, name) == 0)
            exporting.form = forms[i];
    return export_events(&exporting, args);
}

const struct command command_export = {
    .name = "export",
    .operands = "",
    .summary = "the log, or a part of it, for another log or program",
    .specs = specs,
    .piped = &format_jsonl,
    .notes =
        "Events in the order of the log, up to where it was when the export "
        "began. Appended to an empty log (entente append FILE, or with --from "
        "cloudevents), they are the same events in the same order; only when "
        "they were recorded differs. A part of a log refers to events "
        "outside of it unless --closed is given, which keeps the ids that it "
        "exports in memory. An event that is damaged on the daemon's disk is "
        "told "
        "and left out, and makes the exit status 1.\n"
        "timelinejs and ics show what stands, without what was corrected or "
        "retracted; an event that may be of any time is left out, and counted "
        "on standard error. dot shows the agreements in force on the day --at "
        "(default: today) and who made them, of all partnerships or of those "
        "that --partnership or --party names.",
    .run = run,
};
