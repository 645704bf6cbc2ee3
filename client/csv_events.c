/* SPDX-License-Identifier: MIT */
#include "client/csv_events.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/assign.h"
#include "client/event_lines.h"

/* What some programs write before UTF-8. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static enum csv_events_result
fail(struct json_fault *fault, const char *reason)
{
    *fault = (struct json_fault){.line = 1};
    snprintf(fault->reason, sizeof(fault->reason), "%.*s",
             (int)sizeof(fault->reason) - 1, reason);
    return CSV_EVENTS_FAULT;
}

static void
forget_columns(struct csv_events *csv)
{
    for (size_t i = 0; i < csv->column_count; i++)
        path_deinit(&csv->columns[i]);
    free(csv->columns);
    csv->columns = NULL;
    csv->column_count = 0;
}

void
csv_events_reset(struct csv_events *csv)
{
    forget_columns(csv);
    csv_record_deinit(&csv->record);
    csv->line = 0;
}

/* --- names ----------------------------------------------------------------*/

static bool
is_assigned(struct span name)
{
    return span_is(name, "seq") || span_is(name, "rev") ||
           span_is(name, "recorded");
}

/* An export has all three of them. */
static bool
is_exported(const struct csv_record *record)
{
    size_t assigned = 0;
    for (size_t i = 0; i < record->count; i++)
        assigned += is_assigned(csv_field(record, i));
    return assigned == 3;
}

static bool
is_named_before(const struct csv_record *record, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (span_equal(csv_field(record, i), csv_field(record, index)))
            return true;
    return false;
}

static bool
read_name(struct csv_events *csv, struct span name, bool exported,
          struct json_fault *fault)
{
    char reason[PATH_REASON_SIZE], text[JSON_REASON_SIZE];
    struct path *path = &csv->columns[csv->column_count++];
    struct span rest = name;
    *path = (struct path){0};
    if (exported && is_assigned(name))
        return true;
    bool good = path_read(path, &rest, '\0', reason);
    if (good && model_field_find(path_key(path, 0)) == MODEL_FIELD_COUNT) {
        good = false;
        snprintf(reason, sizeof(reason),
                 "is no field of an event; the first line names the fields");
    }
    if (!good) {
        snprintf(text, sizeof(text), "%.*s: %.150s",
                 name.size < 40 ? (int)name.size : 40, (const char *)name.data,
                 reason);
        (void)fail(fault, text);
    }
    return good;
}

static enum csv_events_result
read_names(struct csv_events *csv, struct json_fault *fault)
{
    const struct csv_record *record = &csv->record;
    bool exported = is_exported(record);
    csv->columns = calloc(record->count, sizeof(*csv->columns));
    if (csv->columns == NULL)
        return fail(fault, "no memory");
    enum csv_events_result result = CSV_EVENTS_NOTHING;
    for (size_t i = 0; i < record->count && result != CSV_EVENTS_FAULT; i++) {
        if (!read_name(csv, csv_field(record, i), exported, fault))
            result = CSV_EVENTS_FAULT;
        else if (is_named_before(record, i))
            result = fail(fault, "the first line names a field twice");
    }
    if (result == CSV_EVENTS_FAULT)
        forget_columns(csv);
    return result;
}

/* --- events ---------------------------------------------------------------*/

static enum csv_events_result
read_event(const struct csv_events *csv, struct mp_buf *event,
           struct json_fault *fault)
{
    const struct assign assign = {.now = NULL};
    char reason[ASSIGN_REASON_SIZE];
    if (csv->record.count != csv->column_count) {
        snprintf(reason, sizeof(reason),
                 "has %zu fields; the first line names %zu", csv->record.count,
                 csv->column_count);
        return fail(fault, reason);
    }
    mp_put_map(event, 0);
    for (size_t i = 0; i < csv->column_count; i++) {
        struct span text = csv_field(&csv->record, i);
        if (csv->columns[i].count > 0 && text.size > 0 &&
            !assign_set(&assign, event, &csv->columns[i], text, reason))
            return fail(fault, reason);
    }
    return CSV_EVENTS_EVENT;
}

enum csv_events_result
csv_events_line(struct csv_events *csv, struct span line, size_t number,
                struct mp_buf *event, struct json_fault *fault)
{
    const char *reason;
    const size_t mark = strlen(BYTE_ORDER_MARK);
    if (number == 1 && line.size >= mark &&
        memcmp(line.data, BYTE_ORDER_MARK, mark) == 0)
        line = (struct span){line.data + mark, line.size - mark};
    if (!csv->record.open) {
        csv->line = number;
        if (event_line_is_blank(line))
            return CSV_EVENTS_NOTHING;
    }
    switch (csv_read_line(&csv->record, line, &reason)) {
    case CSV_MORE:
        return CSV_EVENTS_NOTHING;
    case CSV_FAULT:
        return fail(fault, reason);
    case CSV_RECORD:
        break;
    }
    return csv->columns == NULL ? read_names(csv, fault)
                                : read_event(csv, event, fault);
}

bool
csv_events_end(const struct csv_events *csv, struct json_fault *fault)
{
    if (!csv->record.open)
        return true;
    (void)fail(fault, "a quotation mark that is not closed");
    return false;
}
