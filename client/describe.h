/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_DESCRIBE_H
#define CLIENT_DESCRIBE_H

#include "proto/mp.h"

/*
 * An event in a few lines of plain text, for calendars and timelines: when in
 * words, who, how much, the summary and the quote.  The title and the sources
 * stand elsewhere there.
 */
void describe_event(struct mp_buf *buf, struct span event);

/* The words of the event's date alone. */
void describe_date(struct mp_buf *buf, struct span event);

/*
 * The next of an event's sources: what to call it, and its address where that
 * is one of the web, else absent.  Start with the reader on the list; false at
 * the end.
 */
bool describe_source(struct mp_reader *sources, uint32_t *left,
                     struct span *name, struct span *url);

/* How many sources, with the reader behind the list's header. */
uint32_t describe_sources(struct span event, struct mp_reader *sources);

#endif
