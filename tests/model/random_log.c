/* SPDX-License-Identifier: MIT */
#include "tests/model/random_log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DATE_SIZE 128
#define YEAR_FIRST 2014
#define YEAR_COUNT 8
#define ATTEMPTS_MAX 200

/* --- dice -----------------------------------------------------------------*/

/* SplitMix64: https://prng.di.unimi.it/splitmix64.c */
static uint64_t
random_next(struct random_log *log)
{
    uint64_t z = (log->state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

size_t
random_below(struct random_log *log, size_t limit)
{
    return (size_t)(random_next(log) % limit);
}

bool
random_chance(struct random_log *log, unsigned percent)
{
    return random_below(log, 100) < percent;
}

#define PICK(log, array) ((array)[random_below((log), COUNT(array))])

/* --- dates ----------------------------------------------------------------*/

/* Y, M and D stand for a year, a month and a day that exist in every form. */
static const char *const date_forms[] = {
    "Y-M-D",
    "Y-M-D",
    "Y-M-D",
    "Y-M-DT10:D:00Z",
    "Y-M-DT23:30+02:00",
    "Y-M",
    "Y-M",
    "Y-M~",
    "Y",
    "Y?",
    "Y-21",
    "Y-24",
    "Y-33",
    "Y-41",
    "201X",
    "Y-XX-D",
    "Y-M-1X",
    "Y-M-D/Y-12-31",
    "Y/Y",
    "2014/Y-M",
    "../Y-M",
    "Y-M/..",
    "/Y",
    "Y-M-D/",
    "../..",
};

const char *
random_date(struct random_log *log)
{
    static char text[DATE_SIZE];
    size_t year = YEAR_FIRST + random_below(log, YEAR_COUNT);
    size_t month = 1 + random_below(log, 12);
    size_t day = 1 + random_below(log, 28);
    size_t size = 0;
    for (const char *form = PICK(log, date_forms); *form != '\0'; form++) {
        size_t number = *form == 'Y' ? year : *form == 'M' ? month : day;
        if (strchr("YMD", *form) != NULL)
            size += (size_t)snprintf(text + size, sizeof(text) - size, "%02zu",
                                     number);
        else
            text[size++] = *form;
    }
    text[size] = '\0';
    return text;
}

/* --- words ----------------------------------------------------------------*/

static const char *const partnerships[] = {
    "alpha", "alpha", "alpha", "beta", "beta", "gamma-2", "0.delta_x",
};

static const char *const parties[] = {
    "acme", "bolt", "core", "dyna", "echo", "flux",
};

static const char *const types[] = {
    "contact",
    "meeting",
    "offer",
    "offer",
    "offer",
    "acceptance",
    "rejection",
    "withdrawal",
    "agreement",
    "agreement",
    "agreement",
    "amendment",
    "amendment",
    "amendment",
    "investment",
    "termination",
    "dispute",
    "dispute",
    "settlement",
    "milestone",
    "statement",
    "personnel",
    "regulatory",
    "note",
    "court_revelation",
    "court_revelation",
    "retraction",
    "retraction",
    "retraction",
    "x-visit",
    "x-7",
};

const char *
random_partnership(struct random_log *log)
{
    return PICK(log, partnerships);
}

const char *
random_party(struct random_log *log)
{
    return random_chance(log, 3) ? "nobody" : PICK(log, parties);
}

const char *
random_type(struct random_log *log)
{
    return PICK(log, types);
}

/* --- references -----------------------------------------------------------*/

/* Which types `re` of a type may name, with spaces around; NULL is any. */
static const struct {
    const char *type;
    const char *targets;
    bool needed;
} answering[] = {
    {"acceptance", " offer ", true},         {"rejection", " offer ", true},
    {"withdrawal", " offer dispute ", true}, {"amendment", " agreement ", true},
    {"settlement", " dispute ", true},       {"retraction", NULL, true},
    {"termination", " agreement ", false},
};

static bool
is_listed(const char *type, const char *targets)
{
    char word[64];
    snprintf(word, sizeof(word), " %s ", type);
    return targets == NULL || strstr(targets, word) != NULL;
}

static const char *
text_of(const json_t *event, const char *key)
{
    return json_string_value(json_object_get(event, key));
}

/* The id of an earlier event of these types and that partnership (NULL: any);
 * NULL where luck finds none. */
static const char *
find_target(struct random_log *log, const char *targets,
            const char *partnership)
{
    size_t count = json_array_size(log->events);
    for (int i = 0; count > 0 && i < ATTEMPTS_MAX; i++) {
        const json_t *event =
            json_array_get(log->events, random_below(log, count));
        if (text_of(event, "id") != NULL &&
            is_listed(text_of(event, "type"), targets) &&
            (partnership == NULL ||
             strcmp(text_of(event, "partnership"), partnership) == 0))
            return text_of(event, "id");
    }
    return NULL;
}

static void
set_text(json_t *event, const char *key, const char *text)
{
    if (text != NULL)
        json_object_set_new(event, key, json_string(text));
}

/* False where the type needs a `re` and nothing is there to name. */
static bool
add_re(struct random_log *log, json_t *event)
{
    const char *type = text_of(event, "type");
    const char *partnership = text_of(event, "partnership");
    for (size_t i = 0; i < COUNT(answering); i++) {
        if (strcmp(answering[i].type, type) != 0)
            continue;
        if (!answering[i].needed && random_chance(log, 50))
            return true;
        const char *id = find_target(log, answering[i].targets, partnership);
        set_text(event, "re", id);
        return id != NULL || !answering[i].needed;
    }
    if (strcmp(type, "agreement") == 0 && random_chance(log, 50))
        set_text(event, "re", find_target(log, " offer ", partnership));
    else if (random_chance(log, 15))
        set_text(event, "re", find_target(log, NULL, NULL));
    return true;
}

static void
add_references(struct random_log *log, json_t *event)
{
    if (random_chance(log, 15))
        set_text(event, "corrects",
                 find_target(log, NULL, text_of(event, "partnership")));
    if (random_chance(log, 15))
        set_text(event, "disclosed", random_date(log));
    if (random_chance(log, 30))
        set_text(event, "disclosed_by",
                 find_target(
                     log, random_chance(log, 70) ? " court_revelation " : NULL,
                     NULL));
}

/* --- money and terms ------------------------------------------------------*/

static const char *const values[] = {
    "1",    "-1",      "0.000001", "-0.000001", "999999999999999.999999",
    "0",    "-0",      "10.50",    "007",       "-999999999999999.999999",
    "12.5", "1000000", "0.1",
};
static const char *const currencies[] = {"USD", "EUR", "JPY"};
static const char *const kinds[] = {
    "estimate", "offered", "committed", "invested", "paid",
};

static void
add_amount(struct random_log *log, json_t *event)
{
    json_t *value =
        random_chance(log, 70)
            ? json_string(PICK(log, values))
            : json_integer((json_int_t)random_below(log, 2000001) - 1000000);
    json_t *amount = json_pack("{s:o, s:s}", "value", value, "currency",
                               PICK(log, currencies));
    if (random_chance(log, 30))
        set_text(amount, "kind", PICK(log, kinds));
    json_object_set_new(event, "amount", amount);
}

static const char *const term_keys[] = {
    "b", "a", "scope", "Z", "\xc3\xa9", "a.b", "aa", "effectiv",
};

static json_t *
random_term(struct random_log *log)
{
    switch (random_below(log, 6)) {
    case 0:
        return json_null();
    case 1:
        return json_integer((json_int_t)random_below(log, 300) - 150);
    case 2:
        return json_pack("{s:i, s:[n, s]}", "z", 1, "a", "two\nlines");
    case 3:
        return json_real((double)random_below(log, 1000) / 8);
    case 4:
        return json_boolean(random_chance(log, 50));
    default:
        return json_string(PICK(log, types));
    }
}

static void
add_terms(struct random_log *log, json_t *event)
{
    json_t *terms = json_object();
    for (size_t i = random_below(log, 5); i > 0; i--)
        json_object_set_new(terms, PICK(log, term_keys), random_term(log));
    if (random_chance(log, 50))
        set_text(terms, "effective", random_date(log));
    else if (random_chance(log, 30) &&
             strcmp(text_of(event, "type"), "amendment") == 0)
        json_object_set_new(terms, "effective", json_null());
    for (size_t i = random_below(log, 3); i > 0; i--)
        json_object_set_new(terms, PICK(log, term_keys), random_term(log));
    json_object_set_new(event, "terms", terms);
}

static bool
has_terms(struct random_log *log, const json_t *event)
{
    const char *type = text_of(event, "type");
    if (strcmp(type, "agreement") == 0 || strcmp(type, "amendment") == 0)
        return random_chance(log, 85);
    return random_chance(log, 8);
}

/* --- events ---------------------------------------------------------------*/

static json_t *
random_parties(struct random_log *log)
{
    json_t *array = json_array();
    size_t first = random_below(log, COUNT(parties));
    size_t count = 1 + random_below(log, 3);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            array, json_string(parties[(first + i) % COUNT(parties)]));
    return array;
}

/* What no answer looks at but every one carries. */
static void
add_rest(struct random_log *log, json_t *event)
{
    if (random_chance(log, 20))
        json_object_set_new(event, "people",
                            json_pack("[s, s]", "Ada", "\xc3\x89va"));
    if (random_chance(log, 20))
        set_text(event, "summary", "One line.\n\tAnd another.");
    if (random_chance(log, 20))
        json_object_set_new(event, "sources",
                            json_pack("[{s:s, s:s}]", "kind", "news", "url",
                                      "https://example.org/"));
    if (random_chance(log, 20))
        set_text(event, "certainty", "alleged");
    if (random_chance(log, 20))
        json_object_set_new(
            event, "quote",
            json_pack("{s:s, s:s}", "text", "We\nshall.", "by", "Ada"));
    if (random_chance(log, 20))
        json_object_set_new(event, "ext",
                            json_pack("{s:[n, b, f]}", "any", 1, -0.125));
}

json_t *
random_log_add(struct random_log *log)
{
    json_t *event = json_object();
    char id[32];
    snprintf(id, sizeof(id), "E%zu.%zu", json_array_size(log->events),
             random_below(log, 10));
    if (random_chance(log, 92))
        set_text(event, "id", id);
    set_text(event, "type", random_type(log));
    set_text(event, "partnership", random_partnership(log));
    if (!add_re(log, event))
        set_text(event, "type", "meeting");
    json_object_set_new(event, "parties", random_parties(log));
    set_text(event, "occurred", random_date(log));
    set_text(event, "title", id);
    add_references(log, event);
    if (random_chance(log, 35))
        add_amount(log, event);
    if (has_terms(log, event))
        add_terms(log, event);
    add_rest(log, event);
    json_array_append_new(log->events, event);
    return event;
}

json_t *
random_log_add_mass(struct random_log *log)
{
    char id[32], date[32];
    snprintf(id, sizeof(id), "M%zu", json_array_size(log->events));
    snprintf(date, sizeof(date), "21%02zu-%02zu", random_below(log, 100),
             1 + random_below(log, 12));
    json_t *event =
        json_pack("{s:s, s:s, s:s, s:[s], s:s, s:s}", "id", id, "type",
                  "x-mass", "partnership", "mass", "parties", "mass-co",
                  "occurred", date, "title", id);
    assert(event != NULL);
    json_array_append_new(log->events, event);
    return event;
}

void
random_log_init(struct random_log *log, uint64_t seed)
{
    *log = (struct random_log){.state = seed, .events = json_array()};
    assert(log->events != NULL);
}

void
random_log_deinit(struct random_log *log)
{
    json_decref(log->events);
}
