/* SPDX-License-Identifier: MIT */
#include "daemon/writer.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/writer_thread.h"

/* Events applied to the views in one transaction, so that LMDB's list of
 * dirty pages does not spill and a request to append waits no longer. */
#define WRITER_APPLY_MAX ((size_t)1024)

/* So few events are applied before the next flush is begun, so that a question
 * need not wait for a slow disk. */
#define WRITER_CONVERSATION ((uint64_t)64)

/* How soon to try again when the views have no room. */
#define WRITER_RETRY_US ((uint64_t)500000)

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

/* --- views ----------------------------------------------------------------*/

uint64_t
writer_views_lag(const struct writer *writer)
{
    return log_tip(writer->log) - views_position(writer->views);
}

static void
ready_when_caught_up(struct writer *writer)
{
    if (writer_state(writer) == WRITER_STARTING &&
        writer_views_lag(writer) == 0)
        writer_set_state(writer, WRITER_READY);
}

/* One transaction's worth. */
static void
apply_some(struct writer *writer)
{
    size_t applied;
    enum views_result result = views_apply(writer->views, writer->admit.log,
                                           WRITER_APPLY_MAX, &applied);
    if (result == VIEWS_FULL) {
        if (!atomic_exchange(&writer->stalled, true))
            diag(DIAG_WARNING, "views.mdb: no room; queries are unavailable");
        writer->views_retry_us = writer_clock_us() + WRITER_RETRY_US;
        writer_wake_reactor(writer); /* what waits need not wait any more */
        return;
    }
    writer->views_retry_us = 0;
    if (result != VIEWS_OK) {
        writer_distrust_views(writer);
        return;
    }
    atomic_store(&writer->stalled, false);
    recent_forget_upto(&writer->recent, views_position(writer->views));
    ready_when_caught_up(writer);
    writer_wake_reactor(writer);
}

void
writer_distrust_views(struct writer *writer)
{
    if (writer_state(writer) == WRITER_FAILED)
        return;
    diag(DIAG_ERROR, "views.mdb cannot be used; the next start rebuilds it");
    views_distrust(writer->views);
    atomic_store(&writer->stalled, true);
    writer_set_state(writer, WRITER_FAILED);
}

/* They only save time: what fails is tried again another time. */
static void
make_checkpoint(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    uint32_t partnership = writer->checkpoint;
    writer->checkpoint = 0;
    pthread_mutex_unlock(&writer->lock);
    if (partnership != 0)
        views_want_checkpoint(writer->views, partnership);
    enum views_result result = views_checkpoint(writer->views);
    writer->checkpoint_retry_us = 0;
    if (result == VIEWS_FULL)
        writer->checkpoint_retry_us = writer_clock_us() + WRITER_RETRY_US;
    else if (result == VIEWS_FAILED)
        writer_distrust_views(writer);
}

static void
note_damage(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    uint64_t seq = writer->damaged;
    writer->damaged = 0;
    pthread_mutex_unlock(&writer->lock);
    if (views_note_damage(writer->views, writer->admit.log, seq) ==
        VIEWS_FAILED)
        writer_distrust_views(writer);
}

/* --- the thread -----------------------------------------------------------*/

enum task {
    TASK_WRITE,
    TASK_APPLY,
    TASK_DAMAGE,
    TASK_CHECKPOINT,
    TASK_STOP,
    TASK_WAIT
};

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

/* Forget the tries that nothing is waiting for. */
static void
drop_tries(struct writer *writer, bool lag, bool checkpoints)
{
    if (!lag)
        writer->views_retry_us = 0;
    if (!checkpoints)
        writer->checkpoint_retry_us = 0;
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
    bool checkpoints =
        state == WRITER_READY &&
        (writer->checkpoint != 0 || views_needs_checkpoint(writer->views));
    bool urgent = writer->wanted > views_position(writer->views) ||
                  lag > WRITER_LAG_MAX || lag <= WRITER_CONVERSATION;
    drop_tries(writer, lag > 0 && usable, checkpoints);
    if (waiting && !(can_apply && urgent))
        return TASK_WRITE;
    if (writer->stopping && state == WRITER_STARTING)
        return TASK_STOP; /* the next start goes on with the rebuild */
    if (can_apply)
        return TASK_APPLY;
    if (writer->damaged != 0 && state == WRITER_READY && lag == 0)
        return TASK_DAMAGE;
    if (writer->stopping)
        return TASK_STOP;
    return checkpoints && now_us >= writer->checkpoint_retry_us
               ? TASK_CHECKPOINT
               : TASK_WAIT;
}

static enum task
next_task(struct writer *writer)
{
    enum task task;
    pthread_mutex_lock(&writer->lock);
    while ((task = choose_task(writer)) == TASK_WAIT)
        wait_for_news(writer);
    pthread_mutex_unlock(&writer->lock);
    return task;
}

static void *
writer_main(void *context)
{
    struct writer *writer = context;
    recent_init(&writer->recent, log_tip(writer->log) + 1);
    if (writer_views_lag(writer) > WRITER_LAG_MAX)
        diag(DIAG_NOTICE, "rebuilding the views of %llu events",
             (unsigned long long)writer_views_lag(writer));
    ready_when_caught_up(writer);
    for (;;) {
        switch (next_task(writer)) {
        case TASK_WRITE:
            writer_group(writer);
            break;
        case TASK_APPLY:
            apply_some(writer);
            break;
        case TASK_DAMAGE:
            note_damage(writer);
            break;
        case TASK_CHECKPOINT:
            make_checkpoint(writer);
            break;
        case TASK_STOP:
        case TASK_WAIT:
            return NULL;
        }
    }
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

enum writer_state
writer_state(const struct writer *writer)
{
    return (enum writer_state)atomic_load(&writer->state);
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
    };
}
