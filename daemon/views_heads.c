/* SPDX-License-Identifier: MIT */
#include "daemon/order.h"
#include "daemon/views_apply.h"

/* What appends need of the log: ids and the last revisions, a first and quick
 * pass where all views have to be made anew. */

/* The last revision of a partnership, as far as this pass has come. */
static int
find_head(struct apply *apply, struct span slug, size_t *name)
{
    uint64_t revision = 0;
    MDB_val key = {.mv_size = slug.size,
                   .mv_data = (void *)(uintptr_t)slug.data};
    MDB_val value;
    if (apply_met_name(apply, VIEWS_HEAD, slug, name))
        return 0;
    int rc = apply_get(apply, VIEWS_DB_HEADS, &key, &value);
    if (rc == 0 && value.mv_size != 8)
        return MDB_CORRUPTED;
    if (rc == 0)
        revision = order_get_u64(value.mv_data);
    return rc != 0 && rc != MDB_NOTFOUND
               ? rc
               : apply_keep_head(apply, slug, revision, name);
}

static int
raise_head(struct apply *apply, struct span slug, uint64_t revision)
{
    size_t name;
    int rc = find_head(apply, slug, &name);
    if (rc != 0)
        return rc;
    struct apply_name *head = &apply->names[name];
    if (revision > head->name.revision)
        head->name.revision = revision;
    head->head_changed = true;
    return 0;
}

/* What a damaged event still says: as apply_damaged. */
static int
take_damaged(struct apply *apply, uint64_t seq)
{
    struct span bytes, id, slug;
    uint64_t other;
    size_t name;
    int rc = 0;
    if (log_salvage(apply->log, seq, &bytes) != LOG_OK)
        return 0;
    id = mp_get_str(bytes, "id");
    slug = mp_get_str(bytes, "partnership");
    if (event_is_id(id) && apply_find_id(apply, id, &other) == MDB_NOTFOUND)
        rc = apply_put_id(apply, id, seq);
    if (rc != 0 || !event_is_slug(slug))
        return rc;
    rc = find_head(apply, slug, &name);
    return rc != 0
               ? rc
               : raise_head(apply, slug, apply->names[name].name.revision + 1);
}

static int
take_position(struct apply *apply, uint64_t seq)
{
    struct span bytes;
    if (log_read(apply->log, seq, &bytes) != LOG_OK)
        return take_damaged(apply, seq);
    int rc = apply_put_id(apply, mp_get_str(bytes, "id"), seq);
    return rc != 0 ? rc
                   : raise_head(apply, mp_get_str(bytes, "partnership"),
                                mp_get_uint(bytes, "rev"));
}

static int
take_ids(struct apply *apply, uint64_t to)
{
    int rc = 0;
    for (uint64_t seq = apply->first; seq <= to && rc == 0; seq++)
        rc = take_position(apply, seq);
    if (rc == 0)
        rc = apply_merge(apply);
    return rc != 0 ? rc : apply_put_ids_position(apply, to);
}

enum views_result
views_apply_ids(struct views *views, struct log_reader *log, size_t limit,
                size_t *applied)
{
    uint64_t position = views_ids_position(views);
    uint64_t to = apply_last_of_batch(views, position, limit);
    struct apply apply = {.views = views,
                          .file = atomic_load(&views->file),
                          .log = log,
                          .first = position + 1,
                          .last = to,
                          .ids_position = position};
    *applied = 0;
    if (to == position)
        return VIEWS_OK;
    int rc = apply_batch(&apply, to, take_ids);
    if (rc != 0)
        return views_commit_outcome(views, rc);
    atomic_store_explicit(&views->ids_position, to, memory_order_release);
    *applied = (size_t)(to - position);
    return VIEWS_OK;
}
