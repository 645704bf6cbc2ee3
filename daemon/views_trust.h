/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_TRUST_H
#define DAEMON_VIEWS_TRUST_H

#include "daemon/datadir.h"

#include <stdbool.h>

/*
 * Whether views.mdb can be believed: a part of daemon/views.
 *
 * The file "views.state" holds one line: "clean SIZE MTIME", written and synced
 * after the views were, of which it tells, or "open BOOT STARTS", written and
 * synced before the first write to them.  BOOT is the kernel's boot id: while
 * it is the same, only a process died and the page cache is whole.  STARTS
 * counts starts that died before serving: the second in a row means that the
 * views themselves kill us.
 */

struct views_trust {
    bool believed; /* what is there may be used */
    bool clean;    /* and a clean stop left it */
    unsigned starts;
};

/* What the file says now; a missing or strange one says "not believed". */
struct views_trust views_trust_read(const struct datadir *datadir);

/* Remove the mark, before the first write. 0 or a negative errno. */
int views_trust_open(const struct datadir *datadir, unsigned starts)
    __attribute__((warn_unused_result));

/* Nobody shall believe them. 0 or a negative errno. */
int views_trust_forget(const struct datadir *datadir)
    __attribute__((warn_unused_result));

/* The views are on stable storage. 0 or a negative errno. */
int views_trust_clean(const struct datadir *datadir)
    __attribute__((warn_unused_result));

#endif
