/* SPDX-License-Identifier: MIT */
#include "tests/model/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/edtf.h"

/* --- the log --------------------------------------------------------------*/

struct model *
model_new(void)
{
    struct model *model = calloc(1, sizeof(*model));
    assert(model != NULL);
    model->partnerships = json_array();
    return model;
}

void
model_free(struct model *model)
{
    for (size_t i = 0; i < model->count; i++)
        json_decref(model->events[i].json);
    json_decref(model->partnerships);
    free(model->events);
    free(model);
}

static const char *
text_of(const json_t *event, const char *key)
{
    return json_string_value(json_object_get(event, key));
}

static struct edtf
date_of(const char *text)
{
    struct edtf date;
    struct edtf_fault fault;
    bool good = edtf_parse(span_of(text), &date, &fault);
    assert(good);
    (void)good;
    return date;
}

size_t
model_find(const struct model *model, const char *id)
{
    for (size_t i = 0; id != NULL && i < model->count; i++) {
        if (strcmp(model->events[i].id, id) == 0)
            return i;
    }
    return MODEL_NONE;
}

/* The moment from which it is known: its own date, else that of the event
 * that disclosed it, else the moment from which it holds. */
static int64_t
known_from(const struct model *model, const struct model_event *event)
{
    const char *disclosed = text_of(event->json, "disclosed");
    if (disclosed != NULL) {
        struct edtf date = date_of(disclosed);
        return edtf_certain(&date);
    }
    if (event->disclosed_by != MODEL_NONE)
        return model->events[event->disclosed_by].k;
    return event->t;
}

const char *
model_partnership(const struct model *model, const char *slug)
{
    for (size_t i = 0; i < json_array_size(model->partnerships); i++) {
        const char *known =
            json_string_value(json_array_get(model->partnerships, i));
        if (strcmp(known, slug) == 0)
            return known;
    }
    return NULL;
}

void
model_add(struct model *model, json_t *json)
{
    model_join(model->partnerships, text_of(json, "partnership"));
    model->events =
        realloc(model->events, (model->count + 1) * sizeof(model->events[0]));
    assert(model->events != NULL);
    struct edtf occurred = date_of(text_of(json, "occurred"));
    struct model_event event = {
        .json = json_incref(json),
        .id = text_of(json, "id"),
        .type = text_of(json, "type"),
        .partnership = model_partnership(model, text_of(json, "partnership")),
        .recorded_ms = json_integer_value(json_object_get(json, "recorded")),
        .t = edtf_certain(&occurred),
        .start_lo = occurred.start_lo,
        .re = model_find(model, text_of(json, "re")),
        .corrects = model_find(model, text_of(json, "corrects")),
        .disclosed_by = model_find(model, text_of(json, "disclosed_by")),
        .root = model->count,
    };
    event.is_retraction = strcmp(event.type, "retraction") == 0;
    if (event.corrects != MODEL_NONE)
        event.root = model->events[event.corrects].root;
    event.k = known_from(model, &event);
    model->events[model->count++] = event;
}

bool
model_names_party(const struct model_event *event, const char *slug)
{
    const json_t *parties = json_object_get(event->json, "parties");
    for (size_t i = 0; i < json_array_size(parties); i++) {
        if (strcmp(json_string_value(json_array_get(parties, i)), slug) == 0)
            return true;
    }
    return false;
}

bool
model_has_partnership(const struct model *model, const char *slug)
{
    return model_partnership(model, slug) != NULL;
}

bool
model_has_party(const struct model *model, const char *slug)
{
    for (size_t i = 0; i < model->count; i++) {
        if (model_names_party(&model->events[i], slug))
            return true;
    }
    return false;
}

/* --- section 4 ------------------------------------------------------------*/

/* Who supersedes stands behind its target, so the end is decided first. */
bool *
model_live(const struct model *model, int64_t known, uint64_t position)
{
    bool *live = malloc(model->count + 1);
    assert(live != NULL);
    memset(live, true, model->count + 1);
    for (size_t i = model->count; i-- > 0;) {
        const struct model_event *event = &model->events[i];
        bool visible = i < position && event->k <= known;
        live[i] = visible && live[i];
        if (live[i] && event->corrects != MODEL_NONE)
            live[event->corrects] = false;
        if (live[i] && event->is_retraction)
            live[event->re] = false;
    }
    return live;
}

size_t *
model_happened(const struct model *model, const char *partnership,
               const struct model_asof *asof, bool possible, size_t *count_out)
{
    bool *live = model_live(model, asof->known, asof->position);
    size_t *indexes = malloc((model->count + 1) * sizeof(*indexes));
    assert(indexes != NULL);
    const char *wanted =
        partnership == NULL ? NULL : model_partnership(model, partnership);
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_event *event = &model->events[i];
        bool happened = event->t <= asof->at;
        bool may_have = event->start_lo <= asof->at && asof->at < event->t;
        if (live[i] && (happened || (possible && may_have)) &&
            (partnership == NULL || event->partnership == wanted))
            indexes[count++] = i;
    }
    free(live);
    model_sort(model, indexes, count);
    *count_out = count;
    return indexes;
}

static int
compare_moments(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int
compare_fold(const void *a, const void *b, void *argument)
{
    const struct model *model = argument;
    size_t first = *(const size_t *)a;
    size_t second = *(const size_t *)b;
    const struct model_event *x = &model->events[first];
    const struct model_event *y = &model->events[second];
    int order = compare_moments(x->t, y->t);
    if (order == 0)
        order = compare_moments(x->start_lo, y->start_lo);
    return order != 0 ? order : (first > second) - (first < second);
}

void
model_sort(const struct model *model, size_t *indexes, size_t count)
{
    qsort_r(indexes, count, sizeof(indexes[0]), compare_fold, (void *)model);
}
