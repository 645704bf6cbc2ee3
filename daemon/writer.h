/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_WRITER_H
#define DAEMON_WRITER_H

#include "daemon/append.h"
#include "daemon/log.h"
#include "daemon/pulse.h"
#include "daemon/views.h"

/*
 * The threads that write: the writer what is appended, the applier the views.
 *
 * The writer takes everything that is waiting as one group, checks each
 * request, makes the accepted ones durable together and hands all outcomes
 * back.  The applier brings the views behind it up to date: at once when a
 * query waits for them, else in batches, and soon after the last event.
 * Requests go in by a queue, outcomes come out by another; a byte on an eventfd
 * wakes the reactor.  What a client sends that is alone the reactor writes
 * itself (writer_commit): who has the turn does the writer's work.
 *
 * All functions are for the reactor's thread but where it is said otherwise.
 */

/* Events that may wait for the views: what is not applied is in memory, and a
 * query waits for it.  Over that an import runs at the speed of the views. */
#define WRITER_LAG_MAX ((uint64_t)65536)

/* So many missing at a start are applied before anybody is served. */
#define WRITER_CATCH_UP_MAX ((uint64_t)65536)

/* Of a request that is kept.  What is larger takes longer than the change of
 * threads that it would save. */
#define WRITER_KEPT_SIZE_MAX ((size_t)16 << 10)

/* Bytes of requests that may wait for the writer; over that the reactor reads
 * from no client.  Four of the largest messages. */
#define WRITER_QUEUE_SIZE_MAX ((size_t)64 << 20)

enum writer_state {
    WRITER_STARTING,   /* ids are not known yet: appends must wait */
    WRITER_REBUILDING, /* appends go on, the views are being made anew */
    WRITER_READY,
    WRITER_FAILED, /* the disk failed: the daemon has to end */
};

struct writer;

/* Start the threads. NULL without memory or threads. */
struct writer *writer_new(struct log *log, struct views *views);

/* Finish what was submitted, apply what is durable, end the threads.  Nothing
 * may be submitted any more; the last outcomes wait in writer_outcomes. */
void writer_stop(struct writer *writer);

/* After writer_stop. */
void writer_free(struct writer *writer);

/* Readable when there is news: outcomes, views, a state. */
int writer_fd(const struct writer *writer);

/* Beat with each task that the threads take up. Any thread. */
const struct pulse *writer_pulse(const struct writer *writer);
const struct pulse *writer_applier_pulse(const struct writer *writer);

enum writer_state writer_state(const struct writer *writer);

/* Questions that need views have to be asked again later. */
bool writer_is_rebuilding(const struct writer *writer);

/* Have the views made anew beside the old ones, which go on answering; joins a
 * rebuilding that is going on. */
void writer_rebuild(struct writer *writer);

/*
 * Hand a request over.  `keep`: where nothing else waits to be written, it may
 * be kept for the reactor to commit it after this turn of its loop, which saves
 * two changes of threads.  The next one that is handed over ends that.
 */
void writer_submit(struct writer *writer, struct append_request *request,
                   bool keep);

/* After each turn: what was kept, for one of the next two; or NULL. */
struct append_request *writer_kept(struct writer *writer);

/* Put what was kept into the writer's queue. */
void writer_enqueue(struct writer *writer, struct append_request *request);

/* Do the writer's work with what was kept, and wait for the disk as the writer
 * does; the outcome is in writer_outcomes, and nobody is woken.  If it is the
 * writer's turn it goes into the queue instead.  Any thread. */
void writer_commit(struct writer *writer, struct append_request *request);

/* Tell the reactor that there is news.  Any thread. */
void writer_wake_reactor(struct writer *writer);

/* True while the queue holds more than it should. */
bool writer_is_full(const struct writer *writer);

/* Take all outcomes, oldest first, linked by `next`; empties the fd. */
struct append_request *writer_outcomes(struct writer *writer);

/* The views have no room to go on, or cannot be used: what waits for them
 * should not wait. */
bool writer_is_stalled(const struct writer *writer);

/* A reader found the views unusable: they will not be believed again, and the
 * daemon has to end. */
void writer_distrust_views(struct writer *writer);

/* A damaged event was read: its partnership has no state from now on. */
void writer_note_damage(struct writer *writer, uint64_t seq);

/* Ask for the views to reach a position soon. */
void writer_want_views(struct writer *writer, uint64_t position);

/* A position at or behind the newest event of a partnership; any thread. */
uint64_t writer_latest(const struct writer *writer, struct span partnership);

/* Folding a partnership took long: have checkpoints made. */
void writer_want_checkpoint(struct writer *writer, uint32_t partnership);

/* Counters for `stats`; any thread. */
struct writer_stats {
    uint64_t groups;        /* flushes */
    uint64_t appended;      /* events stored */
    uint64_t duplicates;    /* events that were there already */
    uint64_t refused;       /* requests */
    uint64_t queue_size;    /* bytes waiting */
    uint64_t last_flush_us; /* how long the last commit took */
    int64_t last_commit_ms; /* when, since 1970; 0 for never */
    bool rebuilding;        /* views, at the start or beside the old ones */
    uint64_t rebuilds;      /* that were finished */
};

struct writer_stats writer_stats(const struct writer *writer);

#endif
