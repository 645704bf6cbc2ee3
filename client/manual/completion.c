/* SPDX-License-Identifier: MIT */
/* Completion for bash: the words that the client's tables know, and which of
 * them stand for what the daemon knows. */
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

/* What the first word of a command's operands tells that they are. */
static const struct {
    const char *word, *function;
} operand_kinds[] = {
    {"PARTNERSHIP", "_entente_partnerships"},
    {"PARTY", "_entente_parties"},
    {"ID", "_entente_ids"},
    {"FILE", "_entente_files"},
    {"COMMAND", "_entente_words \"$commands\""},
};

static void
print_operands(void)
{
    for (const struct command *const *at = commands; *at != NULL; at++) {
        const char *operands = (*at)->operands;
        const char *word = operands + strspn(operands, "[");
        size_t size = strcspn(word, " .]");
        for (size_t i = 0; i < sizeof(operand_kinds) / sizeof(operand_kinds[0]);
             i++)
            if (strlen(operand_kinds[i].word) == size &&
                strncmp(word, operand_kinds[i].word, size) == 0)
                printf("    %s) %s ;;\n", (*at)->name,
                       operand_kinds[i].function);
    }
}

/* The pattern has the command in front: two may have an option of one name
 * that takes other values. */
static void
print_choices(const char *command, const struct arg_spec *specs)
{
    for (; specs != NULL && specs->name != NULL; specs++) {
        if (specs->choices == NULL)
            continue;
        printf("    %s' '--%s) _entente_words '", command, specs->name);
        for (const char *const *at = specs->choices; *at != NULL; at++)
            printf(" %s", *at);
        puts("' ;;");
    }
}

static void
print_names_of(const char *option, const char *const *names, size_t count)
{
    printf("    *' '--%s) _entente_words '", option);
    for (size_t i = 0; i < count; i++)
        printf(" %s", names[i]);
    puts("' ;;");
}

static void
print_values(void)
{
    const char *types[MODEL_USER_TYPE];
    for (size_t i = 0; i < MODEL_USER_TYPE; i++)
        types[i] = model_types[i].name;
    print_choices("*", command_globals);
    for (const struct command *const *at = commands; *at != NULL; at++)
        print_choices((*at)->name, (*at)->specs);
    print_names_of("type", types, MODEL_USER_TYPE);
    print_names_of("certainty", model_certainties, MODEL_CERTAINTY_COUNT);
}

static void
print_taking(const struct arg_spec *specs)
{
    for (; specs != NULL && specs->name != NULL; specs++)
        if (specs->kind != ARG_FLAG)
            printf(" --%s ", specs->name);
}

/* Options before a command that take a value, so that it is not taken for one.
 */
static void
print_valued(void)
{
    printf("    local valued='");
    print_taking(command_globals);
    puts("'");
}

/* Those behind it. */
static void
print_more_valued(void)
{
    for (const struct command *const *at = commands; *at != NULL; at++) {
        printf("    %s) valued+='", (*at)->name);
        print_taking((*at)->specs);
        puts("' ;;");
    }
}

int
main(void)
{
    static const struct page_part parts[] = {
        {"commands", print_commands}, {"globals", print_globals},
        {"valued", print_valued},     {"more valued", print_more_valued},
        {"options", print_options},   {"operands", print_operands},
        {"values", print_values},     {NULL, NULL},
    };
    return page_fill(parts);
}
