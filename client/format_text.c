/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

/* text: what a person would want to read, client/text_forms.h. */

static void
put_answer(struct output *out, struct span value)
{
    struct mp_buf text = {0};
    text_plain_value(&text, value);
    text_paragraph(out, 0, STYLE_PLAIN, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
put_document(struct output *out, struct span value)
{
    struct mp_reader reader = mp_reader(value);
    if (out->subject == SUBJECT_STATE)
        text_state(out, value);
    else if (out->subject == SUBJECT_EVENT)
        text_event(out, value);
    else if (mp_peek(&reader) == MP_MAP)
        text_map(out, 0, value);
    else
        put_answer(out, value);
}

const struct format format_text = {
    .name = "text",
    .begin = text_list_begin,
    .item = text_list_item,
    .end = text_list_end,
    .document = put_document,
};
