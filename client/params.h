/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_PARAMS_H
#define CLIENT_PARAMS_H

#include "client/args.h"
#include "client/client.h"

/*
 * The map of named arguments of a request, made of options.  Start with
 * params_init; the bytes are params_span after all was put.
 */

struct params {
    struct mp_buf buf;
    size_t mark;
    uint32_t count;
};

void params_init(struct params *params);
void params_deinit(struct params *params);
struct span params_span(struct params *params);

void params_text(struct params *params, const char *key, const char *text);
void params_str(struct params *params, const char *key, struct span text);
void params_bool(struct params *params, const char *key, bool truth);
void params_number(struct params *params, const char *key, uint64_t number);

/* One encoded value. */
void params_value(struct params *params, const char *key, struct span value);

/* Digits as a position, anything else as a date. */
void params_moment(struct params *params, const char *key, const char *text);

/* The option `name`, where it was given: under `key`. */
void params_option(struct params *params, const char *key,
                   const struct args *args, const char *name);
void params_flag(struct params *params, const struct args *args,
                 const char *name);

/*
 * --at, --known, --then and --recorded.  False, told to the user, where --then
 * and --known are both given.
 */
bool params_as_of(struct params *params, const struct client *client,
                  const struct args *args) __attribute__((warn_unused_result));

/* The same with a given date, or NULL, in place of --at. */
bool params_as_of_at(struct params *params, const struct client *client,
                     const struct args *args, const char *at)
    __attribute__((warn_unused_result));

/* Their rows in a table of options. */
#define PARAMS_AT_KNOWN                                                        \
    {"at",                                                                     \
     ARG_DATE,                                                                 \
     false,                                                                    \
     "DATE",                                                                   \
     "the end of this date is asked for (default: today)",                     \
     NULL},                                                                    \
    {                                                                          \
        "known", ARG_DATE, false, "DATE",                                      \
            "only what was public by the end of this date", NULL               \
    }
#define PARAMS_THEN                                                            \
    {                                                                          \
        "then", ARG_FLAG, false, NULL,                                         \
            "what the public knew on that day: --known is --at", NULL          \
    }
#define PARAMS_RECORDED                                                        \
    {                                                                          \
        "recorded", ARG_MOMENT, false, "DATE|N",                               \
            "only what the log held: a position (digits only) or a date "      \
            "(write a year as 2017-12-31)",                                    \
            NULL                                                               \
    }

#endif
