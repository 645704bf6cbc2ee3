/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_ASSIGN_H
#define CLIENT_ASSIGN_H

#include "client/path.h"

#include <time.h>

/*
 * Values of an event's fields, as a person types them: `field = text`.
 *
 *   parties, people    joined by ;  (or a list as JSON)
 *   amount             VALUE:CURRENCY[:KIND]  (or an object as JSON)
 *   terms.x, ext.x     JSON where it is, else text
 *   terms.effective    a date; null takes it away, in an amendment
 *   terms, ext, quote, sources, sources[0]   as JSON
 *   any other          the text itself
 *
 * An empty text takes the field away.
 */

/* Room for a place and what is wrong there, and its NUL. */
#define ASSIGN_REASON_SIZE (2 * PATH_REASON_SIZE)

/* Where what is typed comes from. */
struct assign {
    /* What today, yesterday and now mean in dates; NULL: they are refused. */
    const struct timespec *now;
};

/* Set a field of `*event`, an encoded map, and put the new one in its place.
 * False with `reason` filled: "terms.effective: not a date". */
bool assign_set(const struct assign *assign, struct mp_buf *event,
                const struct path *path, struct span text,
                char reason[ASSIGN_REASON_SIZE])
    __attribute__((warn_unused_result));

/* The same of "FIELD=VALUE". */
bool assign_line(const struct assign *assign, struct mp_buf *event,
                 const char *line, char reason[ASSIGN_REASON_SIZE])
    __attribute__((warn_unused_result));

/* --- values that several ways of typing have ------------------------------*/

/* VALUE:CURRENCY[:KIND] as a map; false where it is none. */
bool assign_put_amount(struct mp_buf *buf, struct span text)
    __attribute__((warn_unused_result));

/* JSON where it is, else the text itself. */
void assign_put_free(struct mp_buf *buf, struct span text);

#endif
