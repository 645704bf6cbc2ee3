/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "daemon/xxh3.h"

#include "daemon/order.h"
#include "daemon/views_file.h"

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

/* -1 for what is no lower-case digit: upper case is another id. */
static int
digit(uint8_t letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* The text form of RFC 9562, section 4, in lower case. */
static bool
read_uuid(struct span id, uint8_t bytes[16])
{
    size_t at = 0;
    if (id.size != UUID_TEXT_SIZE)
        return false;
    for (size_t i = 0; i < 16; i++) {
        if ((at == 8 || at == 13 || at == 18 || at == 23) &&
            id.data[at++] != '-')
            return false;
        int high = digit(id.data[at]), low = digit(id.data[at + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return true;
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
