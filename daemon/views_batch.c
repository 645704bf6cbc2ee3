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

int
apply_init(struct apply *apply, size_t events)
{
    apply->ops = calloc(events, sizeof *apply->ops);
    apply->zones = calloc(events, sizeof *apply->zones);
    apply->event_count = events;
    return apply->ops == NULL || apply->zones == NULL ? ENOMEM : 0;
}

void
apply_deinit(struct apply *apply)
{
    blocks_release(&apply->find_id);
    blocks_release(&apply->find_op);
    number_map_deinit(&apply->name_index);
    number_map_deinit(&apply->id_index);
    number_map_deinit(&apply->members);
    number_map_deinit(&apply->followed);
    free(apply->chain);
    free(apply->names);
    free(apply->ops);
    free(apply->zones);
    free(apply->ids.entries);
    free(apply->replaced.entries);
    free(apply->listed);
    mp_buf_deinit(&apply->bytes);
}

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

void
apply_touch(struct apply_name *partnership, const struct views_place *place)
{
    struct tuple first = views_op_tuple(0, &partnership->first);
    struct tuple here = views_op_tuple(0, place);
    if (!partnership->touched || tuple_compare(&here, &first) < 0)
        partnership->first = *place;
    partnership->touched = true;
}

/* --- lists ----------------------------------------------------------------*/

static int
add_to_list(struct apply *apply, uint64_t list, uint64_t seq)
{
    if (apply->listed_count == apply->listed_capacity) {
        size_t capacity =
            apply->listed_capacity == 0 ? 64 : 2 * apply->listed_capacity;
        struct apply_listed *listed =
            reallocarray(apply->listed, capacity, sizeof *listed);
        if (listed == NULL)
            return ENOMEM;
        apply->listed = listed;
        apply->listed_capacity = capacity;
    }
    apply->listed[apply->listed_count++] =
        (struct apply_listed){list, (uint32_t)(seq - apply->first)};
    return 0;
}

/* In every order. */
static int
add_to_orders(struct apply *apply, enum views_dimension dimension,
              uint32_t number, uint32_t part, uint64_t seq)
{
    int rc = 0;
    for (unsigned order = 0; order < VIEWS_ORDER_COUNT && rc == 0; order++)
        rc = add_to_list(
            apply,
            views_list(views_order_list((enum views_order)order, dimension),
                       number, part),
            seq);
    return rc;
}

static int
add_late(struct apply *apply, uint32_t partnership, const struct fold_op *op)
{
    uint32_t part = views_late_part(op->t, op->k);
    int rc = add_to_list(apply, views_list(VIEWS_LIST_LATE, partnership, part),
                         op->seq);
    return rc != 0 ? rc
                   : add_to_list(apply, views_list(VIEWS_LIST_LATE, 0, part),
                                 op->seq);
}

static int
put_dates(struct apply *apply, const struct fold_op *op)
{
    uint8_t bytes[8], value[VIEWS_DATES_SIZE];
    MDB_val key = {.mv_size = sizeof bytes, .mv_data = bytes};
    order_put_u64(bytes, op->seq);
    order_put_i64(value, op->k);
    order_put_i64(value + 8, op->t);
    return apply_put(apply, VIEWS_DB_DATES, &key, value, sizeof value);
}

static int
add_to_lists(struct apply *apply, uint32_t partnership,
             const struct fold_op *op)
{
    uint32_t part = views_type_part(op->type);
    int rc = add_to_orders(apply, VIEWS_OF_ALL, 0, 0, op->seq);
    if (rc == 0)
        rc = add_to_orders(apply, VIEWS_OF_PARTNERSHIP, partnership, part,
                           op->seq);
    if (rc == 0)
        rc = add_to_orders(apply, VIEWS_OF_TYPE, op->type, 0, op->seq);
    for (uint32_t i = 0; i < op->party_count && rc == 0; i++)
        rc = add_to_orders(apply, VIEWS_OF_PARTY,
                           order_get_u32(op->parties + 4 * (size_t)i), part,
                           op->seq);
    if (rc == 0 && op->k > op->t)
        rc = add_late(apply, partnership, op);
    if (rc == 0 && op->start_lo != op->t)
        rc = add_to_list(
            apply, views_list(VIEWS_LIST_IMPRECISE, partnership, 0), op->seq);
    return rc != 0 || op->k == op->t ? rc : put_dates(apply, op);
}

/* Where an event is in a list. */
static struct tuple
tuple_in_list(const struct apply *apply, const struct apply_listed *listed)
{
    const struct fold_op *op = &apply->ops[listed->event].op;
    struct views_place place = {op->t, op->start_lo, op->seq};
    struct tuple tuple = {.set = listed->list, .seq = op->seq};
    unsigned kind = (unsigned)(listed->list >> 56);
    if (kind == VIEWS_LIST_IMPRECISE) {
        tuple.a = views_duration(&place);
        tuple.b = tuple.a == VIEWS_DURATION_OPEN ? op->t : op->start_lo;
    } else if (kind == VIEWS_LIST_LATE ||
               views_order_of(kind) == VIEWS_BY_OCCURRED) {
        tuple.a = op->t;
        tuple.b = op->start_lo;
    } else if (views_order_of(kind) == VIEWS_BY_DISCLOSED) {
        tuple.a = op->k;
    }
    return tuple;
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
    mp_buf_append(&apply->bytes, op->parties, 4 * (size_t)op->party_count);
    return apply->bytes.failed ? ENOMEM : add_to_lists(apply, partnership, op);
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

/* Entries that are merged in before a transaction may end. */
#define MERGE_ENTRIES ((size_t)4096)

static int
merge_into(struct apply *apply, enum views_db db,
           const struct blocks_zones *zones, const struct tuple_entry *entries,
           size_t count)
{
    int rc = 0;
    while (count > 0 && rc == 0) {
        size_t some = count < MERGE_ENTRIES ? count : MERGE_ENTRIES;
        rc = blocks_merge(apply->txn, apply->file->dbs[db], zones, entries,
                          some, &apply->puts);
        if (rc == 0)
            rc = apply_turn_over(apply);
        entries += some;
        count -= some;
    }
    return rc;
}

static int
merge_sorted(struct apply *apply, enum views_db db,
             struct apply_entries *entries)
{
    struct blocks_zones none = {0};
    if (entries->count == 0)
        return 0;
    struct tuple_entry *scratch =
        calloc(entries->count, sizeof *entries->entries);
    if (scratch == NULL)
        return ENOMEM;
    tuple_sort(entries->entries, scratch, entries->count);
    free(scratch);
    entries->count = drop_equal(entries->entries, entries->count);
    return merge_into(apply, db, &none, entries->entries, entries->count);
}

/* By list, and as they came within one: a radix sort by the bytes of the
 * lists, as tuple_sort does it. */
static int
sort_listed(struct apply *apply)
{
    struct apply_listed *from = apply->listed, *swapped;
    size_t count = apply->listed_count;
    struct apply_listed *to = reallocarray(NULL, count, sizeof *to);
    if (to == NULL)
        return ENOMEM;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t at[257] = {0};
        for (size_t i = 0; i < count; i++)
            at[1 + (from[i].list >> shift & 0xff)]++;
        if (at[1 + (from[0].list >> shift & 0xff)] == count)
            continue;
        for (size_t i = 1; i < 256; i++)
            at[i] += at[i - 1];
        for (size_t i = 0; i < count; i++)
            to[at[from[i].list >> shift & 0xff]++] = from[i];
        swapped = from;
        from = to;
        to = swapped;
    }
    free(to);
    apply->listed = from;
    apply->listed_capacity = count;
    return 0;
}

/* Some lists, at most half of `entries` but one list at least; the other half
 * is for sorting. */
static size_t
take_lists(struct apply *apply, size_t from, struct tuple_entry *entries,
           size_t half)
{
    size_t count = 0, end = from;
    while (end < apply->listed_count && end - from < MERGE_ENTRIES) {
        uint64_t list = apply->listed[end].list;
        for (; end < apply->listed_count && apply->listed[end].list == list;
             end++)
            entries[count++] = (struct tuple_entry){
                .tuple = tuple_in_list(apply, &apply->listed[end])};
    }
    tuple_sort_places(entries, entries + half, count);
    return count;
}

static int
merge_lists(struct apply *apply)
{
    struct blocks_zones zones = {apply->zones, apply->first};
    size_t half = MERGE_ENTRIES + apply->event_count, count;
    int rc = sort_listed(apply);
    struct tuple_entry *entries = reallocarray(NULL, 2 * half, sizeof *entries);
    if (entries == NULL)
        return ENOMEM;
    for (size_t from = 0; from < apply->listed_count && rc == 0;
         from += count) {
        count = take_lists(apply, from, entries, half);
        rc = merge_into(apply, VIEWS_DB_LISTS, &zones, entries, count);
    }
    free(entries);
    return rc;
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

/* What was folded behind the first change of a partnership is void. */
static int
drop_folds(struct apply *apply)
{
    int rc = 0;
    for (size_t i = 0; i < apply->name_count && rc == 0; i++) {
        const struct apply_name *name = &apply->names[i];
        if (name->touched)
            rc = views_drop_checkpoints(apply->views, apply->txn,
                                        name->name.number, &name->first);
        if (name->ops > 0)
            views_count_ops(apply->views, name->name.number, name->ops);
    }
    return rc;
}

int
apply_merge(struct apply *apply)
{
    int rc = merge_ops(apply);
    if (rc == 0 && apply->listed_count > 0)
        rc = merge_lists(apply);
    if (rc == 0)
        rc = merge_sorted(apply, VIEWS_DB_IDS, &apply->ids);
    if (rc == 0)
        rc = apply_put_names(apply);
    return rc != 0 ? rc : drop_folds(apply);
}
