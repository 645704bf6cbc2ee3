/* SPDX-License-Identifier: MIT */
/* EVENTS.md, section 6: answers about several partnerships or states. */
#include "tests/model/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/json_text.h"

/* True when a happened event of the partnership names the party, or when any
 * happened where no party is asked for. */
static bool
is_partnership_of(const struct model *model, const char *partnership,
                  const char *party, const struct model_asof *asof)
{
    size_t count;
    size_t *indexes = model_happened(model, partnership, asof, false, &count);
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found || party == NULL ||
                model_names_party(&model->events[indexes[i]], party);
    free(indexes);
    return found;
}

static json_int_t
in_force(const json_t *agreements)
{
    json_int_t count = 0;
    for (size_t i = 0; i < json_array_size(agreements); i++) {
        const json_t *agreement = json_array_get(agreements, i);
        const char *status =
            json_string_value(json_object_get(agreement, "status"));
        count += strcmp(status, "in_force") == 0;
    }
    return count;
}

static json_t *
summary(const struct model *model, const char *partnership,
        const struct model_asof *asof)
{
    json_auto_t *state = model_state(model, partnership, asof);
    return json_pack(
        "{s:s, s:O, s:O, s:O, s:O, s:I, s:I, s:O}", "partnership", partnership,
        "stage", json_object_get(state, "stage"), "disputed",
        json_object_get(state, "disputed"), "events",
        json_object_get(state, "events"), "last",
        json_object_get(state, "last"), "agreements",
        in_force(json_object_get(state, "agreements")), "offers",
        (json_int_t)json_array_size(json_object_get(state, "offers")), "totals",
        json_object_get(state, "totals"));
}

json_t *
model_portfolio(const struct model *model, const char *party,
                const struct model_asof *asof)
{
    json_t *portfolio = json_array();
    for (size_t i = 0; i < json_array_size(model->partnerships); i++) {
        const char *slug =
            json_string_value(json_array_get(model->partnerships, i));
        if (is_partnership_of(model, slug, party, asof))
            json_array_append_new(portfolio, summary(model, slug, asof));
    }
    return portfolio;
}

/* --- party ----------------------------------------------------------------*/

/* Who else took part in what happened in one partnership. */
static void
join_counterparts(const struct model *model, const char *partnership,
                  const char *party, const struct model_asof *asof,
                  json_t *counterparts)
{
    size_t count;
    size_t *indexes = model_happened(model, partnership, asof, false, &count);
    for (size_t i = 0; i < count; i++) {
        const json_t *parties =
            json_object_get(model->events[indexes[i]].json, "parties");
        for (size_t j = 0; j < json_array_size(parties); j++) {
            const char *other = json_string_value(json_array_get(parties, j));
            if (strcmp(other, party) == 0)
                continue;
            if (json_object_get(counterparts, other) == NULL)
                json_object_set_new(counterparts, other, json_array());
            model_join(json_object_get(counterparts, other), partnership);
        }
    }
    free(indexes);
}

static json_t *
counterparts_of(const struct model *model, const json_t *partnerships,
                const char *party, const struct model_asof *asof)
{
    json_auto_t *found = json_object();
    for (size_t i = 0; i < json_array_size(partnerships); i++) {
        const json_t *item = json_array_get(partnerships, i);
        join_counterparts(
            model, json_string_value(json_object_get(item, "partnership")),
            party, asof, found);
    }
    json_auto_t *sorted = model_sorted(found);
    json_t *answer = json_array();
    const char *other;
    json_t *slugs;
    json_object_foreach(sorted, other, slugs)
    {
        json_array_append_new(answer, json_pack("{s:s, s:O}", "party", other,
                                                "partnerships", slugs));
    }
    return answer;
}

static json_t *
totals_of(const struct model *model, const char *party,
          const struct model_asof *asof)
{
    size_t count;
    size_t *indexes = model_happened(model, NULL, asof, false, &count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (model_names_party(&model->events[indexes[i]], party))
            indexes[kept++] = indexes[i];
    }
    json_t *totals = model_totals(model, indexes, kept);
    free(indexes);
    return totals;
}

json_t *
model_party(const struct model *model, const char *party,
            const struct model_asof *asof)
{
    json_t *partnerships = model_portfolio(model, party, asof);
    json_t *counterparts = counterparts_of(model, partnerships, party, asof);
    return json_pack(
        "{s:s, s:o, s:o, s:I, s:o, s:o, s:o}", "party", party, "at",
        model_moment(asof->at), "known", model_moment(asof->known), "position",
        (json_int_t)asof->position, "partnerships", partnerships,
        "counterparts", counterparts, "totals", totals_of(model, party, asof));
}

/* --- diff -----------------------------------------------------------------*/

/* Ids happened in `with` and not in `without`, in the order of `with`. */
static json_t *
ids_without(const struct model *model, const char *partnership,
            const struct model_asof *with, const struct model_asof *without)
{
    size_t with_count;
    size_t without_count;
    size_t *in = model_happened(model, partnership, with, false, &with_count);
    size_t *out =
        model_happened(model, partnership, without, false, &without_count);
    json_t *ids = json_array();
    for (size_t i = 0; i < with_count; i++) {
        bool found = false;
        for (size_t j = 0; j < without_count; j++)
            found = found || in[i] == out[j];
        if (!found)
            json_array_append_new(ids, json_string(model->events[in[i]].id));
    }
    free(in);
    free(out);
    return ids;
}

static const char *const compared[] = {
    "stage", "disputed", "totals", "terms", "agreements", "offers", "disputes",
};

static json_t *
changes(const json_t *before, const json_t *after)
{
    json_t *changed = json_object();
    for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]); i++) {
        json_t *old = json_object_get(before, compared[i]);
        json_t *new = json_object_get(after, compared[i]);
        if (!json_same(old, new))
            json_object_set_new(
                changed, compared[i],
                json_pack("{s:O, s:O}", "before", old, "after", new));
    }
    return changed;
}

static json_t *
asof_answer(const struct model_asof *asof)
{
    return json_pack("{s:o, s:o, s:I}", "at", model_moment(asof->at), "known",
                     model_moment(asof->known), "position",
                     (json_int_t)asof->position);
}

json_t *
model_diff(const struct model *model, const char *partnership,
           const struct model_asof *before, const struct model_asof *after)
{
    json_auto_t *old = model_state(model, partnership, before);
    json_auto_t *new = model_state(model, partnership, after);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "partnership",
                     partnership, "before", asof_answer(before), "after",
                     asof_answer(after), "added",
                     ids_without(model, partnership, after, before), "removed",
                     ids_without(model, partnership, before, after), "changed",
                     changes(old, new));
}
