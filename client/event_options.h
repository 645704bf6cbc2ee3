/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_EVENT_OPTIONS_H
#define CLIENT_EVENT_OPTIONS_H

#include "client/args.h"
#include "client/client.h"

/* One event made of options, for `append`. */

/* The rows of the options; for a table of them. */
#define EVENT_OPTIONS                                                           \
    {"id", ARG_TEXT, false, "ID", "its name (default: a new UUIDv7)", NULL},    \
        {"type", ARG_TEXT, false, "TYPE", "what kind of event", NULL},          \
        {"partnership", ARG_TEXT, false, "SLUG", "the stream it belongs to",    \
         NULL},                                                                 \
        {"party", ARG_TEXT, true, "SLUG", "an organisation; repeat it", NULL},  \
        {"person", ARG_TEXT, true, "NAME", "who took part; repeat it", NULL},   \
        {"occurred", ARG_DATE, false, "DATE", "when it happened", NULL},        \
        {"disclosed", ARG_DATE, false, "DATE", "when it became public", NULL},  \
        {"disclosed-by",                                                        \
         ARG_TEXT,                                                              \
         false,                                                                 \
         "ID",                                                                  \
         "the event through which it became public",                            \
         NULL},                                                                 \
        {"title", ARG_TEXT, false, "TEXT", "one line: what happened", NULL},    \
        {"summary", ARG_TEXT, false, "TEXT", "the same at length", NULL},       \
        {"amount",                                                              \
         ARG_TEXT,                                                              \
         false,                                                                 \
         "VALUE:CURRENCY[:KIND]",                                               \
         "money, like 1000000000:USD:committed",                                \
         NULL},                                                                 \
        {"term",                                                                \
         ARG_TEXT,                                                              \
         true,                                                                  \
         "KEY=VALUE",                                                           \
         "what was agreed; JSON, else text; repeat it",                         \
         NULL},                                                                 \
        {"re", ARG_TEXT, false, "ID", "the event that this one answers", NULL}, \
        {"corrects", ARG_TEXT, false, "ID", "the event that this replaces",     \
         NULL},                                                                 \
        {"source",                                                              \
         ARG_TEXT,                                                              \
         true,                                                                  \
         "KEY=VALUE,...",                                                       \
         "where it is from: kind, title, publisher, url, cite, published; "     \
         "repeat it",                                                           \
         NULL},                                                                 \
        {"certainty",                                                           \
         ARG_TEXT,                                                              \
         false,                                                                 \
         "HOW",                                                                 \
         "confirmed, reported, alleged or disputed",                            \
         NULL},                                                                 \
        {"quote", ARG_TEXT, false, "TEXT", "a few words", NULL},                \
        {"quote-by", ARG_TEXT, false, "NAME", "who said them", NULL},           \
    {                                                                           \
        "ext", ARG_TEXT, true, "KEY=VALUE",                                     \
            "anything else; JSON, else text; repeat it", NULL                   \
    }

/* Whether any of them is given. */
bool event_options_given(const struct args *args);

enum event_options {
    EVENT_OPTIONS_WHOLE, /* all that is needed, and an id */
    EVENT_OPTIONS_BEGUN, /* as much as is there */
};

/* Append the event, a map. CLIENT_USAGE was told to the user. */
enum client_status
event_options_put(const struct client *client, const struct args *args,
                  enum event_options how, struct mp_buf *event)
    __attribute__((warn_unused_result));

#endif
