/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "daemon/order.h"
#include "daemon/views_file.h"
#include "daemon/xxh3.h"

/*
 * Ids as tuples: in their own order, so that ids which grow with time, as most
 * do, are added at the end of the index.
 *
 *   a UUID      set 1, its 16 bytes as a and b
 *   any other   set 2, its first 8 bytes as a, XXH3 of all of it as b
 *
 * Other ids that begin alike and have the same checksum are told apart by the
 * events themselves.
 */

enum { SET_UUID = 1, SET_OTHER = 2 };

#define UUID_TEXT_SIZE ((size_t)36)

/* One more than the digit; 0 for what is none.  Upper case is another id. */
static const uint8_t digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
    ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
    ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* The text form of RFC 9562, section 4, in lower case. */
static bool
read_uuid(struct span id, uint8_t bytes[16])
{
    /* Where each pair of digits is, between the hyphens. */
    static const uint8_t pairs[16] = {0,  2,  4,  6,  9,  11, 14, 16,
                                      19, 21, 24, 26, 28, 30, 32, 34};
    bool whole = true;
    if (id.size != UUID_TEXT_SIZE || id.data[8] != '-' || id.data[13] != '-' ||
        id.data[18] != '-' || id.data[23] != '-')
        return false;
    for (size_t i = 0; i < 16; i++) {
        uint8_t high = digits[id.data[pairs[i]]];
        uint8_t low = digits[id.data[pairs[i] + 1]];
        whole &= high != 0 && low != 0;
        bytes[i] = (uint8_t)((high - 1U) << 4 | ((low - 1U) & 15));
    }
    return whole;
}

void
views_id_tuple(struct span id, uint64_t seq, struct tuple *tuple)
{
    uint8_t bytes[16] = {0};
    bool exact = read_uuid(id, bytes);
    tuple->set = exact ? SET_UUID : SET_OTHER;
    tuple->seq = seq;
    if (!exact)
        memcpy(bytes, id.data, id.size < 8 ? id.size : 8);
    tuple->a = order_get_i64(bytes);
    tuple->b = exact ? order_get_i64(bytes + 8)
                     : (int64_t)XXH3_64bits(id.data, id.size);
}

/* Does an event have that id?  One that is damaged may. */
enum has { HAS_NOT, MAY_HAVE, HAS };

static enum has
has_id(struct log_reader *log, uint64_t seq, struct span id)
{
    struct span event;
    if (log_read(log, seq, &event) != LOG_OK)
        return MAY_HAVE;
    return span_equal(mp_get_str(event, "id"), id) ? HAS : HAS_NOT;
}

static bool
is_same(const struct tuple *found, const struct tuple *wanted)
{
    return found->set == wanted->set && found->a == wanted->a &&
           found->b == wanted->b;
}

/* A sound event comes before a damaged one that seems to have its id. */
int
views_ids_find(struct blocks_iter *iter, struct log_reader *log, struct span id,
               uint64_t *seq)
{
    struct tuple wanted;
    bool any = false;
    views_id_tuple(id, 0, &wanted);
    int rc = blocks_seek(iter, &wanted);
    for (; rc == 0 && is_same(&blocks_here(iter)->tuple, &wanted);
         rc = blocks_next(iter)) {
        uint64_t found = blocks_here(iter)->tuple.seq;
        enum has has = has_id(log, found, id);
        if (has == HAS || (has == MAY_HAVE && !any))
            *seq = found;
        if (has == HAS)
            return 0;
        any |= has == MAY_HAVE;
    }
    if (any)
        return 0;
    return rc == 0 ? MDB_NOTFOUND : rc;
}
