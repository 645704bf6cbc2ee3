/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

#include "client/table.h"
#include "client/words.h"

/* What several answers have, each in one form. */

#define INDENT ((size_t)2)

bool
text_is_true(struct span map, const char *key)
{
    struct span value = mp_get(map, key);
    struct mp_reader reader = mp_reader(value);
    return value.data != NULL && mp_peek(&reader) == MP_BOOL &&
           mp_next(&reader).truth;
}

uint32_t
text_count_of(struct span value)
{
    struct mp_reader reader = mp_reader(value);
    if (value.data == NULL)
        return 0;
    struct mp_token token = mp_next(&reader);
    return token.kind == MP_MAP || token.kind == MP_ARRAY ? token.count : 0;
}

void
text_section(struct output *out, const char *name)
{
    output_put(out, "\n");
    text_heading(out, STYLE_STRONG, span_of(name));
}

void
text_put_as_of(struct mp_buf *buf, struct span answer)
{
    struct span at = mp_get_str(answer, "at");
    struct span known = mp_get_str(answer, "known");
    if (at.data == NULL) {
        words_put(buf, "at any time");
    } else {
        words_put(buf, "as of ");
        words_moment(buf, at);
    }
    if (known.data == NULL) {
        words_put(buf, ", by all that is known");
    } else {
        words_put(buf, ", by what was public on ");
        words_moment(buf, known);
    }
    words_put(buf, " (position ");
    text_plain_value(buf, mp_get(answer, "position"));
    words_put(buf, ")");
}

/* --- money ----------------------------------------------------------------*/

static void
put_sums(struct mp_buf *buf, struct span sums)
{
    struct mp_reader reader = mp_reader(sums);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span currency = mp_str(&reader);
        if (i > 0)
            words_put(buf, ", ");
        mp_buf_append(buf, currency.data, currency.size);
        words_put(buf, " ");
        words_decimal(buf, mp_str(&reader));
    }
}

void
text_totals(struct output *out, struct span totals)
{
    struct mp_buf text = {0};
    if (text_count_of(totals) == 0)
        return;
    text_section(out, "Money");
    struct mp_reader reader = mp_reader(totals);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span kind = mp_str(&reader);
        mp_buf_clear(&text);
        put_sums(&text, mp_value(&reader));
        text_labelled_span(out, INDENT, kind, mp_buf_span(&text));
    }
    mp_buf_deinit(&text);
}

/* --- events ---------------------------------------------------------------*/

void
text_mention(struct table *table, enum style style, const char *mark,
             struct span event)
{
    struct mp_buf date = {0};
    struct span title = mp_get_str(event, "title");
    words_put(&date, mark);
    words_date(&date, mp_get_str(event, "occurred"));
    table_put(table, 0, style, mp_buf_span(&date));
    if (title.data != NULL)
        table_put(table, 1, STYLE_PLAIN, title);
    table_put(table, 1, STYLE_FAINT, mp_get_str(event, "id"));
    mp_buf_deinit(&date);
}
