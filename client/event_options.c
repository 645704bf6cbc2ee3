/* SPDX-License-Identifier: MIT */
#include "client/event_options.h"

#include <string.h>

#include "client/assign.h"
#include "client/dates.h"
#include "proto/model.h"

/* An event that is being made. */
struct draft {
    const struct client *client;
    const struct args *args;
    enum event_options how;
    struct mp_buf *event;
    uint32_t count; /* of its keys */
};

/* Which option is which field. */
static const struct {
    const char *option;
    enum model_field field;
} rows[] = {
    {"id", MODEL_FIELD_ID},
    {"type", MODEL_FIELD_TYPE},
    {"partnership", MODEL_FIELD_PARTNERSHIP},
    {"party", MODEL_FIELD_PARTIES},
    {"person", MODEL_FIELD_PEOPLE},
    {"occurred", MODEL_FIELD_OCCURRED},
    {"disclosed", MODEL_FIELD_DISCLOSED},
    {"disclosed-by", MODEL_FIELD_DISCLOSED_BY},
    {"title", MODEL_FIELD_TITLE},
    {"summary", MODEL_FIELD_SUMMARY},
    {"amount", MODEL_FIELD_AMOUNT},
    {"term", MODEL_FIELD_TERMS},
    {"re", MODEL_FIELD_RE},
    {"corrects", MODEL_FIELD_CORRECTS},
    {"source", MODEL_FIELD_SOURCES},
    {"certainty", MODEL_FIELD_CERTAINTY},
    {"quote", MODEL_FIELD_QUOTE},
    {"ext", MODEL_FIELD_EXT},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

bool
event_options_given(const struct args *args)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (args_has(args, rows[i].option))
            return true;
    return args_has(args, "quote-by");
}

static void
put_list(struct draft *draft, const char *option)
{
    size_t count = args_count(draft->args, option);
    mp_put_array(draft->event, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        mp_put_text(draft->event, args_nth(draft->args, option, i));
}

/* --- amount ---------------------------------------------------------------*/

static void
put_piece(struct mp_buf *buf, const char *key, const char *text, size_t size)
{
    mp_put_text(buf, key);
    mp_put_str(buf, (struct span){(const uint8_t *)text, size});
}

static bool
put_amount(struct draft *draft)
{
    if (assign_put_amount(draft->event,
                          span_of(args_text(draft->args, "amount"))))
        return true;
    (void)client_usage(draft->client, "--amount: VALUE:CURRENCY[:KIND], like "
                                      "1000000000:USD:committed");
    return false;
}

/* --- terms and ext --------------------------------------------------------*/

/* A date, of which 2019 would be a number in JSON; nil takes it away. */
static bool
put_effective(struct draft *draft, const char *text)
{
    char date[DATES_SIZE];
    struct edtf_fault fault = {0, "not a date"};
    if (strcmp(text, "null") == 0) {
        mp_put_nil(draft->event);
        return true;
    }
    if (!dates_resolve(text, draft->args->now, date, &fault)) {
        (void)client_usage(draft->client, "--term effective: %s\n  %s\n  %*s^",
                           fault.reason, text, (int)fault.offset, "");
        return false;
    }
    mp_put_text(draft->event, date);
    return true;
}

static bool
put_pairs(struct draft *draft, const char *option)
{
    size_t count = args_count(draft->args, option);
    bool terms = strcmp(option, "term") == 0;
    mp_put_map(draft->event, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const char *text = args_nth(draft->args, option, i);
        const char *equals = strchr(text, '=');
        if (equals == NULL || equals == text) {
            (void)client_usage(draft->client, "--%s: KEY=VALUE, not %s", option,
                               text);
            return false;
        }
        struct span key = {(const uint8_t *)text, (size_t)(equals - text)};
        mp_put_str(draft->event, key);
        if (!terms || !span_is(key, "effective"))
            assign_put_free(draft->event, span_of(equals + 1));
        else if (!put_effective(draft, equals + 1))
            return false;
    }
    return true;
}

/* --- sources --------------------------------------------------------------*/

/* The key that `text` begins with, as "key=", or NULL. */
static const char *
source_key(const char *text)
{
    for (const struct model_part *part = model_parts(MODEL_KIND_SOURCES);
         part->key != NULL; part++) {
        size_t size = strlen(part->key);
        if (strncmp(text, part->key, size) == 0 && text[size] == '=')
            return part->key;
    }
    return NULL;
}

/* A comma ends a value only where a known key follows it. */
static size_t
source_value_size(const char *value)
{
    for (const char *comma = strchr(value, ','); comma != NULL;
         comma = strchr(comma + 1, ','))
        if (source_key(comma + 1) != NULL)
            return (size_t)(comma - value);
    return strlen(value);
}

static bool
put_source(struct draft *draft, const char *text)
{
    size_t mark = mp_open_map(draft->event);
    uint32_t count = 0;
    do {
        const char *key = source_key(text);
        if (key == NULL) {
            (void)client_usage(draft->client,
                               "--source: %s does not begin with kind=, "
                               "title=, publisher=, url=, cite= or published=",
                               text);
            return false;
        }
        const char *value = text + strlen(key) + 1;
        size_t size = source_value_size(value);
        put_piece(draft->event, key, value, size);
        count++;
        text = value + size + (value[size] == ',');
    } while (*text != '\0');
    mp_close(draft->event, mark, count);
    return true;
}

static bool
put_sources(struct draft *draft)
{
    size_t count = args_count(draft->args, "source");
    mp_put_array(draft->event, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        if (!put_source(draft, args_nth(draft->args, "source", i)))
            return false;
    return true;
}

/* --- the whole ------------------------------------------------------------*/

static bool
put_quote(struct draft *draft)
{
    const char *by = args_text(draft->args, "quote-by");
    mp_put_map(draft->event, by != NULL ? 2 : 1);
    mp_put_text(draft->event, "text");
    mp_put_text(draft->event, args_text(draft->args, "quote"));
    if (by != NULL) {
        mp_put_text(draft->event, "by");
        mp_put_text(draft->event, by);
    }
    return true;
}

static bool
put_field(struct draft *draft, const char *option, enum model_kind kind)
{
    switch (kind) {
    case MODEL_KIND_SLUGS:
    case MODEL_KIND_TEXTS:
        put_list(draft, option);
        return true;
    case MODEL_KIND_AMOUNT:
        return put_amount(draft);
    case MODEL_KIND_TERMS:
    case MODEL_KIND_EXT:
        return put_pairs(draft, option);
    case MODEL_KIND_SOURCES:
        return put_sources(draft);
    case MODEL_KIND_QUOTE:
        return put_quote(draft);
    case MODEL_KIND_ID:
    case MODEL_KIND_TYPE:
    case MODEL_KIND_SLUG:
    case MODEL_KIND_DATE:
    case MODEL_KIND_TITLE:
    case MODEL_KIND_SUMMARY:
    case MODEL_KIND_CERTAINTY:
        break;
    }
    mp_put_text(draft->event, args_text(draft->args, option));
    return true;
}

static bool
put_fields(struct draft *draft)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct model_field_info *info = &model_fields[rows[i].field];
        if (args_has(draft->args, rows[i].option)) {
            mp_put_text(draft->event, info->key);
            draft->count++;
            if (!put_field(draft, rows[i].option, info->kind))
                return false;
        } else if (info->needed && draft->how == EVENT_OPTIONS_WHOLE) {
            (void)client_usage(draft->client, "an event needs --%s (%s)",
                               rows[i].option, info->help);
            return false;
        }
    }
    return true;
}

enum client_status
event_options_put(const struct client *client, const struct args *args,
                  enum event_options how, struct mp_buf *event)
{
    struct draft draft = {
        .client = client, .args = args, .how = how, .event = event};
    if (args_has(args, "quote-by") && !args_has(args, "quote"))
        return client_usage(client, "--quote-by needs --quote");
    size_t mark = mp_open_map(event);
    if (how == EVENT_OPTIONS_WHOLE && !args_has(args, "id")) {
        char id[ENTENTE_ID_SIZE];
        if (!entente_id_new(id))
            return client_usage(client, "no random numbers for an id; give "
                                        "--id");
        mp_put_text(event, "id");
        mp_put_text(event, id);
        draft.count++;
    }
    if (!put_fields(&draft))
        return CLIENT_USAGE;
    mp_close(event, mark, draft.count);
    return CLIENT_DONE;
}
