/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "daemon/order.h"
#include "daemon/views_apply.h"

/*
 * What lists gain by a batch (daemon/views_lists): for each event the lists
 * that it is in, sorted by list at the end, and then each list in each of its
 * orders.
 */

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

int
apply_add_to_lists(struct apply *apply, uint32_t partnership,
                   const struct fold_op *op)
{
    uint32_t part = views_type_part(op->type);
    int rc = add_to_list(apply, views_list(VIEWS_LIST_OF_ALL, 0, 0), op->seq);
    if (rc == 0)
        rc = add_to_list(
            apply, views_list(VIEWS_LIST_OF_PARTNERSHIP, partnership, part),
            op->seq);
    if (rc == 0)
        rc = add_to_list(apply, views_list(VIEWS_LIST_OF_TYPE, op->type, 0),
                         op->seq);
    for (uint32_t i = 0; i < op->party_count && rc == 0; i++)
        rc = add_to_list(apply,
                         views_list(VIEWS_LIST_OF_PARTY,
                                    order_get_u32(op->parties + 4 * (size_t)i),
                                    part),
                         op->seq);
    if (rc == 0 && op->k > op->t)
        rc = add_late(apply, partnership, op);
    if (rc == 0 && op->start_lo != op->t)
        rc = add_to_list(
            apply, views_list(VIEWS_LIST_IMPRECISE, partnership, 0), op->seq);
    if (rc == 0 && op->type == MODEL_TERMINATION && op->re_root == 0)
        rc = add_to_list(apply, views_list(VIEWS_LIST_ENDING, partnership, 0),
                         op->seq);
    return rc != 0 || op->k == op->t ? rc : put_dates(apply, op);
}

/* --- merging --------------------------------------------------------------*/

/* By list, and as they came within one: a radix sort by the bytes of the
 * lists, as tuple_sort does it. */
static int
sort_listed(struct apply *apply)
{
    struct apply_listed *from = apply->listed, *to;
    size_t count = apply->listed_count;
    if (apply->sorted_capacity != apply->listed_capacity) {
        to = reallocarray(apply->sorted, apply->listed_capacity, sizeof *to);
        if (to == NULL)
            return ENOMEM;
        apply->sorted = to;
        apply->sorted_capacity = apply->listed_capacity;
    }
    to = apply->sorted;
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
        struct apply_listed *swapped = from;
        from = to;
        to = swapped;
    }
    apply->listed = from; /* either of the two, which are alike large */
    apply->sorted = to;
    return 0;
}

/* Entries of lists on their way into the index. */
struct listing {
    struct apply *apply;
    struct blocks_zones zones;
    struct tuple_entry *entries, *scratch; /* room for any one list's, too */
    size_t count;
};

static int
flush(struct listing *listing)
{
    int rc = apply_merge_into(listing->apply, VIEWS_DB_LISTS, &listing->zones,
                              listing->entries, listing->count);
    listing->count = 0;
    return rc;
}

/* Where an event is in a list that has no orders. */
static struct tuple
place_in_list(uint64_t list, const struct fold_op *op)
{
    struct views_place place = {op->t, op->start_lo, op->seq};
    struct tuple tuple = {list, op->t, op->start_lo, op->seq};
    if (views_list_kind(list) == VIEWS_LIST_IMPRECISE) {
        tuple.a = views_duration(&place);
        tuple.b = tuple.a == VIEWS_DURATION_OPEN ? op->t : op->start_lo;
    }
    return tuple;
}

/* As precise as can be: in one order for the two by dates. */
static bool
is_precise(const struct apply *apply, uint32_t event)
{
    const struct block_zone *dates = &apply->zones[event];
    return dates->k == dates->t && apply->starts[event] == dates->t;
}

/* Where an event is in a list of that order, if it is. */
static bool
place_in_order(const struct apply *apply, const struct apply_listed *listed,
               enum views_list_order order, struct tuple *tuple)
{
    const struct block_zone *dates = &apply->zones[listed->event];
    *tuple = (struct tuple){.set = listed->list + order, .seq = dates->seq};
    switch (order) {
    case VIEWS_LIST_PRECISE:
    case VIEWS_LIST_OCCURRED:
        tuple->a = dates->t;
        tuple->b = apply->starts[listed->event];
        return is_precise(apply, listed->event) ==
               (order == VIEWS_LIST_PRECISE);
    case VIEWS_LIST_DISCLOSED:
        tuple->a = tuple->b = dates->k;
        return !is_precise(apply, listed->event);
    case VIEWS_LIST_RECORDED:
    case VIEWS_LIST_ORDERS:
        break;
    }
    return true;
}

/* What one list gains in one order. */
static int
add_order(struct listing *listing, const struct apply_listed *listed,
          size_t count, enum views_list_order order)
{
    struct tuple_entry *entries = listing->entries + listing->count;
    size_t added = 0;
    for (size_t i = 0; i < count; i++) {
        entries[added].value = (struct span){0};
        added += place_in_order(listing->apply, &listed[i], order,
                                &entries[added].tuple);
    }
    tuple_sort_places(entries, listing->scratch, added);
    listing->count += added;
    return listing->count < APPLY_MERGE_ENTRIES ? 0 : flush(listing);
}

static int
add_plain(struct listing *listing, const struct apply_listed *listed,
          size_t count)
{
    struct tuple_entry *entries = listing->entries + listing->count;
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct tuple_entry){
            .tuple = place_in_list(listed[i].list,
                                   &listing->apply->ops[listed[i].event].op)};
    tuple_sort_places(entries, listing->scratch, count);
    listing->count += count;
    return listing->count < APPLY_MERGE_ENTRIES ? 0 : flush(listing);
}

/* Mostly they are: then the other orders gain nothing. */
static bool
all_precise(const struct apply *apply, const struct apply_listed *listed,
            size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_precise(apply, listed[i].event))
            return false;
    return true;
}

static int
add_list(struct listing *listing, const struct apply_listed *listed,
         size_t count)
{
    int rc = 0;
    if (views_list_kind(listed->list) < VIEWS_LIST_OF_ALL)
        return add_plain(listing, listed, count);
    unsigned orders = all_precise(listing->apply, listed, count)
                          ? VIEWS_LIST_PRECISE + 1
                          : VIEWS_LIST_ORDERS;
    for (unsigned order = 0; order < orders && rc == 0; order++)
        rc = add_order(listing, listed, count, (enum views_list_order)order);
    return rc;
}

static size_t
count_of_list(const struct apply_listed *listed, size_t count)
{
    size_t same = 1;
    while (same < count && listed[same].list == listed->list)
        same++;
    return same;
}

int
apply_merge_lists(struct apply *apply)
{
    struct listing listing = {.apply = apply,
                              .zones = {apply->zones, apply->first}};
    size_t room = APPLY_MERGE_ENTRIES + apply->event_count, same;
    int rc = sort_listed(apply);
    listing.entries =
        reallocarray(NULL, room + apply->event_count, sizeof *listing.entries);
    if (listing.entries == NULL)
        return ENOMEM;
    listing.scratch = listing.entries + room;
    for (size_t at = 0; at < apply->listed_count && rc == 0; at += same) {
        same = count_of_list(&apply->listed[at], apply->listed_count - at);
        rc = add_list(&listing, &apply->listed[at], same);
    }
    if (rc == 0)
        rc = flush(&listing);
    free(listing.entries);
    return rc;
}
