/* SPDX-License-Identifier: MIT */
#include "proto/event_parts.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* Text that is cut between characters where its room ends. */
struct fault_text {
    char *data;
    size_t room; /* with the NUL */
    size_t size;
    bool full;
};

static struct fault_text
text_start(char *data, size_t room)
{
    data[0] = '\0';
    return (struct fault_text){.data = data, .room = room};
}

static void
text_put(struct fault_text *text, const void *bytes, size_t size)
{
    text->full = text->full || text->size + size >= text->room;
    if (text->full)
        return;
    memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

static void
text_put_peer(struct fault_text *text, struct span bytes)
{
    char escape[sizeof("\\xff")];
    while (bytes.size > 0 && !text->full) {
        struct span character = {bytes.data, event_text_character(bytes)};
        bool raw = character.size > 0 && !event_text_is_control(character);
        if (raw) {
            text_put(text, character.data, character.size);
        } else {
            character.size = 1;
            snprintf(escape, sizeof(escape), "\\x%02x", *bytes.data);
            text_put(text, escape, strlen(escape));
        }
        bytes.data += character.size;
        bytes.size -= character.size;
    }
}

const char *
event_show(struct span bytes, char out[EVENT_SHOWN_SIZE])
{
    static const char cut[] = "...";
    struct fault_text text = text_start(out, EVENT_SHOWN_SIZE - strlen(cut));
    text_put_peer(&text, bytes);
    if (text.full)
        memcpy(out + text.size, cut, sizeof(cut));
    return out;
}

/* --- where ----------------------------------------------------------------*/

static struct event_step *
path_down(struct event_path *path)
{
    assert(path->count < MODEL_DEPTH_MAX);
    return &path->steps[path->count++];
}

void
event_path_key(struct event_path *path, struct span key)
{
    *path_down(path) = (struct event_step){.key = key};
}

void
event_path_index(struct event_path *path, uint32_t index)
{
    *path_down(path) = (struct event_step){.index = index};
}

void
event_path_up(struct event_path *path)
{
    path->count--;
}

static void
path_write(const struct event_path *path, char field[EVENT_FIELD_SIZE])
{
    char index[sizeof("[4294967295]")];
    struct fault_text text = text_start(field, EVENT_FIELD_SIZE);
    for (uint32_t i = 0; i < path->count; i++) {
        const struct event_step *step = &path->steps[i];
        if (step->key.data == NULL) {
            snprintf(index, sizeof(index), "[%u]", step->index);
            text_put(&text, index, strlen(index));
            continue;
        }
        if (i > 0)
            text_put(&text, ".", 1);
        text_put_peer(&text, step->key);
    }
}

/* --- what -----------------------------------------------------------------*/

/*
 * A message that is too long is cut.  The peer's bytes in it are bounded and
 * come first, so that a cut falls among our own words, which are ASCII.
 */
static_assert(EVENT_FIELD_SIZE + EVENT_SHOWN_SIZE < EVENT_MESSAGE_SIZE,
              "room for what a peer wrote");

static void
fault_start(struct event_checker *checker, enum model_error code)
{
    checker->fault->code = code;
    checker->fault->has_offset = false;
    checker->fault->offset = 0;
    path_write(&checker->path, checker->fault->field);
}

bool
event_refuse(struct event_checker *checker, enum model_error code,
             const char *format, ...)
{
    va_list arguments;
    fault_start(checker, code);
    va_start(arguments, format);
    vsnprintf(checker->fault->message, EVENT_MESSAGE_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

bool
event_refuse_place(struct event_checker *checker, const char *format, ...)
{
    va_list arguments;
    fault_start(checker, MODEL_INVALID_EVENT);
    /* A field leaves room: it is the shorter one. */
    char *message = checker->fault->message;
    bool whole = checker->path.count == 0;
    int size = snprintf(message, EVENT_MESSAGE_SIZE, "%s ",
                        whole ? "the event" : checker->fault->field);
    va_start(arguments, format);
    vsnprintf(message + size, EVENT_MESSAGE_SIZE - (size_t)size, format,
              arguments);
    va_end(arguments);
    return false;
}
