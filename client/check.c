/* SPDX-License-Identifier: MIT */
#include "client/check.h"

#include "client/complain.h"
#include "client/words.h"
#include "proto/event.h"

static void
tell(struct place place, const struct event_fault *fault)
{
    const char *colon = fault->field[0] != '\0' ? ": " : "";
    const char *code = model_errors[fault->code].code;
    if (place.file == NULL)
        complain("%s%s%s (%s)", fault->field, colon, fault->message, code);
    else
        remark("%s:%zu: %s%s%s (%s)", place.file, place.line, fault->field,
               colon, fault->message, code);
}

static void
write_good(struct client *client, struct span event)
{
    struct mp_buf item = {0};
    mp_put_map(&item, 1);
    mp_put_text(&item, "id");
    mp_put_str(&item, mp_get_str(event, "id"));
    output_item(&client->out, SUBJECT_CHECKED, mp_buf_span(&item));
    mp_buf_deinit(&item);
}

enum client_status
check_event(struct check *check, struct client *client, struct span event,
            struct place place)
{
    struct event read;
    struct event_fault fault;
    /* JSON was read no deeper than the scanner allows: it need not pass it. */
    if (event_check(event, MODEL_EVENT_SIZE_MAX, &read, &fault)) {
        check->good++;
        write_good(client, event);
    } else {
        check->faulty++;
        tell(place, &fault);
    }
    return CLIENT_DONE;
}

enum client_status
check_end(const struct check *check, struct client *client,
          enum client_status status)
{
    struct mp_buf text = {0};
    output_end(&client->out, SUBJECT_CHECKED);
    words_count(&text, check->good, "event");
    words_put(&text, " good, ");
    words_count(&text, check->faulty, "event");
    words_put(&text, " faulty; nothing was sent\n");
    if (client->out.format == &format_text)
        output_write(&client->out, mp_buf_span(&text));
    mp_buf_deinit(&text);
    if (status != CLIENT_DONE)
        return status;
    return check->faulty > 0 ? CLIENT_REFUSED : CLIENT_DONE;
}
