/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "daemon/order.h"
#include "daemon/views_stream.h"

struct views_reader *
views_reader_new(struct views *views)
{
    struct views_reader *reader = calloc(1, sizeof *reader);
    if (reader != NULL)
        reader->views = views;
    return reader;
}

static void
close_iter(struct views_iter *iter)
{
    blocks_close(&iter->iter);
    iter->ready = false;
}

void
views_close_cursors(struct views_reader *reader)
{
    for (size_t i = 0; i < VIEWS_DB_COUNT; i++) {
        if (reader->cursors[i] != NULL)
            mdb_cursor_close(reader->cursors[i]);
        reader->cursors[i] = NULL;
        reader->ready[i] = false;
    }
    close_iter(&reader->find_id);
    close_iter(&reader->find_op);
    close_iter(&reader->walk_ops);
    close_iter(&reader->durations);
    close_iter(&reader->parts);
    views_stream_close(reader->stream);
}

void
views_release_iters(struct views_reader *reader)
{
    blocks_release(&reader->find_id.iter);
    blocks_release(&reader->find_op.iter);
    blocks_release(&reader->walk_ops.iter);
    blocks_release(&reader->durations.iter);
    blocks_release(&reader->parts.iter);
    views_stream_free(reader->stream);
    reader->stream = NULL;
}

static void
drop_txn(struct views_reader *reader)
{
    views_close_cursors(reader);
    mdb_txn_abort(reader->txn);
    reader->txn = NULL;
    if (reader->file != NULL)
        views_file_leave(reader->file);
    reader->file = NULL;
}

void
views_reader_free(struct views_reader *reader)
{
    if (reader == NULL)
        return;
    drop_txn(reader);
    views_release_iters(reader);
    free(reader);
}

MDB_cursor *
views_cursor(struct views_reader *reader, enum views_db db)
{
    MDB_cursor **cursor = &reader->cursors[db];
    int rc = 0;
    if (reader->ready[db])
        return *cursor;
    if (*cursor != NULL)
        rc = mdb_cursor_renew(reader->txn, *cursor);
    else
        rc = mdb_cursor_open(reader->txn, reader->file->dbs[db], cursor);
    reader->ready[db] = rc == 0;
    return rc == 0 ? *cursor : NULL;
}

enum views_result
views_iter_open(struct views_reader *reader, struct views_iter *iter,
                enum views_db db)
{
    if (iter->ready)
        return VIEWS_OK;
    iter->iter.upto = BLOCKS_EVERYTHING;
    int rc = blocks_open(&iter->iter, reader->txn, reader->file->dbs[db]);
    iter->ready = rc == 0;
    return views_outcome(rc);
}

static int
read_position(struct views_reader *reader)
{
    MDB_val key = {.mv_size = 4, .mv_data = (char[]){"head"}}, value;
    int rc =
        mdb_get(reader->txn, reader->file->dbs[VIEWS_DB_META], &key, &value);
    reader->position = 0;
    if (rc == MDB_NOTFOUND)
        return 0; /* nothing applied yet */
    if (rc == 0 && value.mv_size != VIEWS_HEAD_SIZE)
        return MDB_CORRUPTED;
    if (rc == 0)
        reader->position = order_get_u64((const uint8_t *)value.mv_data + 40);
    return rc;
}

static int
begin_txn(struct views_reader *reader)
{
    if (reader->file != NULL &&
        reader->file != atomic_load(&reader->views->file))
        drop_txn(reader); /* the views were rebuilt */
    if (reader->file == NULL)
        reader->file = views_file_use(reader->views);
    if (reader->txn != NULL)
        return mdb_txn_renew(reader->txn);
    return mdb_txn_begin(reader->file->env, NULL, MDB_RDONLY, &reader->txn);
}

enum views_result
views_read_begin(struct views_reader *reader)
{
    int rc = begin_txn(reader);
    memset(reader->ready, 0, sizeof reader->ready);
    reader->find_id.ready = reader->find_op.ready = false;
    reader->walk_ops.ready = reader->durations.ready = false;
    reader->parts.ready = false;
    if (rc == 0)
        rc = read_position(reader);
    if (rc == 0)
        return VIEWS_OK;
    drop_txn(reader);
    views_outcome(rc);
    return VIEWS_FAILED;
}

void
views_read_end(struct views_reader *reader)
{
    mdb_txn_reset(reader->txn);
}

uint64_t
views_read_position(const struct views_reader *reader)
{
    return reader->position;
}

static enum views_result
get(struct views_reader *reader, enum views_db db, MDB_val *key, MDB_val *value)
{
    return views_outcome(
        mdb_get(reader->txn, reader->file->dbs[db], key, value));
}

enum views_result
views_find_id(struct views_reader *reader, struct log_reader *log,
              struct span id, uint64_t *seq)
{
    if (id.size == 0 || id.size > MODEL_ID_SIZE_MAX)
        return VIEWS_ABSENT;
    enum views_result result =
        views_iter_open(reader, &reader->find_id, VIEWS_DB_IDS);
    return result != VIEWS_OK ? result
                              : views_outcome(views_ids_find(
                                    &reader->find_id.iter, log, id, seq));
}

enum views_result
views_find_head(struct views_reader *reader, struct span slug,
                uint64_t *revision)
{
    MDB_val key = {.mv_size = slug.size,
                   .mv_data = (void *)(uintptr_t)slug.data};
    MDB_val value;
    if (slug.size == 0 || slug.size > MODEL_SLUG_SIZE_MAX)
        return VIEWS_ABSENT;
    enum views_result result = get(reader, VIEWS_DB_HEADS, &key, &value);
    if (result == VIEWS_OK && value.mv_size != 8)
        return views_outcome(MDB_CORRUPTED);
    if (result == VIEWS_OK)
        *revision = order_get_u64(value.mv_data);
    return result;
}

enum views_result
views_find_name(struct views_reader *reader, enum views_name_kind kind,
                struct span slug, struct views_name *name)
{
    uint8_t bytes[VIEWS_NAME_KEY_SIZE];
    if (slug.size == 0 || slug.size > MODEL_SLUG_SIZE_MAX)
        return VIEWS_ABSENT;
    MDB_val key = views_name_key(bytes, kind, slug), value;
    enum views_result result = get(reader, VIEWS_DB_NAMES, &key, &value);
    if (result == VIEWS_OK && !views_name_read(&value, name))
        return views_outcome(MDB_CORRUPTED);
    return result;
}

enum views_result
views_slug(struct views_reader *reader, enum views_name_kind kind,
           uint32_t number, struct span *slug)
{
    uint8_t bytes[VIEWS_SLUG_KEY_SIZE];
    MDB_val key = views_slug_key(bytes, kind, number), value;
    enum views_result result = get(reader, VIEWS_DB_SLUGS, &key, &value);
    if (result == VIEWS_OK)
        *slug = (struct span){value.mv_data, value.mv_size};
    return result;
}

/* The first key at or above `from` that begins with its first `prefix` bytes:
 * the position at its end. */
static enum views_result
first_above(struct views_reader *reader, enum views_db db, MDB_val *from,
            size_t prefix, uint64_t *seq, MDB_val *value)
{
    uint8_t wanted[VIEWS_LINK_KEY_SIZE];
    size_t size = from->mv_size;
    MDB_cursor *cursor = views_cursor(reader, db);
    if (cursor == NULL)
        return VIEWS_FULL;
    memcpy(wanted, from->mv_data, prefix);
    int rc = mdb_cursor_get(cursor, from, value, MDB_SET_RANGE);
    if (rc != 0)
        return views_outcome(rc);
    if (from->mv_size != size)
        return views_outcome(MDB_CORRUPTED);
    if (memcmp(wanted, from->mv_data, prefix) != 0)
        return VIEWS_ABSENT;
    *seq = order_get_u64((const uint8_t *)from->mv_data + prefix);
    return VIEWS_OK;
}

enum views_result
views_superseder_at(struct views_reader *reader, uint64_t target,
                    uint64_t after, struct views_place *place, int64_t *k)
{
    uint8_t bytes[VIEWS_MARK_KEY_SIZE];
    MDB_val key = views_mark_key(bytes, target, after + 1), value;
    enum views_result result =
        first_above(reader, VIEWS_DB_MARKS, &key, 8, &place->seq, &value);
    if (result == VIEWS_OK && value.mv_size != VIEWS_MARK_SIZE)
        return views_outcome(MDB_CORRUPTED);
    if (result == VIEWS_OK) {
        const uint8_t *at = value.mv_data;
        *k = order_get_i64(at);
        place->t = order_get_i64(at + 8);
        place->start_lo = order_get_i64(at + 16);
    }
    return result;
}

enum views_result
views_superseder(struct views_reader *reader, uint64_t target, uint64_t after,
                 uint64_t *seq, int64_t *k)
{
    struct views_place place = {0};
    enum views_result result =
        views_superseder_at(reader, target, after, &place, k);
    if (result == VIEWS_OK)
        *seq = place.seq;
    return result;
}

enum views_result
views_linked(struct views_reader *reader, enum views_link link, uint64_t target,
             uint64_t after, uint64_t *seq)
{
    uint8_t bytes[VIEWS_LINK_KEY_SIZE];
    MDB_val key = views_link_key(bytes, link, target, after + 1), value;
    return first_above(reader, VIEWS_DB_LINKS, &key, 9, seq, &value);
}

enum views_result
views_answer_at(struct views_reader *reader, uint64_t target, uint64_t after,
                struct views_place *place, bool *touches)
{
    uint8_t bytes[VIEWS_LINK_KEY_SIZE];
    MDB_val key = views_link_key(bytes, VIEWS_LINK_ANSWERED, target, after + 1);
    MDB_val value;
    enum views_result result =
        first_above(reader, VIEWS_DB_LINKS, &key, 9, &place->seq, &value);
    *touches = result == VIEWS_OK && value.mv_size == VIEWS_ANSWER_SIZE;
    if (*touches) {
        place->t = order_get_i64(value.mv_data);
        place->start_lo = order_get_i64((const uint8_t *)value.mv_data + 8);
    }
    return result;
}

/* The first key of a database behind `wanted` with the same prefix: what
 * follows the prefix is a slug. */
static enum views_result
next_slug(struct views_reader *reader, enum views_db db, MDB_val *wanted,
          size_t prefix, struct span *slug, MDB_val *value)
{
    MDB_cursor *cursor = views_cursor(reader, db);
    MDB_val key = *wanted;
    if (cursor == NULL)
        return VIEWS_FULL;
    int rc = mdb_cursor_get(cursor, &key, value, MDB_SET_RANGE);
    if (rc == 0 && key.mv_size == wanted->mv_size &&
        memcmp(key.mv_data, wanted->mv_data, key.mv_size) == 0)
        rc = mdb_cursor_get(cursor, &key, value, MDB_NEXT);
    if (rc != 0)
        return views_outcome(rc);
    if (key.mv_size <= prefix ||
        memcmp(key.mv_data, wanted->mv_data, prefix) != 0)
        return VIEWS_ABSENT;
    *slug = (struct span){(const uint8_t *)key.mv_data + prefix,
                          key.mv_size - prefix};
    return VIEWS_OK;
}

enum views_result
views_next_partnership(struct views_reader *reader, struct span after,
                       struct span *slug, struct views_name *name)
{
    uint8_t bytes[VIEWS_NAME_KEY_SIZE];
    MDB_val wanted = views_name_key(bytes, VIEWS_PARTNERSHIP, after), value;
    enum views_result result =
        next_slug(reader, VIEWS_DB_NAMES, &wanted, 1, slug, &value);
    if (result == VIEWS_OK && !views_name_read(&value, name))
        return views_outcome(MDB_CORRUPTED);
    return result;
}

enum views_result
views_next_membership(struct views_reader *reader, uint32_t party,
                      struct span after, struct span *slug,
                      struct views_name *name)
{
    uint8_t bytes[VIEWS_MEMBER_KEY_SIZE];
    MDB_val wanted = views_member_key(bytes, party, after), value;
    enum views_result result =
        next_slug(reader, VIEWS_DB_MEMBERS, &wanted, 4, slug, &value);
    if (result != VIEWS_OK)
        return result;
    return views_find_name(reader, VIEWS_PARTNERSHIP, *slug, name);
}
