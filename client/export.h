/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_EXPORT_H
#define CLIENT_EXPORT_H

#include "client/args.h"
#include "client/client.h"
#include "client/cloudevents.h"

/*
 * `export --as`: the forms that other programs take.  Each writes one event as
 * it comes.
 */

struct export
{
    struct output *out;
    struct span log_id;
    char source[CLOUDEVENTS_SOURCE_SIZE]; /* the log as a URI */
    struct mp_buf value, text;            /* work space of the forms */
    uint64_t count;                       /* events written */
    uint64_t left_out;                    /* they have no day to stand at */
};

/* One row of the table of forms. */
struct export_form {
    const char *name;
    bool for_people; /* what was corrected or retracted is left out */
    void (*begin)(struct export *export); /* may be NULL, as end */
    /* False: it has no place in this form. */
    bool (*event)(struct export *export, struct span event);
    void (*end)(struct export *export);
};

extern const struct export_form export_cloudevents, export_timelinejs,
    export_ics;

/* Agreements in force and who made them, for Graphviz (export_dot.c). */
enum client_status export_dot(struct client *client, const struct args *args);

/*
 * A line of an iCalendar: "NAME:text", folded so that none has more than 75
 * bytes, none of them within a character.  `text` is escaped where it is a
 * text; a value of another kind is given as it is.
 */
enum ics_value { ICS_TEXT, ICS_PLAIN };
void export_ics_line(struct mp_buf *buf, const char *name, enum ics_value kind,
                     struct span text);

/* A string in quotation marks as DOT has it, shown as `text`. */
void export_dot_string(struct mp_buf *buf, struct span text);

#endif
