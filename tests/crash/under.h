/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_UNDER_H
#define TESTS_CRASH_UNDER_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/system/fixture.h"

/*
 * The fixture's daemon under something: a tracer, a limit, a library that is
 * preloaded.  A command is put in front of the daemon's own by a script that
 * stands for $ENTENTED, and must become the daemon (exec), so that signals and
 * the exit status are the daemon's.
 */

/* strace as a grandchild that attaches, so that the daemon stays our child.
 * What follows are more options. */
#define UNDER_STRACE "strace -D -f -qq "

/* Start the fixture's daemon under a command and connect; it must get ready.
 * `command` is for a shell, through printf. */
void under_start(const char *command, ...)
    __attribute__((format(printf, 1, 2)));

/* The same, but whether it gets ready is the result; not connected. */
bool under_try(const char *command, ...) __attribute__((format(printf, 1, 2)))
__attribute__((warn_unused_result));

/* Put the command in front of every daemon that this test starts from now on,
 * by whatever way. */
void under_wrap(const char *command, ...) __attribute__((format(printf, 1, 2)));

/* Wait for the end of the daemon, and of its tracer, and let go of it; the
 * status as of waitpid. */
int under_await_end(void);

/* The same; it must have exited with this status. */
void under_expect_exit(int status);

/* SIGTERM, and exit status 0. */
void under_stop(void);

/* Compile tests/crash/preload/`name`*.c. */
void under_compile(char library[SCRATCH_PATH_SIZE], const char *name);

/* The daemons that this test starts from now on, by whatever way, preload the
 * library; NULL: none. */
void under_preload_always(const char *library);

/*
 * Compile such a library and write the command that preloads it: to be followed
 * by more of a command, or by nothing.
 */
#define UNDER_COMMAND_SIZE ((size_t)1024)
void under_preload(char command[UNDER_COMMAND_SIZE], const char *name);

/* Zeroed memory that is shared with every library preloaded from now on. */
void *under_control(size_t size);

#endif
