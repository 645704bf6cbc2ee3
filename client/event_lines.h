/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_EVENT_LINES_H
#define CLIENT_EVENT_LINES_H

#include "client/json.h"

/* Lines of JSON as events that are ready to be sent. */

/* A line of spaces, which stands for nothing. */
bool event_line_is_blank(struct span line);

/*
 * Append the event of one line: `seq`, `rev` and `recorded` are taken out
 * where all three are there (a line of an export), and one without `id` gets
 * that of its content, so that importing it again stores nothing new.  False
 * with `*fault` set.
 */
bool event_line_read(struct span line, struct mp_buf *events,
                     struct json_fault *fault)
    __attribute__((warn_unused_result));

/* The same of a line that is a CloudEvent (client/cloudevents.h). */
bool event_line_read_cloudevent(struct span line, struct mp_buf *events,
                                struct json_fault *fault)
    __attribute__((warn_unused_result));

/* The same of an event that is a map already. */
bool event_line_prepare(struct span event, struct mp_buf *events,
                        struct json_fault *fault)
    __attribute__((warn_unused_result));

#endif
