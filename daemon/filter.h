/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_FILTER_H
#define DAEMON_FILTER_H

#include "daemon/args.h"

/*
 * Which events are wanted: of a partnership, with a party, of some types; all
 * of them together where several are given.
 */
struct filter {
    struct mp_buf text; /* owned: what the spans borrow from */
    struct span partnership, party;
    struct span types; /* an array of str */
};

/* Take the filter out of a request's arguments. False without memory. */
bool filter_init(struct filter *filter, const struct args *args)
    __attribute__((warn_unused_result));
void filter_deinit(struct filter *filter);

/* Nothing is filtered out. */
bool filter_is_empty(const struct filter *filter);

bool filter_matches(const struct filter *filter, struct span event);

#endif
