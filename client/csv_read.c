/* SPDX-License-Identifier: MIT */
#include "client/csv_read.h"

enum place {
    PLACE_START,  /* of a field */
    PLACE_PLAIN,  /* in one without quotation marks */
    PLACE_QUOTED, /* in one with them */
    PLACE_BEHIND, /* a quotation mark within such: its end, or one of two */
};

void
csv_record_deinit(struct csv_record *record)
{
    mp_buf_deinit(&record->text);
    mp_buf_deinit(&record->ends);
    *record = (struct csv_record){0};
}

static void
end_field(struct csv_record *record)
{
    mp_buf_append(&record->ends, &record->text.size, sizeof(record->text.size));
    record->count++;
}

static enum place
end_and_start(struct csv_record *record)
{
    end_field(record);
    return PLACE_START;
}

static enum place
put(struct csv_record *record, char byte, enum place next)
{
    mp_buf_append(&record->text, &byte, 1);
    return next;
}

/* Where the reading is behind `byte`; false where none may be there. */
static bool
step(struct csv_record *record, enum place *place, char byte,
     const char **reason)
{
    switch (*place) {
    case PLACE_START:
        *place = byte == '"'   ? PLACE_QUOTED
                 : byte == ',' ? end_and_start(record)
                               : put(record, byte, PLACE_PLAIN);
        return true;
    case PLACE_PLAIN:
        if (byte == '"') {
            *reason = "a quotation mark within a field; put the field in "
                      "quotation marks and write it twice";
            return false;
        }
        *place = byte == ',' ? end_and_start(record)
                             : put(record, byte, PLACE_PLAIN);
        return true;
    case PLACE_QUOTED:
        *place = byte == '"' ? PLACE_BEHIND : put(record, byte, PLACE_QUOTED);
        return true;
    case PLACE_BEHIND:
        break;
    }
    if (byte != '"' && byte != ',') {
        *reason = "a field goes on behind its closing quotation mark; a "
                  "quotation mark within it is written twice";
        return false;
    }
    *place =
        byte == ',' ? end_and_start(record) : put(record, byte, PLACE_QUOTED);
    return true;
}

static void
begin(struct csv_record *record)
{
    mp_buf_clear(&record->text);
    mp_buf_clear(&record->ends);
    record->count = 0;
}

enum csv_result
csv_read_line(struct csv_record *record, struct span line, const char **reason)
{
    enum place place = record->open ? PLACE_QUOTED : PLACE_START;
    if (!record->open)
        begin(record);
    record->open = false;
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    if (record->text.size + line.size >= CSV_RECORD_SIZE_MAX) {
        *reason = "a record of 16 MiB; is a quotation mark not closed?";
        return CSV_FAULT;
    }
    for (size_t i = 0; i < line.size; i++)
        if (!step(record, &place, (char)line.data[i], reason))
            return CSV_FAULT;
    record->open = place == PLACE_QUOTED;
    if (record->open)
        (void)put(record, '\n', PLACE_QUOTED);
    else
        end_field(record);
    if (record->text.failed || record->ends.failed) {
        *reason = "no memory";
        return CSV_FAULT;
    }
    return record->open ? CSV_MORE : CSV_RECORD;
}

static size_t
end_of(const struct csv_record *record, size_t index)
{
    size_t end;
    memcpy(&end, record->ends.data + index * sizeof(end), sizeof(end));
    return end;
}

struct span
csv_field(const struct csv_record *record, size_t index)
{
    size_t start = index > 0 ? end_of(record, index - 1) : 0;
    size_t end = end_of(record, index);
    if (start == end)
        return span_of("");
    return (struct span){record->text.data + start, end - start};
}
