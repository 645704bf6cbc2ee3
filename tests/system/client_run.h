/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_CLIENT_RUN_H
#define TESTS_SYSTEM_CLIENT_RUN_H

#include <stddef.h>
#include <sys/types.h>

/*
 * The client as a person runs it: a command line in, an exit status and two
 * texts out.  It is told of the fixture's daemon, of UTC and of a width of 80.
 *
 * The program is $ENTENTE, or build/gcc/entente.  A command line is words
 * with spaces between them; a word in apostrophes may have spaces in it.
 */

struct client_run {
    int status; /* that it exited with */
    char *output;
    size_t output_size;
    char *errors;
};

/* Run to the end.  `input` is a file for its standard input, NULL for none. */
void client_run(struct client_run *run, const char *input, const char *format,
                ...) __attribute__((format(printf, 3, 4)));

void client_run_free(struct client_run *run);

/* Run; the exit status must be `status`. Shows what it said otherwise. */
void client_expect(struct client_run *run, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The ids of events that it wrote as lines of JSON, with a space between two;
 * the caller frees it. */
char *client_ids(const struct client_run *run);

/* Start it on these descriptors, which stay open here. */
pid_t client_start(const char *line, int input, int output, int errors);

/* Wait for its end and return its exit status; a signal fails the test. */
int client_await(pid_t pid);

/* Write a file for the running test and its path. */
void client_file(char *path, const char *name, const char *text, size_t size);

#endif
