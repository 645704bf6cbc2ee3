/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_AHEAD_H
#define DAEMON_LOG_AHEAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The thread that has what will be read of log.mdb in memory before it is read.
 *
 * Who reads events in a row and had to wait for the disk says where it is; the
 * disk is asked for what is ahead of there meanwhile (readahead(2)).  Nobody
 * waits for the thread: what it has not got to is read where it is needed.
 */

/* What is asked for ahead of a reader: some steps, which are what a slow disk
 * reads while the events of one are sent. */
#define LOG_AHEAD_SIZE ((uint64_t)8 << 20)

struct log_ahead {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    pthread_t thread;
    bool started;   /* at the first need; where it cannot be, at each */
    bool stopping;  /* under the lock, as what follows */
    int fd;         /* of log.mdb */
    uint64_t place; /* offset where events are read */
    uint64_t next;  /* not below it: what to ask for next */
};

void log_ahead_init(struct log_ahead *ahead);

/* Before the file is closed. */
void log_ahead_deinit(struct log_ahead *ahead);

/* Any thread: events are read in a row, from this offset on, and not all were
 * in memory.  Beyond the end of the file nothing is done. */
void log_ahead_follow(struct log_ahead *ahead, int fd, uint64_t place);

#endif
