/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CHECK_REPORT_H
#define DAEMON_CHECK_REPORT_H

#include <stdint.h>
#include <stdio.h>

/*
 * What `entented --check` prints: a line for each thing that was looked at, and
 * one for each finding.  What is not printable ASCII is escaped, for a damaged
 * event may hold anything.
 */

/* More findings than these are counted and not shown: where a disk is broken
 * there may be millions. */
#define CHECK_FINDINGS_SHOWN 100u

struct check_report {
    FILE *out;
    uint64_t findings;
};

/* "what        text" */
void check_report_line(struct check_report *report, const char *what,
                       const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "finding     text" */
void check_report_finding(struct check_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How many there were. */
void check_report_end(struct check_report *report);

#endif
