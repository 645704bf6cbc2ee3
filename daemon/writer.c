/* SPDX-License-Identifier: MIT */
#include "daemon/writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/admit.h"

/* What one flush makes durable: enough that its cost is shared, little enough
 * that nobody waits long for it. */
#define WRITER_GROUP_SIZE_MAX ((size_t)8 << 20)

/* Events applied to the views in one transaction, so that LMDB's list of
 * dirty pages does not spill and a request to append waits no longer. */
#define WRITER_APPLY_MAX ((size_t)1024)

/* How soon to try again when the views have no room. */
#define WRITER_RETRY_US ((uint64_t)500000)

struct queue {
    struct append_request *first, **end;
};

struct writer {
    struct log *log;
    struct views *views;
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    /* under the lock */
    struct queue submitted, done;
    uint64_t wanted;     /* views position that a query waits for */
    uint32_t checkpoint; /* a partnership that would gain from one, or 0 */
    bool stopping;
    _Atomic size_t queue_size;
    _Atomic int state;
    /* the thread's own */
    struct admit admit;
    struct recent recent;
    int64_t last_recorded_ms;
    uint64_t views_retry_us; /* no room for the views: not before then */
    /* counters, see struct writer_stats */
    _Atomic uint64_t groups, appended, duplicates, refused, last_flush_us;
    _Atomic int64_t last_commit_ms;
};

static void
queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void
queue_push(struct queue *queue, struct append_request *request)
{
    request->next = NULL;
    *queue->end = request;
    queue->end = &request->next;
}

static struct append_request *
queue_pop(struct queue *queue)
{
    struct append_request *request = queue->first;
    queue->first = request->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return request;
}

static int64_t
clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t
monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
wake_reactor(struct writer *writer)
{
    uint64_t one = 1;
    ssize_t written = write(writer->fd, &one, sizeof one);
    (void)written; /* a full counter wakes as well */
}

static void
set_state(struct writer *writer, enum writer_state state)
{
    atomic_store(&writer->state, (int)state);
    wake_reactor(writer);
}

/* --- views ---------------------------------------------------------------*/

static uint64_t
views_lag(const struct writer *writer)
{
    return log_tip(writer->log) - views_position(writer->views);
}

/* What the views do not hold, the writer has to hold in memory. */
static bool
views_too_far(const struct writer *writer)
{
    return views_lag(writer) > 2 * WRITER_LAG_MAX;
}

static void
ready_when_caught_up(struct writer *writer)
{
    if (writer_state(writer) == WRITER_STARTING && views_lag(writer) == 0)
        set_state(writer, WRITER_READY);
}

/* One transaction's worth. */
static void
apply_some(struct writer *writer)
{
    size_t applied;
    enum views_result result = views_apply(writer->views, writer->admit.log,
                                           WRITER_APPLY_MAX, &applied);
    if (result == VIEWS_FULL) {
        if (writer->views_retry_us == 0)
            diag(DIAG_WARNING, "views.mdb: no room; queries wait for it");
        writer->views_retry_us = monotonic_us() + WRITER_RETRY_US;
        return;
    }
    writer->views_retry_us = 0;
    if (result != VIEWS_OK) {
        diag(DIAG_ERROR, "views.mdb cannot be used; the next start rebuilds");
        set_state(writer, WRITER_FAILED);
        return;
    }
    recent_forget_upto(&writer->recent, views_position(writer->views));
    ready_when_caught_up(writer);
    wake_reactor(writer);
}

/* --- one group -----------------------------------------------------------*/

/* Take from the queue what one flush shall carry. */
static struct append_request *
take_group(struct writer *writer)
{
    struct queue group;
    size_t size = 0;
    queue_init(&group);
    pthread_mutex_lock(&writer->lock);
    while (writer->submitted.first != NULL && size < WRITER_GROUP_SIZE_MAX) {
        struct append_request *request = queue_pop(&writer->submitted);
        size += request->message_size;
        queue_push(&group, request);
    }
    pthread_mutex_unlock(&writer->lock);
    return group.first;
}

static void
refuse_group(struct append_request *group, enum model_error code,
             const char *message)
{
    for (; group != NULL; group = group->next)
        if (!group->refused)
            append_refuse(group, code, "%s", message);
}

static bool
begin_reading(struct admit *admit)
{
    if (log_read_begin(admit->log) != LOG_OK)
        return false;
    if (views_read_begin(admit->views) == VIEWS_OK)
        return true;
    log_read_end(admit->log);
    return false;
}

/* Recorded times never decrease, whatever the clock does. */
static int64_t
recorded_now(struct writer *writer)
{
    int64_t now = clock_ms(CLOCK_REALTIME);
    if (now > writer->last_recorded_ms)
        writer->last_recorded_ms = now;
    return writer->last_recorded_ms;
}

static void
admit_group(struct writer *writer, struct append_request *group)
{
    struct admit *admit = &writer->admit;
    admit_begin(admit, log_tip(writer->log), recorded_now(writer));
    if (!begin_reading(admit)) {
        refuse_group(group, MODEL_UNAVAILABLE,
                     "the data cannot be read; nothing was stored");
        return;
    }
    for (; group != NULL; group = group->next)
        admit_request(admit, group);
    views_read_end(admit->views);
    log_read_end(admit->log);
}

static enum log_result
flush_group(struct writer *writer)
{
    struct admit *admit = &writer->admit;
    if (admit->count == 0)
        return LOG_OK;
    struct span *spans = admit_spans(admit);
    if (spans == NULL)
        return LOG_FULL;
    uint64_t start_us = monotonic_us();
    enum log_result result = log_append(writer->log, spans, admit->count);
    atomic_store(&writer->last_flush_us, monotonic_us() - start_us);
    free(spans);
    if (result == LOG_OK) {
        atomic_fetch_add(&writer->groups, 1);
        atomic_fetch_add(&writer->appended, admit->count);
        atomic_store(&writer->last_commit_ms, clock_ms(CLOCK_REALTIME));
    }
    return result;
}

/* Nothing of the group is acknowledged; what depended on it neither. */
static void
flush_failed(struct writer *writer, struct append_request *group,
             enum log_result result)
{
    if (result == LOG_FULL) {
        recent_forget_above(&writer->recent, log_tip(writer->log));
        refuse_group(group, MODEL_STORAGE_FULL,
                     "no room for the events; nothing was stored; make room "
                     "and send them again");
        return;
    }
    refuse_group(group, MODEL_INDETERMINATE,
                 "the disk failed while the events were written: they may be "
                 "stored or not; send the same ids again");
    set_state(writer, WRITER_FAILED);
}

static void
count_outcomes(struct writer *writer, const struct append_request *group)
{
    for (; group != NULL; group = group->next) {
        if (group->refused) {
            atomic_fetch_add(&writer->refused, 1);
            continue;
        }
        uint64_t duplicates = 0;
        for (size_t i = 0; i < group->event_count; i++)
            duplicates += group->events[i].duplicate;
        atomic_fetch_add(&writer->duplicates, duplicates);
    }
}

static void
hand_back(struct writer *writer, struct append_request *group)
{
    count_outcomes(writer, group);
    pthread_mutex_lock(&writer->lock);
    while (group != NULL) {
        struct append_request *next = group->next;
        atomic_fetch_sub(&writer->queue_size, group->message_size);
        queue_push(&writer->done, group);
        group = next;
    }
    pthread_mutex_unlock(&writer->lock);
    wake_reactor(writer);
}

static void
write_group(struct writer *writer, struct append_request *group)
{
    if (writer_state(writer) == WRITER_FAILED) {
        refuse_group(group, MODEL_UNAVAILABLE,
                     "the disk failed; the daemon is ending");
    } else if (views_too_far(writer)) {
        refuse_group(group, MODEL_STORAGE_FULL,
                     "no room for the indexes; nothing was stored; make room "
                     "and send the events again");
    } else {
        admit_group(writer, group);
        enum log_result result = flush_group(writer);
        if (result != LOG_OK)
            flush_failed(writer, group, result);
    }
    hand_back(writer, group);
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
    if (result != VIEWS_OK && result != VIEWS_ABSENT)
        writer->views_retry_us = monotonic_us() + WRITER_RETRY_US;
}

/* --- the thread ----------------------------------------------------------*/

enum task { TASK_WRITE, TASK_APPLY, TASK_CHECKPOINT, TASK_STOP, TASK_WAIT };

static void
wait_for_news(struct writer *writer)
{
    uint64_t retry_us = writer->views_retry_us;
    if (retry_us <= monotonic_us()) {
        pthread_cond_wait(&writer->news, &writer->lock);
        return;
    }
    struct timespec until = {
        .tv_sec = (time_t)(retry_us / 1000000),
        .tv_nsec = (long)(retry_us % 1000000) * 1000,
    };
    pthread_cond_timedwait(&writer->news, &writer->lock, &until);
}

static bool
can_checkpoint(const struct writer *writer)
{
    return writer_state(writer) == WRITER_READY &&
           monotonic_us() >= writer->views_retry_us &&
           (writer->checkpoint != 0 || views_needs_checkpoint(writer->views));
}

/* Appends first, unless somebody waits for the views or too much does. */
static enum task
choose_task(struct writer *writer)
{
    enum writer_state state = writer_state(writer);
    uint64_t lag = views_lag(writer);
    bool waiting = writer->submitted.first != NULL;
    bool can_apply = lag > 0 && state != WRITER_FAILED &&
                     monotonic_us() >= writer->views_retry_us;
    bool urgent =
        writer->wanted > views_position(writer->views) || lag > WRITER_LAG_MAX;
    if (waiting && !(can_apply && urgent))
        return TASK_WRITE;
    if (writer->stopping && state == WRITER_STARTING)
        return TASK_STOP; /* the next start goes on with the rebuild */
    if (can_apply)
        return TASK_APPLY;
    if (writer->stopping)
        return TASK_STOP;
    return can_checkpoint(writer) ? TASK_CHECKPOINT : TASK_WAIT;
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
    if (views_lag(writer) > WRITER_LAG_MAX)
        diag(DIAG_NOTICE, "rebuilding the views of %llu events",
             (unsigned long long)views_lag(writer));
    ready_when_caught_up(writer);
    for (;;) {
        switch (next_task(writer)) {
        case TASK_WRITE:
            write_group(writer, take_group(writer));
            break;
        case TASK_APPLY:
            apply_some(writer);
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

/* --- life ----------------------------------------------------------------*/

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

struct writer *
writer_new(struct log *log, struct views *views)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    writer->log = log;
    writer->views = views;
    init_locks(writer);
    queue_init(&writer->submitted);
    queue_init(&writer->done);
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
    if (pthread_create(&writer->thread, NULL, writer_main, writer) != 0) {
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
    queue_push(&writer->submitted, request);
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
    queue_init(&writer->done);
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
