/* SPDX-License-Identifier: MIT */
#include "daemon/writer.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/writer_thread.h"

/* So few events are applied before the next flush is begun, so that a question
 * need not wait for a slow disk. */
#define WRITER_CONVERSATION ((uint64_t)64)

uint64_t
writer_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void
writer_wake_reactor(struct writer *writer)
{
    uint64_t one = 1;
    ssize_t written = write(writer->fd, &one, sizeof one);
    (void)written; /* a full counter wakes as well */
}

void
writer_set_state(struct writer *writer, enum writer_state state)
{
    atomic_store(&writer->state, (int)state);
    writer_wake_reactor(writer);
}

/* --- the thread -----------------------------------------------------------*/

enum task {
    TASK_WRITE,
    TASK_APPLY,
    TASK_DAMAGE,
    TASK_CHECKPOINT,
    TASK_BEGIN_REBUILD,
    TASK_END_REBUILD,
    TASK_STOP,
    TASK_WAIT
};

/* Neither takes long, and neither may wait until there are no appends. */
static enum task
choose_rebuild_task(const struct writer *writer)
{
    if (writer_state(writer) != WRITER_READY)
        return TASK_WAIT;
    if (writer->rebuild == NULL)
        return writer->rebuild_wanted ? TASK_BEGIN_REBUILD : TASK_WAIT;
    return rebuild_state(writer->rebuild) == REBUILD_RUNNING ? TASK_WAIT
                                                             : TASK_END_REBUILD;
}

/* When something is worth another try: 0 for when there is news. */
static uint64_t
next_try_us(const struct writer *writer)
{
    uint64_t views_us = writer->views_retry_us;
    uint64_t checkpoint_us = writer->checkpoint_retry_us;
    if (views_us == 0 || checkpoint_us == 0)
        return views_us + checkpoint_us;
    return views_us < checkpoint_us ? views_us : checkpoint_us;
}

static void
wait_for_news(struct writer *writer)
{
    uint64_t until_us = next_try_us(writer);
    pulse_rest(&writer->pulse);
    if (until_us == 0) {
        pthread_cond_wait(&writer->news, &writer->lock);
        return;
    }
    struct timespec until = {
        .tv_sec = (time_t)(until_us / 1000000),
        .tv_nsec = (long)(until_us % 1000000) * 1000,
    };
    pthread_cond_timedwait(&writer->news, &writer->lock, &until);
}

/* Have the views to go before the next append?  Where they are far behind, by
 * turns. */
static bool
views_are_urgent(const struct writer *writer, uint64_t lag)
{
    if (writer_state(writer) == WRITER_REBUILDING)
        return !writer->applied_last;
    return writer->wanted > views_position(writer->views) ||
           lag > WRITER_LAG_MAX || lag <= WRITER_CONVERSATION;
}

/* What there is to do when nothing is to be stored or applied. */
static enum task
choose_quiet_task(struct writer *writer, uint64_t now_us)
{
    bool ready = writer_state(writer) == WRITER_READY;
    bool caught_up = writer_views_lag(writer) == 0;
    if (writer->damaged != 0 && ready && caught_up)
        return TASK_DAMAGE;
    if (writer->stopping)
        return TASK_STOP;
    bool checkpoints = ready && (writer->checkpoint != 0 ||
                                 views_needs_checkpoint(writer->views));
    if (!checkpoints)
        writer->checkpoint_retry_us = 0;
    return checkpoints && now_us >= writer->checkpoint_retry_us
               ? TASK_CHECKPOINT
               : TASK_WAIT;
}

/* Appends first, unless somebody waits for the views or too much does. */
static enum task
choose_task(struct writer *writer)
{
    enum writer_state state = writer_state(writer);
    uint64_t lag = writer_views_lag(writer), now_us = writer_clock_us();
    bool usable = state != WRITER_FAILED;
    bool waiting = writer->submitted.first != NULL;
    bool can_apply = lag > 0 && usable && now_us >= writer->views_retry_us;
    enum task rebuild = choose_rebuild_task(writer);
    if (lag == 0 || !usable)
        writer->views_retry_us = 0;
    if (rebuild != TASK_WAIT)
        return rebuild;
    if (waiting && !(can_apply && views_are_urgent(writer, lag)))
        return TASK_WRITE;
    if (writer->stopping &&
        (state == WRITER_STARTING || state == WRITER_REBUILDING))
        return TASK_STOP; /* the next start goes on with the rebuild */
    if (can_apply)
        return TASK_APPLY;
    return choose_quiet_task(writer, now_us);
}

static enum task
next_task(struct writer *writer)
{
    enum task task;
    pthread_mutex_lock(&writer->lock);
    while ((task = choose_task(writer)) == TASK_WAIT)
        wait_for_news(writer);
    pthread_mutex_unlock(&writer->lock);
    pulse_beat(&writer->pulse, writer_clock_us());
    return task;
}

static void
do_task(struct writer *writer, enum task task)
{
    writer->applied_last = false;
    switch (task) {
    case TASK_WRITE:
        writer_group(writer);
        break;
    case TASK_APPLY:
        writer_apply_some(writer);
        break;
    case TASK_DAMAGE:
        writer_apply_damage(writer);
        break;
    case TASK_CHECKPOINT:
        writer_make_checkpoint(writer);
        break;
    case TASK_BEGIN_REBUILD:
        writer_begin_rebuild(writer);
        break;
    case TASK_END_REBUILD:
        writer_end_rebuild(writer);
        break;
    case TASK_STOP:
    case TASK_WAIT:
        break;
    }
}

static void *
writer_main(void *context)
{
    struct writer *writer = context;
    enum task task;
    recent_init(&writer->recent, log_tip(writer->log) + 1);
    if (writer_views_lag(writer) > WRITER_LAG_MAX) {
        writer->tenths = 1;
        diag_of(DIAG_VIEWS_REBUILDING, "rebuilding the views of %llu events",
                (unsigned long long)writer_views_lag(writer));
    }
    writer_advance_state(writer);
    while ((task = next_task(writer)) != TASK_STOP)
        do_task(writer, task);
    rebuild_abandon(writer->rebuild);
    pulse_rest(&writer->pulse);
    return NULL;
}

/* --- life -----------------------------------------------------------------*/

/* The clock may have stepped back while nobody ran. */
static int64_t
last_recorded(struct writer *writer)
{
    struct span bytes;
    struct event event;
    int64_t recorded_ms = 0;
    if (log_read_begin(writer->admit.log) != LOG_OK)
        return 0;
    for (uint64_t seq = log_tip(writer->log); seq > 0; seq--) {
        if (log_read(writer->admit.log, seq, &bytes) == LOG_OK &&
            event_read(bytes, &event)) {
            recorded_ms = event.recorded_ms;
            break;
        }
    }
    log_read_end(writer->admit.log);
    return recorded_ms;
}

static void
release(struct writer *writer)
{
    admit_deinit(&writer->admit);
    log_reader_free(writer->admit.log);
    views_reader_free(writer->admit.views);
    recent_deinit(&writer->recent);
    pthread_cond_destroy(&writer->news);
    pthread_mutex_destroy(&writer->lock);
    if (writer->fd >= 0)
        close(writer->fd);
    free(writer);
}

static void
init_locks(struct writer *writer)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->news, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Signals are the reactor's; SIGBUS comes to whoever causes it. */
static bool
start_thread(struct writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&writer->thread, NULL, writer_main, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

struct writer *
writer_new(struct log *log, struct views *views)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    writer->log = log;
    writer->views = views;
    init_locks(writer);
    append_queue_init(&writer->submitted);
    append_queue_init(&writer->done);
    writer->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    writer->admit.log = log_reader_new(log);
    writer->admit.views = views_reader_new(views);
    writer->admit.recent = &writer->recent;
    if (writer->fd < 0 || writer->admit.log == NULL ||
        writer->admit.views == NULL) {
        release(writer);
        return NULL;
    }
    writer->last_recorded_ms = last_recorded(writer);
    if (!start_thread(writer)) {
        release(writer);
        return NULL;
    }
    return writer;
}

void
writer_stop(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
}

void
writer_free(struct writer *writer)
{
    if (writer != NULL)
        release(writer);
}

int
writer_fd(const struct writer *writer)
{
    return writer->fd;
}

const struct pulse *
writer_pulse(const struct writer *writer)
{
    return &writer->pulse;
}

enum writer_state
writer_state(const struct writer *writer)
{
    return (enum writer_state)atomic_load(&writer->state);
}

bool
writer_is_rebuilding(const struct writer *writer)
{
    enum writer_state state = writer_state(writer);
    return state == WRITER_STARTING || state == WRITER_REBUILDING;
}

void
writer_rebuild(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    if (!writer_is_rebuilding(writer) && !atomic_load(&writer->rebuilding)) {
        writer->rebuild_wanted = true;
        atomic_store(&writer->rebuilding, true);
    }
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->lock);
}

void
writer_submit(struct writer *writer, struct append_request *request)
{
    atomic_fetch_add(&writer->queue_size, request->message_size);
    pthread_mutex_lock(&writer->lock);
    append_queue_push(&writer->submitted, request);
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->lock);
}

bool
writer_is_full(const struct writer *writer)
{
    return atomic_load(&writer->queue_size) > WRITER_QUEUE_SIZE_MAX;
}

struct append_request *
writer_outcomes(struct writer *writer)
{
    uint64_t count;
    ssize_t taken = read(writer->fd, &count, sizeof count);
    (void)taken; /* nothing to read is fine */
    pthread_mutex_lock(&writer->lock);
    struct append_request *first = writer->done.first;
    append_queue_init(&writer->done);
    pthread_mutex_unlock(&writer->lock);
    return first;
}

void
writer_want_views(struct writer *writer, uint64_t position)
{
    pthread_mutex_lock(&writer->lock);
    if (position > writer->wanted) {
        writer->wanted = position;
        pthread_cond_signal(&writer->news);
    }
    pthread_mutex_unlock(&writer->lock);
}

void
writer_want_checkpoint(struct writer *writer, uint32_t partnership)
{
    pthread_mutex_lock(&writer->lock);
    writer->checkpoint = partnership;
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->lock);
}

bool
writer_is_stalled(const struct writer *writer)
{
    return atomic_load(&writer->stalled);
}

void
writer_note_damage(struct writer *writer, uint64_t seq)
{
    pthread_mutex_lock(&writer->lock);
    writer->damaged = seq;
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->lock);
}

struct writer_stats
writer_stats(const struct writer *writer)
{
    return (struct writer_stats){
        .groups = atomic_load(&writer->groups),
        .appended = atomic_load(&writer->appended),
        .duplicates = atomic_load(&writer->duplicates),
        .refused = atomic_load(&writer->refused),
        .queue_size = atomic_load(&writer->queue_size),
        .last_flush_us = atomic_load(&writer->last_flush_us),
        .last_commit_ms = atomic_load(&writer->last_commit_ms),
        .rebuilding =
            writer_is_rebuilding(writer) || atomic_load(&writer->rebuilding),
        .rebuilds = atomic_load(&writer->rebuilds),
    };
}
