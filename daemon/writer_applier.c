/* SPDX-License-Identifier: MIT */
#include "daemon/writer_thread.h"

#include "daemon/clock.h"

/* How long events may wait for the views when nobody asks for them: a
 * conversation costs a transaction a second and not one an event. */
#define APPLIER_DELAY_US ((uint64_t)1000000)

/* So many that wait are applied at once: enough that each block of an index is
 * written once for many of them, and few enough that who asks in the end waits
 * some tens of milliseconds. */
#define APPLIER_BATCH ((uint64_t)16384)

enum task {
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

/* The earlier of two times, of which 0 is none. */
static uint64_t
earlier(uint64_t a_us, uint64_t b_us)
{
    if (a_us == 0 || b_us == 0)
        return a_us + b_us;
    return a_us < b_us ? a_us : b_us;
}

/* When what waits is to be applied; 0 for never. */
static uint64_t
due_us(const struct writer *writer)
{
    return writer->behind_us == 0 ? 0 : writer->behind_us + APPLIER_DELAY_US;
}

static void
wait_for_news(struct writer *writer)
{
    uint64_t views_us =
        writer->views_retry_us != 0 ? writer->views_retry_us : due_us(writer);
    uint64_t until_us = earlier(views_us, writer->checkpoint_retry_us);
    pulse_rest(&writer->applier_pulse);
    if (until_us == 0) {
        pthread_cond_wait(&writer->applier_news, &writer->lock);
        return;
    }
    clock_cond_wait(&writer->applier_news, &writer->lock, until_us);
}

/* Is it time for what waits to be applied? */
static bool
is_due(const struct writer *writer, uint64_t lag, uint64_t now_us)
{
    return writer->wanted > views_position(writer->views) ||
           lag >= APPLIER_BATCH || writer->applier_stopping ||
           writer_state(writer) != WRITER_READY || now_us >= due_us(writer);
}

/* What there is to do when nothing is to be applied. */
static enum task
choose_quiet_task(struct writer *writer, uint64_t now_us)
{
    bool ready = writer_state(writer) == WRITER_READY;
    bool caught_up = writer_views_lag(writer) == 0;
    if (writer->damaged != 0 && ready && caught_up)
        return TASK_DAMAGE;
    if (writer->applier_stopping)
        return TASK_STOP;
    bool checkpoints = ready && (writer->checkpoint != 0 ||
                                 views_needs_checkpoint(writer->views));
    if (!checkpoints)
        writer->checkpoint_retry_us = 0;
    return checkpoints && now_us >= writer->checkpoint_retry_us
               ? TASK_CHECKPOINT
               : TASK_WAIT;
}

static enum task
choose_task(struct writer *writer)
{
    enum writer_state state = writer_state(writer);
    uint64_t lag = writer_views_lag(writer), now_us = clock_us();
    bool usable = lag > 0 && state != WRITER_FAILED;
    enum task rebuild = choose_rebuild_task(writer);
    if (!usable)
        writer->views_retry_us = writer->behind_us = 0;
    if (rebuild != TASK_WAIT)
        return rebuild;
    if (writer->applier_stopping &&
        (state == WRITER_STARTING || state == WRITER_REBUILDING))
        return TASK_STOP; /* the next start goes on with the rebuild */
    if (usable && now_us >= writer->views_retry_us &&
        is_due(writer, lag, now_us))
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
    pulse_beat(&writer->applier_pulse, clock_us());
    return task;
}

static void
do_task(struct writer *writer, enum task task)
{
    switch (task) {
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

void
writer_applier_told(struct writer *writer)
{
    uint64_t lag = writer_views_lag(writer), now_us = clock_us();
    bool first = lag > 0 && writer->behind_us == 0;
    if (first)
        writer->behind_us = now_us;
    if (first || (lag > 0 && is_due(writer, lag, now_us)))
        pthread_cond_signal(&writer->applier_news);
}

void *
writer_applier_main(void *context)
{
    struct writer *writer = context;
    enum task task;
    if (writer_views_lag(writer) > WRITER_CATCH_UP_MAX) {
        writer->tenths = 1;
        diag_of(DIAG_VIEWS_REBUILDING, "rebuilding the views of %llu events",
                (unsigned long long)writer_views_lag(writer));
    }
    writer_advance_state(writer);
    while ((task = next_task(writer)) != TASK_STOP)
        do_task(writer, task);
    rebuild_abandon(writer->rebuild);
    pulse_rest(&writer->applier_pulse);
    return NULL;
}
