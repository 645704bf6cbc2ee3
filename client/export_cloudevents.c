/* SPDX-License-Identifier: MIT */
#include "client/export.h"

static bool
write_event(struct export *export, struct span event)
{
    mp_buf_clear(&export->value);
    mp_buf_clear(&export->text);
    cloudevents_put(&export->value, event, export->source);
    json_put(&export->text, mp_buf_span(&export->value), JSON_COMPACT);
    mp_buf_append(&export->text, "\n", 1);
    output_write(export->out, mp_buf_span(&export->text));
    return true;
}

const struct export_form export_cloudevents = {
    .name = "cloudevents",
    .event = write_event,
};
