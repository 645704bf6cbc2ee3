/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_LISTS_H
#define DAEMON_VIEWS_LISTS_H

#include "daemon/views_file.h"

/*
 * The sets of VIEWS_DB_LISTS: kind 1, number 4, part 3 bytes.
 *
 *   list      number            part               place
 *   order     0, or of a        of a partnership   by the order:
 *             partnership,      or party: the      0, 0, seq or
 *             party or type     type               t, start_lo, seq or
 *                                                  k, 0, seq
 *   late      0, partnership    bits of k - t      t, start_lo, seq
 *   imprecise partnership       0                  t - start_lo, start_lo (or
 *                                                  t), seq
 *
 * A type's number is that of struct fold_op; as a part, all of a user's own
 * types are MODEL_USER_TYPE.  Nobody but daemon/views includes this.
 */

enum views_dimension {
    VIEWS_OF_ALL,
    VIEWS_OF_PARTNERSHIP,
    VIEWS_OF_PARTY,
    VIEWS_OF_TYPE,
};

enum views_order {
    VIEWS_BY_RECORDED,
    VIEWS_BY_OCCURRED,
    VIEWS_BY_DISCLOSED,
    VIEWS_ORDER_COUNT,
};

enum {
    VIEWS_LIST_LATE = 1,
    VIEWS_LIST_IMPRECISE = 2,
    VIEWS_LIST_ORDERS = 16, /* plus 4 times the order plus the dimension */
};

static inline enum views_order
views_order_of(unsigned kind)
{
    return (enum views_order)((kind - VIEWS_LIST_ORDERS) / 4);
}

#define VIEWS_PART_MAX 0xffffffu

static inline uint64_t
views_list(unsigned kind, uint32_t number, uint32_t part)
{
    return (uint64_t)kind << 56 | (uint64_t)number << 24 | part;
}

static inline unsigned
views_order_list(enum views_order order, enum views_dimension dimension)
{
    return VIEWS_LIST_ORDERS + 4 * (unsigned)order + (unsigned)dimension;
}

static inline uint32_t
views_type_part(uint32_t type)
{
    return type < FOLD_USER_TYPE_BASE ? type : (uint32_t)MODEL_USER_TYPE;
}

/* Known never: after all the bits of a difference. */
#define VIEWS_LATE_NEVER 65u

/* How many bits the lag of an event with k > t has. */
static inline uint32_t
views_late_part(int64_t t, int64_t k)
{
    uint64_t lag = (uint64_t)k - (uint64_t)t;
    return k == EDTF_PLUS_INFINITY ? VIEWS_LATE_NEVER
                                   : 64u - (uint32_t)__builtin_clzll(lag);
}

/* The first t of such events that can be known after `known`. */
static inline int64_t
views_late_first(uint32_t part, int64_t known)
{
    int64_t first;
    if (part >= 63 || known == EDTF_MINUS_INFINITY ||
        __builtin_sub_overflow(known, (int64_t)1 << part, &first))
        return EDTF_MINUS_INFINITY;
    return first + 1;
}

#endif
