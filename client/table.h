/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_TABLE_H
#define CLIENT_TABLE_H

#include "client/output.h"

/*
 * Rows of cells in columns, aligned by what is shown on a terminal.  The
 * first rows are kept until the widths are decided by them, later ones are
 * written as they come and wrap within their columns.  A cell has one or more
 * paragraphs, each in its own style.
 */

#define TABLE_COLUMNS_MAX 6

struct table_column {
    const char *head; /* "" in all columns: no line of heads */
    size_t width_max; /* 0: takes what the others leave */
    bool right;       /* numbers end in line */
};

struct table;

/* NULL without memory. `columns` must outlive it. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table);

/* Add a paragraph to the cell of a column of the row that is being made.
 * `text` is cleaned. */
void table_put(struct table *table, size_t column, enum style style,
               struct span text);

/* The row is complete. */
void table_row(struct table *table, struct output *out);

/* Write what is kept. */
void table_end(struct table *table, struct output *out);

#endif
