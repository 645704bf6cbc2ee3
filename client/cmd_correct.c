/* SPDX-License-Identifier: MIT */
#include "client/change.h"
#include "client/commands.h"
#include "client/complain.h"
#include "client/store.h"
#include "proto/event.h"

static const struct arg_spec specs[] = {
    CHANGE_OPTIONS,
    {0},
};

/* What the new event has of its own. */
static const char *const own[] = {"id", "corrects", NULL};

static bool
is_taken_over(struct span key)
{
    static const char *const left[] = {"seq", "rev", "recorded", "id",
                                       "corrects"};
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
        if (span_is(key, left[i]))
            return false;
    return true;
}

/* A new event with all of the old one's fields, and one more. */
static enum client_status
take_over(const struct args *args, struct span old, struct mp_buf *event)
{
    size_t mark;
    uint32_t kept = 2;
    enum client_status status = change_begin(event, args, &mark);
    if (status != CLIENT_DONE)
        return status;
    struct mp_reader reader = mp_reader(old);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        const uint8_t *start = reader.at;
        struct span key = mp_str(&reader);
        (void)mp_value(&reader);
        if (!is_taken_over(key))
            continue;
        mp_put_raw(event, (struct span){start, (size_t)(reader.at - start)});
        kept++;
    }
    mp_put_text(event, "corrects");
    mp_put_text(event, args->operands[0]);
    mp_close(event, mark, kept);
    return CLIENT_DONE;
}

static enum client_status
correct(struct client *client, const struct args *args, struct span old,
        struct mp_buf *event)
{
    struct mp_buf before = {0};
    enum client_status status = take_over(args, old, event);
    if (status == CLIENT_DONE) {
        mp_put_raw(&before, mp_buf_span(event));
        status = change_apply(client, args, own, event);
    }
    if (status == CLIENT_DONE && (before.failed || event->failed)) {
        complain("no memory");
        status = CLIENT_REFUSED;
    } else if (status == CLIENT_DONE &&
               event_value_equal(mp_buf_span(&before), mp_buf_span(event))) {
        complain("%s says that already; nothing was stored", args->operands[0]);
        status = CLIENT_REFUSED;
    }
    mp_buf_deinit(&before);
    return status;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    struct mp_buf old = {0}, event = {0};
    if (!args_has(args, "set"))
        return client_usage(client, "needs --set FIELD=VALUE");
    enum client_status status = change_fetch(client, args, &old);
    if (status == CLIENT_DONE)
        status = correct(client, args, mp_buf_span(&old), &event);
    if (status == CLIENT_DONE)
        status = store_event(client, mp_buf_span(&event), NULL);
    mp_buf_deinit(&old);
    mp_buf_deinit(&event);
    return status;
}

const struct command command_correct = {
    .name = "correct",
    .operands = "ID",
    .operand_min = 1,
    .operand_max = 1,
    .summary = "put an event right: a new one takes its place",
    .specs = specs,
    .piped = &format_jsonl,
    .notes =
        "The new event has all fields of the old one but those that --set "
        "gives, and names it in corrects. The old one stays in the log.\n"
        "A field may be a place within one: amount.value, quote.by, "
        "terms.scope, sources[0].url; the number behind the last one of a "
        "list adds to it, and a backslash takes the next character for what "
        "it is (terms.a\\.b). parties and people are joined by ;. amount "
        "takes VALUE:CURRENCY[:KIND]; terms.x and ext.x take JSON, else text; "
        "terms, ext, quote and sources take JSON.\n"
        "An event that was corrected or retracted already is better left "
        "alone: what took its place is named, and on a terminal you are "
        "asked; elsewhere nothing is stored unless --force is given.",
    .run = run,
};
