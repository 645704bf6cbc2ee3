/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_KNOTS_H
#define TESTS_BENCH_KNOTS_H

#include "proto/mp.h"

/*
 * Events for filters that are common each and rare together.
 *
 * A knot is two or three of a partnership, a party and a type.  Its strands,
 * a share of the whole log, have one of two of them, or two of three; only
 * KNOTS_COUNT events, which happen in the year of the marks (marks.h), have
 * them all.  So an index of one filter, or of each pair, is as long as the
 * log, and the answer to all of them together is the same at every size.
 */

enum knot {
    KNOT_PARTNERSHIP_PARTY,
    KNOT_PARTNERSHIP_TYPE,
    KNOT_PARTY_TYPE,
    KNOT_ALL,
};
#define KNOT_COUNT (KNOT_ALL + 1)

#define KNOTS_COUNT 50u /* of each knot */

struct knot_names {
    const char *partnership, *party, *type; /* NULL where it has none */
};

extern const struct knot_names knot_names[KNOT_COUNT];

/* Append one event: a strand, `index` says of which, or a knot itself. */
void knots_put_strand(struct mp_buf *out, const char *prefix, uint64_t index,
                      const char *occurred);
void knots_put(struct mp_buf *out, const char *prefix, enum knot knot,
               uint32_t index, const char *occurred);

#endif
