/* SPDX-License-Identifier: MIT */
#include "daemon/writer.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/writer_thread.h"

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

bool
writer_must_wait_for_views(const struct writer *writer)
{
    return writer_ids_lag(writer) > WRITER_LAG_MAX &&
           writer_state(writer) != WRITER_FAILED &&
           !atomic_load(&writer->stalled);
}

/* With the lock held. */
static void
wait_for_others(struct writer *writer)
{
    struct gather *gather = &writer->gather;
    const size_t *waiting = &writer->submitted.count;
    uint64_t until_us = gather_deadline(gather, *waiting);
    if (until_us == 0 || writer->stopping)
        return;
    writer->enough = gather->expected;
    while (*waiting < gather->expected && !writer->stopping &&
           clock_cond_wait(&writer->news, &writer->lock, until_us)) {
    }
    writer->enough = 1;
    gather_waited(gather, *waiting, clock_us());
}

/* False when there will be nothing more. */
static bool
wait_for_requests(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool waiting;
    while (!(waiting = writer->submitted.first != NULL) ||
           writer_must_wait_for_views(writer)) {
        if (!waiting && writer->stopping)
            break;
        pthread_cond_wait(&writer->news, &writer->lock);
    }
    wait_for_others(writer);
    pthread_mutex_unlock(&writer->lock);
    return waiting;
}

static void *
writer_main(void *context)
{
    struct writer *writer = context;
    while (wait_for_requests(writer))
        writer_group(writer);
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

/* Called by a thread of the log. */
static void
log_failed(void *context)
{
    writer_set_state(context, WRITER_FAILED);
}

static void
release(struct writer *writer)
{
    log_on_failure(writer->log, NULL, NULL);
    admit_deinit(&writer->admit);
    log_reader_free(writer->admit.log);
    log_reader_free(writer->applier_log);
    views_reader_free(writer->admit.views);
    recent_deinit(&writer->recent);
    pthread_cond_destroy(&writer->news);
    pthread_cond_destroy(&writer->applier_news);
    pthread_mutex_destroy(&writer->lock);
    pthread_mutex_destroy(&writer->turn);
    if (writer->fd >= 0)
        close(writer->fd);
    free(writer);
}

static void
init_locks(struct writer *writer)
{
    pthread_mutex_init(&writer->lock, NULL);
    pthread_mutex_init(&writer->turn, NULL);
    clock_cond_init(&writer->news);
    clock_cond_init(&writer->applier_news);
}

/* Signals are the reactor's; SIGBUS comes to whoever causes it. */
static bool
start_thread(struct writer *writer, pthread_t *thread, void *(*run)(void *))
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

/* Both, or none. */
static bool
start_threads(struct writer *writer)
{
    if (!start_thread(writer, &writer->thread, writer_main))
        return false;
    if (start_thread(writer, &writer->applier, writer_applier_main))
        return true;
    writer->stopping = true;
    pthread_cond_signal(&writer->news);
    pthread_join(writer->thread, NULL);
    return false;
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
    writer->enough = 1;
    recent_init(&writer->recent, log_tip(log) + 1);
    latest_init(&writer->latest, log_tip(log));
    writer->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    writer->admit.log = log_reader_new(log);
    writer->applier_log = log_reader_new(log);
    writer->admit.views = views_reader_new(views);
    writer->admit.recent = &writer->recent;
    if (writer->fd < 0 || writer->admit.log == NULL ||
        writer->admit.views == NULL || writer->applier_log == NULL) {
        release(writer);
        return NULL;
    }
    writer->last_recorded_ms = last_recorded(writer);
    log_on_failure(log, log_failed, writer);
    if (!start_threads(writer)) {
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
    pthread_mutex_lock(&writer->lock);
    writer->applier_stopping = true;
    pthread_cond_signal(&writer->applier_news);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->applier, NULL);
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
writer_applier_pulse(const struct writer *writer)
{
    return &writer->applier_pulse;
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
    pthread_cond_signal(&writer->applier_news);
    pthread_mutex_unlock(&writer->lock);
}

void
writer_enqueue(struct writer *writer, struct append_request *request)
{
    pthread_mutex_lock(&writer->lock);
    append_queue_push(&writer->submitted, request);
    if (writer->submitted.count >= writer->enough)
        pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->lock);
}

/* One that is alone in a turn of the loop goes the short way. */
void
writer_submit(struct writer *writer, struct append_request *request, bool keep)
{
    struct append_request *kept = writer->kept;
    size_t waiting =
        atomic_fetch_add(&writer->queue_size, request->message_size);
    writer->kept = NULL;
    if (kept != NULL)
        writer_enqueue(writer, kept);
    if (kept == NULL && keep && waiting == 0 &&
        request->message_size <= WRITER_KEPT_SIZE_MAX)
        writer->kept = request;
    else
        writer_enqueue(writer, request);
}

struct append_request *
writer_kept(struct writer *writer)
{
    struct append_request *kept = writer->kept;
    writer->kept = NULL;
    return kept;
}

void
writer_commit(struct writer *writer, struct append_request *request)
{
    if (writer_must_wait_for_views(writer) ||
        pthread_mutex_trylock(&writer->turn) != 0) {
        writer_enqueue(writer, request);
        return;
    }
    writer_group_of(writer, request);
    pthread_mutex_unlock(&writer->turn);
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
        pthread_cond_signal(&writer->applier_news);
    }
    pthread_mutex_unlock(&writer->lock);
}

uint64_t
writer_latest(const struct writer *writer, struct span partnership)
{
    return latest_of(&writer->latest, partnership);
}

void
writer_want_checkpoint(struct writer *writer, uint32_t partnership)
{
    pthread_mutex_lock(&writer->lock);
    writer->checkpoint = partnership;
    pthread_cond_signal(&writer->applier_news);
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
    pthread_cond_signal(&writer->applier_news);
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
