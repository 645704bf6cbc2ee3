/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

#include "client/words.h"

/* The state of a partnership on one page. */

#define INDENT 2
#define INDENT_INNER 4

static void
put_span(struct mp_buf *buf, struct span text)
{
    mp_buf_append(buf, text.data, text.size);
}

/* --- heading --------------------------------------------------------------*/

static void
write_title(struct output *out, struct span state)
{
    struct mp_buf text = {0};
    put_span(&text, mp_get_str(state, "partnership"));
    words_put(&text, ": ");
    put_span(&text, mp_get_str(state, "stage"));
    if (text_is_true(state, "disputed"))
        words_put(&text, ", disputed");
    text_heading(out, STYLE_STRONG, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_as_of(struct output *out, struct span state)
{
    struct mp_buf text = {0};
    text_put_as_of(&text, state);
    text_heading(out, STYLE_FAINT, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_undisclosed(struct output *out, struct span state)
{
    uint64_t count = mp_get_uint(state, "undisclosed");
    if (count == 0)
        return;
    struct mp_buf text = {0};
    words_count(&text, count, "event");
    words_put(&text, " had happened that the public did not know of");
    text_heading(out, STYLE_WARN, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

/* --- sections -------------------------------------------------------------*/

static void
write_dated(struct output *out, struct span entry)
{
    struct mp_buf text = {0};
    words_date(&text, mp_get_str(entry, "occurred"));
    struct span effective = mp_get_str(entry, "effective");
    if (effective.data != NULL) {
        words_put(&text, ", effective ");
        words_date(&text, effective);
    }
    words_put(&text, "  ");
    put_span(&text, mp_get_str(entry, "id"));
    text_paragraph(out, INDENT_INNER, STYLE_FAINT, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_entry(struct output *out, struct span entry)
{
    text_paragraph(out, INDENT, STYLE_PLAIN, mp_get_str(entry, "title"));
    write_dated(out, entry);
    struct span amount = mp_get(entry, "amount");
    struct mp_reader reader = mp_reader(amount);
    if (amount.data != NULL && mp_peek(&reader) == MP_MAP) {
        struct mp_buf text = {0};
        text_amount(&text, amount);
        text_paragraph(out, INDENT_INNER, STYLE_GOOD, mp_buf_span(&text));
        mp_buf_deinit(&text);
    }
    struct span terms = mp_get(entry, "terms");
    if (terms.data != NULL)
        text_map(out, INDENT_INNER, terms);
}

/* The entries of a list, all or those of one status. */
static void
write_entries(struct output *out, const char *name, struct span list,
              const char *status)
{
    struct mp_reader reader = mp_reader(list);
    uint32_t count = mp_array(&reader);
    bool begun = false;
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span entry = mp_value(&reader);
        if (status != NULL && !span_is(mp_get_str(entry, "status"), status))
            continue;
        if (!begun)
            text_section(out, name);
        begun = true;
        write_entry(out, entry);
    }
}

static void
write_terms(struct output *out, struct span state)
{
    struct span terms = mp_get(state, "terms");
    /* with one agreement they are the same as its own, above */
    if (text_count_of(terms) == 0 ||
        text_count_of(mp_get(state, "agreements")) < 2)
        return;
    text_section(out, "Terms in force together");
    text_map(out, INDENT, terms);
}

static void
put_counts(struct mp_buf *text, struct span counts)
{
    struct mp_reader reader = mp_reader(counts);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        words_put(text, i == 0 ? " (" : ", ");
        put_span(text, mp_str(&reader));
        words_put(text, " ");
        text_plain_value(text, mp_value(&reader));
    }
    if (count > 0)
        words_put(text, ")");
}

static void
write_list(struct output *out, const char *label, struct span value)
{
    if (text_count_of(value) == 0)
        return;
    struct mp_buf text = {0};
    text_plain_value(&text, value);
    text_labelled(out, INDENT, label, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_id(struct output *out, const char *label, struct span id)
{
    if (id.data != NULL)
        text_labelled(out, INDENT, label, id);
}

static void
write_history(struct output *out, struct span state)
{
    struct mp_buf text = {0};
    text_section(out, "History");
    words_count(&text, mp_get_uint(state, "events"), "event");
    put_counts(&text, mp_get(state, "counts"));
    text_labelled(out, INDENT, "so far", mp_buf_span(&text));
    write_id(out, "first", mp_get_str(state, "first"));
    write_id(out, "last", mp_get_str(state, "last"));
    write_list(out, "parties", mp_get(state, "parties"));
    write_list(out, "possible", mp_get(state, "possible"));
    mp_buf_deinit(&text);
}

void
text_state(struct output *out, struct span state)
{
    struct span agreements = mp_get(state, "agreements");
    write_title(out, state);
    write_as_of(out, state);
    write_undisclosed(out, state);
    write_entries(out, "Agreements in force", agreements, "in_force");
    write_entries(out, "Agreements to come", agreements, "pending");
    write_entries(out, "Offers on the table", mp_get(state, "offers"), NULL);
    write_entries(out, "Disputes", mp_get(state, "disputes"), NULL);
    write_terms(out, state);
    text_totals(out, mp_get(state, "totals"));
    write_history(out, state);
}
