/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_ARGS_H
#define CLIENT_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "client/dates.h"

/*
 * The command line: options by tables, the same that help is made of.
 * `--name value`, `--name=value`; `--` ends the options; options and operands
 * may be mixed.  A repeated option counts once, the last, unless it may
 * repeat.
 */

enum arg_kind {
    ARG_FLAG,   /* takes no value */
    ARG_TEXT,   /* any value */
    ARG_DATE,   /* a date, client/dates.h; kept as it is to be sent */
    ARG_MOMENT, /* a position (digits only) or a date */
    ARG_COUNT,  /* a whole number from 1 on */
    ARG_CHOICE, /* one of `choices` */
};

struct arg_spec {
    const char *name; /* without dashes; NULL ends a table */
    enum arg_kind kind;
    bool repeats;
    const char *value; /* what help calls the value */
    const char *help;
    const char *const *choices; /* ARG_CHOICE: names, NULL at the end */
};

struct arg {
    const struct arg_spec *spec;
    char *value; /* NULL for a flag */
};

struct args {
    struct arg *given;
    size_t given_count;
    const char **operands; /* borrow from argv */
    size_t operand_count;
    struct timespec now; /* what today means */
};

/* Room for what is wrong with a command line, and its NUL. */
#define ARGS_FAULT_SIZE ((size_t)512)

/*
 * Start with all of `args` zero but `now`.  Read `argv` (`count` strings,
 * without the program), by the rows of both tables; `specs` may be NULL.  With
 * `until_operand` stop before the first operand.  `*used` is how many strings
 * were read.  False with `fault` filled; args_deinit in either case.
 */
bool args_parse(struct args *args, const struct arg_spec *globals,
                const struct arg_spec *specs, int count, char **argv,
                bool until_operand, int *used, char fault[ARGS_FAULT_SIZE])
    __attribute__((warn_unused_result));

void args_deinit(struct args *args);

/* The value given last, or NULL. */
const char *args_text(const struct args *args, const char *name);

bool args_has(const struct args *args, const char *name);

/* How often it was given; and the value of each, from 0. */
size_t args_count(const struct args *args, const char *name);
const char *args_nth(const struct args *args, const char *name, size_t n);

/* An ARG_COUNT, or `missing`. */
uint64_t args_number(const struct args *args, const char *name,
                     uint64_t missing);

/*
 * A date that is an operand, as ARG_DATE is for an option: write what is to be
 * sent.  False with `fault` filled; `name` is what that calls it.
 */
bool args_date(const struct args *args, const char *name, const char *text,
               char date[DATES_SIZE], char fault[ARGS_FAULT_SIZE])
    __attribute__((warn_unused_result));

/* True for a string of digits that is a position: an ARG_MOMENT that is no
 * date. */
bool args_is_position(const char *text);

#endif
