/* SPDX-License-Identifier: MIT */
/* The lists of entente(1). */
#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "proto/manual/page.h"

static void
print_option(const struct arg_spec *spec)
{
    printf(".It Fl Fl ");
    page_word(spec->name);
    if (spec->value != NULL) {
        printf(" Ar ");
        page_word(spec->value);
    }
    putchar('\n');
    page_text(spec->help);
}

static void
print_options(const struct arg_spec *specs)
{
    puts(".Bl -tag -width Ds -compact");
    for (; specs->name != NULL; specs++)
        print_option(specs);
    puts(".El");
}

static void
print_globals(void)
{
    print_options(command_globals);
}

static void
print_commands(void)
{
    puts(".Bl -tag -width Ds");
    for (const struct command *const *at = commands; *at != NULL; at++) {
        const struct command *command = *at;
        printf(".It Ic %s", command->name);
        if (command->specs != NULL)
            printf(" Oo Ar option ... Oc");
        if (command->operands[0] != '\0') {
            printf(" Ar ");
            page_word(command->operands);
        }
        putchar('\n');
        page_text(command->summary);
        if (command->notes != NULL) {
            puts(".Pp");
            page_text(command->notes);
        }
        if (command->specs != NULL) {
            puts(".Pp");
            print_options(command->specs);
        }
    }
    puts(".El");
}

int
main(void)
{
    static const struct page_part parts[] = {
        {"globals", print_globals},
        {"commands", print_commands},
        {NULL, NULL},
    };
    return page_fill(parts);
}
