/* SPDX-License-Identifier: MIT */
#include "proto/event_parts.h"

enum mp_kind
event_kind_stored(enum model_kind kind)
{
    switch (kind) {
    case MODEL_KIND_ID:
    case MODEL_KIND_TYPE:
    case MODEL_KIND_SLUG:
    case MODEL_KIND_DATE:
    case MODEL_KIND_TITLE:
    case MODEL_KIND_SUMMARY:
    case MODEL_KIND_CERTAINTY:
        return MP_STR;
    case MODEL_KIND_SLUGS:
    case MODEL_KIND_TEXTS:
    case MODEL_KIND_SOURCES:
        return MP_ARRAY;
    case MODEL_KIND_AMOUNT:
    case MODEL_KIND_TERMS:
    case MODEL_KIND_QUOTE:
    case MODEL_KIND_EXT:
        return MP_MAP;
    }
    return MP_NIL;
}

/* --- what follows from the fields -----------------------------------------*/

static bool
derive_kind(struct event *event, struct span kind)
{
    event->amount_kind = model_types[event->type].amount_kind;
    event->amount_kind_given = kind.data != NULL;
    if (!event->amount_kind_given)
        return true;
    for (size_t i = 0; i < MODEL_AMOUNT_KIND_COUNT; i++) {
        if (span_is(kind, model_amount_kinds[i])) {
            event->amount_kind = (enum model_amount_kind)i;
            return true;
        }
    }
    return false;
}

static bool
derive_amount(struct event *event)
{
    struct span map = event->fields[MODEL_FIELD_AMOUNT];
    event->has_amount = map.data != NULL;
    if (!event->has_amount)
        return true;
    struct mp_reader reader = mp_reader(mp_get(map, "value"));
    struct mp_token value = mp_next(&reader);
    event->currency = mp_get_str(map, "currency");
    return event_money_read(&value, &event->amount) &&
           event->currency.data != NULL &&
           derive_kind(event, mp_get_str(map, "kind"));
}

static bool
derive_effective(struct event *event)
{
    struct span value = mp_get(event->fields[MODEL_FIELD_TERMS], "effective");
    event->has_effective = value.data != NULL;
    if (!event->has_effective)
        return true;
    struct mp_reader reader = mp_reader(value);
    struct mp_token token = mp_next(&reader);
    event->effective_nil = token.kind == MP_NIL;
    event->effective_text = token.body;
    return event->effective_nil || token.kind == MP_STR;
}

bool
event_derive(struct event *event)
{
    struct mp_reader parties = mp_reader(event->fields[MODEL_FIELD_PARTIES]);
    event->party_count = mp_array(&parties);
    event->type = model_type_find(event->fields[MODEL_FIELD_TYPE]);
    return !parties.failed && event->type != MODEL_TYPE_COUNT &&
           derive_amount(event) && derive_effective(event);
}

bool
event_parse_dates(struct event *event, struct event_date_fault *fault)
{
    const struct {
        const char *field;
        struct span text;
        struct edtf *date;
    } dates[] = {
        {"occurred", event->fields[MODEL_FIELD_OCCURRED], &event->occurred},
        {"disclosed", event->fields[MODEL_FIELD_DISCLOSED], &event->disclosed},
        {"terms.effective", event->effective_text, &event->effective},
    };
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        if (dates[i].text.data == NULL ||
            edtf_parse(dates[i].text, dates[i].date, &fault->fault))
            continue;
        fault->field = dates[i].field;
        fault->text = dates[i].text;
        return false;
    }
    return true;
}

/* --- a stored event -------------------------------------------------------*/

/* One of the keys that the daemon adds. */
static bool
read_assigned(struct event *event, struct span key, struct mp_reader *reader)
{
    if (span_is(key, "seq"))
        event->seq = mp_uint(reader);
    else if (span_is(key, "rev"))
        event->rev = mp_uint(reader);
    else if (span_is(key, "recorded"))
        event->recorded_ms = mp_int(reader);
    else
        return false;
    return true;
}

static bool
read_field(struct event *event, struct span key, struct mp_reader *reader)
{
    enum model_field field = model_field_find(key);
    if (field == MODEL_FIELD_COUNT)
        return false;
    enum mp_kind kind = event_kind_stored(model_fields[field].kind);
    if (mp_peek(reader) != kind)
        return false;
    event->fields[field] = kind == MP_STR ? mp_str(reader) : mp_value(reader);
    return true;
}

static bool
read_pairs(struct event *event, struct mp_reader *reader)
{
    for (uint32_t i = 0; i < event->pair_count && !reader->failed; i++) {
        struct span key = mp_str(reader);
        if (!read_assigned(event, key, reader) &&
            !read_field(event, key, reader))
            return false;
    }
    return !reader->failed && reader->at == reader->end;
}

/* Every stored event has an id: the daemon assigns one where it is missing. */
static bool
read_is_complete(const struct event *event)
{
    for (size_t i = 0; i < MODEL_FIELD_COUNT; i++)
        if ((model_fields[i].needed || i == MODEL_FIELD_ID) &&
            event->fields[i].data == NULL)
            return false;
    return event->seq > 0 && event->rev > 0;
}

bool
event_read(struct span value, struct event *event)
{
    struct event_date_fault fault;
    struct mp_reader reader = mp_reader(value);
    *event = (struct event){.map = value};
    event->pair_count = mp_map(&reader);
    if (reader.failed)
        return false;
    event->pairs = (struct span){reader.at, (size_t)(reader.end - reader.at)};
    return read_pairs(event, &reader) && read_is_complete(event) &&
           event_derive(event) && event_parse_dates(event, &fault);
}

int64_t
event_takes_effect(const struct event *event)
{
    return edtf_certain(&event->occurred);
}

int64_t
event_possible_from(const struct event *event)
{
    return event->occurred.start_lo;
}
