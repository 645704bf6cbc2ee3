/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_PROCESS_H
#define TESTS_SYSTEM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A daemon under test: a child process whose standard error is collected by a
 * thread, so that it never blocks and can be asked what it said.
 *
 * The program is $ENTENTED, or build/gcc/entented.  It dies with the test.
 */
struct process;

/* Nothing that a test waits for takes longer, even under a sanitizer. */
#define PROCESS_PATIENCE_MS 60000

struct process_options {
    const char *data;        /* its data directory */
    const char *socket;      /* its Unix socket, or NULL for none */
    bool tcp;                /* listen on a free port of 127.0.0.1 too */
    bool mask_open;          /* run with umask 000 instead of the test's */
    const char *const *more; /* further arguments, NULL at the end; or NULL */
};

/* Start it; it may not serve yet.  process_free kills it if it still runs. */
struct process *process_start(const struct process_options *options);
void process_free(struct process *process);

/* Wait until it has said `ready`; false if it ended before. */
bool process_await_ready(struct process *process)
    __attribute__((warn_unused_result));

/* Wait until it has ended and all that it said is in process_output; its status
 * as of waitpid. */
int process_await_end(struct process *process);

void process_signal(struct process *process, int number);
pid_t process_pid(const struct process *process);

/* The port that it said it listens on, in the clear or with TLS. */
uint16_t process_port(struct process *process);
uint16_t process_tls_port(struct process *process);

/* Wait until it has said this at the end of a line, for the `times`th time. */
void process_await_line(struct process *process, const char *end, int times);

/* What it has written to standard error so far; the caller frees it. */
char *process_output(struct process *process);

/* The most memory that it ever had resident. */
long process_peak_kib(const struct process *process);

#endif
