/* SPDX-License-Identifier: MIT */
#include "client/edit.h"

#include <stdio.h>

#include "client/complain.h"
#include "client/editor.h"
#include "client/event_options.h"
#include "client/store.h"
#include "client/template.h"
#include "proto/event.h"

/* How often a text is shown again with what is wrong with it, lest an editor
 * that nobody sits at goes on for ever. */
#define ROUNDS_MAX 100

/* An event that is being written. */
struct edit {
    struct client *client;
    const struct args *args;
    struct editor editor;
    struct mp_buf text;       /* as it was shown */
    struct mp_buf edited;     /* as it came back */
    char id[ENTENTE_ID_SIZE]; /* unless one is written */
};

enum outcome {
    OUTCOME_DONE,  /* it is stored, or told why that cannot be */
    OUTCOME_FAULT, /* it has a fault: show it again */
    OUTCOME_QUIT,  /* the user does not want it */
};

/* --- one round ------------------------------------------------------------*/

static uint32_t
count_pairs(struct span map)
{
    struct mp_reader reader = mp_reader(map);
    return mp_map(&reader);
}

/* The event with an id. */
static void
put_with_id(const struct edit *edit, struct span event, struct mp_buf *whole)
{
    struct mp_reader reader = mp_reader(event);
    uint32_t count = mp_map(&reader);
    bool has_id = mp_get(event, "id").data != NULL;
    mp_put_map(whole, count + (has_id ? 0 : 1));
    if (!has_id) {
        mp_put_text(whole, "id");
        mp_put_text(whole, edit->id);
    }
    mp_put_raw(whole,
               (struct span){reader.at, (size_t)(reader.end - reader.at)});
}

/* What the daemon would say of it without looking at other events. */
static bool
check(struct span event, char reason[TEMPLATE_REASON_SIZE])
{
    struct event read;
    struct event_fault fault;
    if (event_check(event, MODEL_EVENT_SIZE_MAX, &read, &fault))
        return true;
    snprintf(reason, TEMPLATE_REASON_SIZE, "%s%s%s", fault.field,
             fault.field[0] != '\0' ? ": " : "", fault.message);
    return false;
}

static enum outcome
send(struct edit *edit, struct span event, enum client_status *status,
     char reason[TEMPLATE_REASON_SIZE])
{
    struct entente_error refusal = {.code = ""};
    *status = store_event(edit->client, event, &refusal);
    if (refusal.code[0] == '\0')
        return OUTCOME_DONE;
    snprintf(reason, TEMPLATE_REASON_SIZE, "%s%s%s", refusal.field,
             refusal.field[0] != '\0' ? ": " : "", refusal.message);
    return OUTCOME_FAULT;
}

static enum outcome
take(struct edit *edit, enum client_status *status,
     char reason[TEMPLATE_REASON_SIZE])
{
    const struct assign assign = {.now = &edit->args->now};
    struct mp_buf event = {0}, whole = {0};
    enum outcome outcome = OUTCOME_FAULT;
    if (template_read(mp_buf_span(&edit->edited), &assign, &event, reason)) {
        put_with_id(edit, mp_buf_span(&event), &whole);
        if (count_pairs(mp_buf_span(&event)) == 0)
            outcome = OUTCOME_QUIT;
        else if (whole.failed)
            snprintf(reason, TEMPLATE_REASON_SIZE, "no memory");
        else if (check(mp_buf_span(&whole), reason))
            outcome = send(edit, mp_buf_span(&whole), status, reason);
    }
    mp_buf_deinit(&event);
    mp_buf_deinit(&whole);
    return outcome;
}

/* --- all of them ----------------------------------------------------------*/

/* What was written is not lost with what went wrong. */
static enum client_status
keep(const struct edit *edit, enum client_status status)
{
    if (edit->editor.path[0] != '\0')
        remark("what you wrote is kept in %s", edit->editor.path);
    return status;
}

static enum client_status
quit(struct edit *edit)
{
    complain("nothing was stored");
    editor_forget(&edit->editor);
    return CLIENT_REFUSED;
}

static void
show_fault(struct edit *edit, const char *reason)
{
    mp_buf_clear(&edit->text);
    template_put_fault(&edit->text, mp_buf_span(&edit->edited), reason);
}

static enum client_status
edit_rounds(struct edit *edit)
{
    char reason[TEMPLATE_REASON_SIZE];
    enum client_status status = CLIENT_REFUSED;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        mp_buf_clear(&edit->edited);
        if (!editor_run(&edit->editor, mp_buf_span(&edit->text), &edit->edited))
            return keep(edit, CLIENT_REFUSED);
        if (span_equal(mp_buf_span(&edit->edited), mp_buf_span(&edit->text)))
            return quit(edit);
        switch (take(edit, &status, reason)) {
        case OUTCOME_DONE:
            if (status != CLIENT_DONE)
                return keep(edit, status);
            editor_forget(&edit->editor);
            return CLIENT_DONE;
        case OUTCOME_QUIT:
            return quit(edit);
        case OUTCOME_FAULT:
            show_fault(edit, reason);
            break;
        }
    }
    complain("%s", reason);
    return keep(edit, CLIENT_REFUSED);
}

enum client_status
edit_event(struct client *client, const struct args *args)
{
    struct edit edit = {.client = client, .args = args};
    struct mp_buf event = {0};
    if (!entente_id_new(edit.id)) {
        complain("no random numbers for an id");
        return CLIENT_REFUSED;
    }
    enum client_status status =
        event_options_put(client, args, EVENT_OPTIONS_BEGUN, &event);
    if (status == CLIENT_DONE) /* lest it is written in vain */
        status = client_connect(client);
    if (status == CLIENT_DONE) {
        template_put(&edit.text, mp_buf_span(&event));
        status = edit_rounds(&edit);
    }
    mp_buf_deinit(&event);
    mp_buf_deinit(&edit.text);
    mp_buf_deinit(&edit.edited);
    return status;
}
