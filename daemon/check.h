/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CHECK_H
#define DAEMON_CHECK_H

#include <stdio.h>

/*
 * `entented --check`: whether the data of a directory is what it should be.
 *
 * Only reads, and may do so beside a daemon that serves the directory: then it
 * looks at what was there when it began.  entented(8) says what is looked at.
 * The process's exit status: 0 without findings; 1 with some, or where it
 * could not look.
 */
int check_run(const char *directory, FILE *out);

#endif
