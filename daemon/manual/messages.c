/* SPDX-License-Identifier: MIT */
/* The lists of entented(8): what it says, and its options. */
#include <stdio.h>

#include "daemon/diag.h"
#include "daemon/diag_limit.h"
#include "daemon/settings.h"
#include "proto/manual/page.h"

static void
print_messages(void)
{
    puts(".Bl -tag -width Ds");
    for (size_t i = 0; i < DIAG_KIND_COUNT; i++)
        page_item("Li", diag_kinds[i].id, diag_kinds[i].meaning);
    puts(".El");
}

static void
print_fields(void)
{
    puts(".Bl -tag -width ENTENTE_SUPPRESSED");
#define X(symbol, name, meaning) page_item("Li", name, meaning);
    DIAG_FIELDS(X)
#undef X
    puts(".El");
}

static void
print_limit(void)
{
    printf("%u at once, then one each %u seconds;\n", DIAG_LIMIT_BURST,
           (unsigned)(DIAG_LIMIT_PERIOD_US / 1000000));
}

static void
print_options(void)
{
    puts(".Bl -tag -width Ds");
    for (const struct setting *row = settings_table; row->key != NULL; row++) {
        if (row->option == NULL)
            continue;
        printf(".It Fl Fl ");
        page_word(row->option);
        printf(" Ar ");
        page_word(row->value);
        putchar('\n');
        page_text(row->help);
    }
    puts(".El");
}

int
main(void)
{
    static const struct page_part parts[] = {
        {"options", print_options},
        {"messages", print_messages},
        {"limit", print_limit},
        {"journal", print_fields},
        {NULL, NULL},
    };
    return page_fill(parts);
}
