/* SPDX-License-Identifier: MIT */
#include "client/cloudevents.h"

#include <stdio.h>

#include "client/days.h"
#include "client/words.h"
#include "proto/model.h"

/* The attributes that hold a key of the event, in their order. */
static const struct {
    const char *attribute;
    enum model_field field;
} outside[] = {
    {"id", MODEL_FIELD_ID},
    {"type", MODEL_FIELD_TYPE},
    {"subject", MODEL_FIELD_PARTNERSHIP},
};
#define OUTSIDE_COUNT (sizeof(outside) / sizeof(outside[0]))

/* A log's id is a UUID without its hyphens. */
#define LOG_ID_SIZE 32

static bool
is_assigned(struct span key)
{
    return span_is(key, "seq") || span_is(key, "rev") ||
           span_is(key, "recorded");
}

static bool
is_outside(struct span key)
{
    for (size_t i = 0; i < OUTSIDE_COUNT; i++)
        if (span_is(key, model_fields[outside[i].field].key))
            return true;
    return false;
}

/* --- out ------------------------------------------------------------------*/

void
cloudevents_source(struct span log_id, char source[CLOUDEVENTS_SOURCE_SIZE])
{
    const char *id = (const char *)log_id.data;
    if (log_id.size == LOG_ID_SIZE)
        snprintf(source, CLOUDEVENTS_SOURCE_SIZE,
                 "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12,
                 id + 16, id + 20);
    else
        snprintf(source, CLOUDEVENTS_SOURCE_SIZE, "/%.*s", (int)log_id.size,
                 log_id.size > 0 ? id : "");
}

/* RFC 3339, whose years are 0000 to 9999; false for others. */
static bool
format_time(int64_t moment_ms, char text[EDTF_FORMAT_SIZE])
{
    return edtf_format(moment_ms, text) == strlen("2017-08-11T00:00:00.000Z") &&
           text[0] != '-' && text[0] != '+';
}

static bool
find_time(struct span event, char text[EDTF_FORMAT_SIZE])
{
    struct days days =
        days_of(mp_get_str(event, model_fields[MODEL_FIELD_OCCURRED].key));
    return days.exact && (days.kind == DAYS_DAY || days.kind == DAYS_MOMENT) &&
           format_time(days.from_ms, text);
}

static bool
find_recorded(struct span event, char text[EDTF_FORMAT_SIZE])
{
    struct mp_reader reader = mp_reader(mp_get(event, "recorded"));
    int64_t recorded_ms = mp_int(&reader);
    return !reader.failed && format_time(recorded_ms, text);
}

/* The keys of `event` in their order, those from `outside` counted as they
 * come; true where that is another order than they are read back in. */
static bool
put_order(struct mp_buf *names, struct span event)
{
    struct mp_reader reader = mp_reader(event);
    uint32_t count = mp_map(&reader);
    size_t place = 0;
    bool otherwise = false;
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span key = mp_str(&reader);
        (void)mp_value(&reader);
        if (is_assigned(key))
            continue;
        otherwise |= place < OUTSIDE_COUNT &&
                     !span_is(key, model_fields[outside[place].field].key);
        place++;
        words_put(names, names->size > 0 ? " " : "");
        mp_buf_append(names, key.data, key.size);
    }
    return otherwise;
}

static uint32_t
put_data(struct mp_buf *buf, struct span event)
{
    struct mp_reader reader = mp_reader(event);
    uint32_t count = mp_map(&reader), kept = 0;
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        const uint8_t *start = reader.at;
        struct span key = mp_str(&reader);
        (void)mp_value(&reader);
        if (is_assigned(key) || is_outside(key))
            continue;
        mp_put_raw(buf, (struct span){start, (size_t)(reader.at - start)});
        kept++;
    }
    return kept;
}

/* A text attribute. */
static void
put(struct mp_buf *buf, uint32_t *count, const char *name, struct span text)
{
    mp_put_text(buf, name);
    mp_put_str(buf, text);
    ++*count;
}

static void
put_attributes(struct mp_buf *buf, uint32_t *count, struct span event,
               const char *source)
{
    char text[EDTF_FORMAT_SIZE];
    put(buf, count, "specversion", span_of("1.0"));
    put(buf, count, "id", mp_get_str(event, "id"));
    put(buf, count, "source", span_of(source));
    put(buf, count, "type", mp_get_str(event, "type"));
    put(buf, count, "subject", mp_get_str(event, "partnership"));
    if (find_time(event, text))
        put(buf, count, "time", span_of(text));
    put(buf, count, "datacontenttype", span_of("application/json"));
    if (find_recorded(event, text))
        put(buf, count, "recordedtime", span_of(text));
    /* in the order of letters, which the extension asks for */
    snprintf(text, sizeof(text), "%020llu",
             (unsigned long long)mp_get_uint(event, "seq"));
    put(buf, count, "sequence", span_of(text));
}

void
cloudevents_put(struct mp_buf *buf, struct span event, const char *source)
{
    struct mp_buf names = {0};
    uint32_t count = 0;
    size_t mark = mp_open_map(buf);
    put_attributes(buf, &count, event, source);
    if (put_order(&names, event))
        put(buf, &count, "keyorder", mp_buf_span(&names));
    mp_put_text(buf, "data");
    size_t data = mp_open_map(buf);
    mp_close(buf, data, put_data(buf, event));
    mp_close(buf, mark, count + 1);
    buf->failed |= names.failed;
    mp_buf_deinit(&names);
}

/* --- in -------------------------------------------------------------------*/

static bool
fail(struct json_fault *fault, const char *reason)
{
    *fault = (struct json_fault){.line = 1};
    snprintf(fault->reason, sizeof(fault->reason), "%s", reason);
    return false;
}

static bool
check_type(struct span cloudevent, struct json_fault *fault)
{
    struct span type = mp_get_str(cloudevent, "datacontenttype");
    static const char json[] = "json";
    if (type.data == NULL ||
        memmem(type.data, type.size, json, sizeof(json) - 1) != NULL)
        return true;
    return fail(fault, "datacontenttype: must be application/json");
}

static bool
check(struct span cloudevent, struct json_fault *fault)
{
    struct mp_reader data = mp_reader(mp_get(cloudevent, "data"));
    if (!span_is(mp_get_str(cloudevent, "specversion"), "1.0"))
        return fail(fault, "specversion: must be \"1.0\"");
    if (mp_get_str(cloudevent, "id").size == 0)
        return fail(fault, "id: must be a string, and not empty");
    if (mp_get_str(cloudevent, "type").size == 0)
        return fail(fault, "type: must be a string, and not empty");
    if (mp_get(cloudevent, "data_base64").data != NULL)
        return fail(fault, "data_base64: an event stands in data, as JSON");
    if (!check_type(cloudevent, fault))
        return false;
    return mp_peek(&data) == MP_MAP ||
           fail(fault, "data: must be an object, the rest of the event");
}

/* A pair of the event by its key: an attribute, else of data. */
static struct span
find_value(struct span cloudevent, struct span data, struct span key)
{
    char name[MODEL_ID_SIZE_MAX + 1];
    for (size_t i = 0; i < OUTSIDE_COUNT; i++)
        if (span_is(key, model_fields[outside[i].field].key) &&
            mp_get(cloudevent, outside[i].attribute).data != NULL)
            return mp_get(cloudevent, outside[i].attribute);
    if (key.size >= sizeof(name))
        return (struct span){NULL, 0};
    memcpy(name, key.data, key.size);
    name[key.size] = '\0';
    return mp_get(data, name);
}

static void
put_pair(struct mp_buf *event, uint32_t *count, struct span key,
         struct span value)
{
    mp_put_str(event, key);
    mp_put_raw(event, value);
    ++*count;
}

/* The next name of a list with spaces between; false at the end. */
static bool
next_name(struct span *rest, struct span *name)
{
    while (rest->size > 0 && rest->data[0] == ' ')
        *rest = (struct span){rest->data + 1, rest->size - 1};
    const uint8_t *space =
        rest->size > 0 ? memchr(rest->data, ' ', rest->size) : NULL;
    size_t size = space != NULL ? (size_t)(space - rest->data) : rest->size;
    *name = (struct span){rest->data, size};
    rest->data = size > 0 ? rest->data + size : rest->data;
    rest->size -= size;
    return size > 0;
}

static bool
is_listed(struct span names, struct span key)
{
    struct span name;
    while (next_name(&names, &name))
        if (span_equal(name, key))
            return true;
    return false;
}

/* Those that the list names first, then id, type, partnership, then data's. */
static uint32_t
put_pairs(struct mp_buf *event, struct span cloudevent, struct span order)
{
    struct span data = mp_get(cloudevent, "data"), rest = order, name, value;
    uint32_t count = 0;
    while (next_name(&rest, &name)) {
        value = find_value(cloudevent, data, name);
        if (value.data != NULL)
            put_pair(event, &count, name, value);
    }
    for (size_t i = 0; i < OUTSIDE_COUNT; i++) {
        name = span_of(model_fields[outside[i].field].key);
        value = mp_get(cloudevent, outside[i].attribute);
        if (value.data != NULL && !is_listed(order, name))
            put_pair(event, &count, name, value);
    }
    struct mp_reader reader = mp_reader(data);
    uint32_t pairs = mp_map(&reader);
    for (uint32_t i = 0; i < pairs && !reader.failed; i++) {
        name = mp_str(&reader);
        value = mp_value(&reader);
        if (!is_listed(order, name))
            put_pair(event, &count, name, value);
    }
    return count;
}

/* What stands outside of data does not stand within it, too. */
static bool
check_twice(struct span cloudevent, struct json_fault *fault)
{
    struct span data = mp_get(cloudevent, "data");
    for (size_t i = 0; i < OUTSIDE_COUNT; i++) {
        const char *key = model_fields[outside[i].field].key;
        if (mp_get(data, key).data == NULL ||
            mp_get(cloudevent, outside[i].attribute).data == NULL)
            continue;
        *fault = (struct json_fault){.line = 1};
        snprintf(fault->reason, sizeof(fault->reason),
                 "data.%s: is given twice; it is the attribute %s", key,
                 outside[i].attribute);
        return false;
    }
    return true;
}

bool
cloudevents_read(struct span cloudevent, struct mp_buf *event,
                 struct json_fault *fault)
{
    struct span order = mp_get_str(cloudevent, "keyorder"), rest = order, name;
    size_t names = 0;
    if (!check(cloudevent, fault) || !check_twice(cloudevent, fault))
        return false;
    while (next_name(&rest, &name))
        if (++names > MODEL_FIELD_COUNT)
            return fail(fault, "keyorder: has more names than an event keys");
    size_t mark = mp_open_map(event);
    mp_close(event, mark, put_pairs(event, cloudevent, order));
    return !event->failed || fail(fault, "no memory");
}
