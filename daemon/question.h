/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_QUESTION_H
#define DAEMON_QUESTION_H

#include "daemon/cursor.h"
#include "daemon/request.h"

/*
 * What the questions have in common: the three dates with their defaults, and
 * pages.
 */
struct question {
    struct asof asof;
    uint64_t limit; /* events in this answer */
    bool resumed;   /* a cursor was given: go on behind `place` */
    struct views_place place;
    uint64_t arguments; /* for the next cursor */
};

enum question_default {
    QUESTION_STATE,  /* A: the end of today; K: everything */
    QUESTION_GAP,    /* A: the end of today; K: A */
    QUESTION_REPLAY, /* nothing is restricted that is not asked for */
};

/* False when the request has been answered with an error. */
bool question_read(struct request *request, enum question_default defaults,
                   struct question *question)
    __attribute__((warn_unused_result));

/* Where a walk in fold order begins: at its start, or behind the cursor. */
struct views_place question_start(const struct question *question);

/* Append a cursor behind `place`, or nil where nothing follows. */
void question_put_cursor_value(struct mp_buf *buf,
                               const struct question *question,
                               const struct views_place *place, bool more);

/* The same with the key "cursor" in front. */
void question_put_cursor(struct mp_buf *buf, const struct question *question,
                         const struct views_place *place, bool more);

/* Room for a page: an answer that would not fit a message ends earlier, with a
 * cursor. Half of a message, so that one more event always fits. */
#define QUESTION_PAGE_SIZE_MAX ((size_t)8 << 20)

#endif
