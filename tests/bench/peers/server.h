/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_SERVER_H
#define TESTS_BENCH_PEERS_SERVER_H

#include <sys/types.h>

#include "tests/bench/peers/dialect.h"

/*
 * A server of any kind, on a directory of its own, as tests/bench/peers/
 * prepare configures it.  It is a child of this process, ends with it, and is
 * signalled by its own process id only.  What goes wrong ends the program.
 */

#define SERVER_PATH_SIZE ((size_t)256)
#define SERVER_WORDS_MAX 48

struct server {
    const char *name; /* as prepare knows it */
    const struct dialect *dialect;
    char data[SERVER_PATH_SIZE];
    char *text; /* what prepare said, cut into the words below */
    const char *address;
    int stop_signal;
    char *words[SERVER_WORDS_MAX + 1];
    pid_t pid; /* 0 while it does not run */
};

/* Once, before any other. */
void server_init(void);

/* An empty directory in `scratch`; false, said by prepare, where the system
 * is not installed. */
bool server_prepare(struct server *server, const char *name,
                    const struct dialect *dialect, const char *scratch);
/* Remove it and its directory. */
void server_remove(struct server *server);

/*
 * Start it and wait until it answers: a ping, or the event at position `n`
 * where that is over 0.  How many milliseconds that took.
 */
double server_start(struct server *server, uint64_t n);

/* Stop it as its init script would, or kill it (-9), and wait for its end. */
void server_stop(struct server *server);
void server_kill(struct server *server);

/* Let it make what it needs while it is empty. */
void server_create(const struct server *server);

/* Seconds of processor that its main process has used. */
double server_cpu(const struct server *server);

/* MiB of all its processes that belong to no file, and that are shared with
 * none but them. */
double server_memory(const struct server *server);

/* Bytes on the disk of a file or directory below its own, "" for all. */
double server_disk(const struct server *server, const char *below);

#endif
