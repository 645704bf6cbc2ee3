/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_ACCESS_FIXTURE_H
#define TESTS_SYSTEM_ACCESS_FIXTURE_H

#include "tests/system/fixture.h"

/*
 * A daemon with a configuration of its own, for tests of who may do what.
 */

extern char access_conf[SCRATCH_PATH_SIZE];

/* Checked fixture: paths and an empty configuration; nothing runs. */
void access_begin(void);

/* Write the configuration. */
void access_configure(const char *text);

/* Write it and start the fixture's daemon with it. */
void access_start(const char *text);

/* SIGHUP, and wait until it was taken over for the `times`th time. */
void access_reload(int times);

struct wire *access_open_tcp(void);

#endif
