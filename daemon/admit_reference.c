/* SPDX-License-Identifier: MIT */
#include "daemon/admit_reference.h"

#include <stdio.h>
#include <string.h>

/* One that is damaged is taken for the one that is looked for: then nobody can
 * say that this is not so. */
static bool
has_id(void *context, uint64_t seq, struct span id)
{
    struct span event;
    return admit_event(context, seq, &event) != LOG_OK ||
           span_equal(mp_get_str(event, "id"), id);
}

enum views_result
admit_find(struct admit *admit, struct span id, uint64_t *seq)
{
    *seq = recent_find_id(admit->recent, id, has_id, admit);
    if (*seq != 0)
        return VIEWS_OK;
    return views_find_id(admit->views, admit->log, id, seq);
}

/* What a reference must know of its target. */
struct named {
    enum model_type type;
    uint8_t partnership[MODEL_SLUG_SIZE_MAX];
    size_t partnership_size;
};

static bool
find_named(struct admit *admit, struct span id, struct named *named)
{
    struct span bytes;
    struct event event;
    uint64_t seq;
    if (admit_find(admit, id, &seq) != VIEWS_OK ||
        admit_event(admit, seq, &bytes) != LOG_OK || !event_read(bytes, &event))
        return false;
    struct span slug = event.fields[MODEL_FIELD_PARTNERSHIP];
    if (slug.size > sizeof named->partnership)
        return false;
    named->type = event.type;
    named->partnership_size = slug.size;
    memcpy(named->partnership, slug.data, slug.size);
    return true;
}

/* The references of an event, in the order of the table of fields. */
struct reference {
    const char *field;
    struct span id;
    bool local;       /* must stay in the partnership */
    uint32_t targets; /* MODEL_RE_... it may name */
};

#define REFERENCE_COUNT 3

static void
list_references(const struct append_event *event,
                struct reference references[REFERENCE_COUNT])
{
    const struct model_type_info *type = &model_types[event->type];
    references[0] = (struct reference){"disclosed_by", event->disclosed_by,
                                       false, MODEL_RE_ANY};
    references[1] =
        (struct reference){"re", event->re, type->re_local, type->re_targets};
    references[2] =
        (struct reference){"corrects", event->corrects, true, MODEL_RE_ANY};
}

static struct append_refusal *
place_refusal(struct append_refusal *refusal, size_t index, const char *field)
{
    refusal->has_index = true;
    refusal->index = index;
    snprintf(refusal->field, sizeof refusal->field, "%s", field);
    return refusal;
}

static void
check_known(struct admit *admit, struct append_request *request, size_t index)
{
    const struct append_event *event = &request->events[index];
    struct reference references[REFERENCE_COUNT];
    list_references(event, references);
    for (size_t i = 0; i < REFERENCE_COUNT && !request->refused; i++) {
        uint64_t seq = 0;
        if (references[i].id.data == NULL)
            continue;
        enum views_result result = admit_find(admit, references[i].id, &seq);
        if (result == VIEWS_OK && seq < event->seq)
            continue;
        if (result == VIEWS_FAILED || result == VIEWS_FULL) {
            append_refuse(request, MODEL_INTERNAL,
                          "the index of ids cannot be read; nothing was "
                          "stored");
            return;
        }
        place_refusal(
            append_refuse(request, MODEL_UNKNOWN_REFERENCE,
                          "%s names \"%.*s\", which is not in the log before "
                          "this event; append that event first",
                          references[i].field, (int)references[i].id.size,
                          (const char *)references[i].id.data),
            index, references[i].field);
    }
}

/* "an offer or a dispute" */
static const char *
target_names(uint32_t targets)
{
    switch (targets) {
    case MODEL_RE_OFFER:
        return "an offer";
    case MODEL_RE_AGREEMENT:
        return "an agreement";
    case MODEL_RE_DISPUTE:
        return "a dispute";
    default:
        return "an offer or a dispute";
    }
}

static void
check_target(struct admit *admit, struct append_request *request, size_t index,
             const struct reference *reference)
{
    const struct append_event *event = &request->events[index];
    struct named named;
    if (!find_named(admit, reference->id, &named)) {
        place_refusal(append_refuse(request, MODEL_CORRUPT,
                                    "the event that %s names fails its "
                                    "checksum",
                                    reference->field),
                      index, reference->field);
        return;
    }
    if (reference->targets != MODEL_RE_ANY &&
        (model_type_target(named.type) & reference->targets) == 0) {
        place_refusal(
            append_refuse(request, MODEL_INVALID_REFERENCE,
                          "%s of this type must name %s, and \"%.*s\" is of "
                          "type %s",
                          reference->field, target_names(reference->targets),
                          (int)reference->id.size,
                          (const char *)reference->id.data,
                          model_types[named.type].name),
            index, reference->field);
        return;
    }
    struct span home = {named.partnership, named.partnership_size};
    if (reference->local && !span_equal(home, event->partnership))
        place_refusal(
            append_refuse(request, MODEL_INVALID_REFERENCE,
                          "%s must stay within partnership \"%.*s\", and "
                          "\"%.*s\" is of \"%.*s\"",
                          reference->field, (int)event->partnership.size,
                          (const char *)event->partnership.data,
                          (int)reference->id.size,
                          (const char *)reference->id.data, (int)home.size,
                          (const char *)home.data),
            index, reference->field);
}

static void
check_valid(struct admit *admit, struct append_request *request, size_t index)
{
    struct reference references[REFERENCE_COUNT];
    list_references(&request->events[index], references);
    for (size_t i = 0; i < REFERENCE_COUNT && !request->refused; i++)
        if (references[i].id.data != NULL &&
            (references[i].local || references[i].targets != MODEL_RE_ANY))
            check_target(admit, request, index, &references[i]);
}

/* Unknown ones of the whole batch come before invalid ones. */
void
admit_check_references(struct admit *admit, struct append_request *request)
{
    for (size_t i = 0; i < request->event_count && !request->refused; i++)
        if (!request->events[i].duplicate)
            check_known(admit, request, i);
    for (size_t i = 0; i < request->event_count && !request->refused; i++)
        if (!request->events[i].duplicate)
            check_valid(admit, request, i);
}
