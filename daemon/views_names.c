/* SPDX-License-Identifier: MIT */
#include "daemon/order.h"
#include "daemon/views_apply.h"

/* Names and their small numbers. */

int
apply_get(struct apply *apply, enum views_db db, MDB_val *key, MDB_val *value)
{
    return mdb_get(apply->txn, apply->views->dbs[db], key, value);
}

int
apply_put(struct apply *apply, enum views_db db, MDB_val *key,
          const void *bytes, size_t size)
{
    MDB_val value = {.mv_size = size, .mv_data = (void *)(uintptr_t)bytes};
    apply->puts++;
    return mdb_put(apply->txn, apply->views->dbs[db], key, &value, 0);
}

int
apply_find_name(struct apply *apply, enum views_name_kind kind,
                struct span slug, struct views_name *name)
{
    uint8_t bytes[VIEWS_NAME_KEY_SIZE];
    MDB_val key = views_name_key(bytes, kind, slug), value;
    int rc = apply_get(apply, VIEWS_DB_NAMES, &key, &value);
    if (rc == 0 && !views_name_read(&value, name))
        rc = MDB_CORRUPTED;
    return rc;
}

int
apply_put_name(struct apply *apply, enum views_name_kind kind, struct span slug,
               const struct views_name *name)
{
    uint8_t key_bytes[VIEWS_NAME_KEY_SIZE], value[VIEWS_NAME_SIZE];
    MDB_val key = views_name_key(key_bytes, kind, slug);
    views_name_write(value, name);
    return apply_put(apply, VIEWS_DB_NAMES, &key, value, sizeof value);
}

/* Numbers are given from 1 on, so the last key of a kind has the last one. */
static int
next_number(struct apply *apply, enum views_name_kind kind, uint32_t *number)
{
    uint8_t bytes[VIEWS_SLUG_KEY_SIZE];
    MDB_val key = views_slug_key(bytes, kind, UINT32_MAX), value;
    MDB_cursor *cursor;
    int rc =
        mdb_cursor_open(apply->txn, apply->views->dbs[VIEWS_DB_SLUGS], &cursor);
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

/* The number of a name, given now if it never was. */
int
apply_intern(struct apply *apply, enum views_name_kind kind, struct span slug,
             struct views_name *name)
{
    int rc = apply_find_name(apply, kind, slug, name);
    if (rc != MDB_NOTFOUND)
        return rc;
    *name = (struct views_name){0};
    uint8_t bytes[VIEWS_SLUG_KEY_SIZE];
    rc = next_number(apply, kind, &name->number);
    if (rc != 0)
        return rc;
    MDB_val key = views_slug_key(bytes, kind, name->number);
    rc = apply_put(apply, VIEWS_DB_SLUGS, &key, slug.data, slug.size);
    return rc != 0 ? rc : apply_put_name(apply, kind, slug, name);
}

int
apply_find_id(struct apply *apply, struct span id, uint64_t *seq)
{
    MDB_val key = {.mv_size = id.size, .mv_data = (void *)(uintptr_t)id.data};
    MDB_val value;
    int rc = apply_get(apply, VIEWS_DB_IDS, &key, &value);
    if (rc == 0 && value.mv_size != 8)
        return MDB_CORRUPTED;
    if (rc == 0)
        *seq = order_get_u64(value.mv_data);
    return rc;
}
