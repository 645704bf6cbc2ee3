/* SPDX-License-Identifier: MIT */
#include "tests/bench/event_parts.h"

#include <stdio.h>

#include "proto/calendar.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PICK(events, array) ((array)[dice_below(&(events)->dice, COUNT(array))])
#define TEXT_SIZE 512
/* Together they make an event of some 350 bytes, the size that the figures in
 * PROTOCOL.md and of other stores are given for. */
#define SUMMARY_SHARE 0.7
#define SUMMARY_WORDS_MIN 8
#define SUMMARY_WORDS_SPREAD 24
#define SOURCES_SHARE 0.3
#define PEOPLE_SHARE 0.2
#define CERTAINTY_SHARE 0.2
#define THIRD_PARTY_SHARE 0.2

/* --- text -----------------------------------------------------------------*/

static const char *const words[] = {
    "board",  "capital", "cloud",  "compute", "counsel", "deal",   "draft",
    "equity", "filing",  "letter", "licence", "market",  "memo",   "merger",
    "model",  "notice",  "option", "patent",  "quarter", "report", "review",
    "round",  "server",  "share",  "supply",  "term",    "trial",  "vendor",
};

static void
put_words(struct events *events, struct mp_buf *out, size_t count)
{
    char text[TEXT_SIZE];
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s",
                                 i == 0 ? "" : " ", PICK(events, words));
    mp_put_str(out, (struct span){(const uint8_t *)text, size});
}

static void
put_id(const struct events *events, struct mp_buf *out, const char *key,
       uint64_t number)
{
    char id[TEXT_SIZE];
    snprintf(id, sizeof(id), "%s%llu", events->shape.prefix,
             (unsigned long long)number);
    mp_put_text(out, key);
    mp_put_text(out, id);
}

static void
put_pair(struct mp_buf *out, const char *key, const char *text)
{
    mp_put_text(out, key);
    mp_put_text(out, text);
}

/* --- dates ----------------------------------------------------------------*/

/* Seasons 21 to 23: 24, the winter, leaves its year. Quarters: 33 to 36. */
static void
put_imprecise(struct events *events, struct mp_buf *out,
              const struct calendar_day *day)
{
    char text[TEXT_SIZE];
    int year = (int)day->year, month = day->month;
    uint64_t form = dice_below(&events->dice, 10);
    if (form == 0)
        snprintf(text, sizeof(text), "%04d", year);
    else if (form == 1)
        snprintf(text, sizeof(text), "%04d-%02d/%04d-12", year, month, year);
    else if (form == 2)
        snprintf(text, sizeof(text), "%04d-%d", year, 21 + (month - 1) / 4);
    else if (form == 3)
        snprintf(text, sizeof(text), "%04d-%d", year, 33 + (month - 1) / 3);
    else
        snprintf(text, sizeof(text), "%04d-%02d%s", year, month,
                 form < 6 ? "~" : "");
    mp_put_text(out, text);
}

static void
put_date(struct events *events, struct mp_buf *out, int64_t number,
         enum draft_precision precision)
{
    char text[TEXT_SIZE];
    struct calendar_day day = calendar_day_of(number);
    if (precision == DRAFT_IMPRECISE) {
        put_imprecise(events, out, &day);
        return;
    }
    int size = snprintf(text, sizeof(text), "%04d-%02d-%02d", (int)day.year,
                        day.month, day.day);
    if (precision == DRAFT_HOUR)
        snprintf(text + size, sizeof(text) - (size_t)size, "T%02d:30:00Z",
                 (int)dice_below(&events->dice, 24));
    mp_put_text(out, text);
}

static void
put_dates(const struct draft *draft, struct events *events, struct mp_buf *out)
{
    mp_put_text(out, "occurred");
    put_date(events, out, draft->day, draft->precision);
    if (draft->disclosure == DRAFT_BY_REVELATION) {
        put_id(events, out, "disclosed_by", events->revelation);
    } else if (draft->disclosure == DRAFT_ON_DAY) {
        mp_put_text(out, "disclosed");
        put_date(events, out, draft->disclosed_day, DRAFT_DAY);
    }
}

/* --- who ------------------------------------------------------------------*/

static void
put_party(struct mp_buf *out, uint64_t number)
{
    char text[TEXT_SIZE];
    snprintf(text, sizeof(text), "party-%llu", (unsigned long long)number);
    mp_put_text(out, text);
}

static void
put_names(const struct draft *draft, struct events *events, struct mp_buf *out)
{
    char text[TEXT_SIZE];
    uint64_t parties = events->shape.parties, first = draft->partnership;
    bool third = parties > 2 && dice_chance(&events->dice, THIRD_PARTY_SHARE);
    bool broad = strcmp(draft->type, "contact") == 0;
    snprintf(text, sizeof(text), "%s%u", events->shape.names,
             draft->partnership);
    put_pair(out, "partnership", text);
    mp_put_text(out, "parties");
    mp_put_array(out, 2u + third + broad);
    put_party(out, first % parties);
    put_party(out, (first + 1) % parties);
    if (third)
        put_party(out, (first + 2 + dice_below(&events->dice, parties - 2)) %
                           parties);
    if (broad)
        mp_put_text(out, EVENTS_BROAD_PARTY);
}

/* --- what -----------------------------------------------------------------*/

static const char *const currencies[] = {"USD", "EUR", "JPY"};
static const char *const scopes[] = {"cloud", "research", "sales", "devices"};

static void
put_amount(struct events *events, struct mp_buf *out)
{
    char text[TEXT_SIZE];
    snprintf(text, sizeof(text), "%llu.%02llu",
             (unsigned long long)dice_below(&events->dice, 2000000000),
             (unsigned long long)dice_below(&events->dice, 100));
    mp_put_text(out, "amount");
    mp_put_map(out, 2);
    put_pair(out, "value", text);
    put_pair(out, "currency", PICK(events, currencies));
}

static void
put_terms(const struct draft *draft, struct events *events, struct mp_buf *out)
{
    mp_put_text(out, "terms");
    mp_put_map(out, 4);
    mp_put_text(out, "effective");
    put_date(events, out, draft->day, DRAFT_DAY);
    put_pair(out, "scope", PICK(events, scopes));
    mp_put_text(out, "share");
    mp_put_uint(out, dice_below(&events->dice, 100));
    mp_put_text(out, "exclusive");
    mp_put_bool(out, dice_chance(&events->dice, 0.5));
}

static uint32_t
put_rest(struct events *events, struct mp_buf *out)
{
    uint32_t count = 0;
    if (dice_chance(&events->dice, SUMMARY_SHARE)) {
        mp_put_text(out, "summary");
        put_words(events, out,
                  SUMMARY_WORDS_MIN +
                      dice_below(&events->dice, SUMMARY_WORDS_SPREAD));
        count++;
    }
    if (dice_chance(&events->dice, SOURCES_SHARE)) {
        mp_put_text(out, "sources");
        mp_put_array(out, 1);
        mp_put_map(out, 2);
        put_pair(out, "kind", "news");
        put_pair(out, "url", "https://example.org/archive/");
        count++;
    }
    if (dice_chance(&events->dice, PEOPLE_SHARE)) {
        mp_put_text(out, "people");
        mp_put_array(out, 2);
        mp_put_text(out, "Ada Example");
        mp_put_text(out, "Grace Sample");
        count++;
    }
    if (dice_chance(&events->dice, CERTAINTY_SHARE)) {
        put_pair(out, "certainty", "confirmed");
        count++;
    }
    return count;
}

void
draft_write(const struct draft *draft, struct events *events,
            struct mp_buf *out)
{
    uint32_t count = 6; /* id, type, partnership, parties, occurred, title */
    size_t map = mp_open_map(out);
    put_id(events, out, "id", events->made);
    put_pair(out, "type", draft->type);
    put_names(draft, events, out);
    put_dates(draft, events, out);
    count += draft->disclosure != DRAFT_PUBLIC;
    mp_put_text(out, "title");
    put_words(events, out, 4 + dice_below(&events->dice, 5));
    if (draft->re != 0)
        put_id(events, out, "re", draft->re);
    if (draft->corrects != 0)
        put_id(events, out, "corrects", draft->corrects);
    count += (uint32_t)(draft->re != 0) + (draft->corrects != 0);
    if (draft->amount)
        put_amount(events, out);
    if (draft->terms)
        put_terms(draft, events, out);
    count += (uint32_t)draft->amount + draft->terms;
    mp_close(out, map, count + put_rest(events, out));
}
