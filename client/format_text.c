/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

/* text: what a person would want to read, client/text_forms.h. */

static void
put_map(struct output *out, struct span map)
{
    text_map(out, 0, map);
}

static void
put_answer(struct output *out, struct span value)
{
    struct mp_buf text = {0};
    text_plain_value(&text, value);
    text_paragraph(out, 0, STYLE_PLAIN, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

/* One row per subject: a list has the first three, a document the last. */
static const struct {
    void (*begin)(struct output *out);
    void (*item)(struct output *out, struct span value);
    void (*end)(struct output *out);
    void (*document)(struct output *out, struct span value);
} forms[SUBJECT_COUNT] = {
    [SUBJECT_REPLAY] = {text_list_begin, text_list_item, text_list_end, NULL},
    [SUBJECT_WATCH] = {NULL, text_watch_item, NULL, NULL},
    [SUBJECT_TIMELINE] = {text_list_begin, text_list_item, text_list_end, NULL},
    [SUBJECT_GAP] = {text_list_begin, text_list_item, text_list_end, NULL},
    [SUBJECT_LIST] = {text_partnerships_begin, text_partnerships_item,
                      text_partnerships_end, NULL},
    [SUBJECT_REVELATIONS] = {text_revelations_begin, text_revelations_item,
                             text_revelations_end, NULL},
    /* the command sums them up */
    [SUBJECT_STORED] = {NULL, NULL, NULL, NULL},
    [SUBJECT_CHECKED] = {NULL, NULL, NULL, NULL},
    [SUBJECT_EVENT] = {NULL, NULL, NULL, text_event},
    [SUBJECT_STATE] = {NULL, NULL, NULL, text_state},
    [SUBJECT_PARTY] = {NULL, NULL, NULL, text_party},
    [SUBJECT_DIFF] = {NULL, NULL, NULL, text_diff},
    [SUBJECT_STATS] = {NULL, NULL, NULL, put_map},
    [SUBJECT_BACKUP] = {NULL, NULL, NULL, put_map},
    [SUBJECT_PONG] = {NULL, NULL, NULL, put_answer},
};

static void
begin(struct output *out)
{
    if (forms[out->subject].begin != NULL)
        forms[out->subject].begin(out);
}

static void
put_item(struct output *out, struct span value)
{
    if (forms[out->subject].item != NULL)
        forms[out->subject].item(out, value);
}

static void
end(struct output *out)
{
    if (forms[out->subject].end != NULL)
        forms[out->subject].end(out);
}

static void
put_document(struct output *out, struct span value)
{
    forms[out->subject].document(out, value);
}

const struct format format_text = {
    .name = "text",
    .begin = begin,
    .item = put_item,
    .end = end,
    .document = put_document,
};
