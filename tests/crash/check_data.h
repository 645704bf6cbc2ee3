/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_CHECK_DATA_H
#define TESTS_CRASH_CHECK_DATA_H

/*
 * `entented --check`, as an operator runs it.
 */

/* The daemon's program. */
const char *check_data_program(void);

/* Run it on a directory with these further arguments; its exit status, and all
 * that it said, to be freed.  A signal fails the running test. */
int check_data_run(const char *directory, const char *more, char **report);

/* It must exit with this status and say this. */
void check_data_expect(const char *directory, int status, const char *part);

/* How many lines of a report are findings. */
int check_data_findings(const char *report);

#endif
