/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "daemon/order.h"
#include "daemon/views_file.h"

/* Walks in one order or another: what differs is the key and where the key and
 * value say that the operation is. */

/* Longest key of a walk. */
#define WALK_KEY_SIZE_MAX VIEWS_PLACE_KEY_SIZE

struct walk_class {
    enum views_db db;
    size_t prefix; /* bytes of the key that stay the same */
    MDB_val (*key)(uint8_t *bytes, const struct views_walk *walk,
                   const struct views_place *place);
    bool (*read)(const MDB_val *key, const MDB_val *value,
                 struct views_hit *hit, struct views_place *op_place);
};

static MDB_val
prefixed_key(uint8_t *bytes, const struct views_walk *walk,
             const struct views_place *place)
{
    return views_place_key(bytes, walk->partnership, place);
}

static MDB_val
time_key(uint8_t *bytes, const struct views_walk *walk,
         const struct views_place *place)
{
    (void)walk;
    return views_time_key(bytes, place);
}

static MDB_val
known_key(uint8_t *bytes, const struct views_walk *walk,
          const struct views_place *place)
{
    (void)walk;
    order_put_i64(bytes, place->t);
    order_put_u64(bytes + 8, place->seq);
    return (MDB_val){.mv_size = VIEWS_KNOWN_KEY_SIZE, .mv_data = bytes};
}

static bool
read_op_key(const MDB_val *key, const MDB_val *value, struct views_hit *hit,
            struct views_place *op_place)
{
    (void)value;
    if (!views_place_read(key, &hit->partnership, &hit->place))
        return false;
    *op_place = hit->place;
    return true;
}

static bool
read_late(const MDB_val *key, const MDB_val *value, struct views_hit *hit,
          struct views_place *op_place)
{
    if (value->mv_size != 4 || !read_op_key(key, value, hit, op_place))
        return false;
    hit->partnership = order_get_u32(value->mv_data);
    return true;
}

static bool
read_time(const MDB_val *key, const MDB_val *value, struct views_hit *hit,
          struct views_place *op_place)
{
    if (value->mv_size != 4 || !views_time_read(key, &hit->place))
        return false;
    hit->partnership = order_get_u32(value->mv_data);
    *op_place = hit->place;
    return true;
}

static bool
read_known(const MDB_val *key, const MDB_val *value, struct views_hit *hit,
           struct views_place *op_place)
{
    const uint8_t *from = key->mv_data, *at = value->mv_data;
    if (key->mv_size != VIEWS_KNOWN_KEY_SIZE ||
        value->mv_size != VIEWS_KNOWN_SIZE)
        return false;
    hit->place = (struct views_place){.t = order_get_i64(from),
                                      .seq = order_get_u64(from + 8)};
    hit->partnership = order_get_u32(at);
    *op_place = (struct views_place){.t = order_get_i64(at + 4),
                                     .start_lo = order_get_i64(at + 12),
                                     .seq = hit->place.seq};
    return true;
}

static const struct walk_class classes[VIEWS_WALK_COUNT] = {
    [VIEWS_WALK_PARTNERSHIP] = {VIEWS_DB_OPS, 4, prefixed_key, read_op_key},
    [VIEWS_WALK_LATE] = {VIEWS_DB_LATE, 4, prefixed_key, read_late},
    [VIEWS_WALK_TIMES] = {VIEWS_DB_TIMES, 0, time_key, read_time},
    [VIEWS_WALK_KNOWN] = {VIEWS_DB_KNOWN, 0, known_key, read_known},
};

/* What the cursor found, unless it left the walk's prefix. */
static enum views_result
take(const struct views_walk *walk, int rc, const MDB_val *key,
     const MDB_val *value, struct views_hit *hit)
{
    const struct walk_class *class = &classes[walk->kind];
    struct views_place place;
    if (rc != 0)
        return views_outcome(rc);
    if (class->prefix != 0 &&
        (key->mv_size < class->prefix ||
         order_get_u32(key->mv_data) != walk->partnership))
        return VIEWS_ABSENT;
    if (!class->read(key, value, hit, &place))
        return views_outcome(MDB_CORRUPTED);
    if (class->db == VIEWS_DB_OPS)
        return views_op_read(value, &place, &hit->op)
                   ? VIEWS_OK
                   : views_outcome(MDB_CORRUPTED);
    enum views_result result =
        views_op(walk->reader, hit->partnership, &place, &hit->op);
    return result == VIEWS_ABSENT ? views_outcome(MDB_CORRUPTED) : result;
}

enum views_result
views_walk_seek(const struct views_walk *walk, const struct views_place *from,
                struct views_hit *hit)
{
    const struct walk_class *class = &classes[walk->kind];
    uint8_t bytes[WALK_KEY_SIZE_MAX], wanted[WALK_KEY_SIZE_MAX];
    MDB_val key = class->key(bytes, walk, from), value;
    MDB_cursor *cursor = views_cursor(walk->reader, class->db);
    size_t size = key.mv_size;
    if (cursor == NULL)
        return VIEWS_FULL;
    memcpy(wanted, bytes, size);
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (walk->reverse && rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    else if (walk->reverse && rc == 0 && memcmp(key.mv_data, wanted, size) != 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    return take(walk, rc, &key, &value, hit);
}

enum views_result
views_walk_next(const struct views_walk *walk, struct views_hit *hit)
{
    MDB_val key, value;
    MDB_cursor *cursor = views_cursor(walk->reader, classes[walk->kind].db);
    if (cursor == NULL)
        return VIEWS_FULL;
    int rc = mdb_cursor_get(cursor, &key, &value,
                            walk->reverse ? MDB_PREV : MDB_NEXT);
    return take(walk, rc, &key, &value, hit);
}

/* --- imprecise events -----------------------------------------------------*/

/* The first key at or above `wanted` of the same partnership. */
static enum views_result
seek_imprecise(struct views_reader *reader, MDB_val *wanted)
{
    uint8_t partnership[4];
    MDB_val value;
    MDB_cursor *cursor = views_cursor(reader, VIEWS_DB_IMPRECISE);
    if (cursor == NULL)
        return VIEWS_FULL;
    memcpy(partnership, wanted->mv_data, sizeof partnership);
    int rc = mdb_cursor_get(cursor, wanted, &value, MDB_SET_RANGE);
    if (rc != 0)
        return views_outcome(rc);
    if (wanted->mv_size != VIEWS_IMPRECISE_KEY_SIZE)
        return views_outcome(MDB_CORRUPTED);
    return memcmp(partnership, wanted->mv_data, sizeof partnership) == 0
               ? VIEWS_OK
               : VIEWS_ABSENT;
}

enum views_result
views_next_duration(struct views_reader *reader, uint32_t partnership,
                    int64_t after, int64_t *duration)
{
    uint8_t bytes[VIEWS_IMPRECISE_KEY_SIZE];
    if (after == VIEWS_DURATION_OPEN)
        return VIEWS_ABSENT;
    MDB_val key = views_imprecise_key(bytes, partnership, after + 1,
                                      EDTF_MINUS_INFINITY, 0);
    enum views_result result = seek_imprecise(reader, &key);
    if (result == VIEWS_OK)
        *duration = order_get_i64((const uint8_t *)key.mv_data + 4);
    return result;
}

enum views_result
views_next_imprecise(struct views_reader *reader, uint32_t partnership,
                     int64_t duration, int64_t from, uint64_t from_seq,
                     struct views_place *place)
{
    uint8_t bytes[VIEWS_IMPRECISE_KEY_SIZE];
    MDB_val key =
        views_imprecise_key(bytes, partnership, duration, from, from_seq);
    enum views_result result = seek_imprecise(reader, &key);
    const uint8_t *at = key.mv_data;
    if (result != VIEWS_OK)
        return result;
    if (order_get_i64(at + 4) != duration)
        return VIEWS_ABSENT;
    int64_t stands_by = order_get_i64(at + 12);
    place->seq = order_get_u64(at + 20);
    if (duration == VIEWS_DURATION_OPEN) {
        place->start_lo = EDTF_MINUS_INFINITY;
        place->t = stands_by;
    } else {
        place->start_lo = stands_by;
        place->t = stands_by + duration;
    }
    return VIEWS_OK;
}
