/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

#include <stdio.h>

#include "client/words.h"
#include "proto/edtf.h"
#include "proto/model.h"

/* One event with all that is said of it. */

#define INDENT ((size_t)2)

static void
write_value(struct output *out, const char *label, struct span value)
{
    struct mp_buf text = {0};
    text_plain_value(&text, value);
    text_labelled(out, INDENT, label, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_date(struct output *out, const char *label, struct span value)
{
    struct mp_buf text = {0};
    struct mp_reader reader = mp_reader(value);
    struct span edtf = mp_str(&reader);
    words_date(&text, edtf);
    /* what was given, where the words are others */
    if (!span_equal(mp_buf_span(&text), edtf)) {
        words_put(&text, " (");
        mp_buf_append(&text, edtf.data, edtf.size);
        words_put(&text, ")");
    }
    text_labelled(out, INDENT, label, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_amount(struct output *out, struct span value)
{
    struct mp_buf text = {0};
    text_amount(&text, value);
    text_labelled(out, INDENT, "amount", mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_quote(struct output *out, struct span quote)
{
    struct mp_buf text = {0};
    struct span words = mp_get_str(quote, "text");
    struct span by = mp_get_str(quote, "by");
    words_put(&text, "\"");
    mp_buf_append(&text, words.data, words.size);
    words_put(&text, "\"");
    if (by.data != NULL) {
        words_put(&text, " - ");
        mp_buf_append(&text, by.data, by.size);
    }
    text_labelled(out, INDENT, "quote", mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_source(struct output *out, struct span source)
{
    struct mp_buf text = {0};
    static const char *const keys[] = {"title", "publisher", "published",
                                       "kind",  "cite",      "url"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct span part = mp_get_str(source, keys[i]);
        if (part.data != NULL && text.size > 0)
            words_put(&text, ", ");
        if (part.data != NULL)
            mp_buf_append(&text, part.data, part.size);
    }
    text_labelled(out, INDENT, "source", mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_sources(struct output *out, struct span sources)
{
    struct mp_reader reader = mp_reader(sources);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++)
        write_source(out, mp_value(&reader));
}

static void
write_inner(struct output *out, const char *label, struct span map)
{
    text_labelled(out, INDENT, label, span_of(""));
    text_map(out, 2 * INDENT, map);
}

static void
write_field(struct output *out, enum model_field field, struct span value)
{
    const char *label = model_fields[field].key;
    switch (model_fields[field].kind) {
    case MODEL_KIND_DATE:
        write_date(out, label, value);
        break;
    case MODEL_KIND_AMOUNT:
        write_amount(out, value);
        break;
    case MODEL_KIND_QUOTE:
        write_quote(out, value);
        break;
    case MODEL_KIND_SOURCES:
        write_sources(out, value);
        break;
    case MODEL_KIND_TERMS:
    case MODEL_KIND_EXT:
        write_inner(out, label, value);
        break;
    case MODEL_KIND_TITLE:
        break; /* is the heading */
    case MODEL_KIND_ID:
    case MODEL_KIND_TYPE:
    case MODEL_KIND_SLUG:
    case MODEL_KIND_SLUGS:
    case MODEL_KIND_TEXTS:
    case MODEL_KIND_SUMMARY:
    case MODEL_KIND_CERTAINTY:
        write_value(out, label, value);
        break;
    }
}

static void
write_recorded(struct output *out, struct span event)
{
    struct mp_reader reader = mp_reader(mp_get(event, "recorded"));
    int64_t recorded_ms = mp_int(&reader);
    char moment[EDTF_FORMAT_SIZE], text[EDTF_FORMAT_SIZE + 80];
    if (reader.failed)
        return;
    edtf_format(recorded_ms, moment);
    snprintf(text, sizeof(text), "%s, position %llu, revision %llu", moment,
             (unsigned long long)mp_get_uint(event, "seq"),
             (unsigned long long)mp_get_uint(event, "rev"));
    text_labelled(out, INDENT, "recorded", span_of(text));
}

/* Which of two ways it is that another event takes this one's place. */
static const char *
superseded_label(struct span other, struct span id)
{
    if (span_equal(mp_get_str(other, "corrects"), id))
        return "corrected by";
    return "retracted by";
}

/* "2017-08, the title", and its id below. */
static void
write_link(struct output *out, const char *label, struct span other)
{
    struct mp_buf text = {0};
    struct span title = mp_get_str(other, "title");
    struct span id = mp_get_str(other, "id");
    words_date(&text, mp_get_str(other, "occurred"));
    if (title.data != NULL) {
        words_put(&text, ", ");
        text_plain_value(&text, mp_get(other, "title"));
        words_put(&text, "\n");
    }
    mp_buf_append(&text, id.data, id.size);
    text_labelled(out, INDENT, label, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_list(struct output *out, struct span context, const char *key,
           const char *label)
{
    struct span id = mp_get_str(mp_get(context, "event"), "id");
    struct mp_reader reader = mp_reader(mp_get(context, key));
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span other = mp_value(&reader);
        if (label == NULL)
            write_link(out, superseded_label(other, id), other);
        else
            write_link(out, i == 0 ? label : "", other);
    }
}

/* The lists that `get` adds. */
static void
write_links(struct output *out, struct span context)
{
    write_list(out, context, "superseded_by", NULL);
    write_list(out, context, "answered_by", "answered by");
    write_list(out, context, "discloses", "made public");
    struct span known = mp_get_str(context, "known");
    struct mp_buf text = {0};
    words_moment(&text, known);
    if (known.data != NULL)
        text_labelled(out, INDENT, "public from", mp_buf_span(&text));
    mp_buf_deinit(&text);
}

void
text_event(struct output *out, struct span context)
{
    struct span event = mp_get(context, "event");
    text_heading(out, STYLE_STRONG, mp_get_str(event, "title"));
    for (size_t i = 0; i < MODEL_FIELD_COUNT; i++) {
        struct span value = mp_get(event, model_fields[i].key);
        if (value.data != NULL)
            write_field(out, (enum model_field)i, value);
    }
    write_links(out, context);
    write_recorded(out, event);
}
