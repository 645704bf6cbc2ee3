/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_WRITER_THREAD_H
#define DAEMON_WRITER_THREAD_H

#include "daemon/admit.h"
#include "daemon/writer.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * The writer's inside: what its two parts share.  daemon/writer is the thread
 * and what the reactor calls; writer_group takes one group of requests from
 * the queue to its outcomes.  Nobody else includes this.
 */

struct writer {
    struct log *log;
    struct views *views;
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    /* under the lock */
    struct append_queue submitted, done;
    uint64_t wanted;     /* views position that a query waits for */
    uint32_t checkpoint; /* a partnership that would gain from one, or 0 */
    bool stopping;
    _Atomic size_t queue_size;
    _Atomic int state;
    /* the thread's own */
    struct admit admit;
    struct recent recent;
    int64_t last_recorded_ms;
    uint64_t damaged; /* under the lock: a position to be noted, or 0 */
    uint64_t checkpoint_retry_us;
    _Atomic bool stalled;    /* the views had no room the last time */
    uint64_t views_retry_us; /* no room for the views: not before then */
    /* counters, see struct writer_stats */
    _Atomic uint64_t groups, appended, duplicates, refused, last_flush_us;
    _Atomic int64_t last_commit_ms;
};

/* Tell the reactor that there is news. */
void writer_wake_reactor(struct writer *writer);
void writer_set_state(struct writer *writer, enum writer_state state);

/* Events that are durable and not in the views. */
uint64_t writer_views_lag(const struct writer *writer);

/* One group: take what is waiting, check it, make it durable, hand it back. */
void writer_group(struct writer *writer);

#endif
