/* SPDX-License-Identifier: MIT */
#include "proto/event_parts.h"

#include <assert.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static_assert(MODEL_PARTIES_MAX <= EVENT_KEYS_INLINE, "room for all parties");

#define CURRENCY_SIZE 3u

/* A peer's bytes within a message; lives as long as the block. */
#define SHOW(bytes) event_show((bytes), (char[EVENT_SHOWN_SIZE]){0})

/* --- kinds, names, strings ------------------------------------------------*/

bool
event_refuse_kind(struct event_checker *checker, enum mp_kind kind,
                  const char *wanted)
{
    static const char *const names[] = {
        [MP_NIL] = "nil",
        [MP_BOOL] = "a boolean",
        [MP_INT] = "an integer",
        [MP_FLOAT] = "a float",
        [MP_STR] = "a string",
        [MP_BIN] = "binary",
        [MP_EXT] = "a MessagePack extension",
        [MP_ARRAY] = "an array",
        [MP_MAP] = "a map",
    };
    return event_refuse_place(checker, "must be %s, not %s", wanted,
                              names[kind]);
}

/* Refuse a name that is not in a list, with the one that was perhaps meant. */
static bool
refuse_name(struct event_checker *checker, struct span wrong, const char *what,
            const char *const *names, size_t count)
{
    const char *nearest = model_nearest(wrong, names, count);
    if (nearest == NULL)
        return event_refuse(checker, MODEL_INVALID_EVENT,
                            "\"%s\" is not %s; \"%s\" is one of the %zu that "
                            "are known",
                            SHOW(wrong), what, names[0], count);
    return event_refuse(checker, MODEL_INVALID_EVENT,
                        "\"%s\" is not %s; did you mean \"%s\"?", SHOW(wrong),
                        what, nearest);
}

bool
event_refuse_key(struct event_checker *checker, struct span key,
                 const char *const *keys, size_t count)
{
    event_path_key(&checker->path, key);
    return refuse_name(checker, key, "a known key", keys, count);
}

bool
event_check_str(struct event_checker *checker, struct mp_reader *reader,
                size_t size_max, bool lines)
{
    struct mp_token token = mp_next(reader);
    if (token.kind != MP_STR)
        return event_refuse_kind(checker, token.kind, "a string");
    if (token.body.size == 0)
        return event_refuse_place(checker, "is empty; leave it out instead");
    if (token.body.size > size_max)
        return event_refuse_place(checker,
                                  "has %zu bytes; at most %zu are allowed",
                                  token.body.size, size_max);
    const char *flaw = event_text_flaw(token.body, lines);
    if (flaw != NULL)
        return event_refuse_place(checker, "%s", flaw);
    checker->text = token.body;
    return true;
}

static bool
check_text(struct event_checker *checker, struct mp_reader *reader)
{
    return event_check_str(checker, reader, MODEL_TEXT_SIZE_MAX, false);
}

static bool
check_lines(struct event_checker *checker, struct mp_reader *reader)
{
    return event_check_str(checker, reader, MODEL_TEXT_SIZE_MAX, true);
}

static bool
check_title(struct event_checker *checker, struct mp_reader *reader)
{
    return event_check_str(checker, reader, MODEL_TITLE_SIZE_MAX, false);
}

static bool
check_summary(struct event_checker *checker, struct mp_reader *reader)
{
    return event_check_str(checker, reader, MODEL_SUMMARY_SIZE_MAX, true);
}

/* Whether it is a date is asked when the whole event has the right shape. */
static bool
check_date(struct event_checker *checker, struct mp_reader *reader)
{
    return event_check_str(checker, reader, EDTF_TEXT_MAX, false);
}

static bool
check_id(struct event_checker *checker, struct mp_reader *reader)
{
    if (!event_check_str(checker, reader, MODEL_ID_SIZE_MAX, false))
        return false;
    return event_is_id(checker->text) ||
           event_refuse(checker, MODEL_INVALID_EVENT,
                        "\"%s\" is not an id: a letter or digit, then letters, "
                        "digits and . _ : -",
                        SHOW(checker->text));
}

static bool
check_slug(struct event_checker *checker, struct mp_reader *reader)
{
    if (!event_check_str(checker, reader, MODEL_SLUG_SIZE_MAX, false))
        return false;
    return event_is_slug(checker->text) ||
           event_refuse(checker, MODEL_INVALID_EVENT,
                        "\"%s\" is not a slug: a small letter or digit, then "
                        "small letters, digits and . _ -",
                        SHOW(checker->text));
}

/* One of a list of names. */
static bool
check_name(struct event_checker *checker, struct mp_reader *reader,
           const char *what, const char *const *names, size_t count)
{
    if (!check_text(checker, reader))
        return false;
    for (size_t i = 0; i < count; i++)
        if (span_is(checker->text, names[i]))
            return true;
    return refuse_name(checker, checker->text, what, names, count);
}

static bool
check_certainty(struct event_checker *checker, struct mp_reader *reader)
{
    return check_name(checker, reader, "a certainty", model_certainties,
                      MODEL_CERTAINTY_COUNT);
}

static bool
check_type(struct event_checker *checker, struct mp_reader *reader)
{
    if (!check_text(checker, reader))
        return false;
    checker->event->type = model_type_find(checker->text);
    if (checker->event->type != MODEL_TYPE_COUNT)
        return true;
    if (checker->text.size >= 2 && memcmp(checker->text.data, "x-", 2) == 0)
        return event_refuse(checker, MODEL_INVALID_EVENT,
                            "\"%s\" is not a type: behind \"x-\" come 1 to %zu "
                            "small letters, digits and -",
                            SHOW(checker->text), MODEL_USER_TYPE_SIZE_MAX - 2);
    const char *names[MODEL_USER_TYPE];
    for (size_t i = 0; i < MODEL_USER_TYPE; i++)
        names[i] = model_types[i].name;
    return refuse_name(checker, checker->text, "a type", names,
                       MODEL_USER_TYPE);
}

/* --- arrays ---------------------------------------------------------------*/

/* Take an array of `count_min` to `count_max` values, each by `check`. */
static bool
check_array(struct event_checker *checker, struct mp_reader *reader,
            uint32_t count_min, uint32_t count_max,
            bool (*check)(struct event_checker *, struct mp_reader *))
{
    struct mp_token token = mp_next(reader);
    if (token.kind != MP_ARRAY)
        return event_refuse_kind(checker, token.kind, "an array");
    if (token.count < count_min || token.count > count_max)
        return event_refuse_place(checker,
                                  "has %u elements; %u to %u are allowed",
                                  token.count, count_min, count_max);
    for (uint32_t i = 0; i < token.count && !reader->failed; i++) {
        event_path_index(&checker->path, i);
        if (!check(checker, reader))
            return false;
        event_path_up(&checker->path);
    }
    return true;
}

/* A slug unlike those before it. */
static bool
check_party(struct event_checker *checker, struct mp_reader *reader)
{
    if (!check_slug(checker, reader))
        return false;
    for (size_t i = 0; i < checker->keys.count; i++)
        if (span_equal(checker->keys.list[i], checker->text))
            return event_refuse(checker, MODEL_INVALID_EVENT,
                                "\"%s\" is given twice; name each party once",
                                SHOW(checker->text));
    return event_keys_push(checker, checker->text);
}

static bool
check_parties(struct event_checker *checker, struct mp_reader *reader)
{
    checker->keys.count = 0; /* no free map is open at the top */
    bool passed =
        check_array(checker, reader, 1, MODEL_PARTIES_MAX, check_party);
    checker->keys.count = 0;
    return passed;
}

static bool
check_people(struct event_checker *checker, struct mp_reader *reader)
{
    return check_array(checker, reader, 0, MODEL_PEOPLE_MAX, check_text);
}

/* --- maps with closed keys ------------------------------------------------*/

struct closed_key {
    const char *key;
    bool needed;
    bool (*check)(struct event_checker *, struct mp_reader *);
};

/* The rows of proto/model as these. */
#define CLOSED_KEY(check, key, needed, help) {key, needed, check_##check},

static bool
refuse_closed_key(struct event_checker *checker, struct span key,
                  const struct closed_key *keys, size_t count)
{
    const char *names[MODEL_PARTS_MAX];
    for (size_t i = 0; i < count; i++)
        names[i] = keys[i].key;
    return event_refuse_key(checker, key, names, count);
}

/* Take one pair; its key is marked in `seen`. */
static bool
check_closed_pair(struct event_checker *checker, struct mp_reader *reader,
                  const struct closed_key *keys, size_t count, uint32_t *seen)
{
    struct mp_token key = mp_next(reader);
    size_t i = 0;
    if (key.kind != MP_STR)
        return event_refuse_place(checker, "has a key that is no string; keys "
                                           "must be strings");
    while (i < count && !span_is(key.body, keys[i].key))
        i++;
    if (i == count)
        return refuse_closed_key(checker, key.body, keys, count);
    event_path_key(&checker->path, key.body);
    if ((*seen & 1u << i) != 0)
        return event_refuse_place(checker,
                                  "is given twice; a map has each key once");
    *seen |= 1u << i;
    if (!keys[i].check(checker, reader))
        return false;
    event_path_up(&checker->path);
    return true;
}

static bool
check_closed(struct event_checker *checker, struct mp_reader *reader,
             const struct closed_key *keys, size_t count)
{
    struct mp_token token = mp_next(reader);
    uint32_t seen = 0;
    if (token.kind != MP_MAP)
        return event_refuse_kind(checker, token.kind, "a map");
    for (uint32_t i = 0; i < token.count && !reader->failed; i++)
        if (!check_closed_pair(checker, reader, keys, count, &seen))
            return false;
    for (size_t i = 0; i < count; i++) {
        if (!keys[i].needed || (seen & 1u << i) != 0)
            continue;
        event_path_key(&checker->path, span_of(keys[i].key));
        return event_refuse_place(checker, "is missing");
    }
    return true;
}

static bool
check_money(struct event_checker *checker, struct mp_reader *reader)
{
    event_money money;
    struct mp_token token = mp_next(reader);
    if (token.kind != MP_STR && token.kind != MP_INT)
        return event_refuse_kind(checker, token.kind,
                                 "a decimal string or an integer");
    if (event_money_read(&token, &money))
        return true;
    if (token.kind == MP_INT)
        return event_refuse_place(checker,
                                  "must be an integer of at most %u digits",
                                  MODEL_AMOUNT_DIGITS_MAX);
    return event_refuse(checker, MODEL_INVALID_EVENT,
                        "\"%s\" is not an amount; write a decimal like "
                        "\"-12.50\", at most %u digits before the point and "
                        "%u behind it",
                        SHOW(token.body), MODEL_AMOUNT_DIGITS_MAX,
                        MODEL_AMOUNT_DECIMALS_MAX);
}

static bool
check_currency(struct event_checker *checker, struct mp_reader *reader)
{
    if (!check_text(checker, reader))
        return false;
    bool good = checker->text.size == CURRENCY_SIZE;
    for (size_t i = 0; i < checker->text.size && good; i++)
        good = checker->text.data[i] >= 'A' && checker->text.data[i] <= 'Z';
    return good || event_refuse(checker, MODEL_INVALID_EVENT,
                                "\"%s\" is not a currency; write the three "
                                "capitals of ISO 4217, like \"USD\"",
                                SHOW(checker->text));
}

static bool
check_amount_kind(struct event_checker *checker, struct mp_reader *reader)
{
    return check_name(checker, reader, "a kind of amount", model_amount_kinds,
                      MODEL_AMOUNT_KIND_COUNT);
}

static bool
check_amount(struct event_checker *checker, struct mp_reader *reader)
{
    static const struct closed_key keys[] = {MODEL_AMOUNT_PARTS(CLOSED_KEY)};
    return check_closed(checker, reader, keys, COUNT_OF(keys));
}

static bool
check_quote(struct event_checker *checker, struct mp_reader *reader)
{
    static const struct closed_key keys[] = {MODEL_QUOTE_PARTS(CLOSED_KEY)};
    return check_closed(checker, reader, keys, COUNT_OF(keys));
}

static bool
check_source(struct event_checker *checker, struct mp_reader *reader)
{
    static const struct closed_key keys[] = {MODEL_SOURCE_PARTS(CLOSED_KEY)};
    static_assert(COUNT_OF(keys) <= MODEL_PARTS_MAX, "room for their names");
    return check_closed(checker, reader, keys, COUNT_OF(keys));
}

static bool
check_sources(struct event_checker *checker, struct mp_reader *reader)
{
    return check_array(checker, reader, 0, MODEL_SOURCES_MAX, check_source);
}

/* --- maps with free keys --------------------------------------------------*/

static bool
check_terms(struct event_checker *checker, struct mp_reader *reader)
{
    return event_check_free(checker, reader, false);
}

static bool
check_ext(struct event_checker *checker, struct mp_reader *reader)
{
    return event_check_free(checker, reader, true);
}

bool
event_check_field(struct event_checker *checker, enum model_field field,
                  struct mp_reader *reader)
{
    static bool (*const checks[])(struct event_checker *,
                                  struct mp_reader *) = {
        [MODEL_KIND_ID] = check_id,
        [MODEL_KIND_TYPE] = check_type,
        [MODEL_KIND_SLUG] = check_slug,
        [MODEL_KIND_SLUGS] = check_parties,
        [MODEL_KIND_TEXTS] = check_people,
        [MODEL_KIND_DATE] = check_date,
        [MODEL_KIND_TITLE] = check_title,
        [MODEL_KIND_SUMMARY] = check_summary,
        [MODEL_KIND_AMOUNT] = check_amount,
        [MODEL_KIND_TERMS] = check_terms,
        [MODEL_KIND_SOURCES] = check_sources,
        [MODEL_KIND_CERTAINTY] = check_certainty,
        [MODEL_KIND_QUOTE] = check_quote,
        [MODEL_KIND_EXT] = check_ext,
    };
    return checks[model_fields[field].kind](checker, reader);
}
