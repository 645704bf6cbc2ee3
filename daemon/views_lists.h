/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_LISTS_H
#define DAEMON_VIEWS_LISTS_H

#include "daemon/views_file.h"

/*
 * The sets of VIEWS_DB_LISTS: kind 1, number 4, part 2, order 1 bytes.
 *
 *   list       number            part              order, and the place by it
 *   events     0, or of a        of a partnership  recorded: 0, 0, seq
 *              partnership,      or party: the     precise: t, t, seq
 *              party or type     type              occurred: t, start_lo, seq
 *                                                  disclosed: k, k, seq
 *   late       0, partnership    bits of k - t     0; t, start_lo, seq
 *   imprecise  partnership       0                 0; t - start_lo, start_lo
 *                                                  (or t), seq
 *   ending     partnership       0                 0; t, start_lo, seq: what
 *                                                  ends all agreements
 *
 * Most events have k = t = start_lo: they are as precise as can be and stand
 * but once for the two orders by dates; in "occurred" and "disclosed" are the
 * others.
 *
 * A type's number is that of struct fold_op; as a part, all of a user's own
 * types are MODEL_USER_TYPE.  Nobody but daemon/views includes this.
 */

enum views_list_kind {
    VIEWS_LIST_LATE = 1,
    VIEWS_LIST_IMPRECISE = 2,
    VIEWS_LIST_ENDING = 3,
    VIEWS_LIST_OF_ALL = 16,
    VIEWS_LIST_OF_PARTNERSHIP,
    VIEWS_LIST_OF_PARTY,
    VIEWS_LIST_OF_TYPE,
};

enum views_list_order {
    VIEWS_LIST_RECORDED,
    VIEWS_LIST_PRECISE,
    VIEWS_LIST_OCCURRED,
    VIEWS_LIST_DISCLOSED,
    VIEWS_LIST_ORDERS
};

#define VIEWS_PART_MAX 0xffffu

/* A list, of the first order where it has some. */
static inline uint64_t
views_list(enum views_list_kind kind, uint32_t number, uint32_t part)
{
    return (uint64_t)kind << 56 | (uint64_t)number << 24 | (uint64_t)part << 8;
}

static inline enum views_list_kind
views_list_kind(uint64_t list)
{
    return (enum views_list_kind)(list >> 56);
}

static inline uint32_t
views_list_part(uint64_t list)
{
    return (uint32_t)(list >> 8) & VIEWS_PART_MAX;
}

static inline enum views_list_order
views_list_order(uint64_t list)
{
    return (enum views_list_order)(list & 0xff);
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
