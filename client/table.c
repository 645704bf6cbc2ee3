/* SPDX-License-Identifier: MIT */
#include "client/table.h"

#include <stdlib.h>

#include "client/text.h"

/* Enough for a good guess, few enough that nobody waits for them. */
#define ROWS_KEPT_MAX 64

/* Between columns. */
#define GAP 2

/* The column that takes the rest gets at least this. */
#define REST_WIDTH_MIN 20

/*
 * Paragraphs one after the other: a byte of style, the text, a newline.
 */
struct cell {
    struct mp_buf text;
};

struct row {
    struct cell cells[TABLE_COLUMNS_MAX];
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    size_t widths[TABLE_COLUMNS_MAX];
    bool decided; /* the widths are; rows are not kept any more */
    struct row rows[ROWS_KEPT_MAX];
    size_t row_count; /* complete ones; the next is being made */
};

struct table *
table_new(const struct table_column *columns, size_t count)
{
    struct table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    table->columns = columns;
    table->column_count = count;
    return table;
}

void
table_free(struct table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < ROWS_KEPT_MAX; i++)
        for (size_t j = 0; j < TABLE_COLUMNS_MAX; j++)
            mp_buf_deinit(&table->rows[i].cells[j].text);
    free(table);
}

void
table_put(struct table *table, size_t column, enum style style,
          struct span text)
{
    struct mp_buf *cell = &table->rows[table->row_count].cells[column].text;
    uint8_t mark = (uint8_t)style;
    mp_buf_append(cell, &mark, 1);
    text_put_clean(cell, text, false);
    mp_buf_append(cell, "\n", 1);
}

/* Take the next paragraph of a cell, its style apart. */
static bool
next_paragraph(struct span *cell, enum style *style, struct span *text)
{
    if (cell->size == 0)
        return false;
    *style = (enum style)cell->data[0];
    const uint8_t *start = cell->data + 1;
    const uint8_t *end = memchr(start, '\n', cell->size - 1);
    *text = (struct span){start, (size_t)(end - start)};
    cell->size -= (size_t)(end + 1 - cell->data);
    cell->data = end + 1;
    return true;
}

static size_t
cell_width(const struct cell *cell)
{
    struct span rest = mp_buf_span(&cell->text), text;
    enum style style;
    size_t width = 0;
    while (next_paragraph(&rest, &style, &text)) {
        size_t columns = text_width(text);
        width = columns > width ? columns : width;
    }
    return width;
}

static size_t
column_width(const struct table *table, size_t column)
{
    size_t width = text_width(span_of(table->columns[column].head));
    for (size_t i = 0; i < table->row_count; i++) {
        size_t needed = cell_width(&table->rows[i].cells[column]);
        width = needed > width ? needed : width;
    }
    size_t most = table->columns[column].width_max;
    return most != 0 && width > most ? most : width;
}

static void
decide_widths(struct table *table, size_t total)
{
    size_t rest = 0, used = GAP * (table->column_count - 1);
    for (size_t i = 0; i < table->column_count; i++) {
        table->widths[i] = column_width(table, i);
        if (table->columns[i].width_max == 0)
            rest = i;
        else
            used += table->widths[i];
    }
    size_t left = used + REST_WIDTH_MIN < total ? total - used : REST_WIDTH_MIN;
    if (table->widths[rest] > left)
        table->widths[rest] = left;
    table->decided = true;
}

/* --- writing --------------------------------------------------------------*/

static void
write_spaces(struct output *out, size_t count)
{
    for (; count > 0; count--)
        output_put(out, " ");
}

/* Where in a cell the next line begins. */
struct cursor {
    struct span cell;
    struct span paragraph;
    enum style style;
};

/* The next line of a cell, empty at its end. */
static struct span
next_line(struct cursor *cursor, size_t width)
{
    struct span line;
    if (text_wrap(&cursor->paragraph, width, &line))
        return line;
    if (next_paragraph(&cursor->cell, &cursor->style, &cursor->paragraph) &&
        text_wrap(&cursor->paragraph, width, &line))
        return line;
    return span_of("");
}

static bool
has_more(const struct cursor *cursors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cursors[i].cell.size > 0 || cursors[i].paragraph.size > 0)
            return true;
    return false;
}

static void
write_line(const struct table *table, struct output *out,
           struct cursor *cursors)
{
    size_t pending = 0; /* spaces that only a later cell makes visible */
    for (size_t i = 0; i < table->column_count; i++) {
        struct span line = next_line(&cursors[i], table->widths[i]);
        size_t width = text_width(line);
        size_t left = width < table->widths[i] ? table->widths[i] - width : 0;
        bool right = table->columns[i].right && line.size > 0;
        if (line.size > 0) {
            write_spaces(out, pending + (right ? left : 0));
            pending = 0;
            bool plain = cursors[i].style == STYLE_PLAIN;
            if (!plain)
                output_style(out, cursors[i].style);
            output_write(out, line);
            if (!plain)
                output_style(out, STYLE_PLAIN);
        }
        pending += (right ? 0 : left) + GAP;
    }
    output_put(out, "\n");
}

static void
write_row(const struct table *table, struct output *out, struct row *row)
{
    struct cursor cursors[TABLE_COLUMNS_MAX];
    memset(cursors, 0, sizeof(cursors));
    for (size_t i = 0; i < table->column_count; i++)
        cursors[i].cell = mp_buf_span(&row->cells[i].text);
    do
        write_line(table, out, cursors);
    while (has_more(cursors, table->column_count));
    for (size_t i = 0; i < table->column_count; i++)
        mp_buf_clear(&row->cells[i].text);
}

static bool
has_heads(const struct table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].head[0] != '\0')
            return true;
    return false;
}

static void
write_heads(struct table *table, struct output *out)
{
    struct row heads;
    memset(&heads, 0, sizeof(heads));
    for (size_t i = 0; i < table->column_count; i++) {
        struct mp_buf *text = &heads.cells[i].text;
        uint8_t mark = STYLE_FAINT;
        mp_buf_append(text, &mark, 1);
        mp_buf_append(text, table->columns[i].head,
                      strlen(table->columns[i].head));
        mp_buf_append(text, "\n", 1);
    }
    write_row(table, out, &heads);
    for (size_t i = 0; i < table->column_count; i++)
        mp_buf_deinit(&heads.cells[i].text);
}

static void
write_kept(struct table *table, struct output *out)
{
    if (!table->decided) {
        decide_widths(table, out->width);
        if (has_heads(table))
            write_heads(table, out);
    }
    for (size_t i = 0; i < table->row_count; i++)
        write_row(table, out, &table->rows[i]);
    table->row_count = 0;
}

void
table_row(struct table *table, struct output *out)
{
    table->row_count++;
    if (table->decided || table->row_count == ROWS_KEPT_MAX)
        write_kept(table, out);
}

void
table_end(struct table *table, struct output *out)
{
    if (table->row_count > 0)
        write_kept(table, out);
}
