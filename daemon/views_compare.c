/* SPDX-License-Identifier: MIT */
#include "daemon/views_compare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/fold_bytes.h"
#include "daemon/order.h"
#include "daemon/views_late.h"
#include "daemon/views_refold.h"

/* How the entries of a database are compared. */
enum way {
    WAY_APART,  /* by views_check, or not at all */
    WAY_KEYS,   /* key by key */
    WAY_BLOCKS, /* tuple by tuple */
    WAY_FOLDS,  /* fold by fold */
    WAY_LATE,   /* against operations */
};

static const struct {
    const char *name;
    enum way way;
} databases[VIEWS_DB_COUNT] = {
    [VIEWS_DB_META] = {"meta", WAY_APART},
    [VIEWS_DB_HEADS] = {"heads", WAY_KEYS},
    [VIEWS_DB_NAMES] = {"names", WAY_KEYS},
    [VIEWS_DB_SLUGS] = {"slugs", WAY_KEYS},
    [VIEWS_DB_MARKS] = {"marks", WAY_KEYS},
    [VIEWS_DB_LINKS] = {"links", WAY_KEYS},
    [VIEWS_DB_MEMBERS] = {"members", WAY_KEYS},
    [VIEWS_DB_DATES] = {"dates", WAY_KEYS},
    [VIEWS_DB_FOLDS] = {"folds", WAY_FOLDS},
    [VIEWS_DB_LATE] = {"late", WAY_LATE},
    [VIEWS_DB_IDS] = {"ids", WAY_BLOCKS},
    [VIEWS_DB_OPS] = {"ops", WAY_BLOCKS},
    [VIEWS_DB_LISTS] = {"lists", WAY_BLOCKS},
};

void
views_tell(struct views_telling *telling, const char *what, uint64_t seq)
{
    struct views_compare *compare = telling->compare;
    compare->differences++;
    if (telling->told++ >= VIEWS_DIFFERENCES_MAX)
        return;
    struct views_difference *at = &compare->list[compare->listed++];
    at->database = databases[telling->db].name;
    if (seq == 0)
        snprintf(at->what, sizeof at->what, "%s", what);
    else
        snprintf(at->what, sizeof at->what, "%s, of position %llu", what,
                 (unsigned long long)seq);
}

/* Which of two that stand side by side comes first; a side that has ended
 * comes last. */
static int
order_of(int fresh_rc, int found_rc, int order)
{
    if (fresh_rc != 0)
        return 1;
    return found_rc != 0 ? -1 : order;
}

/* --- keys -----------------------------------------------------------------*/

static struct span
span_of_val(const MDB_val *val)
{
    return (struct span){val->mv_data, val->mv_size};
}

/* The event that an entry is of; 0 where its key does not say. */
static uint64_t
seq_of(enum views_db db, const MDB_val *key)
{
    const uint8_t *end = (const uint8_t *)key->mv_data + key->mv_size;
    bool has_one =
        db == VIEWS_DB_MARKS || db == VIEWS_DB_LINKS || db == VIEWS_DB_DATES;
    return has_one && key->mv_size >= 8 ? order_get_u64(end - 8) : 0;
}

/* One that is only in what was found: of a batch that is half applied, or none
 * of ours.  A name that is new does not say of which event it is. */
static void
tell_surplus(struct views_telling *telling, const MDB_val *key)
{
    uint64_t seq = seq_of(telling->db, key);
    if (seq == 0 || seq > telling->compare->position)
        telling->compare->ahead = true;
    views_tell(telling, "an entry should not be there", seq);
}

static int
compare_keys(struct views_telling *telling, MDB_cursor *fresh,
             MDB_cursor *found)
{
    MDB_val key[2], value[2];
    int rc[2] = {mdb_cursor_get(fresh, &key[0], &value[0], MDB_FIRST),
                 mdb_cursor_get(found, &key[1], &value[1], MDB_FIRST)};
    while (rc[0] == 0 || rc[1] == 0) {
        int order =
            rc[0] == 0 && rc[1] == 0
                ? span_compare(span_of_val(&key[0]), span_of_val(&key[1]))
                : 0;
        order = order_of(rc[0], rc[1], order);
        telling->compare->entries++;
        if (order < 0)
            views_tell(telling, "an entry is missing",
                       seq_of(telling->db, &key[0]));
        else if (order > 0)
            tell_surplus(telling, &key[1]);
        else if (!span_equal(span_of_val(&value[0]), span_of_val(&value[1])))
            views_tell(telling, "an entry has another value",
                       seq_of(telling->db, &key[0]));
        if (order <= 0)
            rc[0] = mdb_cursor_get(fresh, &key[0], &value[0], MDB_NEXT);
        if (order >= 0)
            rc[1] = mdb_cursor_get(found, &key[1], &value[1], MDB_NEXT);
    }
    int failed = rc[0] != MDB_NOTFOUND ? rc[0] : rc[1];
    return failed == MDB_NOTFOUND ? 0 : failed;
}

static int
compare_by_keys(struct views_telling *telling)
{
    struct views_compare *compare = telling->compare;
    enum views_db db = telling->db;
    MDB_cursor *fresh = NULL, *found = NULL;
    int rc =
        mdb_cursor_open(compare->fresh, compare->fresh_file->dbs[db], &fresh);
    if (rc == 0)
        rc = mdb_cursor_open(compare->found, compare->found_file->dbs[db],
                             &found);
    if (rc == 0)
        rc = compare_keys(telling, fresh, found);
    if (fresh != NULL)
        mdb_cursor_close(fresh);
    if (found != NULL)
        mdb_cursor_close(found);
    return rc;
}

/* --- blocks ---------------------------------------------------------------*/

static void
compare_entries(struct views_telling *telling, int order,
                const struct blocks_iter *fresh,
                const struct blocks_iter *found)
{
    const struct tuple_entry *entry = blocks_here(order <= 0 ? fresh : found);
    uint64_t seq = entry->tuple.seq;
    if (order > 0 && seq > telling->compare->position)
        telling->compare->ahead = true;
    if (order < 0)
        views_tell(telling, "an entry is missing", seq);
    else if (order > 0)
        views_tell(telling, "an entry should not be there", seq);
    else if (!span_equal(entry->value, blocks_here(found)->value))
        views_tell(telling, "an entry has another value", seq);
}

static bool
is_failure(int rc)
{
    return rc != 0 && rc != MDB_NOTFOUND;
}

static int
compare_blocks(struct views_telling *telling, struct blocks_iter *fresh,
               struct blocks_iter *found)
{
    const struct tuple first = TUPLE_FIRST;
    int rc[2] = {blocks_seek(fresh, &first), blocks_seek(found, &first)};
    while (rc[0] == 0 || rc[1] == 0) {
        if (is_failure(rc[0]) || is_failure(rc[1]))
            break;
        int order = rc[0] == 0 && rc[1] == 0
                        ? tuple_compare(&blocks_here(fresh)->tuple,
                                        &blocks_here(found)->tuple)
                        : 0;
        order = order_of(rc[0], rc[1], order);
        telling->compare->entries++;
        compare_entries(telling, order, fresh, found);
        if (order <= 0)
            rc[0] = blocks_next(fresh);
        if (order >= 0)
            rc[1] = blocks_next(found);
    }
    if (is_failure(rc[0]))
        return rc[0];
    return is_failure(rc[1]) ? rc[1] : 0;
}

static int
compare_by_blocks(struct views_telling *telling)
{
    struct views_compare *compare = telling->compare;
    enum views_db db = telling->db;
    struct blocks_iter fresh = {.upto = BLOCKS_EVERYTHING};
    struct blocks_iter found = {.upto = BLOCKS_EVERYTHING};
    int rc = blocks_open(&fresh, compare->fresh, compare->fresh_file->dbs[db]);
    if (rc == 0)
        rc = blocks_open(&found, compare->found, compare->found_file->dbs[db]);
    if (rc == 0)
        rc = compare_blocks(telling, &fresh, &found);
    blocks_release(&fresh);
    blocks_release(&found);
    return rc;
}

/* --- all of them ----------------------------------------------------------*/

int
views_compare(struct views_compare *compare)
{
    int rc = 0;
    for (size_t i = 0; i < VIEWS_DB_COUNT && rc == 0; i++) {
        struct views_telling telling = {compare, (enum views_db)i, 0};
        switch (databases[i].way) {
        case WAY_APART:
            break;
        case WAY_KEYS:
            rc = compare_by_keys(&telling);
            break;
        case WAY_BLOCKS:
            rc = compare_by_blocks(&telling);
            break;
        case WAY_FOLDS:
            rc = views_compare_folds(&telling);
            break;
        case WAY_LATE:
            rc = views_compare_late(&telling);
            break;
        }
    }
    return rc;
}
