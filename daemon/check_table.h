/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CHECK_TABLE_H
#define DAEMON_CHECK_TABLE_H

#include "daemon/diag.h"
#include "proto/span.h"

/*
 * A table of names in a file that nobody else sees, for a check of more of them
 * than should be in memory: open addressing with linear probing (Knuth, TAOCP
 * 3, 6.4, algorithm L), some 32 to 64 bytes a name.  Names are there by 128
 * bits of their hash: two of them are taken for one only if somebody made them
 * for that.
 *
 * The file is in $TMPDIR, else in /var/tmp, and is gone when the table or the
 * process is.
 */

struct check_table;

struct check_entry {
    uint64_t hash[2]; /* of the name, never both 0 */
    uint64_t seq;     /* the caller's, 0 at first; and so is: */
    uint64_t number;
};

/* 0, or a negative errno with `reason` set. */
int check_table_new(struct check_table **made, struct diag_reason *reason)
    __attribute__((warn_unused_result));
void check_table_free(struct check_table *table); /* NULL is legal */

/* The entry of a name, made where there was none, until the next call; NULL,
 * with `reason`, where there is no room for it. */
struct check_entry *check_table_get(struct check_table *table, struct span name,
                                    struct diag_reason *reason);

/* The same, but NULL for one that there is not. */
const struct check_entry *check_table_find(const struct check_table *table,
                                           struct span name);

/* How many there are. */
uint64_t check_table_count(const struct check_table *table);

/* Where files of a check go. */
const char *check_table_directory(void);

#endif
