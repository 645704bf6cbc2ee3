/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_AHEAD_H
#define DAEMON_LOG_AHEAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The thread that has what will be read of log.mdb in memory before it is read.
 *
 * Mapping a page for the first time costs more than all else that is done with
 * the events in it, and from a slow disk it takes as long as the disk does.
 * Whoever reads events in a row says where it is; what is ahead of there is
 * mapped meanwhile.  Nobody waits for the thread: what it has not got to is
 * mapped where it is read.  Where it finds all mapped it looks only now and
 * then.
 */

/* What is mapped ahead: some steps of a replay. */
#define LOG_AHEAD_SIZE ((uintptr_t)2 << 20)

/* How far a reader goes before it says so. */
#define LOG_AHEAD_STEP (LOG_AHEAD_SIZE / 4)

struct log_ahead {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    pthread_t thread;
    bool started;     /* at the first need; where it cannot be, at each */
    bool stopping;    /* under the lock, as what follows */
    uintptr_t place;  /* where events are read */
    uintptr_t next;   /* where to map next */
    unsigned passed;  /* steps before that which were passed over */
    uintptr_t looked; /* a step that was not, behind them */
};

void log_ahead_init(struct log_ahead *ahead);

/* Before what is read is unmapped. */
void log_ahead_deinit(struct log_ahead *ahead);

/* Any thread: events are read in a row, from here on.  Beyond the end of the
 * file nothing is done. */
void log_ahead_follow(struct log_ahead *ahead, uintptr_t place);

#endif
