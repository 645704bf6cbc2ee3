/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_WORDS_H
#define CLIENT_WORDS_H

#include "proto/mp.h"

/*
 * Dates, delays and sums as a person would say them.  All append plain text;
 * what comes from an event is not cleaned here (client/text.h).
 */

/*
 * An EDTF string: seasons, quarters and halves in words, intervals as "since",
 * "until" and "to", "about" for `~`; whatever is not simple stays as it is.
 */
void words_date(struct mp_buf *buf, struct span edtf);

/* A moment of an answer (RFC 3339): only its day where it ends that day. */
void words_moment(struct mp_buf *buf, struct span moment);

/* "1 day", "7 weeks", "8 months", "3 years": `days` is at least 1. */
void words_days(struct mp_buf *buf, uint64_t days);

/* "1000000.5" with separators: "1,000,000.5". */
void words_decimal(struct mp_buf *buf, struct span decimal);

/* "1.5bn", "300m", "999": three digits of what is a thousand or more. */
void words_sum(struct mp_buf *buf, struct span decimal);

/* "1,000" */
void words_number(struct mp_buf *buf, uint64_t number);

/* "1 event", "3 events", "1,000 events". */
void words_count(struct mp_buf *buf, uint64_t count, const char *singular);

/* A NUL-terminated text, without quotes or length: plain bytes. */
void words_put(struct mp_buf *buf, const char *text);

#endif
