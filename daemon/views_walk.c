/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "daemon/order.h"
#include "daemon/views_stream.h"

/* Walks: over the operations of a partnership, or over lists. */

/* --- operations -----------------------------------------------------------*/

struct tuple
views_op_tuple(uint32_t partnership, const struct views_place *place)
{
    return (struct tuple){.set = partnership,
                          .a = place->t,
                          .b = place->start_lo,
                          .seq = place->seq};
}

/* The operation where an iterator of VIEWS_DB_OPS stands. */
static enum views_result
read_op(const struct blocks_iter *iter, struct views_place *place,
        struct fold_op *op)
{
    const struct tuple_entry *entry = blocks_here(iter);
    *place = (struct views_place){.t = entry->tuple.a,
                                  .start_lo = entry->tuple.b,
                                  .seq = entry->tuple.seq};
    return views_op_read(entry->value, place, op)
               ? VIEWS_OK
               : views_outcome(MDB_CORRUPTED);
}

static enum views_result
take_op(const struct views_walk *walk, int rc, struct views_hit *hit)
{
    const struct blocks_iter *iter = &walk->reader->walk_ops.iter;
    if (rc != 0)
        return views_outcome(rc);
    if (blocks_here(iter)->tuple.set != walk->partnership)
        return VIEWS_ABSENT;
    return read_op(iter, &hit->place, &hit->op);
}

static enum views_result
seek_op(const struct views_walk *walk, const struct views_place *from,
        struct views_hit *hit)
{
    struct views_iter *ops = &walk->reader->walk_ops;
    struct tuple to = views_op_tuple(walk->partnership, from);
    enum views_result result = views_iter_open(walk->reader, ops, VIEWS_DB_OPS);
    if (result != VIEWS_OK)
        return result;
    ops->iter.reverse = walk->reverse;
    return take_op(walk, blocks_seek(&ops->iter, &to), hit);
}

enum views_result
views_op(struct views_reader *reader, uint32_t partnership,
         const struct views_place *place, struct fold_op *op)
{
    struct views_iter *find = &reader->find_op;
    struct tuple to = views_op_tuple(partnership, place);
    struct views_place found;
    enum views_result result = views_iter_open(reader, find, VIEWS_DB_OPS);
    if (result == VIEWS_OK)
        result = views_outcome(blocks_seek(&find->iter, &to));
    if (result != VIEWS_OK)
        return result;
    if (tuple_compare(&blocks_here(&find->iter)->tuple, &to) != 0)
        return VIEWS_ABSENT;
    return read_op(&find->iter, &found, op);
}

/* --- dates ----------------------------------------------------------------*/

/* k and t of an event where they differ; VIEWS_ABSENT where they do not. */
static enum views_result
find_dates(struct views_reader *reader, uint64_t seq, int64_t *k, int64_t *t)
{
    uint8_t bytes[8];
    MDB_val key = {.mv_size = sizeof bytes, .mv_data = bytes}, value;
    order_put_u64(bytes, seq);
    int rc =
        mdb_get(reader->txn, reader->file->dbs[VIEWS_DB_DATES], &key, &value);
    if (rc == 0 && value.mv_size != VIEWS_DATES_SIZE)
        rc = MDB_CORRUPTED;
    if (rc == 0) {
        *k = order_get_i64(value.mv_data);
        *t = order_get_i64((const uint8_t *)value.mv_data + 8);
    }
    return views_outcome(rc);
}

static enum views_result
find_marked(struct views_reader *reader, struct fold_op *op)
{
    uint64_t superseder;
    int64_t k;
    enum views_result result =
        views_superseder(reader, op->seq, 0, &superseder, &k);
    op->marked = result == VIEWS_OK;
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

enum views_result
views_dates(struct views_reader *reader, struct fold_op *op)
{
    int64_t t;
    enum views_result result = find_dates(reader, op->seq, &op->k, &t);
    if (result == VIEWS_ABSENT)
        op->k = op->t;
    else if (result != VIEWS_OK)
        return result;
    return find_marked(reader, op);
}

/* In the order of disclosure the place has k. */
static enum views_result
disclosed_dates(struct views_reader *reader, struct fold_op *op)
{
    int64_t k;
    enum views_result result = find_dates(reader, op->seq, &k, &op->t);
    if (result == VIEWS_ABSENT)
        op->t = op->k;
    else if (result != VIEWS_OK)
        return result;
    return find_marked(reader, op);
}

/* --- lists ----------------------------------------------------------------*/

/* The types of a filter within a partnership or party, where a user's own ones
 * are one part. */
static enum views_result
add_parts(struct views_stream *stream, const struct views_walk *walk,
          enum views_list_kind kind, uint32_t number)
{
    enum views_result result = VIEWS_OK;
    bool user = false;
    views_stream_source(stream);
    if (walk->type_count == 0)
        return views_stream_add_parts(stream, kind, number);
    for (size_t i = 0; i < walk->type_count && result == VIEWS_OK; i++) {
        uint32_t part = views_type_part(walk->types[i]);
        bool again = part == (uint32_t)MODEL_USER_TYPE && user;
        user |= part == (uint32_t)MODEL_USER_TYPE;
        if (!again)
            result = views_stream_add(stream, views_list(kind, number, part));
    }
    return result;
}

static enum views_result
add_types(struct views_stream *stream, const struct views_walk *walk)
{
    enum views_result result = VIEWS_OK;
    views_stream_source(stream);
    for (size_t i = 0; i < walk->type_count && result == VIEWS_OK; i++)
        result = views_stream_add(
            stream, views_list(VIEWS_LIST_OF_TYPE, walk->types[i], 0));
    return result;
}

static bool
names_user_types(const struct views_walk *walk)
{
    for (size_t i = 0; i < walk->type_count; i++)
        if (views_type_part(walk->types[i]) == (uint32_t)MODEL_USER_TYPE)
            return true;
    return false;
}

/* What of an order a walk takes, as sources. */
static enum views_result
add_sources(struct views_stream *stream, const struct views_walk *walk)
{
    bool any = walk->partnership != 0 || walk->party != 0;
    enum views_result result = VIEWS_OK;
    if (walk->partnership != 0)
        result = add_parts(stream, walk, VIEWS_LIST_OF_PARTNERSHIP,
                           walk->partnership);
    if (walk->party != 0 && result == VIEWS_OK)
        result = add_parts(stream, walk, VIEWS_LIST_OF_PARTY, walk->party);
    if (walk->type_count > 0 && result == VIEWS_OK &&
        (!any || names_user_types(walk)))
        return add_types(stream, walk);
    if (any || result != VIEWS_OK)
        return result;
    views_stream_source(stream);
    return views_stream_add(stream, views_list(VIEWS_LIST_OF_ALL, 0, 0));
}

static enum views_list_order
order_of(const struct views_walk *walk)
{
    switch (walk->kind) {
    case VIEWS_WALK_RECORDED:
        return VIEWS_LIST_RECORDED;
    case VIEWS_WALK_DISCLOSED:
        return VIEWS_LIST_DISCLOSED;
    case VIEWS_WALK_OCCURRED:
    case VIEWS_WALK_OPS:
    case VIEWS_WALK_LATE:
        break;
    }
    return VIEWS_LIST_OCCURRED;
}

static enum views_result
set_up(const struct views_walk *walk)
{
    struct views_reader *reader = walk->reader;
    if (reader->stream == NULL)
        reader->stream = views_stream_new();
    struct views_stream *stream = reader->stream;
    if (stream == NULL)
        return VIEWS_FULL;
    views_stream_begin(stream, reader, walk->reverse, order_of(walk),
                       walk->upto);
    if (walk->kind != VIEWS_WALK_LATE)
        return add_sources(stream, walk);
    views_stream_source(stream);
    return views_stream_add_late(stream, walk->partnership, walk->known);
}

static enum views_result
take_place(const struct views_walk *walk, enum views_result result,
           struct views_hit *hit)
{
    if (result != VIEWS_OK)
        return result;
    hit->place = views_stream_place(walk->reader->stream);
    hit->op = (struct fold_op){.seq = hit->place.seq,
                               .t = hit->place.t,
                               .k = hit->place.t,
                               .start_lo = hit->place.start_lo};
    if (walk->kind == VIEWS_WALK_DISCLOSED)
        hit->place.start_lo = 0;
    if (!walk->dated || walk->kind == VIEWS_WALK_RECORDED)
        return VIEWS_OK;
    if (views_stream_is_precise(walk->reader->stream))
        return find_marked(walk->reader, &hit->op);
    return walk->kind == VIEWS_WALK_DISCLOSED
               ? disclosed_dates(walk->reader, &hit->op)
               : views_dates(walk->reader, &hit->op);
}

/* Operations are the same order and say more. */
static bool
is_by_ops(const struct views_walk *walk)
{
    return walk->kind == VIEWS_WALK_OPS ||
           (walk->kind == VIEWS_WALK_OCCURRED && walk->partnership != 0 &&
            walk->party == 0 && walk->type_count == 0);
}

enum views_result
views_walk_seek(const struct views_walk *walk, const struct views_place *from,
                struct views_hit *hit)
{
    if (is_by_ops(walk))
        return seek_op(walk, from, hit);
    struct views_place place = *from;
    if (walk->kind == VIEWS_WALK_DISCLOSED)
        place.start_lo = place.t; /* as in its list */
    enum views_result result = set_up(walk);
    if (result == VIEWS_OK)
        result = views_stream_seek(walk->reader->stream, &place);
    return take_place(walk, result, hit);
}

enum views_result
views_walk_next(const struct views_walk *walk, struct views_hit *hit)
{
    if (is_by_ops(walk))
        return take_op(walk, blocks_next(&walk->reader->walk_ops.iter), hit);
    return take_place(walk, views_stream_next(walk->reader->stream), hit);
}

/* --- imprecise events -----------------------------------------------------*/

int64_t
views_duration(const struct views_place *place)
{
    int64_t duration;
    if (place->start_lo == EDTF_MINUS_INFINITY ||
        __builtin_sub_overflow(place->t, place->start_lo, &duration))
        return VIEWS_DURATION_OPEN;
    return duration;
}

/* The first entry of a list at or behind a place. */
static enum views_result
seek_list(struct views_reader *reader, struct tuple *at)
{
    struct views_iter *durations = &reader->durations;
    uint64_t set = at->set;
    enum views_result result =
        views_iter_open(reader, durations, VIEWS_DB_LISTS);
    if (result == VIEWS_OK)
        result = views_outcome(blocks_seek(&durations->iter, at));
    if (result != VIEWS_OK)
        return result;
    *at = blocks_here(&durations->iter)->tuple;
    return at->set == set ? VIEWS_OK : VIEWS_ABSENT;
}

enum views_result
views_next_duration(struct views_reader *reader, uint32_t partnership,
                    int64_t after, int64_t *duration)
{
    if (after == VIEWS_DURATION_OPEN)
        return VIEWS_ABSENT;
    struct tuple at = {.set = views_list(VIEWS_LIST_IMPRECISE, partnership, 0),
                       .a = after + 1,
                       .b = EDTF_MINUS_INFINITY};
    enum views_result result = seek_list(reader, &at);
    if (result == VIEWS_OK)
        *duration = at.a;
    return result;
}

enum views_result
views_next_imprecise(struct views_reader *reader, uint32_t partnership,
                     int64_t duration, int64_t from, uint64_t from_seq,
                     struct views_place *place)
{
    struct tuple at = {.set = views_list(VIEWS_LIST_IMPRECISE, partnership, 0),
                       .a = duration,
                       .b = from,
                       .seq = from_seq};
    enum views_result result = seek_list(reader, &at);
    if (result != VIEWS_OK)
        return result;
    if (at.a != duration)
        return VIEWS_ABSENT;
    place->seq = at.seq;
    if (duration == VIEWS_DURATION_OPEN) {
        place->start_lo = EDTF_MINUS_INFINITY;
        place->t = at.b;
    } else {
        place->start_lo = at.b;
        place->t = at.b + duration;
    }
    return VIEWS_OK;
}

/* --- what ends all agreements ---------------------------------------------*/

enum views_result
views_next_ending(struct views_reader *reader, uint32_t partnership,
                  const struct views_place *from, struct views_place *place)
{
    struct tuple at = {.set = views_list(VIEWS_LIST_ENDING, partnership, 0),
                       .a = from->t,
                       .b = from->start_lo,
                       .seq = from->seq};
    enum views_result result = seek_list(reader, &at);
    if (result == VIEWS_OK)
        *place = (struct views_place){at.a, at.b, at.seq};
    return result;
}
