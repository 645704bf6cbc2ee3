/* SPDX-License-Identifier: MIT */
/* The list of entented.conf(5). */
#include <stdio.h>
#include <string.h>

#include "daemon/settings.h"
#include "proto/manual/page.h"

static void
print_key(const struct setting *row)
{
    printf(".It Cm ");
    page_word(row->key);
    printf(" = ");
    page_word(row->value == NULL ? "WHO" : row->value);
    printf("%s\n", row->reloads ? "" : " *");
    if (row->help != NULL)
        page_text(row->help);
    else
        printf("whose role is\n.Cm %s ;\nsee\n.Sx ACCESS\n", row->key);
}

static void
print_settings(void)
{
    const char *section = "";
    for (const struct setting *row = settings_table; row->key != NULL; row++) {
        if (strcmp(section, row->section) != 0)
            printf("%s.Pp\n.Bq %s\n.Bl -tag -width Ds -offset indent\n",
                   section[0] == '\0' ? "" : ".El\n", row->section);
        section = row->section;
        print_key(row);
    }
    puts(".El");
}

int
main(void)
{
    static const struct page_part parts[] = {
        {"settings", print_settings},
        {NULL, NULL},
    };
    return page_fill(parts);
}
