/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_PORTFOLIO_H
#define DAEMON_PORTFOLIO_H

#include "daemon/folding.h"

/*
 * Partnership after partnership, in the order of their slugs, each folded as
 * of the same dates: what `portfolio` and `party` have in common.
 */

struct portfolio {
    struct asof asof;
    uint32_t party; /* only partnerships with a happened event that names
                       it; 0: with any happened event */
    struct fold *party_totals; /* where the party's totals go, or NULL */
    uint8_t slug[MODEL_SLUG_SIZE_MAX]; /* of the one being folded, or last */
    size_t slug_size;
    bool folding_begun;
    struct folding folding;
};

enum portfolio_result {
    PORTFOLIO_ROW,     /* `folding` holds the next partnership that belongs */
    PORTFOLIO_AGAIN,   /* the slice is over */
    PORTFOLIO_END,     /* there are no more */
    PORTFOLIO_CORRUPT, /* `*corrupt` is a damaged event of the next one */
    PORTFOLIO_FAILED,  /* `*failure` says how */
};

/* Begin behind a slug; an empty one for the first. */
void portfolio_init(struct portfolio *portfolio, const struct asof *asof,
                    uint32_t party, struct span after);
void portfolio_deinit(struct portfolio *portfolio);

/* Go on to the next partnership. */
enum portfolio_result portfolio_next(struct portfolio *portfolio,
                                     struct service *service,
                                     struct job_slice *slice, uint64_t *corrupt,
                                     enum views_result *failure)
    __attribute__((warn_unused_result));

/* Write the row of the partnership that was found. False with `*corrupt` set
 * where its last event is damaged. */
bool portfolio_put_row(struct mp_buf *buf, const struct portfolio *portfolio,
                       struct service *service, uint64_t *corrupt)
    __attribute__((warn_unused_result));

#endif
