/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include "daemon/diag.h"

/*
 * systemd's journal, by its own protocol (systemd.journal-fields(7)).
 *
 * False where standard error is not the journal (systemd.exec(5),
 * $JOURNAL_STREAM) or it takes nothing; the line is to be said otherwise then.
 * `text` is escaped already.  Any thread.
 */
bool journal_say(const struct diag_about *about, enum diag_level level,
                 const char *text, uint64_t suppressed)
    __attribute__((warn_unused_result));

#endif
