/* SPDX-License-Identifier: MIT */
#include "client/output.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "client/table.h"

/* Where there is no terminal to ask. */
#define OUTPUT_WIDTH_DEFAULT 80
/* Narrower than this nothing can be laid out; longer lines are hard to read. */
#define OUTPUT_WIDTH_MIN 40
#define OUTPUT_WIDTH_MAX 140

static const struct format *const formats[] = {
    &format_text, &format_json, &format_jsonl, &format_csv, &format_msgpack,
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

const char *const format_names[] = {"text", "json",    "jsonl",
                                    "csv",  "msgpack", NULL};

const struct format *
format_find(const char *name)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

static size_t
terminal_width(FILE *file)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    size_t width = OUTPUT_WIDTH_DEFAULT;
    if (columns != NULL && atoi(columns) > 0)
        width = (size_t)atoi(columns);
    else if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    if (width < OUTPUT_WIDTH_MIN)
        return OUTPUT_WIDTH_MIN;
    return width > OUTPUT_WIDTH_MAX ? OUTPUT_WIDTH_MAX : width;
}

void
output_init(struct output *out, FILE *file, const struct format *format,
            bool color)
{
    *out = (struct output){.file = file,
                           .format = format,
                           .color = color,
                           .width = terminal_width(file),
                           .at_ms = INT64_MAX};
}

void
output_deinit(struct output *out)
{
    table_free(out->table);
    mp_buf_deinit(&out->line);
}

bool
output_can(const struct output *out, enum subject subject)
{
    return out->format->can == NULL || out->format->can(subject);
}

static void
begin(struct output *out, enum subject subject)
{
    if (out->begun)
        return;
    out->begun = true;
    out->subject = subject;
    if (out->format->begin != NULL)
        out->format->begin(out);
}

void
output_item(struct output *out, enum subject subject, struct span value)
{
    begin(out, subject);
    out->format->item(out, value);
    out->count++;
}

void
output_end(struct output *out, enum subject subject)
{
    begin(out, subject);
    if (out->format->end != NULL)
        out->format->end(out);
    output_flush(out);
}

void
output_document(struct output *out, enum subject subject, struct span value)
{
    out->subject = subject;
    out->format->document(out, value);
    output_flush(out);
}

static void
write_failed(struct output *out)
{
    if (errno == EPIPE)
        out->closed = true;
    else if (out->error == 0)
        out->error = errno != 0 ? errno : EIO;
}

void
output_write(struct output *out, struct span bytes)
{
    if (out->closed || out->error != 0 || bytes.size == 0)
        return;
    errno = 0;
    if (fwrite(bytes.data, 1, bytes.size, out->file) != bytes.size)
        write_failed(out);
}

void
output_put(struct output *out, const char *text)
{
    output_write(out, span_of(text));
}

void
output_flush(struct output *out)
{
    errno = 0;
    if (!out->closed && out->error == 0 && fflush(out->file) != 0)
        write_failed(out);
}

void
output_style(struct output *out, enum style style)
{
    static const char *const codes[STYLE_COUNT] = {
        [STYLE_PLAIN] = "\x1b[0m", [STYLE_STRONG] = "\x1b[1m",
        [STYLE_FAINT] = "\x1b[2m", [STYLE_GOOD] = "\x1b[32m",
        [STYLE_WARN] = "\x1b[33m", [STYLE_BAD] = "\x1b[31m",
    };
    if (out->color)
        output_put(out, codes[style]);
}
