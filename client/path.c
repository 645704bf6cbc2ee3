/* SPDX-License-Identifier: MIT */
#include "client/path.h"

#include <stdarg.h>
#include <stdio.h>

#include "client/words.h"

static bool fail(char reason[PATH_REASON_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
fail(char reason[PATH_REASON_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, PATH_REASON_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* --- reading --------------------------------------------------------------*/

static bool
take(struct span *rest, char character)
{
    if (rest->size == 0 || rest->data[0] != (uint8_t)character)
        return false;
    *rest = (struct span){rest->data + 1, rest->size - 1};
    return true;
}

static bool
add_step(struct path *path, struct path_step step,
         char reason[PATH_REASON_SIZE])
{
    if (path->count == MODEL_DEPTH_MAX)
        return fail(reason, "is deeper than the %u levels of an event",
                    MODEL_DEPTH_MAX);
    path->steps[path->count++] = step;
    return true;
}

static bool
read_key(struct path *path, struct span *rest, char end,
         char reason[PATH_REASON_SIZE])
{
    struct path_step step = {.start = path->keys.size};
    while (rest->size > 0 && rest->data[0] != (uint8_t)end &&
           rest->data[0] != '.' && rest->data[0] != '[') {
        if (take(rest, '\\') && rest->size == 0)
            return fail(reason, "ends in a backslash, which takes the next "
                                "character for what it is");
        mp_buf_append(&path->keys, rest->data, 1);
        *rest = (struct span){rest->data + 1, rest->size - 1};
    }
    step.size = path->keys.size - step.start;
    if (path->keys.failed)
        return fail(reason, "no memory");
    if (step.size == 0)
        return fail(reason,
                    "lacks a name%s; write it as in amount.value or "
                    "sources[0].url",
                    path->count > 0 ? " behind a point" : "");
    return add_step(path, step, reason);
}

static bool
read_index(struct path *path, struct span *rest, char reason[PATH_REASON_SIZE])
{
    struct path_step step = {.is_index = true};
    size_t digits = 0;
    for (; rest->size > 0 && rest->data[0] >= '0' && rest->data[0] <= '9' &&
           step.index < MODEL_EVENT_SIZE_MAX;
         digits++) {
        step.index = 10 * step.index + rest->data[0] - '0';
        *rest = (struct span){rest->data + 1, rest->size - 1};
    }
    if (digits == 0 || !take(rest, ']'))
        return fail(reason, "needs a number and ] behind [, as in "
                            "sources[0].url");
    return add_step(path, step, reason);
}

bool
path_read(struct path *path, struct span *rest, char end,
          char reason[PATH_REASON_SIZE])
{
    *path = (struct path){0};
    if (!read_key(path, rest, end, reason))
        return false;
    while (rest->size > 0 && !(path->ended = take(rest, end))) {
        bool good = take(rest, '.')   ? read_key(path, rest, end, reason)
                    : take(rest, '[') ? read_index(path, rest, reason)
                                      : fail(reason, "goes on behind ]; "
                                                     "write . before a name");
        if (!good)
            return false;
    }
    return true;
}

void
path_deinit(struct path *path)
{
    mp_buf_deinit(&path->keys);
}

struct span
path_key(const struct path *path, uint32_t step)
{
    const struct path_step *at = &path->steps[step];
    if (at->is_index)
        return (struct span){NULL, 0};
    return (struct span){path->keys.data + at->start, at->size};
}

void
path_put(struct mp_buf *buf, const struct path *path, uint32_t count)
{
    char index[16];
    for (uint32_t i = 0; i < count; i++) {
        struct span key = path_key(path, i);
        snprintf(index, sizeof(index), "[%u]", path->steps[i].index);
        if (key.data == NULL)
            words_put(buf, index);
        else if (i > 0)
            words_put(buf, ".");
        mp_buf_append(buf, key.data, key.size);
    }
}

/* --- setting --------------------------------------------------------------*/

/* What is to be done, and how far it is. */
struct setting {
    const struct path *path;
    struct span value; /* absent: take away */
    char *reason;
};

static bool put_at(struct mp_buf *buf, struct span old,
                   const struct setting *setting, uint32_t step);

static bool
fail_kind(const struct setting *setting, uint32_t step, const char *wanted)
{
    struct mp_buf place = {0};
    path_put(&place, setting->path, step);
    bool good = fail(setting->reason, "%.*s is no %s", (int)place.size,
                     (const char *)place.data, wanted);
    mp_buf_deinit(&place);
    return good;
}

/* A map or a list that has nothing in it. */
static bool
is_empty(struct span value)
{
    struct mp_reader reader = mp_reader(value);
    struct mp_token token = mp_next(&reader);
    return (token.kind == MP_MAP || token.kind == MP_ARRAY) && token.count == 0;
}

/*
 * What becomes of the element that the step names, `old` where there is one:
 * put behind `key` (a list has none) and counted, or left out.
 */
static bool
put_element(struct mp_buf *buf, uint32_t *count, struct span key,
            struct span old, const struct setting *setting, uint32_t step)
{
    struct mp_buf element = {0};
    bool last = step + 1 == setting->path->count;
    bool remove = setting->value.data == NULL;
    bool good = (remove && (last || old.data == NULL)) ||
                put_at(&element, old, setting, step + 1);
    if (good && element.size > 0 &&
        !(remove && is_empty(mp_buf_span(&element)))) {
        if (key.data != NULL)
            mp_put_str(buf, key);
        mp_put_raw(buf, mp_buf_span(&element));
        ++*count;
    }
    buf->failed |= element.failed;
    mp_buf_deinit(&element);
    return good;
}

static bool
put_map(struct mp_buf *buf, struct span old, const struct setting *setting,
        uint32_t step)
{
    struct span wanted = path_key(setting->path, step);
    struct mp_reader reader = mp_reader(old);
    uint32_t pairs = old.data != NULL ? mp_map(&reader) : 0, count = 0;
    bool found = false, good = true;
    if (old.data != NULL && reader.failed)
        return fail_kind(setting, step, "map");
    size_t mark = mp_open_map(buf);
    for (uint32_t i = 0; i < pairs && !reader.failed && good; i++) {
        struct span key = mp_str(&reader);
        struct span value = mp_value(&reader);
        if (span_equal(key, wanted)) {
            found = true;
            good = put_element(buf, &count, key, value, setting, step);
        } else {
            mp_put_str(buf, key);
            mp_put_raw(buf, value);
            count++;
        }
    }
    if (good && !found)
        good = put_element(buf, &count, wanted, (struct span){NULL, 0}, setting,
                           step);
    mp_close(buf, mark, count);
    return good;
}

static bool
put_list(struct mp_buf *buf, struct span old, const struct setting *setting,
         uint32_t step)
{
    const struct span none = {NULL, 0};
    uint32_t wanted = setting->path->steps[step].index;
    struct mp_reader reader = mp_reader(old);
    uint32_t elements = old.data != NULL ? mp_array(&reader) : 0, count = 0;
    bool good = true;
    if (old.data != NULL && reader.failed)
        return fail_kind(setting, step, "list");
    if (wanted > elements)
        return fail(setting->reason, "[%u] is behind the end; the next is [%u]",
                    wanted, elements);
    size_t mark = mp_open_array(buf);
    for (uint32_t i = 0; i < elements && !reader.failed && good; i++) {
        struct span value = mp_value(&reader);
        if (i == wanted) {
            good = put_element(buf, &count, none, value, setting, step);
        } else {
            mp_put_raw(buf, value);
            count++;
        }
    }
    if (good && wanted == elements)
        good = put_element(buf, &count, none, none, setting, step);
    mp_close(buf, mark, count);
    return good;
}

/* `old` with the rest of the path set; absent where there was nothing. */
static bool
put_at(struct mp_buf *buf, struct span old, const struct setting *setting,
       uint32_t step)
{
    if (step == setting->path->count) {
        mp_put_raw(buf, setting->value);
        return true;
    }
    return setting->path->steps[step].is_index
               ? put_list(buf, old, setting, step)
               : put_map(buf, old, setting, step);
}

bool
path_set(struct mp_buf *buf, struct span map, const struct path *path,
         struct span value, char reason[PATH_REASON_SIZE])
{
    const struct setting setting = {path, value, reason};
    return put_at(buf, map, &setting, 0) &&
           (!buf->failed || fail(reason, "no memory"));
}
