/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_ENTENTED_H
#define TESTS_BENCH_ENTENTED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/bench/link.h"

/*
 * A daemon to measure: the program $ENTENTED on a data directory of its own.
 * Its name in the scratch directory is that of the measurement.  It dies with
 * this process.  What goes wrong ends the program.
 */
#define ENTENTED_PATH_SIZE ((size_t)256)

struct entented {
    char data[ENTENTED_PATH_SIZE];
    char socket[ENTENTED_PATH_SIZE];
    pid_t pid; /* 0 while it does not run */
    int said_fd;
};

/* The names only; nothing runs. */
void entented_init(struct entented *daemon, const char *scratch,
                   const char *name);

/* Start it on what its directory holds and wait until it says `ready`. */
void entented_start(struct entented *daemon);

/* Stop it as a service manager does; it must end well. */
void entented_stop(struct entented *daemon);

/* Between a stop and a start: take away what can be made from the log. */
void entented_remove_views(const struct entented *daemon);

struct link *entented_link(const struct entented *daemon);

/*
 * Memory in MiB.  `resident` counts the pages of LMDB's files that are
 * mapped, which the system takes back when it needs them; `own` does not.
 */
struct entented_memory {
    double resident_peak, own;
};

struct entented_memory entented_memory(const struct entented *daemon);

/* The highest position, by `hello`. */
uint64_t entented_tip(struct link *link);

#endif
