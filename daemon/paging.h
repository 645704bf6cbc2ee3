/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_PAGING_H
#define DAEMON_PAGING_H

#include "daemon/liveness.h"
#include "daemon/question.h"

/*
 * Answers that are events in some order, a page at a time or streamed:
 * `replay`, `timeline`, `gap`.
 *
 * What they share is here: walking in slices, the three dates, superseding,
 * limits, cursors, chunks, damaged events.  What differs is a class: where the
 * walk goes, what belongs, how an event is written and what surrounds it.
 */

struct paging {
    struct job job;
    const struct paging_class *class;
    struct question question;
    bool started;
    bool stream;
    bool reverse;
    bool superseded; /* superseded events belong too */
    bool possible;   /* possible events belong too */
    bool picks;      /* its class's `belongs` is to be asked */
    struct liveness liveness;
    struct views_place next; /* where the next step goes on */
    struct views_place last; /* the last event that was written */
    struct mp_buf items;     /* the page so far */
    uint64_t count;          /* events written so far */
    bool more;               /* something follows them */
    uint64_t lost;           /* a damaged event that the order lacks, or 0 */
    uint64_t corrupt;        /* a damaged event ends the page, or 0 */
};

struct paging_class {
    /* Before the first step: look names up, set `next` and `lost`.  False when
     * an error was written to `out`. */
    bool (*start)(struct paging *paging, struct mp_buf *out);
    /* The first event at or behind a place; each next one. */
    enum views_result (*seek)(struct paging *paging,
                              const struct views_place *from,
                              struct views_hit *hit);
    enum views_result (*next)(struct paging *paging, struct views_hit *hit);
    /* No later event of the walk belongs. */
    bool (*is_past_end)(const struct paging *paging,
                        const struct views_hit *hit);
    /* Beyond the dates and superseding, where `picks` says that more is to be
     * known, or NULL: `event` is its bytes. */
    bool (*belongs)(struct paging *paging, const struct views_hit *hit,
                    struct span event);
    /* Is it seen as of the question's dates?  paging_is_seen, or what the
     * method says instead. */
    enum views_result (*is_seen)(struct paging *paging,
                                 const struct views_hit *hit, bool *yes);
    void (*put)(struct paging *paging, struct mp_buf *buf,
                const struct views_hit *hit, struct span event);
    /* The map of a whole page around `paging->items`, without the cursor. */
    uint32_t (*put_page)(struct paging *paging, struct mp_buf *buf);
    void (*deinit)(struct paging *paging); /* or NULL */
};

/* A job of `size` bytes that begins with a struct paging, zeroed behind it;
 * NULL when the request has been answered. */
void *paging_new(struct request *request, size_t size,
                 const struct paging_class *class,
                 const struct question *question);

/* Visible, happened (or possible where those belong), not superseded (unless
 * those belong). */
enum views_result paging_is_seen(struct paging *paging,
                                 const struct views_hit *hit, bool *yes);

/* VIEWS_OK with `*live` false where a marked event is superseded. */
enum views_result paging_is_live(struct paging *paging,
                                 const struct fold_op *op, bool *live);

#endif
