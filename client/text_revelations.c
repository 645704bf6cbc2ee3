/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

#include <errno.h>

#include "client/table.h"
#include "client/words.h"

/* Court revelations, each with the events that it made public below it. */

static const struct table_column columns[] = {{"date", 26, false},
                                              {"revelation", 0, false}};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

void
text_revelations_begin(struct output *out)
{
    out->table = table_new(columns, COLUMN_COUNT);
    if (out->table == NULL)
        out->error = ENOMEM;
}

static void
put_disclosed(struct table *table, uint32_t count, uint64_t lag_days)
{
    struct mp_buf text = {0};
    if (count == 0) {
        words_put(&text, "disclosed nothing that is in the log");
    } else {
        words_put(&text, "disclosed ");
        words_count(&text, count, "event");
    }
    if (lag_days > 0) {
        words_put(&text, ", kept quiet for ");
        words_put(&text, count > 1 ? "up to " : "");
        words_days(&text, lag_days);
    }
    table_put(table, 1, STYLE_WARN, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

void
text_revelations_item(struct output *out, struct span value)
{
    struct table *table = out->table;
    if (table == NULL)
        return;
    struct mp_reader reader = mp_reader(mp_get(value, "discloses"));
    uint32_t count = mp_array(&reader);
    if (out->count > 0)
        table_row(table, out); /* an empty line */
    text_mention(table, STYLE_STRONG, "", value);
    put_disclosed(table, count, mp_get_uint(value, "longest_lag_days"));
    table_row(table, out);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        text_mention(table, STYLE_PLAIN, "  ", mp_value(&reader));
        table_row(table, out);
    }
}

void
text_revelations_end(struct output *out)
{
    if (out->table == NULL)
        return;
    table_end(out->table, out);
    struct mp_buf text = {0};
    if (out->count > 0) {
        output_put(out, "\n");
        words_count(&text, out->count, "revelation");
        words_put(&text, ".");
    } else {
        words_put(&text, "No revelations.");
    }
    text_heading(out, STYLE_STRONG, mp_buf_span(&text));
    mp_buf_deinit(&text);
}
