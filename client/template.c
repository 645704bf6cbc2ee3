/* SPDX-License-Identifier: MIT */
#include "client/template.h"

#include <stdio.h>

#include "client/csv.h"
#include "client/json.h"
#include "client/text.h"
#include "client/words.h"

/* Columns of a comment without its "# ". */
#define COMMENT_WIDTH 74

/* What a line of a fault begins with. */
#define FAULT_MARK "#! "

static const char head[] =
    "A new event. Fill in what you know, as FIELD = VALUE; what is left empty "
    "is not there. A value goes on in the lines below it that begin with a "
    "space; a line of a space and a point is an empty one. Lines that begin "
    "with # are not read. Leave all of this as it is, or nothing of it, and "
    "nothing is stored.";

/* --- out ------------------------------------------------------------------*/

static void
put_comment(struct mp_buf *text, const char *mark, struct span comment)
{
    struct span line;
    while (text_wrap(&comment, COMMENT_WIDTH, &line)) {
        words_put(text, mark);
        mp_buf_append(text, line.data, line.size);
        words_put(text, "\n");
    }
}

/* A field's name and its value, which may be absent. */
static void
put_line(struct mp_buf *text, const char *name, struct span value)
{
    words_put(text, name);
    words_put(text, value.size > 0 ? " = " : " =");
    for (size_t i = 0; i < value.size; i++) {
        bool empty = i + 1 < value.size && value.data[i + 1] == '\n';
        mp_buf_append(text, value.data + i, 1);
        if (value.data[i] == '\n')
            words_put(text, empty ? " ." : " ");
    }
    words_put(text, "\n");
}

static void
put_names(struct mp_buf *buf, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        words_put(buf, i > 0 ? ", " : "");
        words_put(buf, names[i]);
    }
}

static void
put_types(struct mp_buf *buf)
{
    for (size_t i = 0; i < MODEL_TYPE_COUNT; i++) {
        words_put(buf, i > 0 ? ", " : "");
        words_put(buf, model_types[i].name);
    }
}

/* How a value of that kind is written, behind what the field is. */
static void
put_form(struct mp_buf *buf, enum model_kind kind)
{
    switch (kind) {
    case MODEL_KIND_TYPE:
        words_put(buf, ": ");
        put_types(buf);
        break;
    case MODEL_KIND_CERTAINTY:
        words_put(buf, ": ");
        put_names(buf, model_certainties, MODEL_CERTAINTY_COUNT);
        break;
    case MODEL_KIND_AMOUNT:
        words_put(buf, ". The kinds are ");
        put_names(buf, model_amount_kinds, MODEL_AMOUNT_KIND_COUNT);
        break;
    case MODEL_KIND_SLUGS:
    case MODEL_KIND_TEXTS:
        words_put(buf, ", with ; between");
        break;
    case MODEL_KIND_DATE:
        words_put(buf, ": 2017, 2017-08, 2017-08-11, 2017-22 (summer), "
                       "2017-08/2018-02, 2017~ (about), today, yesterday");
        break;
    case MODEL_KIND_TERMS:
    case MODEL_KIND_EXT:
        words_put(buf, ", each on a line of its own: NAME.KEY = VALUE, or all "
                       "of them as JSON");
        break;
    case MODEL_KIND_SOURCES:
        words_put(buf, "; the next one is sources[1]");
        break;
    case MODEL_KIND_ID:
    case MODEL_KIND_SLUG:
    case MODEL_KIND_TITLE:
    case MODEL_KIND_SUMMARY:
    case MODEL_KIND_QUOTE:
        break;
    }
}

/* The parts of a map that is called `name`, filled in from `map`. */
static void
put_parts(struct mp_buf *text, const char *name, enum model_kind kind,
          struct span map)
{
    char place[80];
    for (const struct model_part *part = model_parts(kind); part->key != NULL;
         part++) {
        struct mp_buf value = {0};
        struct span given = mp_get(map, part->key);
        struct mp_reader reader = mp_reader(given);
        if (given.data != NULL && mp_peek(&reader) != MP_STR)
            json_put(&value, given, JSON_COMPACT);
        snprintf(place, sizeof(place), "%s.%s", name, part->key);
        put_line(text, place,
                 value.size > 0 ? mp_buf_span(&value)
                                : mp_get_str(map, part->key));
        mp_buf_deinit(&value);
    }
}

/* Those that are given, else room for one. */
static void
put_sources(struct mp_buf *text, const char *key, struct span list)
{
    char name[32];
    struct mp_reader reader = mp_reader(list);
    uint32_t count = list.data != NULL ? mp_array(&reader) : 0;
    for (uint32_t i = 0; i == 0 || i < count; i++) {
        snprintf(name, sizeof(name), "%s[%u]", key, i);
        put_parts(text, name, MODEL_KIND_SOURCES,
                  i < count ? mp_value(&reader) : (struct span){NULL, 0});
    }
}

/* A field as one line: a text as it is, names joined, anything else JSON. */
static void
put_whole(struct mp_buf *text, const char *key, struct span value)
{
    struct mp_buf shown = {0};
    struct mp_reader reader = mp_reader(value);
    if (value.data != NULL && mp_peek(&reader) == MP_STR) {
        struct span given = mp_str(&reader);
        mp_buf_append(&shown, given.data, given.size);
    } else if (value.data != NULL) {
        csv_put_bare(&shown, value);
    }
    put_line(text, key, mp_buf_span(&shown));
    mp_buf_deinit(&shown);
}

static void
put_field(struct mp_buf *text, const struct model_field_info *field,
          struct span value)
{
    struct mp_buf comment = {0};
    words_put(&comment, field->help);
    words_put(&comment, field->needed ? " (needed)" : "");
    put_form(&comment, field->kind);
    words_put(text, "\n");
    put_comment(text, "# ", mp_buf_span(&comment));
    mp_buf_deinit(&comment);
    if (field->kind == MODEL_KIND_SOURCES)
        put_sources(text, field->key, value);
    else if (model_parts(field->kind) != NULL)
        put_parts(text, field->key, field->kind, value);
    else
        put_whole(text, field->key, value);
}

void
template_put(struct mp_buf *text, struct span event)
{
    put_comment(text, "# ", span_of(head));
    for (size_t i = 0; i < MODEL_FIELD_COUNT; i++)
        put_field(text, &model_fields[i], mp_get(event, model_fields[i].key));
}

/* --- lines ----------------------------------------------------------------*/

/* The next line without its end; false where there is none. */
static bool
next_line(struct span *rest, struct span *line)
{
    if (rest->size == 0)
        return false;
    const uint8_t *end = memchr(rest->data, '\n', rest->size);
    size_t size = end != NULL ? (size_t)(end - rest->data) : rest->size;
    *line = (struct span){rest->data, size};
    size_t used = size + (end != NULL);
    *rest = (struct span){rest->data + used, rest->size - used};
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    return true;
}

static bool
starts_with(struct span line, const char *mark)
{
    size_t size = strlen(mark);
    return line.size >= size && memcmp(line.data, mark, size) == 0;
}

void
template_put_fault(struct mp_buf *buf, struct span text, const char *fault)
{
    struct mp_buf clean = {0};
    struct span line, rest = text;
    text_put_clean(&clean, span_of(fault), false);
    put_comment(buf, FAULT_MARK, mp_buf_span(&clean));
    buf->failed |= clean.failed;
    mp_buf_deinit(&clean);
    while (next_line(&rest, &line)) {
        if (starts_with(line, FAULT_MARK))
            continue;
        mp_buf_append(buf, line.data, line.size);
        words_put(buf, "\n");
    }
}

/* --- in -------------------------------------------------------------------*/

static bool
is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static struct span
trim(struct span text)
{
    while (text.size > 0 && is_space(text.data[0]))
        text = (struct span){text.data + 1, text.size - 1};
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* Where a backslash does not stand before it. */
static size_t
find_equals(struct span line)
{
    size_t at = 0;
    while (at < line.size && line.data[at] != '=')
        at += line.data[at] == '\\' ? 2 : 1;
    return at < line.size ? at : line.size;
}

/* The lines that go on with a value, behind its first. */
static void
take_more(struct span *rest, struct mp_buf *value, size_t *number)
{
    struct span ahead = *rest, line;
    while (next_line(&ahead, &line) && line.size > 0 &&
           is_space(line.data[0])) {
        *rest = ahead;
        ++*number;
        struct span more = {line.data + 1, line.size - 1};
        if (value->size > 0) /* else it begins below its name */
            words_put(value, "\n");
        if (!span_is(trim(more), "."))
            mp_buf_append(value, more.data, more.size);
    }
}

static bool
set_field(struct span name, struct span value, const struct assign *assign,
          struct mp_buf *event, char reason[ASSIGN_REASON_SIZE])
{
    char why[PATH_REASON_SIZE];
    struct path path;
    struct span rest = name;
    bool good = path_read(&path, &rest, '\0', why);
    if (!good)
        snprintf(reason, ASSIGN_REASON_SIZE, "%.*s: %s",
                 name.size < 60 ? (int)name.size : 60, (const char *)name.data,
                 why);
    good = good &&
           (value.size == 0 || assign_set(assign, event, &path, value, reason));
    path_deinit(&path);
    return good;
}

/* A field that begins with `line`; `*number` is that of its last line. */
static bool
read_field(struct span line, struct span *rest, size_t *number,
           const struct assign *assign, struct mp_buf *event,
           char reason[ASSIGN_REASON_SIZE])
{
    struct mp_buf value = {0};
    size_t equals = find_equals(line);
    if (equals == line.size) {
        snprintf(reason, ASSIGN_REASON_SIZE,
                 "must be FIELD = VALUE; the lines of a long value begin with "
                 "a space");
        return false;
    }
    struct span first =
        trim((struct span){line.data + equals + 1, line.size - equals - 1});
    mp_buf_append(&value, first.data, first.size);
    take_more(rest, &value, number);
    bool good = set_field(trim((struct span){line.data, equals}),
                          mp_buf_span(&value), assign, event, reason);
    mp_buf_deinit(&value);
    return good;
}

bool
template_read(struct span text, const struct assign *assign,
              struct mp_buf *event, char reason[TEMPLATE_REASON_SIZE])
{
    char why[ASSIGN_REASON_SIZE];
    struct span rest = text, line;
    mp_put_map(event, 0);
    for (size_t number = 1; next_line(&rest, &line); number++) {
        size_t first = number;
        if (line.size == 0 || line.data[0] == '#' || trim(line).size == 0)
            continue;
        if (!read_field(line, &rest, &number, assign, event, why)) {
            snprintf(reason, TEMPLATE_REASON_SIZE, "line %zu: %s", first, why);
            return false;
        }
    }
    if (event->failed)
        snprintf(reason, TEMPLATE_REASON_SIZE, "no memory");
    return !event->failed;
}
