/* SPDX-License-Identifier: MIT */
#include "proto/event_parts.h"

#include <assert.h>

/* A peer's bytes within a message; lives as long as the block. */
#define SHOW(bytes) event_show((bytes), (char[EVENT_SHOWN_SIZE]){0})

/* --- keys -----------------------------------------------------------------*/

static bool
refuse_unknown(struct event_checker *checker, struct span key)
{
    static const char *const assigned[] = {"seq", "rev", "recorded"};
    const char *names[MODEL_FIELD_COUNT];
    for (size_t i = 0; i < sizeof(assigned) / sizeof(assigned[0]); i++) {
        if (!span_is(key, assigned[i]))
            continue;
        event_path_key(&checker->path, key);
        return event_refuse_place(checker,
                                  "is assigned by the daemon; leave it out");
    }
    for (size_t i = 0; i < MODEL_FIELD_COUNT; i++)
        names[i] = model_fields[i].key;
    return event_refuse_key(checker, key, names, MODEL_FIELD_COUNT);
}

static bool
check_pair(struct event_checker *checker, struct mp_reader *reader)
{
    struct mp_token key = mp_next(reader);
    if (key.kind != MP_STR)
        return event_refuse_place(checker, "has a key that is no string; keys "
                                           "must be strings");
    enum model_field field = model_field_find(key.body);
    if (field == MODEL_FIELD_COUNT)
        return refuse_unknown(checker, key.body);

    struct span *value = &checker->event->fields[field];
    const uint8_t *start = reader->at;
    bool is_str = mp_peek(reader) == MP_STR;
    event_path_key(&checker->path, key.body);
    if (value->data != NULL)
        return event_refuse_place(checker,
                                  "is given twice; a map has each key once");
    if (!event_check_field(checker, field, reader))
        return false;
    *value = is_str ? checker->text
                    : (struct span){start, (size_t)(reader->at - start)};
    event_path_up(&checker->path);
    return true;
}

static bool
check_needed(struct event_checker *checker)
{
    for (size_t i = 0; i < MODEL_FIELD_COUNT; i++) {
        const struct model_field_info *field = &model_fields[i];
        if (!field->needed || checker->event->fields[i].data != NULL)
            continue;
        event_path_key(&checker->path, span_of(field->key));
        return event_refuse_place(checker, "is missing: %s", field->help);
    }
    return true;
}

/* --- what depends on the type ---------------------------------------------*/

/* What `re` of a type names, for people. */
static const char *
targets_name(uint32_t targets)
{
    switch (targets) {
    case MODEL_RE_OFFER:
        return "the offer";
    case MODEL_RE_AGREEMENT:
        return "the agreement";
    case MODEL_RE_DISPUTE:
        return "the dispute";
    case MODEL_RE_OFFER | MODEL_RE_DISPUTE:
        return "the offer or dispute";
    default:
        return "the event";
    }
}

static bool
check_re(struct event_checker *checker)
{
    const struct model_type_info *type = &model_types[checker->event->type];
    if (!type->re_needed || checker->event->fields[MODEL_FIELD_RE].data != NULL)
        return true;
    event_path_key(&checker->path, span_of("re"));
    return event_refuse_place(
        checker, "is missing: type \"%s\" needs the id of %s that it answers",
        type->name, targets_name(type->re_targets));
}

static bool
check_effective(struct event_checker *checker)
{
    const struct event *event = checker->event;
    struct mp_reader reader =
        mp_reader(mp_get(event->fields[MODEL_FIELD_TERMS], "effective"));
    if (reader.failed)
        return true; /* absent */
    event_path_key(&checker->path, span_of("terms"));
    event_path_key(&checker->path, span_of("effective"));
    if (mp_peek(&reader) == MP_NIL && event->type == MODEL_AMENDMENT)
        mp_next(&reader);
    else if (mp_peek(&reader) == MP_NIL)
        return event_refuse_place(checker, "is nil, which only an amendment "
                                           "may say; leave it out instead");
    else if (!event_check_str(checker, &reader, EDTF_TEXT_MAX, false))
        return false;
    checker->path.count = 0;
    return true;
}

/* --- the whole ------------------------------------------------------------*/

static bool
check_shape(struct event_checker *checker, struct span value)
{
    struct event *event = checker->event;
    struct mp_reader reader = mp_reader(value);
    struct mp_token token = mp_next(&reader);
    if (token.kind != MP_MAP)
        return event_refuse_kind(checker, token.kind, "a map");
    event->map = value;
    event->pairs = (struct span){reader.at, (size_t)(reader.end - reader.at)};
    event->pair_count = token.count;
    for (uint32_t i = 0; i < token.count && !reader.failed; i++)
        if (!check_pair(checker, &reader))
            return false;
    if (reader.failed || reader.at != reader.end)
        return event_refuse_place(checker, "is not one whole MessagePack map");
    return check_needed(checker) && check_re(checker) &&
           check_effective(checker);
}

/* The field of a date is a constant path, with dots already. */
static bool
check_dates(struct event_checker *checker)
{
    struct event_date_fault fault;
    if (event_parse_dates(checker->event, &fault))
        return true;
    event_path_key(&checker->path, span_of(fault.field));
    event_refuse(checker, MODEL_INVALID_DATE,
                 "\"%s\" is not a date: %s (at byte %zu)", SHOW(fault.text),
                 fault.fault.reason, fault.fault.offset);
    checker->fault->has_offset = true;
    checker->fault->offset = fault.fault.offset;
    return false;
}

bool
event_check(struct span value, size_t size_max, struct event *event,
            struct event_fault *fault)
{
    struct event_checker checker;
    checker.event = event;
    checker.fault = fault;
    checker.path.count = 0;
    checker.text = (struct span){0};
    *event = (struct event){0};
    if (value.size > size_max)
        return event_refuse(&checker, MODEL_TOO_LARGE,
                            "the event has %zu bytes; at most %zu are allowed",
                            value.size, size_max);
    event_keys_init(&checker.keys);
    bool passed = check_shape(&checker, value);
    event_keys_deinit(&checker.keys);
    if (!passed)
        return false;
    bool derived = event_derive(event);
    assert(derived); /* the shape is right, so the fields are */
    return derived && check_dates(&checker);
}
