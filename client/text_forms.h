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

void text_state(struct output *out, struct span state);
void text_event(struct output *out, struct span context);

/* --- paragraphs.c: lines below a heading ---------------------------------*/

/* One line in `style`. */
void text_heading(struct output *out, enum style style, struct span text);

/* Clean `text`, wrap it to the terminal, and indent it by `indent`. */
void text_paragraph(struct output *out, size_t indent, enum style style,
                    struct span text);

/* The same behind a faint label, later lines below the first. */
void text_labelled(struct output *out, size_t indent, const char *label,
                   struct span text);

/* `value` on one line: a str as it is, a list joined by ", ", else JSON. */
void text_plain_value(struct mp_buf *buf, struct span value);

/* {value, currency, kind} as "USD 1,000,000 committed". */
void text_amount(struct mp_buf *buf, struct span amount);

/* Each key of a map, labelled. */
void text_map(struct output *out, size_t indent, struct span map);

#endif
