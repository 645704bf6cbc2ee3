/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_WRITER_THREAD_H
#define DAEMON_WRITER_THREAD_H

#include "daemon/admit.h"
#include "daemon/gather.h"
#include "daemon/latest.h"
#include "daemon/rebuild.h"
#include "daemon/writer.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * The writer's inside: what its parts share.  daemon/writer is its thread and
 * what the reactor calls; writer_group takes one group of requests from the
 * queue to its outcomes, writer_consumers what it changes of consumers.
 * writer_applier is the applier's thread, writer_views what it does.  Nobody
 * else includes this.
 */

struct writer {
    struct log *log;
    struct views *views;
    int fd;
    pthread_t thread, applier;
    pthread_mutex_t lock;
    pthread_cond_t news, applier_news;
    /* under the lock */
    struct append_queue submitted, done;
    struct gather gather;
    size_t enough;       /* waiting requests to wake the writer for */
    uint64_t wanted;     /* views position that a query waits for */
    uint64_t behind_us;  /* since when the views are; 0: they are not */
    uint64_t damaged;    /* a position to be noted, or 0 */
    uint32_t checkpoint; /* a partnership that would gain from one, or 0 */
    bool stopping, applier_stopping;
    bool rebuild_wanted;
    _Atomic size_t queue_size;
    _Atomic int state;
    struct pulse pulse, applier_pulse;
    struct append_request *kept; /* the reactor's: for writer_commit */
    /* of whoever has the turn: the writer, or the reactor that commits */
    pthread_mutex_t turn;
    struct admit admit;
    struct recent recent;
    struct latest latest; /* any thread reads it */
    int64_t last_recorded_ms;
    /* the applier's own */
    struct log_reader *applier_log;
    uint64_t checkpoint_retry_us;
    _Atomic bool stalled;    /* the views had no room the last time */
    uint64_t views_retry_us; /* no room for the views: not before then */
    unsigned tenths;         /* of a rebuilding that were told of */
    struct rebuild *rebuild; /* beside, or NULL */
    _Atomic bool rebuilding;
    _Atomic uint64_t rebuilds;
    /* counters, see struct writer_stats */
    _Atomic uint64_t groups, appended, duplicates, refused, last_flush_us;
    _Atomic int64_t last_commit_ms;
};

void writer_set_state(struct writer *writer, enum writer_state state);

/* Events that are durable and not in the views; and of which not even the ids
 * are there, so that they are in memory. */
uint64_t writer_views_lag(const struct writer *writer);
uint64_t writer_ids_lag(const struct writer *writer);

/* --- writer_applier -------------------------------------------------------*/

void *writer_applier_main(void *context);

/* Events were stored: called with the lock held. */
void writer_applier_told(struct writer *writer);

/* --- writer_views ---------------------------------------------------------*/

/* Apply one transaction's worth. */
void writer_apply_some(struct writer *writer);

/* From nothing to ids to all views, as far as they are applied. */
void writer_advance_state(struct writer *writer);

void writer_make_checkpoint(struct writer *writer);

/* Note the damage that the reactor found. */
void writer_apply_damage(struct writer *writer);

void writer_begin_rebuild(struct writer *writer);
void writer_end_rebuild(struct writer *writer);

/* --- writer_group ---------------------------------------------------------*/

/* One group: take what is waiting, check it, make it durable, hand it back. */
void writer_group(struct writer *writer);

/* The same for a group that is in no queue, with the turn taken and without a
 * word to the reactor. */
void writer_group_of(struct writer *writer, struct append_request *group);

/* What is not applied is in memory: beyond that nobody appends until the views
 * are nearer, unless they have no room. */
bool writer_must_wait_for_views(const struct writer *writer);

/* --- writer_consumers -----------------------------------------------------*/

/* What a group changes of consumers, each named once: the last change counts.
 * To be freed; NULL where there is none, or no memory: then `*count` is not
 * 0. */
struct log_consumer *writer_consumers(const struct append_request *group,
                                      size_t *count);

#endif
