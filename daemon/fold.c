/* SPDX-License-Identifier: MIT */
#include "daemon/fold.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/fold_list.h"
#include "daemon/order.h"

void
fold_deinit(struct fold *fold)
{
    free(fold->counts);
    free(fold->totals);
    free(fold->parties);
    number_map_deinit(&fold->count_index);
    number_map_deinit(&fold->total_index);
    number_map_deinit(&fold->party_index);
    fold_list_deinit(&fold->agreements);
    fold_list_deinit(&fold->offers);
    fold_list_deinit(&fold->disputes);
    *fold = (struct fold){0};
}

/* The array with room for one more element, moved or not; NULL without
 * memory, and then the old one is still good. */
static void *
with_room(void *array, size_t size, size_t *capacity, size_t element)
{
    if (size < *capacity)
        return array;
    size_t bigger = *capacity == 0 ? 8 : 2 * *capacity;
    void *moved = reallocarray(array, bigger, element);
    if (moved != NULL)
        *capacity = bigger;
    return moved;
}

/* --- what every event does ------------------------------------------------*/

static int
count_type(struct fold *fold, uint32_t type)
{
    uint32_t at;
    if (number_map_find(&fold->count_index, type, &at)) {
        fold->counts[at].count++;
        return 0;
    }
    int rc =
        number_map_put(&fold->count_index, type, (uint32_t)fold->count_size);
    if (rc != 0)
        return rc;
    struct fold_count *counts = with_room(
        fold->counts, fold->count_size, &fold->count_capacity, sizeof *counts);
    if (counts == NULL)
        return -ENOMEM;
    fold->counts = counts;
    counts[fold->count_size++] = (struct fold_count){.type = type, .count = 1};
    return 0;
}

static int
join_party(struct fold *fold, uint32_t party)
{
    uint32_t at;
    if (number_map_find(&fold->party_index, party, &at)) {
        fold->parties[at].events++;
        return 0;
    }
    int rc =
        number_map_put(&fold->party_index, party, (uint32_t)fold->party_size);
    if (rc != 0)
        return rc;
    struct fold_party *parties =
        with_room(fold->parties, fold->party_size, &fold->party_capacity,
                  sizeof *parties);
    if (parties == NULL)
        return -ENOMEM;
    fold->parties = parties;
    parties[fold->party_size++] =
        (struct fold_party){.number = party, .events = 1};
    return 0;
}

static uint64_t
total_key(enum model_amount_kind kind, uint32_t currency)
{
    return (uint64_t)kind << 32 | currency;
}

int
fold_add_amount(struct fold *fold, const struct fold_op *op)
{
    if (!op->has_amount)
        return 0;
    uint64_t key = total_key(op->amount_kind, op->currency);
    uint32_t at;
    if (number_map_find(&fold->total_index, key, &at)) {
        fold->totals[at].sum += op->amount;
        fold->totals[at].events++;
        return 0;
    }
    int rc =
        number_map_put(&fold->total_index, key, (uint32_t)fold->total_size);
    if (rc != 0)
        return rc;
    struct fold_total *totals = with_room(
        fold->totals, fold->total_size, &fold->total_capacity, sizeof *totals);
    if (totals == NULL)
        return -ENOMEM;
    fold->totals = totals;
    totals[fold->total_size++] = (struct fold_total){.kind = op->amount_kind,
                                                     .currency = op->currency,
                                                     .sum = op->amount,
                                                     .events = 1};
    return 0;
}

int
fold_count(struct fold *fold, const struct fold_op *op)
{
    int rc = count_type(fold, op->type);
    for (uint32_t i = 0; i < op->party_count && rc == 0; i++)
        rc = join_party(fold, order_get_u32(op->parties + 4 * (size_t)i));
    if (rc == 0)
        rc = fold_add_amount(fold, op);
    fold->events++;
    return rc;
}

/* --- and how that is taken back -------------------------------------------*/

/* The last of an array has come to `at`, where what had `key` was. */
static void
reindex(struct number_map *index, uint64_t key, uint64_t moved, uint32_t at)
{
    number_map_remove(index, key);
    int rc = moved == key ? 0 : number_map_put(index, moved, at);
    assert(rc == 0); /* there was room for one more */
}

static void
uncount_type(struct fold *fold, uint32_t type)
{
    uint32_t at;
    if (!number_map_find(&fold->count_index, type, &at) ||
        --fold->counts[at].count > 0)
        return;
    fold->counts[at] = fold->counts[--fold->count_size];
    reindex(&fold->count_index, type, fold->counts[at].type, at);
}

static void
part_party(struct fold *fold, uint32_t party)
{
    uint32_t at;
    if (!number_map_find(&fold->party_index, party, &at) ||
        --fold->parties[at].events > 0)
        return;
    fold->parties[at] = fold->parties[--fold->party_size];
    reindex(&fold->party_index, party, fold->parties[at].number, at);
}

static void
subtract_amount(struct fold *fold, const struct fold_op *op)
{
    uint64_t key = total_key(op->amount_kind, op->currency);
    uint32_t at;
    if (!op->has_amount || !number_map_find(&fold->total_index, key, &at))
        return;
    struct fold_total *total = &fold->totals[at];
    total->sum -= op->amount;
    if (--total->events > 0)
        return;
    *total = fold->totals[--fold->total_size];
    reindex(&fold->total_index, key, total_key(total->kind, total->currency),
            at);
}

void
fold_uncount(struct fold *fold, const struct fold_op *op)
{
    uncount_type(fold, op->type);
    for (uint32_t i = 0; i < op->party_count; i++)
        part_party(fold, order_get_u32(op->parties + 4 * (size_t)i));
    subtract_amount(fold, op);
    fold->events--;
}

/* --- what some types do ---------------------------------------------------*/

static int
open_entry(struct fold_list *list, const struct fold_op *op)
{
    struct fold_entry *entry = fold_list_set(list, op->root);
    if (entry == NULL)
        return -ENOMEM;
    entry->seq = op->seq;
    if (op->sets_effective) {
        entry->effective_start = op->effective_start;
        entry->effective_end = op->effective_end;
    }
    return 0;
}

static int
fold_offer(struct fold *fold, const struct fold_op *op)
{
    return open_entry(&fold->offers, op);
}

static int
fold_dispute(struct fold *fold, const struct fold_op *op)
{
    return open_entry(&fold->disputes, op);
}

static int
fold_close_offer(struct fold *fold, const struct fold_op *op)
{
    fold_list_remove(&fold->offers, op->re_root);
    return 0;
}

static int
fold_withdrawal(struct fold *fold, const struct fold_op *op)
{
    fold_list_remove(&fold->offers, op->re_root);
    fold_list_remove(&fold->disputes, op->re_root);
    return 0;
}

static int
fold_agreement(struct fold *fold, const struct fold_op *op)
{
    if (op->re_root != 0)
        fold_list_remove(&fold->offers, op->re_root);
    return open_entry(&fold->agreements, op);
}

static int
fold_amendment(struct fold *fold, const struct fold_op *op)
{
    struct fold_entry *entry = fold_list_find(&fold->agreements, op->re_root);
    if (entry == NULL)
        return 0;
    if (op->sets_effective) {
        entry->effective_start = op->effective_start;
        entry->effective_end = op->effective_end;
    }
    return fold_entry_amend(entry, op->seq);
}

static int
fold_termination(struct fold *fold, const struct fold_op *op)
{
    if (op->re_root != 0)
        fold_list_remove(&fold->agreements, op->re_root);
    else
        fold_list_clear(&fold->agreements);
    return 0;
}

static int
fold_settlement(struct fold *fold, const struct fold_op *op)
{
    fold_list_remove(&fold->disputes, op->re_root);
    return 0;
}

/* Types without a row are counted and nothing else. */
static int (*const fold_effects[MODEL_TYPE_COUNT])(struct fold *,
                                                   const struct fold_op *) = {
    [MODEL_OFFER] = fold_offer,
    [MODEL_ACCEPTANCE] = fold_close_offer,
    [MODEL_REJECTION] = fold_close_offer,
    [MODEL_WITHDRAWAL] = fold_withdrawal,
    [MODEL_AGREEMENT] = fold_agreement,
    [MODEL_AMENDMENT] = fold_amendment,
    [MODEL_TERMINATION] = fold_termination,
    [MODEL_DISPUTE] = fold_dispute,
    [MODEL_SETTLEMENT] = fold_settlement,
};

int
fold_apply(struct fold *fold, const struct fold_op *op)
{
    int rc = fold_count(fold, op);
    fold->last = op->seq;
    if (fold->first == 0)
        fold->first = op->seq;
    if (rc != 0 || op->type >= MODEL_TYPE_COUNT ||
        fold_effects[op->type] == NULL)
        return rc;
    return fold_effects[op->type](fold, op);
}

bool
fold_touches(uint32_t type)
{
    return type < MODEL_TYPE_COUNT && fold_effects[type] != NULL &&
           type != MODEL_OFFER && type != MODEL_DISPUTE;
}

/* --- what is asked of it --------------------------------------------------*/

uint64_t
fold_count_of(const struct fold *fold, enum model_type type)
{
    uint32_t at;
    if (!number_map_find(&fold->count_index, (uint64_t)type, &at))
        return 0;
    return fold->counts[at].count;
}

enum fold_status
fold_status_at(const struct fold_entry *agreement, int64_t at)
{
    if (agreement->effective_start > at)
        return FOLD_PENDING;
    return agreement->effective_end < at ? FOLD_EXPIRED : FOLD_IN_FORCE;
}

static size_t
agreements_with(const struct fold *fold, int64_t at, enum fold_status status)
{
    size_t count = 0;
    for (size_t i = 0; i < fold->agreements.size; i++) {
        const struct fold_entry *entry = &fold->agreements.entries[i];
        count += !entry->gone && fold_status_at(entry, at) == status;
    }
    return count;
}

size_t
fold_in_force(const struct fold *fold, int64_t at)
{
    return agreements_with(fold, at, FOLD_IN_FORCE);
}

const char *
fold_stage(const struct fold *fold, int64_t at)
{
    if (fold_in_force(fold, at) > 0)
        return "active";
    if (fold->offers.count > 0 || agreements_with(fold, at, FOLD_PENDING) > 0)
        return "negotiating";
    if (fold_count_of(fold, MODEL_AGREEMENT) > 0)
        return "ended";
    if (fold_count_of(fold, MODEL_MEETING) > 0)
        return "talks";
    if (fold_count_of(fold, MODEL_CONTACT) > 0)
        return "contact";
    return fold->events > 0 ? "noted" : "none";
}
