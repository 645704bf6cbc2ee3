/* SPDX-License-Identifier: MIT */
#include "client/output.h"

#include "client/csv.h"
#include "proto/model.h"

/*
 * csv: fixed columns for each list, the keys of its items.  What has no fixed
 * columns, a state, a difference of states or an event with
 * its context, is not shown.
 */

/* Room for the columns of an event: what the daemon adds, its fields, the
 * lag. */
#define COLUMNS_MAX (MODEL_FIELD_COUNT + 8)

static size_t
event_columns(const char **columns, bool with_lag)
{
    size_t count = 0;
    columns[count++] = "seq";
    columns[count++] = "rev";
    columns[count++] = "recorded";
    for (size_t i = 0; i < MODEL_FIELD_COUNT; i++)
        columns[count++] = model_fields[i].key;
    if (with_lag)
        columns[count++] = "lag_days";
    return count;
}

/* Those of the lists that are not of events. */
static const char *const other_columns[SUBJECT_COUNT][COLUMNS_MAX] = {
    [SUBJECT_STORED] = {"id", "seq", "rev", "duplicate"},
    [SUBJECT_CHECKED] = {"id"},
    [SUBJECT_LIST] = {"partnership", "stage", "disputed", "events", "last",
                      "agreements", "offers", "totals"},
    [SUBJECT_REVELATIONS] = {"id", "seq", "occurred", "title", "discloses",
                             "longest_lag_days"},
};

static size_t
list_columns(const struct output *out, const char **columns)
{
    enum subject subject = out->subject;
    if (subject == SUBJECT_REPLAY || subject == SUBJECT_WATCH)
        return event_columns(columns, false);
    if (subject == SUBJECT_TIMELINE || subject == SUBJECT_GAP)
        return event_columns(columns, true);
    size_t count = 0;
    for (; other_columns[subject][count] != NULL; count++)
        columns[count] = other_columns[subject][count];
    return count;
}

static bool
can(enum subject subject)
{
    return subject != SUBJECT_EVENT && subject != SUBJECT_STATE &&
           subject != SUBJECT_DIFF;
}

static void
finish_line(struct output *out)
{
    mp_buf_append(&out->line, "\n", 1);
    output_write(out, mp_buf_span(&out->line));
    mp_buf_clear(&out->line);
}

static void
put_separator(struct output *out, size_t column)
{
    if (column > 0)
        mp_buf_append(&out->line, ",", 1);
}

static void
begin(struct output *out)
{
    const char *columns[COLUMNS_MAX];
    size_t count = list_columns(out, columns);
    mp_buf_clear(&out->line);
    for (size_t i = 0; i < count; i++) {
        put_separator(out, i);
        csv_put_text(&out->line, span_of(columns[i]));
    }
    finish_line(out);
}

static void
put_item(struct output *out, struct span value)
{
    const char *columns[COLUMNS_MAX];
    size_t count = list_columns(out, columns);
    for (size_t i = 0; i < count; i++) {
        put_separator(out, i);
        csv_put(&out->line, mp_get(value, columns[i]));
    }
    finish_line(out);
}

/* A map as lines of name and value; anything else as one value. */
static void
put_document(struct output *out, struct span value)
{
    struct mp_reader reader = mp_reader(value);
    mp_buf_clear(&out->line);
    if (mp_peek(&reader) != MP_MAP) {
        output_put(out, "answer\n");
        csv_put(&out->line, value);
        finish_line(out);
        return;
    }
    output_put(out, "name,value\n");
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        csv_put(&out->line, mp_value(&reader));
        put_separator(out, 1);
        csv_put(&out->line, mp_value(&reader));
        finish_line(out);
    }
}

const struct format format_csv = {
    .name = "csv",
    .can = can,
    .begin = begin,
    .item = put_item,
    .document = put_document,
};
