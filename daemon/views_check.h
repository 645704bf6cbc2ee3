/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_CHECK_H
#define DAEMON_VIEWS_CHECK_H

#include "daemon/datadir.h"
#include "daemon/log.h"

/*
 * Whether the views of a directory are what the log says: they are made anew,
 * in a directory that is gone afterwards, and compared, entry by entry.  A
 * part of daemon/views.  Nothing in the directory is changed, and a daemon may
 * serve it meanwhile.
 *
 * The log must be sound: of another one there is no right answer.
 */

enum views_check_result {
    VIEWS_CHECK_EQUAL,
    VIEWS_CHECK_DIFFER,  /* `differ` was told where */
    VIEWS_CHECK_REBUILT, /* the next start will not believe them, and `reason`
                            says why: they do no harm */
    VIEWS_CHECK_MOVING,  /* they are between two positions: a daemon brings them
                            up to date, or the next start will */
    VIEWS_CHECK_FAILED,  /* no room to make them anew, or unreadable: `reason`
                          */
};

struct views_check {
    const struct datadir *datadir;
    struct log *log;       /* that is only read */
    const char *directory; /* where there is room for views */
    /* An entry that is wrong, missing or too much, of a database. */
    void (*differ)(void *context, const char *database, const char *what);
    void *context;
    uint64_t position, entries; /* that were compared, once EQUAL or DIFFER */
};

enum views_check_result views_check(struct views_check *check,
                                    struct diag_reason *reason)
    __attribute__((warn_unused_result));

#endif
