/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CSV_READ_H
#define CLIENT_CSV_READ_H

#include "proto/mp.h"

/*
 * CSV as RFC 4180 has it, taken line by line: a field in quotation marks may
 * have commas, quotation marks (twice each) and line breaks in it.  A line
 * ends in LF or CRLF; within a field both are LF.
 */

/* Start with {0}. */
struct csv_record {
    struct mp_buf text; /* its fields, one behind the other */
    struct mp_buf ends; /* size_t of each: where it ends in `text` */
    size_t count;
    bool open; /* within quotation marks: the next line belongs to it */
};

enum csv_result {
    CSV_RECORD, /* it is whole */
    CSV_MORE,   /* it goes on in the next line */
    CSV_FAULT,
};

/* A record is no longer than a line of another form may be. */
#define CSV_RECORD_SIZE_MAX ((size_t)16 << 20)

void csv_record_deinit(struct csv_record *record);

/* Take a line without its LF; `*reason` is static, of a CSV_FAULT. */
enum csv_result csv_read_line(struct csv_record *record, struct span line,
                              const char **reason);

/* A field of a whole record; it borrows until the next line. */
struct span csv_field(const struct csv_record *record, size_t index);

#endif
