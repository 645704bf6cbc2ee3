/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_LOAD_H
#define TESTS_SYSTEM_LOAD_H

#include <stddef.h>

/*
 * Load: several connections that append batches as fast as they are answered,
 * and remember what was acknowledged.
 */
struct load;

/* Start so many connections to the fixture's socket.  `generation` makes the
 * ids of this load differ from those of others on the same log. */
struct load *load_start(size_t connections, unsigned generation);

/* Wait until so many events were acknowledged. */
void load_await(struct load *load, size_t acknowledged);

/* Wait until all connections were closed by the daemon. */
void load_await_end(struct load *load);

/*
 * Every acknowledged event must be in the log, at the position that was
 * acknowledged; sent again, it must be answered with that.  Returns how many
 * there were.
 */
size_t load_check(const struct load *load);

void load_free(struct load *load);

#endif
