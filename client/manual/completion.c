/* SPDX-License-Identifier: MIT */
/* Completion for bash: the words that the client's tables know, and the
 * partnerships that the daemon knows. */
#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "proto/manual/page.h"
#include "proto/model.h"

static void
print_names(const struct arg_spec *specs)
{
    for (; specs != NULL && specs->name != NULL; specs++)
        printf(" --%s", specs->name);
}

static void
print_commands(void)
{
    printf("    local commands='");
    for (const struct command *const *at = commands; *at != NULL; at++)
        printf(" %s", (*at)->name);
    puts("'");
}

static void
print_globals(void)
{
    printf("    local globals='");
    print_names(command_globals);
    puts("'");
}

static void
print_options(void)
{
    for (const struct command *const *at = commands; *at != NULL; at++) {
        printf("    %s) options='", (*at)->name);
        print_names((*at)->specs);
        puts("' ;;");
    }
}

/* The first word of what a command takes tells what it is. */
static void
print_operands(void)
{
    for (const struct command *const *at = commands; *at != NULL; at++) {
        const char *operands = (*at)->operands;
        const char *word = operands + strspn(operands, "[");
        if (strncmp(word, "PARTNERSHIP", strlen("PARTNERSHIP")) == 0)
            printf("    %s) _entente_partnerships ;;\n", (*at)->name);
        else if (strncmp(word, "FILE", strlen("FILE")) == 0 ||
                 strncmp(word, "PATH", strlen("PATH")) == 0)
            printf("    %s) _entente_files ;;\n", (*at)->name);
        else if (strncmp(word, "COMMAND", strlen("COMMAND")) == 0)
            printf("    %s) _entente_words \"$commands\" ;;\n", (*at)->name);
    }
}

static void
print_choices(const struct arg_spec *specs)
{
    for (; specs != NULL && specs->name != NULL; specs++) {
        if (specs->choices == NULL)
            continue;
        printf("    --%s) _entente_words '", specs->name);
        for (const char *const *at = specs->choices; *at != NULL; at++)
            printf(" %s", *at);
        puts("' ;;");
    }
}

/* The same option of two commands has the same values: the first pattern of a
 * case counts. */
static void
print_values(void)
{
    print_choices(command_globals);
    for (const struct command *const *at = commands; *at != NULL; at++)
        print_choices((*at)->specs);
    printf("    --type) _entente_words '");
    for (size_t i = 0; i < MODEL_USER_TYPE; i++)
        printf(" %s", model_types[i].name);
    puts("' ;;");
    printf("    --certainty) _entente_words '");
    for (size_t i = 0; i < MODEL_CERTAINTY_COUNT; i++)
        printf(" %s", model_certainties[i]);
    puts("' ;;");
}

/* Options that take a value, so that it is not taken for a command. */
static void
print_valued(void)
{
    printf("    local valued='");
    for (const struct arg_spec *spec = command_globals; spec->name != NULL;
         spec++)
        if (spec->kind != ARG_FLAG)
            printf(" --%s ", spec->name);
    puts("'");
}

int
main(void)
{
    static const struct page_part parts[] = {
        {"commands", print_commands},
        {"globals", print_globals},
        {"valued", print_valued},
        {"options", print_options},
        {"operands", print_operands},
        {"values", print_values},
        {NULL, NULL},
    };
    return page_fill(parts);
}
