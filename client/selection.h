/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_SELECTION_H
#define CLIENT_SELECTION_H

#include "client/id_set.h"
#include "client/params.h"
#include "client/wanted.h"

/*
 * Which events of the log a command is about: the options that `replay`,
 * `search` and `export` share, and a streamed replay by them.  What the daemon
 * can choose it chooses; the rest is left out here, as the events come.
 */

/* Rows of a table of options. */
#define SELECTION_FILTERS                                                        \
    {"partnership", ARG_TEXT, false, "SLUG", "only this partnership", NULL},     \
        {"party", ARG_TEXT, false, "SLUG", "only with this organisation", NULL}, \
        {"type",                                                                 \
         ARG_TEXT,                                                               \
         true,                                                                   \
         "TYPE",                                                                 \
         "only events of this type; repeat it for one of several",               \
         NULL},                                                                  \
        {"person",                                                               \
         ARG_TEXT,                                                               \
         true,                                                                   \
         "NAME",                                                                 \
         "only with this person, a part of the name in any case; repeat it "     \
         "for several together",                                                 \
         NULL},                                                                  \
    {                                                                            \
        "source", ARG_TEXT, true, "TEXT",                                        \
            "only with this in a source (its title, publisher, url, ...), in "   \
            "any case",                                                          \
            NULL                                                                 \
    }
#define SELECTION_RANGE                                                          \
    {"from",                                                                     \
     ARG_MOMENT,                                                                 \
     false,                                                                      \
     "DATE|N",                                                                   \
     "the first date; in recorded order also a position (digits only)",          \
     NULL},                                                                      \
        {"to", ARG_MOMENT, false, "DATE|N", "the last one, which is included",   \
         NULL},                                                                  \
        {"at", ARG_DATE, false, "DATE", "only what had happened by then", NULL}, \
        {"known", ARG_DATE, false, "DATE", "only what was public by then",       \
         NULL},                                                                  \
        PARAMS_THEN, PARAMS_RECORDED
#define SELECTION_ORDER                                                        \
    {"order",                                                                  \
     ARG_CHOICE,                                                               \
     false,                                                                    \
     "ORDER",                                                                  \
     "recorded (the order of the log, default), occurred or disclosed",        \
     selection_orders},                                                        \
        {"superseded",                                                         \
         ARG_FLAG,                                                             \
         false,                                                                \
         NULL,                                                                 \
         "with what was corrected or retracted (default in recorded order)",   \
         NULL},                                                                \
        {"no-superseded",                                                      \
         ARG_FLAG,                                                             \
         false,                                                                \
         NULL,                                                                 \
         "without it (default in the other orders)",                           \
         NULL},                                                                \
        {"reverse", ARG_FLAG, false, NULL, "last first", NULL},                \
    {                                                                          \
        "limit", ARG_COUNT, false, "N", "end after so many events", NULL       \
    }

extern const char *const selection_orders[];

struct selection {
    struct params params; /* of the method replay */
    struct wanted wanted;
    bool forward;       /* in the order of the log */
    uint64_t limit;     /* 0: none */
    bool damaged;       /* an event could not be had */
    struct id_set told; /* their positions, as they stand in an error */
};

/*
 * Take the options that are given; operands are texts that an event must have
 * anywhere.  Anything but CLIENT_DONE was told to the
 * user; selection_deinit in either case.
 */
enum client_status selection_init(struct selection *selection,
                                  const struct client *client,
                                  const struct args *args)
    __attribute__((warn_unused_result));
void selection_deinit(struct selection *selection);

/*
 * Walk the events, until `on_event` returns false, which is CLIENT_DONE too.
 * It must not call the daemon.  An event that is damaged is told and noted,
 * and the walk goes on behind it.  In the order of the log it goes on over a
 * lost connection, too, where that can be made again within the timeout.
 */
enum client_status
selection_walk(struct selection *selection, struct client *client,
               bool (*on_event)(void *context, struct span event),
               void *context) __attribute__((warn_unused_result));

/* The daemon's last answer was that an event is damaged: it is noted, and told
 * where it was not told before.  False if the answer was another one. */
bool selection_is_damage(struct selection *selection, struct client *client,
                         enum entente_result result,
                         const struct entente_error *error);

/* All of the options, and a command that has them: it shows the events. */
extern const struct arg_spec selection_specs[];
enum client_status selection_run(struct client *client,
                                 const struct args *args);

#endif
