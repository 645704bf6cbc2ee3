/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

#include <errno.h>

#include "client/table.h"
#include "client/words.h"
#include "proto/edtf.h"
#include "proto/event.h"

/* Lists of events as tables. */

/* On a terminal that is narrower, who took part stands below what happened. */
#define WIDE_WIDTH_MIN 110

/* A replay has positions in front; the last column is for wide terminals. */
static const struct table_column columns[] = {{"position", 12, true},
                                              {"date", 24, false},
                                              {"type", 16, false},
                                              {"what", 0, false},
                                              {"who", 24, false}};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static bool
is_wide(const struct output *out)
{
    return out->width >= WIDE_WIDTH_MIN;
}

static size_t
first_column(const struct output *out)
{
    return out->subject == SUBJECT_REPLAY ? 0 : 1;
}

void
text_list_begin(struct output *out)
{
    size_t first = first_column(out);
    if (out->subject == SUBJECT_STORED || out->subject == SUBJECT_CHECKED)
        return; /* the command sums them up */
    out->table = table_new(columns + first,
                           COLUMN_COUNT - first - (is_wide(out) ? 0 : 1));
    if (out->table == NULL)
        out->error = ENOMEM;
}

/* --- events ---------------------------------------------------------------*/

/* Not public yet, or public much later than it happened. */
static void
put_lag(struct table *table, size_t column, struct span event)
{
    struct span value = mp_get(event, "lag_days");
    if (value.data == NULL)
        return;
    struct mp_buf text = {0};
    struct mp_reader reader = mp_reader(value);
    if (mp_peek(&reader) == MP_NIL) {
        words_put(&text, "has not become public");
    } else {
        uint64_t days = mp_uint(&reader);
        if (days == 0)
            return;
        words_put(&text, "became public ");
        words_days(&text, days);
        words_put(&text, " later");
    }
    table_put(table, column, STYLE_WARN, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

/* `--possible` lists what may have happened by then beside what has. */
static void
put_possible(const struct output *out, size_t column, struct span event)
{
    struct edtf date;
    struct edtf_fault fault;
    struct span occurred = mp_get_str(event, "occurred");
    if (out->at_ms == INT64_MAX || occurred.data == NULL ||
        !edtf_parse(occurred, &date, &fault) ||
        edtf_certain(&date) <= out->at_ms)
        return;
    table_put(out->table, column, STYLE_WARN,
              span_of("may not have happened by then"));
}

static void
put_certainty(struct table *table, size_t column, struct span event)
{
    struct span certainty = mp_get_str(event, "certainty");
    if (span_is(certainty, model_certainties[MODEL_ALLEGED]) ||
        span_is(certainty, model_certainties[MODEL_DISPUTED]))
        table_put(table, column, STYLE_BAD, certainty);
}

static void
put_value(struct table *table, size_t column, enum style style,
          struct span value)
{
    if (value.data == NULL)
        return;
    struct mp_buf text = {0};
    text_plain_value(&text, value);
    table_put(table, column, style, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
put_what(struct output *out, size_t column, struct span event)
{
    struct table *table = out->table;
    struct mp_buf amount = {0};
    table_put(table, column, STYLE_PLAIN, mp_get_str(event, "title"));
    struct span money = mp_get(event, "amount");
    if (money.data != NULL) {
        text_amount(&amount, money);
        table_put(table, column, STYLE_GOOD, mp_buf_span(&amount));
        mp_buf_deinit(&amount);
    }
    if (!is_wide(out))
        put_value(table, column, STYLE_PLAIN, mp_get(event, "parties"));
    put_certainty(table, column, event);
    put_lag(table, column, event);
    put_possible(out, column, event);
    table_put(table, column, STYLE_FAINT, mp_get_str(event, "id"));
}

static void
put_event(struct output *out, struct span event)
{
    struct table *table = out->table;
    struct mp_buf date = {0};
    size_t column = 0;
    if (first_column(out) == 0)
        put_value(table, column++, STYLE_FAINT, mp_get(event, "seq"));
    words_date(&date, mp_get_str(event, "occurred"));
    table_put(table, column++, STYLE_PLAIN, mp_buf_span(&date));
    mp_buf_deinit(&date);
    table_put(table, column++, STYLE_PLAIN, mp_get_str(event, "type"));
    put_what(out, column, event);
    if (is_wide(out))
        put_value(table, column + 1, STYLE_PLAIN, mp_get(event, "parties"));
}

void
text_list_item(struct output *out, struct span value)
{
    if (out->table == NULL)
        return;
    put_event(out, value);
    table_row(out->table, out);
}

/* --- the end --------------------------------------------------------------*/

static void
put_verdict(struct output *out, struct mp_buf *text)
{
    if (out->subject == SUBJECT_GAP && out->count == 0) {
        words_put(text, "All that had happened was public.");
    } else if (out->subject == SUBJECT_GAP) {
        words_count(text, out->count, "event");
        words_put(text, " had happened that the public did not know of.");
    } else if (out->count == 0) {
        words_put(text, "No events.");
    } else {
        words_count(text, out->count, "event");
        words_put(text, ".");
    }
}

void
text_list_end(struct output *out)
{
    if (out->table == NULL)
        return;
    table_end(out->table, out);
    struct mp_buf text = {0};
    put_verdict(out, &text);
    if (out->count > 0)
        output_put(out, "\n");
    text_heading(out, STYLE_STRONG, mp_buf_span(&text));
    mp_buf_deinit(&text);
}
