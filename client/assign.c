/* SPDX-License-Identifier: MIT */
#include "client/assign.h"

#include <stdio.h>

#include "client/dates.h"
#include "client/json.h"

/* Two levels: a field, and what is right below it. */
#define FIELD_LEVEL 1u
#define PART_LEVEL 2u

/* A value that is being read. */
struct reading {
    const struct assign *assign;
    const struct path *path;
    enum model_kind kind; /* of the path's field */
    char *reason;
};

static bool
fail(const struct reading *reading, const char *why)
{
    struct mp_buf place = {0};
    path_put(&place, reading->path, reading->path->count);
    snprintf(reading->reason, ASSIGN_REASON_SIZE, "%.*s: %s", (int)place.size,
             (const char *)place.data, why);
    mp_buf_deinit(&place);
    return false;
}

/* --- values ---------------------------------------------------------------*/

/* The next piece up to `mark`; false where there is none. */
static bool
next_piece(struct span *rest, char mark, struct span *piece)
{
    if (rest->data == NULL)
        return false;
    const uint8_t *end =
        rest->size > 0 ? memchr(rest->data, mark, rest->size) : NULL;
    size_t size = end != NULL ? (size_t)(end - rest->data) : rest->size;
    *piece = (struct span){rest->data, size};
    *rest = end != NULL ? (struct span){end + 1, rest->size - size - 1}
                        : (struct span){NULL, 0};
    return true;
}

static struct span
trim(struct span text)
{
    while (text.size > 0 && text.data[0] == ' ')
        text = (struct span){text.data + 1, text.size - 1};
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}

bool
assign_put_amount(struct mp_buf *buf, struct span text)
{
    static const char *const keys[] = {"value", "currency", "kind"};
    struct span pieces[4];
    uint32_t count = 0;
    while (count < 4 && next_piece(&text, ':', &pieces[count]))
        count++;
    if (count < 2 || count > 3)
        return false;
    mp_put_map(buf, count);
    for (uint32_t i = 0; i < count; i++) {
        mp_put_text(buf, keys[i]);
        mp_put_str(buf, trim(pieces[i]));
    }
    return true;
}

void
assign_put_free(struct mp_buf *buf, struct span text)
{
    struct mp_buf value = {0};
    struct json_fault fault;
    if (json_read(text, &value, &fault))
        mp_put_raw(buf, mp_buf_span(&value));
    else
        mp_put_str(buf, text);
    mp_buf_deinit(&value);
}

/* Names with `;` between; spaces around them do not count. */
static void
put_names(struct mp_buf *buf, struct span text)
{
    struct span name;
    uint32_t count = 0;
    size_t mark = mp_open_array(buf);
    while (next_piece(&text, ';', &name)) {
        name = trim(name);
        if (name.size == 0)
            continue; /* as behind the last ; */
        mp_put_str(buf, name);
        count++;
    }
    mp_close(buf, mark, count);
}

static bool
put_json(const struct reading *reading, struct mp_buf *buf, struct span text)
{
    struct json_fault fault;
    char why[JSON_REASON_SIZE + 80];
    if (json_read(text, buf, &fault))
        return true;
    snprintf(why, sizeof(why), "must be JSON, as {\"key\":\"value\"}: %s",
             fault.reason);
    return fail(reading, why);
}

static bool
put_date(const struct reading *reading, struct mp_buf *buf, struct span text)
{
    char typed[DATES_SIZE], date[DATES_SIZE];
    char why[EDTF_TEXT_MAX + 80];
    struct edtf_fault fault = {0, "is too long"};
    if (reading->assign->now == NULL) {
        mp_put_str(buf, text); /* the daemon says where it is wrong */
        return true;
    }
    if (text.size < sizeof(typed)) {
        memcpy(typed, text.data, text.size);
        typed[text.size] = '\0';
        if (dates_resolve(typed, *reading->assign->now, date, &fault)) {
            mp_put_text(buf, date);
            return true;
        }
    }
    snprintf(why, sizeof(why), "not a date: %s, at byte %zu", fault.reason,
             fault.offset);
    return fail(reading, why);
}

static bool
starts_with(struct span text, char character)
{
    return text.size > 0 && text.data[0] == (uint8_t)character;
}

/* --- by kind --------------------------------------------------------------*/

static bool
put_field(const struct reading *reading, struct mp_buf *buf, struct span text)
{
    switch (reading->kind) {
    case MODEL_KIND_SLUGS:
    case MODEL_KIND_TEXTS:
        if (starts_with(text, '['))
            return put_json(reading, buf, text);
        put_names(buf, text);
        return true;
    case MODEL_KIND_AMOUNT:
        if (starts_with(text, '{'))
            return put_json(reading, buf, text);
        return assign_put_amount(buf, text) ||
               fail(reading, "must be VALUE:CURRENCY[:KIND], as "
                             "1000000000:USD:committed");
    case MODEL_KIND_TERMS:
    case MODEL_KIND_EXT:
    case MODEL_KIND_QUOTE:
    case MODEL_KIND_SOURCES:
        return put_json(reading, buf, text);
    case MODEL_KIND_DATE:
        return put_date(reading, buf, text);
    case MODEL_KIND_ID:
    case MODEL_KIND_TYPE:
    case MODEL_KIND_SLUG:
    case MODEL_KIND_TITLE:
    case MODEL_KIND_SUMMARY:
    case MODEL_KIND_CERTAINTY:
        break;
    }
    mp_put_str(buf, text);
    return true;
}

static bool
is_effective(const struct reading *reading)
{
    return reading->kind == MODEL_KIND_TERMS &&
           reading->path->count == PART_LEVEL &&
           span_is(path_key(reading->path, 1), "effective");
}

static bool
put_part(const struct reading *reading, struct mp_buf *buf, struct span text)
{
    bool is_free =
        reading->kind == MODEL_KIND_TERMS || reading->kind == MODEL_KIND_EXT;
    if (is_effective(reading) && !span_is(text, "null"))
        return put_date(reading, buf, text);
    if (is_free)
        assign_put_free(buf, text);
    else if (reading->kind == MODEL_KIND_SOURCES &&
             reading->path->count == PART_LEVEL)
        return put_json(reading, buf, text);
    else
        mp_put_str(buf, text);
    return true;
}

/* The field that the path begins with, or a suggestion. */
static bool
find_field(struct reading *reading)
{
    const char *names[MODEL_FIELD_COUNT];
    char why[80];
    struct span key = path_key(reading->path, 0);
    enum model_field field = model_field_find(key);
    if (field != MODEL_FIELD_COUNT) {
        reading->kind = model_fields[field].kind;
        return true;
    }
    for (size_t i = 0; i < MODEL_FIELD_COUNT; i++)
        names[i] = model_fields[i].key;
    const char *nearest = model_nearest(key, names, MODEL_FIELD_COUNT);
    snprintf(why, sizeof(why), "is no field of an event%s%s%s",
             nearest != NULL ? "; did you mean " : "",
             nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    return fail(reading, why);
}

bool
assign_set(const struct assign *assign, struct mp_buf *event,
           const struct path *path, struct span text,
           /* NOLINTNEXTLINE(readability-non-const-parameter): fail writes it */
           char reason[ASSIGN_REASON_SIZE])
{
    struct reading reading = {.assign = assign, .path = path, .reason = reason};
    struct mp_buf value = {0}, changed = {0};
    char why[PATH_REASON_SIZE];
    bool good = find_field(&reading);
    if (good && text.size > 0)
        good = path->count == FIELD_LEVEL ? put_field(&reading, &value, text)
                                          : put_part(&reading, &value, text);
    if (good &&
        !path_set(&changed, mp_buf_span(event), path, mp_buf_span(&value), why))
        good = fail(&reading, why);
    if (good && value.failed)
        good = fail(&reading, "no memory");
    mp_buf_deinit(&value);
    if (good) {
        mp_buf_deinit(event);
        *event = changed;
    } else {
        mp_buf_deinit(&changed);
    }
    return good;
}

bool
assign_line(const struct assign *assign, struct mp_buf *event, const char *line,
            char reason[ASSIGN_REASON_SIZE])
{
    struct span rest = span_of(line);
    struct path path;
    char why[PATH_REASON_SIZE];
    bool good = path_read(&path, &rest, '=', why);
    if (!good)
        snprintf(reason, ASSIGN_REASON_SIZE, "%.60s: %s", line, why);
    else if (!path.ended)
        snprintf(reason, ASSIGN_REASON_SIZE,
                 "%.60s: must be FIELD=VALUE, as occurred=2019-06", line);
    good = good && path.ended && assign_set(assign, event, &path, rest, reason);
    path_deinit(&path);
    return good;
}
