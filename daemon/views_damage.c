/* SPDX-License-Identifier: MIT */
#include "daemon/order.h"
#include "daemon/views_apply.h"

#include <string.h>

/* Events whose checksum fails: what they hold in place, and whom they leave
 * without a state. */

/* Remember the position. MDB_KEYEXIST when it is known. */
static int
note_position(struct apply *apply, uint64_t seq)
{
    uint8_t bytes[8 * VIEWS_DAMAGED_MAX];
    size_t size = 0;
    MDB_val key = {.mv_size = 7, .mv_data = (char[]){"damaged"}}, value;
    int rc = apply_get(apply, VIEWS_DB_META, &key, &value);
    if (rc == 0 && value.mv_size <= sizeof bytes) {
        size = value.mv_size;
        memcpy(bytes, value.mv_data, size);
    }
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    for (size_t at = 0; at + 8 <= size; at += 8)
        if (order_get_u64(bytes + at) == seq)
            return MDB_KEYEXIST;
    if (size + 8 > sizeof bytes)
        return 0;
    order_put_u64(bytes + size, seq);
    uint64_t lowest = atomic_load(&apply->views->damaged);
    if (lowest == 0 || seq < lowest)
        atomic_store(&apply->views->damaged, seq);
    return apply_put(apply, VIEWS_DB_META, &key, bytes, size + 8);
}

int
apply_damaged(struct apply *apply, uint64_t seq)
{
    struct span bytes, id, slug;
    size_t name;
    uint64_t other;
    int rc = note_position(apply, seq);
    if (rc == MDB_KEYEXIST) /* by a batch that was not finished */
        rc = 0;
    if (rc != 0 || log_salvage(apply->log, seq, &bytes) != LOG_OK)
        return rc;
    id = mp_get_str(bytes, "id");
    slug = mp_get_str(bytes, "partnership");
    if (event_is_id(id) && apply_find_id(apply, id, &other) == MDB_NOTFOUND)
        rc = apply_put_id(apply, id, seq);
    if (rc == 0 && event_is_slug(slug)) {
        rc = apply_intern(apply, VIEWS_PARTNERSHIP, slug, &name);
        if (rc == 0)
            apply_set_revision(apply, name, seq,
                               apply->names[name].name.revision + 1, seq);
    }
    return rc;
}

int
apply_acquit(struct apply *apply, uint64_t damaged)
{
    struct span bytes, slug;
    size_t at;
    if (damaged == 0 || log_salvage(apply->log, damaged, &bytes) != LOG_OK)
        return 0;
    slug = mp_get_str(bytes, "partnership");
    if (!event_is_slug(slug))
        return 0;
    int rc = apply_find_name(apply, VIEWS_PARTNERSHIP, slug, &at);
    if (rc != 0 || apply->names[at].name.damaged != damaged)
        return rc == MDB_NOTFOUND ? 0 : rc;
    apply->names[at].name.damaged = 0;
    apply->names[at].name.revision--;
    apply->names[at].changed = apply->names[at].head_changed = true;
    return 0;
}

/* --- damage that is found later -------------------------------------------*/

/* The number of the partnership of a position: a walk over all of them, for
 * what hardly ever happens. */
static int
find_partnership(struct apply *apply, uint64_t seq, uint32_t *partnership)
{
    struct blocks_iter iter = {.upto = BLOCKS_EVERYTHING};
    const enum views_list_kind kind = VIEWS_LIST_OF_PARTNERSHIP;
    struct tuple from = {.set = views_list(kind, 0, 0)};
    int rc = blocks_open(&iter, apply->txn, apply->file->dbs[VIEWS_DB_LISTS]);
    if (rc == 0)
        rc = blocks_seek(&iter, &from);
    for (; rc == 0; rc = blocks_next(&iter)) {
        const struct tuple *tuple = &blocks_here(&iter)->tuple;
        if (views_list_kind(tuple->set) != kind)
            rc = MDB_NOTFOUND;
        if (rc != 0 || tuple->seq == seq)
            break;
    }
    if (rc == 0)
        *partnership = (uint32_t)(blocks_here(&iter)->tuple.set >> 24);
    blocks_release(&iter);
    return rc;
}

/* Only the flag: the event's revision was counted when it was sound.  What the
 * damaged bytes say of its partnership may be what is damaged. */
static int
note_damage(struct apply *apply, uint64_t seq)
{
    uint8_t bytes[VIEWS_SLUG_KEY_SIZE];
    uint32_t partnership = 0;
    size_t name;
    MDB_val value;
    int rc = note_position(apply, seq);
    if (rc == 0)
        rc = find_partnership(apply, seq, &partnership);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    MDB_val key = views_slug_key(bytes, VIEWS_PARTNERSHIP, partnership);
    rc = apply_get(apply, VIEWS_DB_SLUGS, &key, &value);
    if (rc != 0)
        return rc;
    rc = apply_find_name(apply, VIEWS_PARTNERSHIP,
                         (struct span){value.mv_data, value.mv_size}, &name);
    if (rc != 0 || apply->names[name].name.damaged != 0)
        return rc;
    apply->names[name].name.damaged = seq;
    apply->names[name].changed = true;
    return apply_put_names(apply);
}

enum views_result
views_note_damage(struct views *views, struct log_reader *log, uint64_t seq)
{
    struct apply apply = {
        .views = views, .file = atomic_load(&views->file), .log = log};
    if (seq == 0 || seq > views_position(views))
        return VIEWS_OK;
    if (log_read_begin(log) != LOG_OK)
        return VIEWS_FAILED;
    int rc = mdb_txn_begin(apply.file->env, NULL, 0, &apply.txn);
    if (rc == 0)
        rc = note_damage(&apply, seq);
    log_read_end(log);
    apply_deinit(&apply);
    if (rc == 0)
        return views_commit(views, apply.txn);
    mdb_txn_abort(apply.txn);
    return rc == MDB_KEYEXIST ? VIEWS_OK : views_outcome(rc);
}
