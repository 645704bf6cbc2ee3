/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "daemon/xxh3.h"

#include "daemon/order.h"
#include "daemon/views_apply.h"

/* Names and their small numbers, and ids, as a batch meets them. */

int
apply_get(struct apply *apply, enum views_db db, MDB_val *key, MDB_val *value)
{
    return mdb_get(apply->txn, apply->file->dbs[db], key, value);
}

int
apply_put(struct apply *apply, enum views_db db, MDB_val *key,
          const void *bytes, size_t size)
{
    MDB_val value = {.mv_size = size, .mv_data = (void *)(uintptr_t)bytes};
    apply->puts++;
    return mdb_put(apply->txn, apply->file->dbs[db], key, &value, 0);
}

/* --- names ----------------------------------------------------------------*/

/* Where a name is or would be in the index: names with the same checksum
 * follow each other. */
static bool
find_met(struct apply *apply, enum views_name_kind kind, struct span slug,
         uint64_t *key, size_t *name)
{
    uint32_t at;
    *key = XXH3_64bits_withSeed(slug.data, slug.size, (uint64_t)kind);
    for (; number_map_find(&apply->name_index, *key, &at); ++*key) {
        *name = at;
        if (apply->names[at].kind == kind &&
            span_equal(apply->names[at].slug, slug))
            return true;
    }
    return false;
}

static int
keep(struct apply *apply, const struct apply_name *met, uint64_t key,
     size_t *kept)
{
    if (apply->name_count == apply->name_capacity) {
        size_t capacity =
            apply->name_capacity == 0 ? 64 : 2 * apply->name_capacity;
        struct apply_name *names =
            reallocarray(apply->names, capacity, sizeof *names);
        if (names == NULL)
            return ENOMEM;
        apply->names = names;
        apply->name_capacity = capacity;
    }
    *kept = apply->name_count++;
    apply->names[*kept] = *met;
    return number_map_put(&apply->name_index, key, (uint32_t)*kept) == 0
               ? 0
               : ENOMEM;
}

bool
apply_met_name(struct apply *apply, enum views_name_kind kind, struct span slug,
               size_t *name)
{
    uint64_t unused;
    return find_met(apply, kind, slug, &unused, name);
}

int
apply_keep_head(struct apply *apply, struct span slug, uint64_t revision,
                size_t *name)
{
    struct apply_name met = {
        .kind = VIEWS_HEAD, .slug = slug, .name.revision = revision};
    uint64_t key;
    find_met(apply, VIEWS_HEAD, slug, &key, name);
    return keep(apply, &met, key, name);
}

int
apply_find_name(struct apply *apply, enum views_name_kind kind,
                struct span slug, size_t *name)
{
    uint64_t at;
    uint8_t bytes[VIEWS_NAME_KEY_SIZE];
    struct apply_name met = {.kind = kind, .slug = slug};
    if (find_met(apply, kind, slug, &at, name))
        return 0;
    MDB_val key = views_name_key(bytes, kind, slug), value;
    int rc = apply_get(apply, VIEWS_DB_NAMES, &key, &value);
    if (rc == 0 && !views_name_read(&value, &met.name))
        rc = MDB_CORRUPTED;
    return rc != 0 ? rc : keep(apply, &met, at, name);
}

/* Numbers are given from 1 on, so the last key of a kind has the last one. */
static int
next_number(struct apply *apply, enum views_name_kind kind, uint32_t *number)
{
    uint8_t bytes[VIEWS_SLUG_KEY_SIZE];
    MDB_val key = views_slug_key(bytes, kind, UINT32_MAX), value;
    MDB_cursor *cursor;
    int rc =
        mdb_cursor_open(apply->txn, apply->file->dbs[VIEWS_DB_SLUGS], &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    rc = mdb_cursor_get(cursor, &key, &value,
                        rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    *number = 1;
    const uint8_t *last = key.mv_data;
    if (rc == 0 && key.mv_size == VIEWS_SLUG_KEY_SIZE && last[0] == kind)
        *number = order_get_u32(last + 1) + 1;
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
put_name(struct apply *apply, const struct apply_name *name)
{
    uint8_t bytes[VIEWS_NAME_KEY_SIZE], value[VIEWS_NAME_SIZE];
    MDB_val key = views_name_key(bytes, name->kind, name->slug);
    views_name_write(value, &name->name);
    return apply_put(apply, VIEWS_DB_NAMES, &key, value, sizeof value);
}

int
apply_intern(struct apply *apply, enum views_name_kind kind, struct span slug,
             size_t *name)
{
    int rc = apply_find_name(apply, kind, slug, name);
    if (rc != MDB_NOTFOUND)
        return rc;
    struct apply_name met = {.kind = kind, .slug = slug};
    uint8_t bytes[VIEWS_SLUG_KEY_SIZE];
    uint64_t at;
    rc = next_number(apply, kind, &met.name.number);
    if (rc != 0)
        return rc;
    MDB_val key = views_slug_key(bytes, kind, met.name.number);
    rc = apply_put(apply, VIEWS_DB_SLUGS, &key, slug.data, slug.size);
    if (rc == 0)
        rc = put_name(apply, &met);
    find_met(apply, kind, slug, &at, name);
    return rc != 0 ? rc : keep(apply, &met, at, name);
}

static int
put_head(struct apply *apply, const struct apply_name *name)
{
    uint8_t value[8];
    MDB_val key = {.mv_size = name->slug.size,
                   .mv_data = (void *)(uintptr_t)name->slug.data};
    order_put_u64(value, name->name.revision);
    return apply_put(apply, VIEWS_DB_HEADS, &key, value, sizeof value);
}

int
apply_put_names(struct apply *apply)
{
    int rc = 0;
    for (size_t i = 0; i < apply->name_count && rc == 0; i++) {
        const struct apply_name *name = &apply->names[i];
        if (name->changed)
            rc = put_name(apply, name);
        if (rc == 0 && name->head_changed)
            rc = put_head(apply, name);
    }
    return rc;
}

/* --- members --------------------------------------------------------------*/

/* Most events add no party that the partnership did not have.  What may be new
 * is kept by party and the slug's first letters, about the order of the keys:
 * where there are many, neighbours share a page. */
int
apply_add_member(struct apply *apply, uint32_t party, struct span slug,
                 uint32_t partnership)
{
    uint64_t met = (uint64_t)party << 32 | partnership;
    uint8_t letters[8] = {0};
    uint32_t unused;
    if (number_map_find(&apply->members, met, &unused))
        return 0;
    if (number_map_put(&apply->members, met, 0) != 0)
        return ENOMEM;
    memcpy(letters, slug.data, slug.size < 8 ? slug.size : 8);
    struct tuple tuple = {
        .set = party, .a = order_get_i64(letters), .seq = partnership};
    return apply_add_entry(&apply->met, &tuple, slug);
}

static int
put_some_members(struct apply *apply, const struct tuple_entry *met,
                 size_t count)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(apply->txn, apply->file->dbs[VIEWS_DB_MEMBERS],
                             &cursor);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < count && rc == 0; i++) {
        uint8_t bytes[VIEWS_MEMBER_KEY_SIZE], number[4];
        MDB_val value = {.mv_size = sizeof number, .mv_data = number};
        MDB_val key =
            views_member_key(bytes, (uint32_t)met[i].tuple.set, met[i].value);
        order_put_u32(number, (uint32_t)met[i].tuple.seq);
        rc = mdb_cursor_put(cursor, &key, &value, MDB_NOOVERWRITE);
        apply->puts += rc == 0;
        if (rc == MDB_KEYEXIST)
            rc = 0;
    }
    mdb_cursor_close(cursor);
    return rc;
}

int
apply_put_members(struct apply *apply)
{
    int rc = apply_sort(&apply->met);
    for (size_t at = 0; at < apply->met.count && rc == 0;) {
        size_t left = apply->met.count - at;
        size_t some = left < APPLY_MERGE_ENTRIES ? left : APPLY_MERGE_ENTRIES;
        rc = put_some_members(apply, apply->met.entries + at, some);
        if (rc == 0)
            rc = apply_turn_over(apply);
        at += some;
    }
    return rc;
}

/* --- ids ------------------------------------------------------------------*/

/* Ids that follow each other in the index may have the same of these. */
static uint64_t
id_key(const struct tuple *tuple)
{
    return (uint64_t)tuple->a * 0x9e3779b97f4a7c15u ^ (uint64_t)tuple->b;
}

/* Most batches are never asked for an id of their own: those that were put are
 * indexed when one is. */
static int
index_ids(struct apply *apply)
{
    uint32_t unused;
    if (number_map_reserve(&apply->id_index, apply->ids.count) != 0)
        return ENOMEM;
    for (; apply->ids_indexed < apply->ids.count; apply->ids_indexed++) {
        const struct tuple *tuple =
            &apply->ids.entries[apply->ids_indexed].tuple;
        uint64_t key = id_key(tuple);
        while (number_map_find(&apply->id_index, key, &unused))
            key++;
        if (number_map_put(&apply->id_index, key,
                           (uint32_t)(tuple->seq - apply->first)) != 0)
            return ENOMEM;
    }
    return 0;
}

/* An id of this batch; a sound event comes before a damaged one that seems to
 * have it. */
static bool
find_new_id(struct apply *apply, struct span id, uint64_t *seq)
{
    uint32_t at;
    struct tuple tuple;
    bool any = false;
    views_id_tuple(id, 0, &tuple);
    for (uint64_t key = id_key(&tuple);
         number_map_find(&apply->id_index, key, &at); key++) {
        struct span event;
        uint64_t found = apply->first + at;
        bool sound = log_read(apply->log, found, &event) == LOG_OK;
        if (!sound && log_salvage(apply->log, found, &event) != LOG_OK)
            continue;
        if (!span_equal(mp_get_str(event, "id"), id) || (!sound && any))
            continue;
        *seq = found;
        any = true;
        if (sound)
            break;
    }
    return any;
}

int
apply_find_id(struct apply *apply, struct span id, uint64_t *seq)
{
    int rc = index_ids(apply);
    if (rc != 0 || find_new_id(apply, id, seq))
        return rc;
    if (apply->find_id.cursor == NULL)
        rc = blocks_open(&apply->find_id, apply->txn,
                         apply->file->dbs[VIEWS_DB_IDS]);
    return rc != 0 ? rc : views_ids_find(&apply->find_id, apply->log, id, seq);
}

int
apply_put_id(struct apply *apply, struct span id, uint64_t seq)
{
    struct tuple tuple;
    if (seq <= apply->ids_position)
        return 0;
    views_id_tuple(id, seq, &tuple);
    return apply_add_entry(&apply->ids, &tuple, (struct span){0});
}
