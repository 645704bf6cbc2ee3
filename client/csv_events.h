/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CSV_EVENTS_H
#define CLIENT_CSV_EVENTS_H

#include "client/csv_read.h"
#include "client/json.h"
#include "client/path.h"

/*
 * Events from CSV: the first record names the fields, each other is an event.
 * A name is a place as client/path.h reads it, a value what client/assign.h
 * takes for it, but that a date is kept as it is; an empty one is not there.
 * The columns seq, rev and recorded, all three, are left out.
 */

/* Start with {0}. */
struct csv_events {
    struct csv_record record;
    struct path *columns; /* of the file; NULL until its names were read;
                             of count 0: left out */
    size_t column_count;
    size_t line; /* where the record began */
};

enum csv_events_result {
    CSV_EVENTS_EVENT,
    CSV_EVENTS_NOTHING, /* the names, an empty line, or a part of a record */
    CSV_EVENTS_FAULT,   /* `*fault` is set, and csv->line */
};

/* Be ready for another file; also the end of all. */
void csv_events_reset(struct csv_events *csv);

/* Take the line of that number; an event is appended as a map. */
enum csv_events_result csv_events_line(struct csv_events *csv, struct span line,
                                       size_t number, struct mp_buf *event,
                                       struct json_fault *fault);

/* The file has ended. False, with `*fault` set, within a record. */
bool csv_events_end(const struct csv_events *csv, struct json_fault *fault)
    __attribute__((warn_unused_result));

#endif
