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

struct report_row {
    const char *group; /* "state", "replay", ... */
    const char *what;
    uint64_t size; /* events or partnerships that it was measured on */
    double value;
    const char *unit;
    double base;        /* what value is compared with; 0: nothing */
    const char *remark; /* or NULL */
};

void report_head(struct report *report);
void report_add(struct report *report, const struct report_row *row);

#endif
