/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_COMPARE_H
#define DAEMON_VIEWS_COMPARE_H

#include "daemon/views_check.h"
#include "daemon/views_file.h"

/*
 * Two sets of views at the same position, database by database: a part of
 * daemon/views (views_check.c).
 */

/* Differences of one database that are kept: where there is one there are often
 * many. */
#define VIEWS_DIFFERENCES_MAX 8u

struct views_difference {
    const char *database;
    char what[64];
};

struct views_compare {
    MDB_txn *fresh, *found;
    const struct views_file *fresh_file, *found_file;
    struct views *fresh_views;
    struct log_reader *log; /* not being read */
    uint64_t position;

    /* what came of it */
    uint64_t entries; /* that were compared */
    bool ahead; /* what was found has entries of events behind the position */
    uint64_t differences;
    struct views_difference list[VIEWS_DB_COUNT * VIEWS_DIFFERENCES_MAX];
    size_t listed;
};

/* Compare all.  0 or an MDB_* code: what was found cannot be walked, or there
 * is no memory. */
int views_compare(struct views_compare *compare)
    __attribute__((warn_unused_result));

/* --- its parts ------------------------------------------------------------*/

/* One database that is being compared. */
struct views_telling {
    struct views_compare *compare;
    enum views_db db;
    uint64_t told;
};

/* Tell of a difference, and of which event, or 0. */
void views_tell(struct views_telling *telling, const char *what, uint64_t seq);

/* An MDB_* code. */
int views_compare_folds(struct views_telling *telling);
int views_compare_late(struct views_telling *telling);

#endif
