/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_REPORT_H
#define TESTS_BENCH_REPORT_H

#include <stdint.h>
#include <stdio.h>

/*
 * The table: aligned on standard output, row by row as they come, and with
 * tabs in a file.
 */
struct report {
    FILE *tabs; /* or NULL */
};

/* A number with what it is compared with; base 0: with nothing. */
struct report_value {
    double value, base;
};

struct report_row {
    const char *group; /* "state", "replay", ... */
    const char *what;
    uint64_t size;             /* of the log or partnership; 0: of none */
    struct report_value value; /* of a latency: its p50 */
    const char *unit;
    struct report_value p99; /* in the same unit; value 0: there is none */
    const char *remark;      /* or NULL */
};

void report_head(struct report *report);
void report_add(struct report *report, const struct report_row *row);

#endif
