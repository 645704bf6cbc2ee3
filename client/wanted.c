/* SPDX-License-Identifier: MIT */
#include "client/wanted.h"

#include <stdlib.h>

#include "client/caseless.h"
#include "proto/model.h"

void
wanted_deinit(struct wanted *wanted)
{
    for (size_t i = 0; i < wanted->count; i++)
        mp_buf_deinit(&wanted->parts[i].text);
    free(wanted->parts);
    for (size_t i = 0; i < WANTED_PLACE_COUNT; i++)
        mp_buf_deinit(&wanted->texts[i]);
    *wanted = (struct wanted){0};
}

bool
wanted_add(struct wanted *wanted, enum wanted_place place, const char *text)
{
    struct wanted_part *parts =
        realloc(wanted->parts, (wanted->count + 1) * sizeof(*parts));
    if (parts == NULL)
        return false;
    wanted->parts = parts;
    struct wanted_part *part = &parts[wanted->count++];
    *part = (struct wanted_part){.place = place};
    caseless_put(&part->text, span_of(text));
    return !part->text.failed;
}

/* No text has a NUL, so nothing is found across two of them. */
static void
put_text(struct mp_buf *buf, struct span value)
{
    struct mp_reader reader = mp_reader(value);
    if (mp_peek(&reader) == MP_STR) {
        caseless_put(buf, mp_str(&reader));
        mp_buf_append(buf, "", 1);
    }
}

static void
put_texts(struct mp_buf *buf, struct span list)
{
    struct mp_reader reader = mp_reader(list);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++)
        put_text(buf, mp_value(&reader));
}

static void
put_source(struct mp_buf *buf, struct span source)
{
    struct mp_reader reader = mp_reader(source);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        (void)mp_value(&reader);
        put_text(buf, mp_value(&reader));
    }
}

static void
put_sources(struct mp_buf *buf, struct span list)
{
    struct mp_reader reader = mp_reader(list);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++)
        put_source(buf, mp_value(&reader));
}

static struct span
field(struct span event, enum model_field which)
{
    return mp_get(event, model_fields[which].key);
}

/* The folded texts of a place, put together when they are first asked for. */
static struct span
texts_of(struct wanted *wanted, enum wanted_place place, struct span event)
{
    struct mp_buf *buf = &wanted->texts[place];
    if (buf->size > 0)
        return mp_buf_span(buf);
    mp_buf_append(buf, "", 1);
    if (place == WANTED_ANYWHERE) {
        put_text(buf, field(event, MODEL_FIELD_TITLE));
        put_text(buf, field(event, MODEL_FIELD_SUMMARY));
    }
    if (place != WANTED_SOURCE)
        put_texts(buf, field(event, MODEL_FIELD_PEOPLE));
    if (place != WANTED_PERSON)
        put_sources(buf, field(event, MODEL_FIELD_SOURCES));
    return mp_buf_span(buf);
}

bool
wanted_is(struct wanted *wanted, struct span event)
{
    for (size_t i = 0; i < WANTED_PLACE_COUNT; i++)
        mp_buf_clear(&wanted->texts[i]);
    for (size_t i = 0; i < wanted->count; i++) {
        const struct wanted_part *part = &wanted->parts[i];
        if (!caseless_has(texts_of(wanted, part->place, event),
                          mp_buf_span(&part->text)))
            return false;
    }
    return true;
}
