/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_OUTPUT_H
#define CLIENT_OUTPUT_H

#include "proto/mp.h"

#include <stdio.h>

/*
 * Standard output in one of the formats.  A command hands over MessagePack
 * values and what they are; the format decides how they look.  Lists are
 * written as they come; nothing is kept.
 */

struct table;
struct output;

/* What is shown. */
enum subject {
    SUBJECT_REPLAY,      /* list of events */
    SUBJECT_WATCH,       /* the same, as they come */
    SUBJECT_TIMELINE,    /* list of events with lag_days added */
    SUBJECT_GAP,         /* the same */
    SUBJECT_STORED,      /* list of {id, seq, rev, duplicate} */
    SUBJECT_CHECKED,     /* list of {id} */
    SUBJECT_LIST,        /* list of {partnership, stage, totals, ...} */
    SUBJECT_REVELATIONS, /* list of {id, discloses, longest_lag_days, ...} */
    SUBJECT_EVENT,       /* `get` with context */
    SUBJECT_STATE,
    SUBJECT_PARTY,
    SUBJECT_DIFF,
    SUBJECT_STATS,
    SUBJECT_BACKUP,
    SUBJECT_PONG,
    SUBJECT_COUNT,
};

/* One row of the table of formats. */
struct format {
    const char *name;
    bool (*can)(enum subject subject); /* NULL: all */
    void (*begin)(struct output *out); /* a list; may be NULL, as end */
    void (*item)(struct output *out, struct span value);
    void (*end)(struct output *out);
    void (*document)(struct output *out, struct span value);
};

extern const struct format format_text, format_json, format_jsonl, format_csv,
    format_msgpack;

/* Their names, NULL at the end, and the format of a name, or NULL. */
extern const char *const format_names[];
const struct format *format_find(const char *name);

enum style {
    STYLE_PLAIN,
    STYLE_STRONG, /* headings */
    STYLE_FAINT,  /* what is there to be looked up */
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_COUNT,
};

struct output {
    FILE *file;
    const struct format *format;
    enum subject subject;
    bool color;
    size_t width;        /* columns of the terminal */
    bool begun;          /* a list was begun */
    uint64_t count;      /* items of it */
    bool closed;         /* nobody reads it any more (EPIPE) */
    int error;           /* errno of a write that failed otherwise */
    int64_t at_ms;       /* text: the day that is asked for; INT64_MAX none */
    struct table *table; /* text: rows of the list */
    struct mp_buf line;  /* work space of the formats */
};

/* Does not own `file`. */
void output_init(struct output *out, FILE *file, const struct format *format,
                 bool color);
void output_deinit(struct output *out);

bool output_can(const struct output *out, enum subject subject);

/* A list: any number of items, then its end, also where there was none. */
void output_item(struct output *out, enum subject subject, struct span value);
void output_end(struct output *out, enum subject subject);

void output_document(struct output *out, enum subject subject,
                     struct span value);

/* For the formats. Style changes write nothing without colour. */
void output_write(struct output *out, struct span bytes);
void output_put(struct output *out, const char *text);
void output_style(struct output *out, enum style style);

/* What was written so far leaves now. */
void output_flush(struct output *out);

#endif
