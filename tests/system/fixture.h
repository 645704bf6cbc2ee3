/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_FIXTURE_H
#define TESTS_SYSTEM_FIXTURE_H

#include <check.h>
#include <jansson.h>

#include "tests/system/process.h"
#include "tests/system/scratch.h"
#include "tests/system/wire.h"

/*
 * What nearly every test needs: an empty data directory, a daemon on it that
 * serves, and a connection.  One per test process, as Check forks.
 */
struct fixture {
    char directory[SCRATCH_PATH_SIZE];
    char data[SCRATCH_PATH_SIZE];
    char socket[SCRATCH_PATH_SIZE];
    struct process *daemon; /* NULL while none runs */
    struct wire *wire;      /* over the Unix socket */
};

extern struct fixture fixture;

/* Checked fixtures.  The end stops the daemon and wants exit status 0, so
 * that a crash or a sanitizer's finding fails any test. */
void fixture_begin(void);
void fixture_end(void);

/* Directory and paths alone. */
void fixture_begin_stopped(void);

/* Start the daemon (again) and connect; it must get ready. */
void fixture_start(void);

/* The same with further arguments, NULL at the end. */
void fixture_start_with(const char *const *more);

/* SIGTERM and exit status 0. */
void fixture_stop(void);

/* SIGKILL. */
void fixture_kill(void);

/* Append one event and return what its answer says of it: {id, seq, ...}; the
 * text is the event, through printf. */
json_t *fixture_event(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * Append in one batch lines of "id type occurred rest", short for
 * {'id': id, 'type': type, 'partnership': 'p', 'parties': ['a', 'b'],
 * 'occurred': occurred, 'title': id, rest}.  `rest` is JSON without its
 * braces and may replace what stands before it, or be empty.
 */
void fixture_log(const char *lines);

/* Every event of such lines, as a JSON array; a new reference. */
json_t *fixture_events_of(const char *lines);

/* Run the suite in its scratch root; what main returns. */
int fixture_run(Suite *suite);

/* A test case with the fixtures above and a bound in seconds. */
TCase *fixture_case(Suite *suite, const char *name, int seconds);

#endif
