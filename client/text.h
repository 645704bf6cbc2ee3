/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_TEXT_H
#define CLIENT_TEXT_H

#include "proto/mp.h"

/*
 * UTF-8 for a terminal: characters, their width, and nothing that a terminal
 * would obey.  Widths are those of wcwidth in a UTF-8 locale (text_init).
 */

#define TEXT_REPLACEMENT 0xfffdu /* stands for what cannot be shown */

/* Make widths those of Unicode, whatever the user's locale. */
void text_init(void);

/* Take the first character; TEXT_REPLACEMENT for each byte of none. */
uint32_t text_next(struct span *rest);

/* A control character of C0, C1, or one that reorders the text around it. */
bool text_is_control(uint32_t character);

/* Append one character as UTF-8. */
void text_put(struct mp_buf *buf, uint32_t character);

/*
 * Append `text` in a form that is safe to show: control characters become
 * TEXT_REPLACEMENT, a newline or tab a space (a newline stays if `lines`).
 */
void text_put_clean(struct mp_buf *buf, struct span text, bool lines);

/* Columns that a clean text takes. */
size_t text_width(struct span text);

/*
 * Cut the next line of at most `width` columns (at least one character) off a
 * clean text: at a newline, else at the last space that fits, else within the
 * word.  False at the end.
 */
bool text_wrap(struct span *rest, size_t width, struct span *line);

#endif
