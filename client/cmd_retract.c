/* SPDX-License-Identifier: MIT */
#include "client/change.h"
#include "client/commands.h"
#include "client/complain.h"
#include "client/store.h"
#include "client/text.h"
#include "client/words.h"
#include "proto/model.h"

#define TITLE_BEFORE "Retraction: "

static const struct arg_spec specs[] = {
    {"why", ARG_TEXT, false, "TEXT", "the reason; the new event's summary",
     NULL},
    {"occurred", ARG_DATE, false, "DATE",
     "when it was taken back (default: today)", NULL},
    {"title", ARG_TEXT, false, "TEXT",
     "one line (default: \"" TITLE_BEFORE "\" and the event's title)", NULL},
    CHANGE_OPTIONS,
    {0},
};

static const char *const own[] = {"id", "type", "re", NULL};

/* What fits of the old title, cut between characters. */
static void
put_title(struct mp_buf *event, struct span old)
{
    static const char more[] = "...";
    struct mp_buf title = {0};
    words_put(&title, TITLE_BEFORE);
    if (title.size + old.size <= MODEL_TITLE_SIZE_MAX) {
        mp_buf_append(&title, old.data, old.size);
    } else {
        size_t room = MODEL_TITLE_SIZE_MAX - title.size - strlen(more);
        struct span rest = old;
        size_t fits = 0;
        while (rest.size > 0 && old.size - rest.size <= room) {
            fits = old.size - rest.size;
            (void)text_next(&rest);
        }
        mp_buf_append(&title, old.data, fits);
        words_put(&title, more);
    }
    mp_put_str(event, mp_buf_span(&title));
    event->failed |= title.failed;
    mp_buf_deinit(&title);
}

static void
put_text(struct mp_buf *event, const char *key, const char *text)
{
    mp_put_text(event, key);
    mp_put_text(event, text);
}

static enum client_status
put_retraction(const struct args *args, struct span old, struct mp_buf *event)
{
    struct edtf_fault fault;
    char today[DATES_SIZE];
    const char *occurred = args_text(args, "occurred");
    const char *title = args_text(args, "title");
    size_t mark;
    enum client_status status = change_begin(event, args, &mark);
    if (status != CLIENT_DONE)
        return status;
    if (occurred == NULL && dates_resolve("today", args->now, today, &fault))
        occurred = today;
    put_text(event, "type", model_types[MODEL_RETRACTION].name);
    mp_put_text(event, "partnership");
    mp_put_raw(event, mp_get(old, "partnership"));
    mp_put_text(event, "parties");
    mp_put_raw(event, mp_get(old, "parties"));
    put_text(event, "occurred", occurred != NULL ? occurred : "");
    mp_put_text(event, "title");
    if (title != NULL)
        mp_put_text(event, title);
    else
        put_title(event, mp_get_str(old, "title"));
    put_text(event, "summary", args_text(args, "why"));
    put_text(event, "re", args->operands[0]);
    mp_close(event, mark, 8);
    if (!event->failed)
        return CLIENT_DONE;
    complain("no memory");
    return CLIENT_REFUSED;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    struct mp_buf old = {0}, event = {0};
    if (!args_has(args, "why"))
        return client_usage(client, "needs --why TEXT");
    enum client_status status = change_fetch(client, args, &old);
    if (status == CLIENT_DONE)
        status = put_retraction(args, mp_buf_span(&old), &event);
    if (status == CLIENT_DONE)
        status = change_apply(client, args, own, &event);
    if (status == CLIENT_DONE)
        status = store_event(client, mp_buf_span(&event), NULL);
    mp_buf_deinit(&old);
    mp_buf_deinit(&event);
    return status;
}

const struct command command_retract = {
    .name = "retract",
    .operands = "ID",
    .operand_min = 1,
    .operand_max = 1,
    .summary = "void an event: it should not be in the log",
    .specs = specs,
    .piped = &format_jsonl,
    .notes =
        "A retraction is an event of its own, with the partnership and the "
        "parties of the one that it names in re. Both stay in the log. "
        "Retracting a correction brings back what was corrected. What is "
        "superseded already is asked about as `correct` does.",
    .run = run,
};
