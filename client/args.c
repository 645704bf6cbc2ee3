/* SPDX-License-Identifier: MIT */
#include "client/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/model.h"

/* More options than a program could have; for suggestions. */
#define NAMES_MAX 64

/* An option with its dashes, for messages; the tables have shorter ones. */
#define ARG_NAME_SIZE ((size_t)32)

/* A command line that is being read. */
struct parser {
    struct args *args;
    const struct arg_spec *tables[2];
    int count;
    char **argv;
    int at;
    char *fault;
};

static const struct arg_spec *
find(const struct parser *parser, const char *name, size_t size)
{
    for (int i = 0; i < 2; i++)
        for (const struct arg_spec *spec = parser->tables[i];
             spec != NULL && spec->name != NULL; spec++)
            if (strlen(spec->name) == size &&
                memcmp(spec->name, name, size) == 0)
                return spec;
    return NULL;
}

static bool
fail_unknown(const struct parser *parser, const char *name, size_t size)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (int i = 0; i < 2; i++)
        for (const struct arg_spec *spec = parser->tables[i];
             spec != NULL && spec->name != NULL && count < NAMES_MAX; spec++)
            names[count++] = spec->name;
    const char *nearest =
        model_nearest((struct span){(const uint8_t *)name, size}, names, count);
    if (nearest != NULL)
        snprintf(parser->fault, ARGS_FAULT_SIZE,
                 "no option --%.*s; did you mean --%s?", (int)size, name,
                 nearest);
    else
        snprintf(parser->fault, ARGS_FAULT_SIZE, "no option --%.*s", (int)size,
                 name);
    return false;
}

/* --- values ---------------------------------------------------------------*/

bool
args_date(const struct args *args, const char *name, const char *text,
          char date[DATES_SIZE], char fault[ARGS_FAULT_SIZE])
{
    struct edtf_fault wrong = {0, "not a date"};
    if (dates_resolve(text, args->now, date, &wrong))
        return true;
    int offset = wrong.offset > EDTF_TEXT_MAX ? 0 : (int)wrong.offset;
    snprintf(fault, ARGS_FAULT_SIZE, "%s: not a date: %s\n  %.*s\n  %*s^", name,
             wrong.reason, (int)EDTF_TEXT_MAX, text, offset, "");
    return false;
}

static bool
check_date(const struct parser *parser, const struct arg_spec *spec,
           const char *text, char date[DATES_SIZE])
{
    char name[ARG_NAME_SIZE];
    snprintf(name, sizeof(name), "--%s", spec->name);
    return args_date(parser->args, name, text, date, parser->fault);
}

bool
args_is_position(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static bool
check_number(const struct parser *parser, const struct arg_spec *spec,
             const char *text, uint64_t least)
{
    errno = 0;
    unsigned long long number = strtoull(text, NULL, 10);
    if (args_is_position(text) && errno == 0 && number >= least)
        return true;
    snprintf(parser->fault, ARGS_FAULT_SIZE,
             "--%s: a whole number from %d on, not %.60s", spec->name,
             (int)least, text);
    return false;
}

static bool
check_choice(const struct parser *parser, const struct arg_spec *spec,
             const char *text)
{
    size_t used =
        (size_t)snprintf(parser->fault, ARGS_FAULT_SIZE,
                         "--%s: not %.60s, but one of", spec->name, text);
    for (const char *const *choice = spec->choices; *choice != NULL; choice++) {
        if (strcmp(*choice, text) == 0)
            return true;
        if (used < ARGS_FAULT_SIZE)
            used += (size_t)snprintf(
                parser->fault + used, ARGS_FAULT_SIZE - used, "%s %s",
                choice == spec->choices ? "" : ",", *choice);
    }
    return false;
}

static bool
check_value(const struct parser *parser, const struct arg_spec *spec,
            const char **text, char date[DATES_SIZE])
{
    switch (spec->kind) {
    case ARG_FLAG:
    case ARG_TEXT:
        return true;
    case ARG_MOMENT:
        if (args_is_position(*text))
            return check_number(parser, spec, *text, 0);
        break;
    case ARG_COUNT:
        return check_number(parser, spec, *text, 1);
    case ARG_CHOICE:
        return check_choice(parser, spec, *text);
    case ARG_DATE:
        break;
    }
    if (!check_date(parser, spec, *text, date))
        return false;
    *text = date;
    return true;
}

/* --- reading --------------------------------------------------------------*/

static bool
keep(const struct parser *parser, const struct arg_spec *spec,
     const char *value)
{
    struct args *args = parser->args;
    /* argv bounds the number of options, so the array has room */
    struct arg *arg = &args->given[args->given_count];
    *arg = (struct arg){spec, value == NULL ? NULL : strdup(value)};
    if (value != NULL && arg->value == NULL) {
        snprintf(parser->fault, ARGS_FAULT_SIZE, "no memory");
        return false;
    }
    args->given_count++;
    return true;
}

static bool
read_option(struct parser *parser)
{
    const char *name = parser->argv[parser->at++] + 2;
    const char *equals = strchr(name, '=');
    size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct arg_spec *spec = find(parser, name, size);
    if (spec == NULL)
        return fail_unknown(parser, name, size);
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (spec->kind == ARG_FLAG) {
        if (value == NULL)
            return keep(parser, spec, NULL);
        snprintf(parser->fault, ARGS_FAULT_SIZE, "--%s takes no value",
                 spec->name);
        return false;
    }
    if (value == NULL && parser->at < parser->count)
        value = parser->argv[parser->at++];
    if (value == NULL) {
        snprintf(parser->fault, ARGS_FAULT_SIZE, "--%s needs %s behind it",
                 spec->name, spec->value);
        return false;
    }
    char date[DATES_SIZE];
    return check_value(parser, spec, &value, date) && keep(parser, spec, value);
}

/* "--" alone ends the options, "-" is an operand. */
static bool
is_option(const char *text)
{
    return text[0] == '-' && text[1] == '-' && text[2] != '\0';
}

static bool
read_one(struct parser *parser, bool *only_operands)
{
    const char *text = parser->argv[parser->at];
    if (!*only_operands && strcmp(text, "--") == 0) {
        *only_operands = true;
        parser->at++;
        return true;
    }
    if (!*only_operands && is_option(text))
        return read_option(parser);
    if (!*only_operands && text[0] == '-' && text[1] != '\0') {
        snprintf(parser->fault, ARGS_FAULT_SIZE,
                 "no option %.60s; options have two dashes and a name", text);
        return false;
    }
    parser->args->operands[parser->args->operand_count++] = text;
    parser->at++;
    return true;
}

bool
args_parse(struct args *args, const struct arg_spec *globals,
           const struct arg_spec *specs, int count, char **argv,
           bool until_operand, int *used, char fault[ARGS_FAULT_SIZE])
{
    struct parser parser = {args, {globals, specs}, count, argv, 0, fault};
    size_t room = args->given_count + (size_t)count + 1;
    struct arg *given = realloc(args->given, room * sizeof(*given));
    if (given != NULL)
        args->given = given;
    const char **operands =
        realloc(args->operands, ((size_t)count + 1) * sizeof(*operands));
    if (operands != NULL)
        args->operands = operands;
    if (given == NULL || operands == NULL) {
        snprintf(fault, ARGS_FAULT_SIZE, "no memory");
        return false;
    }
    bool only_operands = false;
    while (parser.at < count) {
        if (until_operand && argv[parser.at][0] != '-')
            break;
        if (!read_one(&parser, &only_operands))
            return false;
    }
    *used = parser.at;
    return true;
}

void
args_deinit(struct args *args)
{
    for (size_t i = 0; i < args->given_count; i++)
        free(args->given[i].value);
    free(args->given);
    free(args->operands);
    *args = (struct args){0};
}

/* --- asking ---------------------------------------------------------------*/

const char *
args_text(const struct args *args, const char *name)
{
    size_t count = args_count(args, name);
    return count > 0 ? args_nth(args, name, count - 1) : NULL;
}

bool
args_has(const struct args *args, const char *name)
{
    return args_count(args, name) > 0;
}

size_t
args_count(const struct args *args, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < args->given_count; i++)
        count += strcmp(args->given[i].spec->name, name) == 0;
    return count;
}

const char *
args_nth(const struct args *args, const char *name, size_t n)
{
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].spec->name, name) == 0 && n-- == 0)
            return args->given[i].value;
    return NULL;
}

uint64_t
args_number(const struct args *args, const char *name, uint64_t missing)
{
    const char *text = args_text(args, name);
    return text == NULL ? missing : strtoull(text, NULL, 10);
}
