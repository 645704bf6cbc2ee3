/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_TEXT_FORMS_H
#define CLIENT_TEXT_FORMS_H

#include "client/output.h"

/*
 * How each subject looks to a person; what client/format_text.c is made of.
 * Text is for reading, and may change; JSON is the contract for programs.
 */

void text_list_begin(struct output *out);
void text_list_item(struct output *out, struct span value);
void text_list_end(struct output *out);

void text_partnerships_begin(struct output *out);
void text_partnerships_item(struct output *out, struct span value);
void text_partnerships_end(struct output *out);

void text_revelations_begin(struct output *out);
void text_revelations_item(struct output *out, struct span value);
void text_revelations_end(struct output *out);

/* Neither begins nor ends. */
void text_watch_item(struct output *out, struct span event);

/* Of the answers of a daemon; where they name events by id, client/lookup.h. */
void text_state(struct output *out, struct span state);
void text_event(struct output *out, struct span context);
void text_party(struct output *out, struct span party);
void text_diff(struct output *out, struct span diff);

/* --- paragraphs.c: lines below a heading ----------------------------------*/

/* One line in `style`. */
void text_heading(struct output *out, enum style style, struct span text);

/* Clean `text`, wrap it to the terminal, and indent it by `indent`. */
void text_paragraph(struct output *out, size_t indent, enum style style,
                    struct span text);

/* The same behind a faint label, later lines below the first. */
void text_labelled(struct output *out, size_t indent, const char *label,
                   struct span text);

void text_labelled_span(struct output *out, size_t indent, struct span label,
                        struct span text);

/* `value` on one line: a str as it is, a list joined by ", ", else JSON. */
void text_plain_value(struct mp_buf *buf, struct span value);

/* {value, currency, kind} as "USD 1,000,000 committed". */
void text_amount(struct mp_buf *buf, struct span amount);

/* Each key of a map, labelled. */
void text_map(struct output *out, size_t indent, struct span map);

/* --- text_parts.c: what several answers have ------------------------------*/

/* A heading of its own after an empty line. */
void text_section(struct output *out, const char *name);

/* "as of 2018-12-31, by all that is known (position 143)" */
void text_put_as_of(struct mp_buf *buf, struct span answer);

/* {kind: {currency: sum}} as a section, where there is any. */
void text_totals(struct output *out, struct span totals);

/*
 * An event that is only mentioned: a row whose columns are `mark` and its date,
 * and its title and id.
 */
void text_mention(struct table *table, enum style style, const char *mark,
                  struct span event);

/* Under a key of a map: true, and nothing else. */
bool text_is_true(struct span map, const char *key);

/* How many a map or a list has; 0 for anything else. */
uint32_t text_count_of(struct span value);

#endif
