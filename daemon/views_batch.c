/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/order.h"
#include "daemon/views_apply.h"

/* What indexes gain by a batch of events. */

struct views_place
apply_place(const struct event *event)
{
    return (struct views_place){.t = event_takes_effect(event),
                                .start_lo = event_possible_from(event),
                                .seq = event->seq};
}

/* --- the memory of a batch ------------------------------------------------*/

/* While many events wait, one large batch follows another: their memory, some
 * 20 MiB that the kernel would have to clear each time, is kept between them.
 */
#define KEPT_EVENTS_MIN (APPLY_EVENTS_MAX / 4)

static void
release(struct apply *apply)
{
    number_map_deinit(&apply->name_index);
    number_map_deinit(&apply->id_index);
    number_map_deinit(&apply->members);
    number_map_deinit(&apply->followed);
    free(apply->chain);
    free(apply->names);
    free(apply->ops);
    free(apply->zones);
    free(apply->starts);
    free(apply->ids.entries);
    free(apply->replaced.entries);
    free(apply->met.entries);
    free(apply->listed);
    free(apply->sorted);
    free(apply->changes);
    mp_buf_deinit(&apply->bytes);
}

void
apply_forget_memory(struct views *views)
{
    if (views->kept != NULL)
        release(views->kept);
    free(views->kept);
    views->kept = NULL;
}

static void
empty(struct apply *apply)
{
    number_map_clear(&apply->name_index);
    number_map_clear(&apply->id_index);
    number_map_clear(&apply->members);
    number_map_clear(&apply->followed);
    mp_buf_clear(&apply->bytes);
    apply->chain_count = apply->name_count = apply->listed_count = 0;
    apply->change_count = 0;
    apply->ids.count = apply->ids_indexed = apply->replaced.count = 0;
    apply->met.count = 0;
}

/* Only what memory there is: an empty batch else. */
static void
take_kept(struct apply *apply)
{
    struct apply *kept = apply->views->kept;
    if (kept == NULL)
        return;
    kept->views = apply->views;
    kept->file = apply->file;
    kept->log = apply->log;
    kept->first = apply->first;
    kept->last = apply->last;
    kept->ids_position = apply->ids_position;
    *apply = *kept;
    free(kept);
    apply->views->kept = NULL;
}

/* False: there is no memory even for that. */
static bool
keep(struct apply *apply)
{
    struct apply *kept = malloc(sizeof *kept);
    if (kept == NULL)
        return false;
    empty(apply);
    *kept = *apply;
    kept->txn = NULL;
    kept->head_checksum = kept->puts = kept->puts_before = 0;
    apply->views->kept = kept;
    return true;
}

static bool
make_room(struct apply *apply, size_t events)
{
    if (events <= apply->event_capacity)
        return true;
    free(apply->ops);
    free(apply->zones);
    free(apply->starts);
    apply->ops = calloc(events, sizeof *apply->ops);
    apply->zones = calloc(events, sizeof *apply->zones);
    apply->starts = calloc(events, sizeof *apply->starts);
    apply->event_capacity = events;
    return apply->ops != NULL && apply->zones != NULL && apply->starts != NULL;
}

int
apply_init(struct apply *apply, size_t events)
{
    take_kept(apply);
    apply->event_count = events;
    if (!make_room(apply, events))
        return ENOMEM;
    for (size_t i = 0; i < events; i++)
        apply->ops[i].partnership = 0;
    return 0;
}

void
apply_deinit(struct apply *apply)
{
    bool more = apply->event_count >= KEPT_EVENTS_MIN &&
                apply->last < log_tip(apply->views->log);
    blocks_release(&apply->find_id);
    blocks_release(&apply->find_op);
    if (!more || !keep(apply))
        release(apply);
}

/* --- entries --------------------------------------------------------------*/

int
apply_add_entry(struct apply_entries *entries, const struct tuple *tuple,
                struct span value)
{
    if (entries->count == entries->capacity) {
        size_t capacity = entries->capacity == 0 ? 64 : 2 * entries->capacity;
        struct tuple_entry *grown =
            reallocarray(entries->entries, capacity, sizeof *grown);
        if (grown == NULL)
            return ENOMEM;
        entries->entries = grown;
        entries->capacity = capacity;
    }
    entries->entries[entries->count++] = (struct tuple_entry){*tuple, value};
    return 0;
}

/* --- operations -----------------------------------------------------------*/

struct apply_op *
apply_op_at(struct apply *apply, uint64_t seq)
{
    uint64_t at = seq - apply->first;
    if (at >= apply->event_count || apply->ops[at].partnership == 0)
        return NULL;
    struct apply_op *found = &apply->ops[at];
    found->op.parties = apply->bytes.data + found->parties;
    return found;
}

int
apply_add_op(struct apply *apply, uint32_t partnership,
             const struct fold_op *op)
{
    size_t at = (size_t)(op->seq - apply->first);
    apply->ops[at] = (struct apply_op){
        .op = *op, .partnership = partnership, .parties = apply->bytes.size};
    apply->zones[at] =
        (struct block_zone){.t = op->t, .k = op->k, .seq = op->seq};
    apply->starts[at] = op->start_lo;
    mp_buf_append(&apply->bytes, op->parties, 4 * (size_t)op->party_count);
    return apply->bytes.failed ? ENOMEM
                               : apply_add_to_lists(apply, partnership, op);
}

/* The values of entries are where they are among the bytes, which may move:
 * until apply_merge `data` counts from their beginning. */
static int
add_op_entry(struct apply *apply, struct apply_entries *entries,
             uint32_t partnership, const struct fold_op *op)
{
    struct views_place place = {op->t, op->start_lo, op->seq};
    struct tuple tuple = views_op_tuple(partnership, &place);
    uint8_t value[VIEWS_OP_SIZE_MAX];
    struct span kept = {(const uint8_t *)apply->bytes.size,
                        views_op_write(value, op)};
    mp_buf_append(&apply->bytes, value, kept.size);
    return apply->bytes.failed ? ENOMEM
                               : apply_add_entry(entries, &tuple, kept);
}

int
apply_replace_op(struct apply *apply, uint32_t partnership,
                 const struct fold_op *op)
{
    return add_op_entry(apply, &apply->replaced, partnership, op);
}

/* --- merging --------------------------------------------------------------*/

/* Equal tuples were put one after the other: the last one counts. */
static size_t
drop_equal(struct tuple_entry *entries, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 &&
            tuple_compare(&entries[kept - 1].tuple, &entries[i].tuple) == 0)
            kept--;
        entries[kept++] = entries[i];
    }
    return kept;
}

int
apply_merge_into(struct apply *apply, enum views_db db,
                 const struct blocks_zones *zones,
                 const struct tuple_entry *entries, size_t count)
{
    int rc = 0;
    while (count > 0 && rc == 0) {
        size_t some = count < APPLY_MERGE_ENTRIES ? count : APPLY_MERGE_ENTRIES;
        rc = blocks_merge(apply->txn, apply->file->dbs[db], zones, entries,
                          some, &apply->puts);
        if (rc == 0)
            rc = apply_turn_over(apply);
        entries += some;
        count -= some;
    }
    return rc;
}

int
apply_sort(struct apply_entries *entries)
{
    if (entries->count == 0)
        return 0;
    struct tuple_entry *scratch =
        calloc(entries->count, sizeof *entries->entries);
    if (scratch == NULL)
        return ENOMEM;
    tuple_sort(entries->entries, scratch, entries->count);
    free(scratch);
    return 0;
}

static int
merge_sorted(struct apply *apply, enum views_db db,
             struct apply_entries *entries)
{
    struct blocks_zones none = {0};
    int rc = apply_sort(entries);
    if (rc != 0)
        return rc;
    entries->count = drop_equal(entries->entries, entries->count);
    return apply_merge_into(apply, db, &none, entries->entries, entries->count);
}

static int
merge_ops(struct apply *apply)
{
    struct apply_entries *entries = &apply->replaced;
    int rc = 0;
    for (size_t i = 0; i < apply->event_count && rc == 0; i++) {
        struct apply_op *op = apply_op_at(apply, apply->first + i);
        if (op != NULL)
            rc = add_op_entry(apply, entries, op->partnership, &op->op);
    }
    for (size_t i = 0; i < entries->count; i++)
        entries->entries[i].value.data =
            apply->bytes.data + (uintptr_t)entries->entries[i].value.data;
    return rc != 0 ? rc : merge_sorted(apply, VIEWS_DB_OPS, entries);
}

static void
count_ops(struct apply *apply)
{
    for (size_t i = 0; i < apply->name_count; i++)
        if (apply->names[i].ops > 0)
            views_count_ops(apply->views, apply->names[i].name.number,
                            apply->names[i].ops);
}

int
apply_merge(struct apply *apply)
{
    int rc = merge_ops(apply);
    if (rc == 0 && apply->listed_count > 0)
        rc = apply_merge_lists(apply);
    if (rc == 0)
        rc = merge_sorted(apply, VIEWS_DB_IDS, &apply->ids);
    if (rc == 0)
        rc = apply_put_members(apply);
    if (rc == 0)
        rc = apply_put_names(apply);
    if (rc == 0)
        rc = apply_put_changes(apply);
    count_ops(apply);
    return rc;
}
