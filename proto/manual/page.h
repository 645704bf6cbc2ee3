/* SPDX-License-Identifier: MIT */
#ifndef PROTO_MANUAL_PAGE_H
#define PROTO_MANUAL_PAGE_H

/*
 * Manual pages whose lists are made of the program's own tables, so that the
 * two agree.  A page is written in mdoc(7) with lines `.\" @NAME@`, each of
 * which is replaced by what the part of that name prints.
 *
 * For programs that run while entente is built, not part of any that is
 * installed.  Errors end the program.
 */

struct page_part {
    const char *name; /* NULL ends a table */
    void (*print)(void);
};

/* Copy the page from standard input to standard output, parts filled in; each
 * part must be wanted somewhere.  What main returns. */
int page_fill(const struct page_part *parts);

/* Text: escaped, each sentence on lines of its own. */
void page_text(const char *text);

/* The same in the middle of a line. */
void page_word(const char *text);

/* An item of a list: its label and what is said of it. */
void page_item(const char *macro, const char *label, const char *text);

#endif
