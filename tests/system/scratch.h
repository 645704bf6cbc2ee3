/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_SCRATCH_H
#define TESTS_SYSTEM_SCRATCH_H

#include <stddef.h>

/*
 * Scratch directories: one root per test program under $TMPDIR or /tmp, one
 * directory per test in it.  The program removes the root at its end, so that
 * nothing stays behind after a test that failed or was killed.
 */

/* Longest path that a test makes; sun_path is the narrow place. */
#define SCRATCH_PATH_SIZE ((size_t)108)

/* Make the root; before the first test, in the process that runs them all. */
void scratch_root_make(void);
void scratch_root_remove(void);

/* Make a directory for the running test and write its path. */
void scratch_make(char path[SCRATCH_PATH_SIZE]);

/* Write `directory`/`name`; fails the running test when that is too long. */
void scratch_join(char path[SCRATCH_PATH_SIZE], const char *directory,
                  const char *name);

/* Remove `path` with all that is in it. */
void scratch_remove(const char *path);

#endif
