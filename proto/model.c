/* SPDX-License-Identifier: MIT */
#include "proto/model.h"

/* Longer names are no typing mistakes, and their distance costs the square. */
#define NEAREST_SIZE_MAX ((size_t)64)

#define LITERAL_SPAN(text)                                                     \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }

const struct model_type_info model_types[MODEL_TYPE_COUNT] = {
#define X(symbol, type_name, targets, needed, local, kind, type_effect)        \
    [MODEL_##symbol] = {.name = type_name,                                     \
                        .re_targets = (targets),                               \
                        .re_needed = needed,                                   \
                        .re_local = local,                                     \
                        .amount_kind = MODEL_##kind,                           \
                        .effect = type_effect},
    MODEL_TYPES(X)
#undef X
        [MODEL_USER_TYPE] = {.name = "x-...",
                             .re_targets = MODEL_RE_ANY,
                             .amount_kind = MODEL_ESTIMATE,
                             .effect = "counted: a user's own type"},
};

const char *const model_amount_kinds[MODEL_AMOUNT_KIND_COUNT] = {
    [MODEL_ESTIMATE] = "estimate",   [MODEL_OFFERED] = "offered",
    [MODEL_COMMITTED] = "committed", [MODEL_INVESTED] = "invested",
    [MODEL_PAID] = "paid",
};

const char *const model_certainties[MODEL_CERTAINTY_COUNT] = {
    [MODEL_CONFIRMED] = "confirmed",
    [MODEL_REPORTED] = "reported",
    [MODEL_ALLEGED] = "alleged",
    [MODEL_DISPUTED] = "disputed",
};

const struct model_field_info model_fields[MODEL_FIELD_COUNT] = {
#define X(symbol, field_key, is_needed, field_kind, line)                      \
    [MODEL_FIELD_##symbol] = {.key = field_key,                                \
                              .needed = is_needed,                             \
                              .kind = MODEL_KIND_##field_kind,                 \
                              .help = line},
    MODEL_FIELDS(X)
#undef X
};

#define X(check, part_key, is_needed, line)                                    \
    {.key = part_key, .needed = is_needed, .help = line},
static const struct model_part amount_parts[] = {MODEL_AMOUNT_PARTS(X){0}};
static const struct model_part quote_parts[] = {MODEL_QUOTE_PARTS(X){0}};
static const struct model_part source_parts[] = {MODEL_SOURCE_PARTS(X){0}};
#undef X

const struct model_part *
model_parts(enum model_kind kind)
{
    if (kind == MODEL_KIND_AMOUNT)
        return amount_parts;
    if (kind == MODEL_KIND_QUOTE)
        return quote_parts;
    return kind == MODEL_KIND_SOURCES ? source_parts : NULL;
}

const struct model_error_info model_errors[MODEL_ERROR_COUNT] = {
#define X(symbol, error_code, what_to_do)                                      \
    [MODEL_##symbol] = {.code = error_code, .remedy = what_to_do},
    MODEL_ERRORS(X)
#undef X
};

/* The names once more with their sizes: a look-up compares these first. */
static const struct span type_names[] = {
#define X(symbol, name, ...) [MODEL_##symbol] = LITERAL_SPAN(name),
    MODEL_TYPES(X)
#undef X
};

static const struct span field_keys[] = {
#define X(symbol, key, ...) [MODEL_FIELD_##symbol] = LITERAL_SPAN(key),
    MODEL_FIELDS(X)
#undef X
};

/* The index of `name`, or `count`.  None of the names is empty, and few begin
 * alike: memcmp is mostly called for the right one. */
static size_t
names_find(const struct span *names, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].size == name.size && names[i].data[0] == name.data[0] &&
            memcmp(names[i].data, name.data, name.size) == 0)
            return i;
    return count;
}

/* x-[a-z0-9-]{1,30} */
static bool
is_user_type(struct span name)
{
    if (name.size < 3 || name.size > MODEL_USER_TYPE_SIZE_MAX ||
        name.data[0] != 'x' || name.data[1] != '-')
        return false;
    for (size_t i = 2; i < name.size; i++) {
        uint8_t byte = name.data[i];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') &&
            byte != '-')
            return false;
    }
    return true;
}

enum model_type
model_type_find(struct span name)
{
    if (is_user_type(name))
        return MODEL_USER_TYPE;
    size_t count = sizeof(type_names) / sizeof(type_names[0]);
    size_t index = names_find(type_names, count, name);
    return index < count ? (enum model_type)index : MODEL_TYPE_COUNT;
}

uint32_t
model_type_target(enum model_type type)
{
    static const uint32_t targets[MODEL_TYPE_COUNT] = {
        [MODEL_OFFER] = MODEL_RE_OFFER,
        [MODEL_AGREEMENT] = MODEL_RE_AGREEMENT,
        [MODEL_DISPUTE] = MODEL_RE_DISPUTE,
    };
    return type < MODEL_TYPE_COUNT ? targets[type] : 0;
}

enum model_field
model_field_find(struct span key)
{
    return (enum model_field)names_find(field_keys, MODEL_FIELD_COUNT, key);
}

static size_t
least_of_three(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time; neither is longer than the
 * maximum. */
static size_t
edit_distance(struct span a, struct span b)
{
    size_t row[NEAREST_SIZE_MAX + 1];
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 0; i < a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.size; j++) {
            size_t change = diagonal + (a.data[i] != b.data[j]);
            diagonal = row[j + 1];
            row[j + 1] = least_of_three(change, diagonal + 1, row[j] + 1);
        }
    }
    return row[b.size];
}

const char *
model_nearest(struct span wrong, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t limit = wrong.size / 2 + 1; /* a distance must be below it */
    if (wrong.size > NEAREST_SIZE_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct span name = span_of(names[i]);
        if (name.size > NEAREST_SIZE_MAX)
            continue;
        size_t distance = edit_distance(wrong, name);
        if (distance < limit) {
            limit = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
