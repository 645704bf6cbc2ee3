/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_DIAG_H
#define DAEMON_DIAG_H

/*
 * What the daemon says to its operator: one line per notable thing, none per
 * event.  Lines go to standard error, with a syslog level in front when
 * systemd says that its journal reads them (sd-daemon(3)).  Text that came from
 * a client is escaped before it is printed.  Any thread.
 */

enum diag_level {
    DIAG_ERROR = 3,
    DIAG_WARNING = 4,
    DIAG_NOTICE = 5,
    DIAG_INFO = 6,
};

/* Say what is at least so grave; at first all of it is. */
void diag_set_level(enum diag_level level);

void diag(enum diag_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Why something could not be opened, for the one caller that reports it. */
struct diag_reason {
    char text[512];
};

void diag_because(struct diag_reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
