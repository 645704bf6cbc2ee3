/* SPDX-License-Identifier: MIT */
#ifndef PROTO_MODEL_H
#define PROTO_MODEL_H

#include "proto/span.h"

/*
 * What entente knows of events and errors: one table each for event types,
 * fields, amount kinds, certainty and error codes.  Validation, help texts,
 * completion and documentation derive from them; EVENTS.md explains them.
 * A new type is one row here and, if it changes the state, one function in
 * daemon/fold.  Constant data; any thread.
 */

/* --- event types ----------------------------------------------------------*/

/* What `re` may name: a set of these, 0 for any event. */
#define MODEL_RE_ANY 0u
#define MODEL_RE_OFFER 1u
#define MODEL_RE_AGREEMENT 2u
#define MODEL_RE_DISPUTE 4u

/*
 * symbol, name, what re may name, re is needed, re stays in the partnership,
 * default amount kind, effect on the partnership's state
 */
#define MODEL_TYPES(X)                                                         \
    X(CONTACT, "contact", MODEL_RE_ANY, false, false, ESTIMATE,                \
      "counted: a letter, an e-mail, a call")                                  \
    X(MEETING, "meeting", MODEL_RE_ANY, false, false, ESTIMATE, "counted")     \
    X(OFFER, "offer", MODEL_RE_ANY, false, false, OFFERED, "opens an offer")   \
    X(ACCEPTANCE, "acceptance", MODEL_RE_OFFER, true, true, ESTIMATE,          \
      "closes the offer that re names")                                        \
    X(REJECTION, "rejection", MODEL_RE_OFFER, true, true, ESTIMATE,            \
      "closes the offer that re names")                                        \
    X(WITHDRAWAL, "withdrawal", MODEL_RE_OFFER | MODEL_RE_DISPUTE, true, true, \
      ESTIMATE, "closes the offer or dispute that re names")                   \
    X(AGREEMENT, "agreement", MODEL_RE_ANY, false, false, COMMITTED,           \
      "starts an agreement; closes the offer that re names, if it names one")  \
    X(AMENDMENT, "amendment", MODEL_RE_AGREEMENT, true, true, COMMITTED,       \
      "merges its terms into the agreement that re names")                     \
    X(INVESTMENT, "investment", MODEL_RE_ANY, false, false, INVESTED, "money") \
    X(TERMINATION, "termination", MODEL_RE_AGREEMENT, false, true, ESTIMATE,   \
      "ends the agreement that re names; without re, every one")               \
    X(DISPUTE, "dispute", MODEL_RE_ANY, false, false, ESTIMATE,                \
      "opens a dispute")                                                       \
    X(SETTLEMENT, "settlement", MODEL_RE_DISPUTE, true, true, PAID,            \
      "closes the dispute that re names")                                      \
    X(MILESTONE, "milestone", MODEL_RE_ANY, false, false, ESTIMATE, "counted") \
    X(STATEMENT, "statement", MODEL_RE_ANY, false, false, ESTIMATE, "counted") \
    X(PERSONNEL, "personnel", MODEL_RE_ANY, false, false, ESTIMATE, "counted") \
    X(REGULATORY, "regulatory", MODEL_RE_ANY, false, false, ESTIMATE,          \
      "counted")                                                               \
    X(NOTE, "note", MODEL_RE_ANY, false, false, ESTIMATE, "counted")           \
    X(COURT_REVELATION, "court_revelation", MODEL_RE_ANY, false, false,        \
      ESTIMATE, "counted; others name it in disclosed_by")                     \
    X(RETRACTION, "retraction", MODEL_RE_ANY, true, true, ESTIMATE,            \
      "voids the event that re names")

enum model_type {
#define X(symbol, ...) MODEL_##symbol,
    MODEL_TYPES(X)
#undef X
        MODEL_USER_TYPE, /* x-..., a user's own */
    MODEL_TYPE_COUNT
};

enum model_amount_kind {
    MODEL_ESTIMATE,
    MODEL_OFFERED,
    MODEL_COMMITTED,
    MODEL_INVESTED,
    MODEL_PAID,
    MODEL_AMOUNT_KIND_COUNT
};

enum model_certainty {
    MODEL_CONFIRMED,
    MODEL_REPORTED, /* the default */
    MODEL_ALLEGED,
    MODEL_DISPUTED,
    MODEL_CERTAINTY_COUNT
};

struct model_type_info {
    const char *name;    /* "x-..." for MODEL_USER_TYPE */
    uint32_t re_targets; /* MODEL_RE_... */
    bool re_needed;
    bool re_local; /* re stays within the partnership */
    enum model_amount_kind amount_kind;
    const char *effect; /* for help and documentation */
};

extern const struct model_type_info model_types[MODEL_TYPE_COUNT];
extern const char *const model_amount_kinds[MODEL_AMOUNT_KIND_COUNT];
extern const char *const model_certainties[MODEL_CERTAINTY_COUNT];

/* The type of that name; MODEL_USER_TYPE for a well-formed x-...,
 * MODEL_TYPE_COUNT for none. */
enum model_type model_type_find(struct span name);

/* The MODEL_RE_... bit that an event of this type is as a target, or 0. */
uint32_t model_type_target(enum model_type type);

/* --- fields ---------------------------------------------------------------*/

/*
 * symbol, key, needed, kind, one line of help.  The kind is what the value of
 * the key must be; proto/event checks it by this name.
 */
#define MODEL_FIELDS(X)                                                        \
    X(ID, "id", false, ID,                                                     \
      "unique name of the event, the idempotency key; assigned when missing")  \
    X(TYPE, "type", true, TYPE, "what kind of event it is")                    \
    X(PARTNERSHIP, "partnership", true, SLUG,                                  \
      "the stream that the event belongs to")                                  \
    X(PARTIES, "parties", true, SLUGS, "the organisations that took part")     \
    X(PEOPLE, "people", false, TEXTS, "the people who took part")              \
    X(OCCURRED, "occurred", true, DATE, "when it happened")                    \
    X(DISCLOSED, "disclosed", false, DATE, "when it became public")            \
    X(DISCLOSED_BY, "disclosed_by", false, ID,                                 \
      "the event through which it became public")                              \
    X(TITLE, "title", true, TITLE, "one line that says what happened")         \
    X(SUMMARY, "summary", false, SUMMARY, "what happened, in a paragraph")     \
    X(AMOUNT, "amount", false, AMOUNT, "money: value, currency, kind")         \
    X(TERMS, "terms", false, TERMS, "what was agreed; free keys")              \
    X(RE, "re", false, ID, "the event that this one answers")                  \
    X(CORRECTS, "corrects", false, ID, "the event that this one replaces")     \
    X(SOURCES, "sources", false, SOURCES, "where we know it from")             \
    X(CERTAINTY, "certainty", false, CERTAINTY, "how sure it is")              \
    X(QUOTE, "quote", false, QUOTE, "a few words, and who said them")          \
    X(EXT, "ext", false, EXT, "anything else that you want to keep")

enum model_field {
#define X(symbol, ...) MODEL_FIELD_##symbol,
    MODEL_FIELDS(X)
#undef X
        MODEL_FIELD_COUNT
};

enum model_kind {
    MODEL_KIND_ID,
    MODEL_KIND_TYPE,
    MODEL_KIND_SLUG,
    MODEL_KIND_SLUGS,
    MODEL_KIND_TEXTS,
    MODEL_KIND_DATE,
    MODEL_KIND_TITLE,
    MODEL_KIND_SUMMARY,
    MODEL_KIND_AMOUNT,
    MODEL_KIND_TERMS,
    MODEL_KIND_SOURCES,
    MODEL_KIND_CERTAINTY,
    MODEL_KIND_QUOTE,
    MODEL_KIND_EXT,
};

struct model_field_info {
    const char *key;
    bool needed;
    enum model_kind kind;
    const char *help;
};

extern const struct model_field_info model_fields[MODEL_FIELD_COUNT];

/* The field of that key, or MODEL_FIELD_COUNT. */
enum model_field model_field_find(struct span key);

/*
 * Fields that are maps with closed keys, or lists of such.  What checks the
 * value in proto/event (check_...), key, needed, one line of help.
 */
#define MODEL_AMOUNT_PARTS(X)                                                  \
    X(money, "value", true, "how much: 1000000 or -12.50")                     \
    X(currency, "currency", true, "of what: three capitals, like USD")         \
    X(amount_kind, "kind", false,                                              \
      "what the sum is; the type says it where this does not")
#define MODEL_QUOTE_PARTS(X)                                                   \
    X(lines, "text", true, "the words")                                        \
    X(text, "by", false, "who said them")
#define MODEL_SOURCE_PARTS(X)                                                  \
    X(text, "kind", false, "what it is: news, court, blog, ...")               \
    X(text, "title", false, "what it is called")                               \
    X(text, "publisher", false, "who brought it out")                          \
    X(text, "url", false, "where it is on the web")                            \
    X(text, "cite", false, "where within it, or how lawyers name it")          \
    X(text, "published", false, "when it came out")

/* More than any of these has. */
#define MODEL_PARTS_MAX 8u

struct model_part {
    const char *key;
    bool needed;
    const char *help;
};

/* The parts of a field of that kind, NULL key at the end; NULL for a kind that
 * has none. */
const struct model_part *model_parts(enum model_kind kind);

/* --- limits of an event (EVENTS.md, "Limits") -----------------------------*/

#define MODEL_ID_SIZE_MAX ((size_t)64)         /* fits an LMDB key, a line */
#define MODEL_SLUG_SIZE_MAX ((size_t)64)       /* the same */
#define MODEL_USER_TYPE_SIZE_MAX ((size_t)32)  /* "x-" and 30 more */
#define MODEL_TITLE_SIZE_MAX ((size_t)256)     /* one line of a table */
#define MODEL_SUMMARY_SIZE_MAX ((size_t)16384) /* a long paragraph */
#define MODEL_TEXT_SIZE_MAX ((size_t)4096)     /* any other str */
#define MODEL_PARTIES_MAX 64u
#define MODEL_PEOPLE_MAX 64u
#define MODEL_SOURCES_MAX 64u
#define MODEL_DEPTH_MAX 16u                    /* the event map is depth 1 */
#define MODEL_AMOUNT_DIGITS_MAX 15u            /* before the decimal point */
#define MODEL_AMOUNT_DECIMALS_MAX 6u           /* behind it */
#define MODEL_EVENT_SIZE_MAX ((size_t)1 << 20) /* default; configurable */
#define MODEL_BATCH_MAX 10000u                 /* events in one append */

/* --- errors (PROTOCOL.md, "Errors") ---------------------------------------*/

/* symbol, code, what a client should do about it */
#define MODEL_ERRORS(X)                                                        \
    X(PARSE_ERROR, "parse_error", "send MessagePack-RPC; the connection ends") \
    X(INVALID_REQUEST, "invalid_request", "correct the arguments")             \
    X(UNKNOWN_METHOD, "unknown_method", "call one of the methods")             \
    X(INVALID_EVENT, "invalid_event", "correct the event at index and field")  \
    X(INVALID_DATE, "invalid_date", "correct the date at its byte offset")     \
    X(UNKNOWN_REFERENCE, "unknown_reference",                                  \
      "append the event that is named first")                                  \
    X(INVALID_REFERENCE, "invalid_reference",                                  \
      "name an event that the type may answer")                                \
    X(TOO_LARGE, "too_large", "send less at a time")                           \
    X(CONFLICT, "conflict", "read again, decide, and send the new revision")   \
    X(DUPLICATE_ID, "duplicate_id", "use another id, or send equal content")   \
    X(NOT_FOUND, "not_found", "ask for something that exists")                 \
    X(UNAUTHENTICATED, "unauthenticated", "call auth with a token")            \
    X(FORBIDDEN, "forbidden", "ask for a role that allows it")                 \
    X(UNAVAILABLE, "unavailable", "try again after retry_ms")                  \
    X(STORAGE_FULL, "storage_full", "make room and try again")                 \
    X(CORRUPT, "corrupt", "restore the event from a backup")                   \
    X(INDETERMINATE, "indeterminate", "send the same ids again")               \
    X(OVERLOADED, "overloaded", "try again later")                             \
    X(INTERNAL, "internal", "report it")

enum model_error {
#define X(symbol, ...) MODEL_##symbol,
    MODEL_ERRORS(X)
#undef X
        MODEL_ERROR_COUNT
};

struct model_error_info {
    const char *code;
    const char *remedy;
};

extern const struct model_error_info model_errors[MODEL_ERROR_COUNT];

/* --- nearest name ---------------------------------------------------------*/

/*
 * The name nearest to `wrong` by edit distance (Levenshtein 1966), ties to
 * the earlier one; NULL where none is within half of its length.
 */
const char *model_nearest(struct span wrong, const char *const *names,
                          size_t count);

#endif
