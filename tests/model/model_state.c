/* SPDX-License-Identifier: MIT */
/* EVENTS.md, section 5: the state of a partnership. */
#include "tests/model/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/edtf.h"

#define POSSIBLE_MAX 100

/* What stands open under one root. */
struct entry {
    size_t root;
    size_t event;      /* the live one under that root */
    json_t *terms;     /* agreements: without `effective` */
    json_t *effective; /* agreements: a str or null */
};

/* In the order in which they were put. */
struct entries {
    struct entry *items;
    size_t count;
};

struct fold {
    const struct model *model;
    struct entries agreements;
    struct entries offers;
    struct entries disputes;
    json_t *counts;
    json_t *parties;
};

/* --- entries --------------------------------------------------------------*/

static struct entry *
entries_find(const struct entries *entries, size_t root)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (entries->items[i].root == root)
            return &entries->items[i];
    }
    return NULL;
}

static void
entries_remove(struct entries *entries, size_t root)
{
    struct entry *entry = entries_find(entries, root);
    if (entry == NULL)
        return;
    json_decref(entry->terms);
    json_decref(entry->effective);
    struct entry *end = entries->items + entries->count;
    memmove(entry, entry + 1, (size_t)(end - entry - 1) * sizeof(*entry));
    entries->count--;
}

static void
entries_clear(struct entries *entries)
{
    while (entries->count > 0)
        entries_remove(entries, entries->items[0].root);
}

static struct entry *
entries_put(struct entries *entries, size_t root, size_t event)
{
    entries_remove(entries, root);
    entries->items = realloc(entries->items,
                             (entries->count + 1) * sizeof(entries->items[0]));
    assert(entries->items != NULL);
    struct entry *entry = &entries->items[entries->count++];
    *entry = (struct entry){.root = root, .event = event};
    return entry;
}

/* --- what each type does --------------------------------------------------*/

static size_t
root_of_re(const struct fold *fold, const struct model_event *event)
{
    return fold->model->events[event->re].root;
}

static void
do_offer(struct fold *fold, const struct model_event *event, size_t index)
{
    entries_put(&fold->offers, event->root, index);
}

static void
do_close_offer(struct fold *fold, const struct model_event *event, size_t index)
{
    (void)index;
    entries_remove(&fold->offers, root_of_re(fold, event));
}

static void
do_withdrawal(struct fold *fold, const struct model_event *event, size_t index)
{
    do_close_offer(fold, event, index);
    entries_remove(&fold->disputes, root_of_re(fold, event));
}

static void
do_agreement(struct fold *fold, const struct model_event *event, size_t index)
{
    if (event->re != MODEL_NONE)
        do_close_offer(fold, event, index);
    struct entry *entry = entries_put(&fold->agreements, event->root, index);
    json_t *terms = json_object_get(event->json, "terms");
    entry->terms = terms == NULL ? json_object() : json_copy(terms);
    entry->effective = json_incref(json_object_get(entry->terms, "effective"));
    if (entry->effective == NULL)
        entry->effective = json_null();
    json_object_del(entry->terms, "effective");
}

static void
do_amendment(struct fold *fold, const struct model_event *event, size_t index)
{
    (void)index;
    struct entry *entry =
        entries_find(&fold->agreements, root_of_re(fold, event));
    if (entry == NULL)
        return;
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(event->json, "terms"), key, value)
    {
        if (strcmp(key, "effective") == 0) {
            json_decref(entry->effective);
            entry->effective = json_incref(value);
        } else if (json_is_null(value)) {
            json_object_del(entry->terms, key);
        } else {
            json_object_set(entry->terms, key, value);
        }
    }
}

static void
do_termination(struct fold *fold, const struct model_event *event, size_t index)
{
    (void)index;
    if (event->re == MODEL_NONE)
        entries_clear(&fold->agreements);
    else
        entries_remove(&fold->agreements, root_of_re(fold, event));
}

static void
do_dispute(struct fold *fold, const struct model_event *event, size_t index)
{
    entries_put(&fold->disputes, event->root, index);
}

static void
do_settlement(struct fold *fold, const struct model_event *event, size_t index)
{
    (void)index;
    entries_remove(&fold->disputes, root_of_re(fold, event));
}

static const struct {
    const char *type;
    void (*apply)(struct fold *fold, const struct model_event *event,
                  size_t index);
} effects[] = {
    {"offer", do_offer},
    {"acceptance", do_close_offer},
    {"rejection", do_close_offer},
    {"withdrawal", do_withdrawal},
    {"agreement", do_agreement},
    {"amendment", do_amendment},
    {"termination", do_termination},
    {"dispute", do_dispute},
    {"settlement", do_settlement},
};

/* --- folding --------------------------------------------------------------*/

static void
fold_event(struct fold *fold, size_t index)
{
    const struct model_event *event = &fold->model->events[index];
    json_int_t count =
        json_integer_value(json_object_get(fold->counts, event->type));
    json_object_set_new(fold->counts, event->type, json_integer(count + 1));
    const json_t *parties = json_object_get(event->json, "parties");
    for (size_t i = 0; i < json_array_size(parties); i++)
        model_join(fold->parties,
                   json_string_value(json_array_get(parties, i)));
    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        if (strcmp(event->type, effects[i].type) == 0)
            effects[i].apply(fold, event, index);
    }
}

static void
fold_deinit(struct fold *fold)
{
    struct entries *all[] = {&fold->agreements, &fold->offers, &fold->disputes};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        entries_clear(all[i]);
        free(all[i]->items);
    }
    json_decref(fold->counts);
    json_decref(fold->parties);
}

/* --- the answer -----------------------------------------------------------*/

static const char *
agreement_status(const struct entry *entry, int64_t at)
{
    if (json_is_null(entry->effective))
        return "in_force";
    struct edtf date;
    struct edtf_fault fault;
    bool good =
        edtf_parse(span_of(json_string_value(entry->effective)), &date, &fault);
    assert(good);
    (void)good;
    if (date.start_hi > at)
        return "pending";
    return date.is_interval && date.end_hi < at ? "expired" : "in_force";
}

static json_t *
field(const struct fold *fold, const struct entry *entry, const char *key)
{
    return json_object_get(fold->model->events[entry->event].json, key);
}

static json_t *
answer_agreements(const struct fold *fold, int64_t at)
{
    json_t *answer = json_array();
    for (size_t i = 0; i < fold->agreements.count; i++) {
        const struct entry *entry = &fold->agreements.items[i];
        const char *status = agreement_status(entry, at);
        if (strcmp(status, "expired") == 0)
            continue;
        json_array_append_new(
            answer,
            json_pack("{s:O, s:O, s:s, s:O, s:O, s:o}", "id",
                      field(fold, entry, "id"), "title",
                      field(fold, entry, "title"), "status", status, "occurred",
                      field(fold, entry, "occurred"), "effective",
                      entry->effective, "terms", model_sorted(entry->terms)));
    }
    return answer;
}

static json_t *
answer_offer_amount(const struct fold *fold, const struct entry *entry)
{
    const json_t *amount = field(fold, entry, "amount");
    if (amount == NULL)
        return json_null();
    json_t *answer = json_copy((json_t *)amount);
    if (json_object_get(answer, "kind") == NULL)
        json_object_set_new(answer, "kind", json_string("offered"));
    return answer;
}

static json_t *
answer_offers(const struct fold *fold)
{
    json_t *answer = json_array();
    for (size_t i = 0; i < fold->offers.count; i++) {
        const struct entry *entry = &fold->offers.items[i];
        json_array_append_new(
            answer,
            json_pack("{s:O, s:O, s:O, s:o}", "id", field(fold, entry, "id"),
                      "title", field(fold, entry, "title"), "occurred",
                      field(fold, entry, "occurred"), "amount",
                      answer_offer_amount(fold, entry)));
    }
    return answer;
}

static json_t *
answer_disputes(const struct fold *fold)
{
    json_t *answer = json_array();
    for (size_t i = 0; i < fold->disputes.count; i++) {
        const struct entry *entry = &fold->disputes.items[i];
        json_array_append_new(
            answer, json_pack("{s:O, s:O, s:O}", "id", field(fold, entry, "id"),
                              "title", field(fold, entry, "title"), "occurred",
                              field(fold, entry, "occurred")));
    }
    return answer;
}

static json_t *
answer_terms(const struct fold *fold, int64_t at)
{
    json_auto_t *terms = json_object();
    for (size_t i = 0; i < fold->agreements.count; i++) {
        const struct entry *entry = &fold->agreements.items[i];
        if (strcmp(agreement_status(entry, at), "in_force") == 0)
            json_object_update(terms, entry->terms);
    }
    return model_sorted(terms);
}

static bool
has_agreement(const struct fold *fold, int64_t at, const char *status)
{
    for (size_t i = 0; i < fold->agreements.count; i++) {
        if (strcmp(agreement_status(&fold->agreements.items[i], at), status) ==
            0)
            return true;
    }
    return false;
}

static const char *
answer_stage(const struct fold *fold, int64_t at)
{
    if (has_agreement(fold, at, "in_force"))
        return "active";
    if (fold->offers.count > 0 || has_agreement(fold, at, "pending"))
        return "negotiating";
    if (json_object_get(fold->counts, "agreement") != NULL)
        return "ended";
    if (json_object_get(fold->counts, "meeting") != NULL)
        return "talks";
    if (json_object_get(fold->counts, "contact") != NULL)
        return "contact";
    return json_object_size(fold->counts) > 0 ? "noted" : "none";
}

static int
compare_possible(const void *a, const void *b, void *argument)
{
    const struct model *model = argument;
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    int64_t x_lo = model->events[x].start_lo;
    int64_t y_lo = model->events[y].start_lo;
    return x_lo != y_lo ? (x_lo > y_lo) - (x_lo < y_lo) : (x > y) - (x < y);
}

static json_t *
answer_possible(const struct model *model, const char *partnership,
                const struct model_asof *asof)
{
    size_t count;
    size_t *indexes = model_happened(model, partnership, asof, true, &count);
    qsort_r(indexes, count, sizeof(indexes[0]), compare_possible,
            (void *)model);
    json_t *ids = json_array();
    for (size_t i = 0; i < count && json_array_size(ids) < POSSIBLE_MAX; i++) {
        if (model->events[indexes[i]].t > asof->at)
            json_array_append_new(ids,
                                  json_string(model->events[indexes[i]].id));
    }
    free(indexes);
    return ids;
}

static json_t *
answer_undisclosed(const struct model *model, const char *partnership,
                   const struct model_asof *asof)
{
    json_auto_t *gap = model_gap(model, partnership, asof);
    return json_integer((json_int_t)json_array_size(gap));
}

static json_t *
answer_id(const struct model *model, const size_t *indexes, size_t count,
          bool last)
{
    if (count == 0)
        return json_null();
    return json_string(model->events[indexes[last ? count - 1 : 0]].id);
}

json_t *
model_state(const struct model *model, const char *partnership,
            const struct model_asof *asof)
{
    size_t count;
    size_t *happened = model_happened(model, partnership, asof, false, &count);
    struct fold fold = {
        .model = model,
        .counts = json_object(),
        .parties = json_array(),
    };
    for (size_t i = 0; i < count; i++)
        fold_event(&fold, happened[i]);

    json_t *state = json_pack(
        "{s:s, s:o, s:o, s:I, s:s, s:b, s:I, s:o, s:o, s:o, s:O}",
        "partnership", partnership, "at", model_moment(asof->at), "known",
        model_moment(asof->known), "position", (json_int_t)asof->position,
        "stage", answer_stage(&fold, asof->at), "disputed",
        fold.disputes.count > 0, "events", (json_int_t)count, "first",
        answer_id(model, happened, count, false), "last",
        answer_id(model, happened, count, true), "counts",
        model_sorted(fold.counts), "parties", fold.parties);
    json_auto_t *more =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "agreements",
                  answer_agreements(&fold, asof->at), "offers",
                  answer_offers(&fold), "disputes", answer_disputes(&fold),
                  "totals", model_totals(model, happened, count), "terms",
                  answer_terms(&fold, asof->at), "possible",
                  answer_possible(model, partnership, asof), "undisclosed",
                  answer_undisclosed(model, partnership, asof));
    assert(state != NULL && more != NULL);
    json_object_update(state, more);
    fold_deinit(&fold);
    free(happened);
    return state;
}
