/* SPDX-License-Identifier: MIT */
/* EVENTS.md, section 6: answers that are lists of events; and replays. */
#include "tests/model/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/edtf.h"

json_t *
model_timeline(const struct model *model, const char *partnership,
               const struct model_asof *asof, bool possible)
{
    size_t count;
    size_t *indexes =
        model_happened(model, partnership, asof, possible, &count);
    json_t *events = json_array();
    json_t *lags = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct model_event *event = &model->events[indexes[i]];
        json_array_append(events, event->json);
        json_array_append_new(lags, model_lag_days(event));
    }
    free(indexes);
    return json_pack("{s:o, s:o}", "events", events, "lag_days", lags);
}

json_t *
model_gap(const struct model *model, const char *partnership,
          const struct model_asof *asof)
{
    struct model_asof all_known = *asof;
    all_known.known = EDTF_PLUS_INFINITY;
    size_t count;
    size_t *indexes =
        model_happened(model, partnership, &all_known, false, &count);
    json_t *gap = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct model_event *event = &model->events[indexes[i]];
        if (event->k > asof->known)
            json_array_append_new(gap,
                                  json_pack("{s:O, s:o}", "event", event->json,
                                            "lag_days", model_lag_days(event)));
    }
    free(indexes);
    return gap;
}

/* --- revelations ----------------------------------------------------------*/

static json_t *
revelation(const struct model *model, const bool *live, size_t index)
{
    json_t *discloses = json_array();
    json_t *longest = json_null();
    for (size_t i = index + 1; i < model->count; i++) {
        const struct model_event *event = &model->events[i];
        if (!live[i] || event->disclosed_by != index)
            continue;
        json_array_append_new(discloses, json_string(event->id));
        json_t *lag = model_lag_days(event);
        if (json_is_integer(lag) &&
            (json_is_null(longest) ||
             json_integer_value(lag) > json_integer_value(longest))) {
            json_decref(longest);
            longest = json_incref(lag);
        }
        json_decref(lag);
    }
    const struct model_event *event = &model->events[index];
    return json_pack("{s:s, s:I, s:O, s:O, s:o, s:o}", "id", event->id, "seq",
                     (json_int_t)index + 1, "occurred",
                     json_object_get(event->json, "occurred"), "title",
                     json_object_get(event->json, "title"), "discloses",
                     discloses, "longest_lag_days", longest);
}

json_t *
model_revelations(const struct model *model, const char *partnership)
{
    bool *live = model_live(model, EDTF_PLUS_INFINITY, model->count);
    json_t *revelations = json_array();
    for (size_t i = 0; i < model->count; i++) {
        const struct model_event *event = &model->events[i];
        if (live[i] && strcmp(event->type, "court_revelation") == 0 &&
            (partnership == NULL ||
             strcmp(event->partnership, partnership) == 0))
            json_array_append_new(revelations, revelation(model, live, i));
    }
    free(live);
    return revelations;
}

/* --- replays --------------------------------------------------------------*/

/* The place of an event on the line that the order walks. */
static int64_t
place_of(const struct model_event *event, size_t index, enum model_order order)
{
    switch (order) {
    case MODEL_ORDER_RECORDED:
        return (int64_t)index + 1;
    case MODEL_ORDER_OCCURRED:
        return event->t;
    case MODEL_ORDER_DISCLOSED:
        return event->k;
    }
    abort();
}

static bool
is_of_types(const struct model_event *event, const json_t *types)
{
    for (size_t i = 0; i < json_array_size(types); i++) {
        if (strcmp(event->type, json_string_value(json_array_get(types, i))) ==
            0)
            return true;
    }
    return types == NULL;
}

static bool
is_asked_for(const struct model_event *event, const struct model_replay *asked)
{
    return (asked->partnership == NULL ||
            strcmp(event->partnership, asked->partnership) == 0) &&
           (asked->party == NULL || model_names_party(event, asked->party)) &&
           is_of_types(event, asked->types) && event->t <= asked->asof.at &&
           event->k <= asked->asof.known;
}

static int
compare_disclosed(const void *a, const void *b, void *argument)
{
    const struct model *model = argument;
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    int64_t x_k = model->events[x].k;
    int64_t y_k = model->events[y].k;
    return x_k != y_k ? (x_k > y_k) - (x_k < y_k) : (x > y) - (x < y);
}

static void
sort_by(const struct model *model, enum model_order order, size_t *indexes,
        size_t count)
{
    if (order == MODEL_ORDER_OCCURRED)
        model_sort(model, indexes, count);
    else if (order == MODEL_ORDER_DISCLOSED)
        qsort_r(indexes, count, sizeof(indexes[0]), compare_disclosed,
                (void *)model);
}

json_t *
model_replay(const struct model *model, const struct model_replay *asked)
{
    bool *live = model_live(model, asked->asof.known, asked->asof.position);
    size_t *indexes = malloc((model->count + 1) * sizeof(*indexes));
    assert(indexes != NULL);
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_event *event = &model->events[i];
        int64_t place = place_of(event, i, asked->order);
        if (i < asked->asof.position && is_asked_for(event, asked) &&
            (asked->superseded || live[i]) && place >= asked->from &&
            place <= asked->to)
            indexes[count++] = i;
    }
    free(live);
    sort_by(model, asked->order, indexes, count);
    json_t *events = json_array();
    for (size_t i = 0; i < count; i++) {
        size_t place = asked->reverse ? count - 1 - i : i;
        json_array_append(events, model->events[indexes[place]].json);
    }
    free(indexes);
    return events;
}
