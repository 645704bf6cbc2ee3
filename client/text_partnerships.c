/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

#include <errno.h>

#include "client/table.h"
#include "client/words.h"

/* Partnerships in a table, of all parties or of one. */

#define INDENT ((size_t)2)

static const struct table_column columns[] = {
    {"partnership", 24, false}, {"stage", 16, false}, {"events", 12, true},
    {"agreements", 10, true},   {"offers", 10, true}, {"money", 0, false}};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static void
put_number(struct table *table, size_t column, struct span row, const char *key)
{
    struct mp_buf text = {0};
    words_number(&text, mp_get_uint(row, key));
    table_put(table, column, STYLE_PLAIN, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
put_sums(struct table *table, size_t column, struct span kind, struct span sums)
{
    struct mp_buf text = {0};
    struct mp_reader reader = mp_reader(sums);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span currency = mp_str(&reader);
        mp_buf_clear(&text);
        mp_buf_append(&text, kind.data, kind.size);
        words_put(&text, " ");
        mp_buf_append(&text, currency.data, currency.size);
        words_put(&text, " ");
        words_sum(&text, mp_str(&reader));
        table_put(table, column, STYLE_PLAIN, mp_buf_span(&text));
    }
    mp_buf_deinit(&text);
}

static void
put_totals(struct table *table, size_t column, struct span totals)
{
    struct mp_reader reader = mp_reader(totals);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span kind = mp_str(&reader);
        put_sums(table, column, kind, mp_value(&reader));
    }
}

static void
put_row(struct table *table, struct output *out, struct span row)
{
    table_put(table, 0, STYLE_PLAIN, mp_get_str(row, "partnership"));
    table_put(table, 1, STYLE_PLAIN, mp_get_str(row, "stage"));
    if (text_is_true(row, "disputed"))
        table_put(table, 1, STYLE_BAD, span_of("disputed"));
    put_number(table, 2, row, "events");
    put_number(table, 3, row, "agreements");
    put_number(table, 4, row, "offers");
    put_totals(table, 5, mp_get(row, "totals"));
    table_row(table, out);
}

/* --- all of them ----------------------------------------------------------*/

void
text_partnerships_begin(struct output *out)
{
    out->table = table_new(columns, COLUMN_COUNT);
    if (out->table == NULL)
        out->error = ENOMEM;
}

void
text_partnerships_item(struct output *out, struct span value)
{
    if (out->table != NULL)
        put_row(out->table, out, value);
}

void
text_partnerships_end(struct output *out)
{
    if (out->table == NULL)
        return;
    table_end(out->table, out);
    struct mp_buf text = {0};
    if (out->count > 0) {
        output_put(out, "\n");
        words_count(&text, out->count, "partnership");
        words_put(&text, ".");
    } else {
        words_put(&text, "No partnerships.");
    }
    text_heading(out, STYLE_STRONG, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

/* --- those of one party ---------------------------------------------------*/

static void
write_rows(struct output *out, struct span rows)
{
    struct table *table = table_new(columns, COLUMN_COUNT);
    if (table == NULL) {
        out->error = ENOMEM;
        return;
    }
    struct mp_reader reader = mp_reader(rows);
    uint32_t count = mp_array(&reader);
    output_put(out, count > 0 ? "\n" : "\nNo partnerships by then.\n");
    for (uint32_t i = 0; i < count && !reader.failed; i++)
        put_row(table, out, mp_value(&reader));
    table_end(table, out);
    table_free(table);
}

static void
write_counterparts(struct output *out, struct span counterparts)
{
    struct mp_buf text = {0};
    struct mp_reader reader = mp_reader(counterparts);
    uint32_t count = mp_array(&reader);
    if (count > 0)
        text_section(out, "Other parties");
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span other = mp_value(&reader);
        mp_buf_clear(&text);
        text_plain_value(&text, mp_get(other, "partnerships"));
        text_labelled_span(out, INDENT, mp_get_str(other, "party"),
                           mp_buf_span(&text));
    }
    mp_buf_deinit(&text);
}

void
text_party(struct output *out, struct span party)
{
    struct mp_buf text = {0};
    text_heading(out, STYLE_STRONG, mp_get_str(party, "party"));
    text_put_as_of(&text, party);
    text_heading(out, STYLE_FAINT, mp_buf_span(&text));
    mp_buf_deinit(&text);
    write_rows(out, mp_get(party, "partnerships"));
    write_counterparts(out, mp_get(party, "counterparts"));
    text_totals(out, mp_get(party, "totals"));
}
