/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_FAIL_H
#define TESTS_BENCH_FAIL_H

/*
 * The one way out of a measurement that cannot go on: a wrong answer, an
 * error, no memory.  Says why on standard error and ends with status 1; the
 * daemons that were started die with the process.
 */
void fail(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

#endif
