/* SPDX-License-Identifier: MIT */
#include "daemon/writer_thread.h"

#include "daemon/clock.h"

/* What the applier does. */

/* Events applied to the views at once: many, so that each block of an index is
 * written once for many of them, and few enough that a request to append waits
 * some tenths of a second at most. */
#define WRITER_APPLY_MAX ((size_t)32768)

/* How soon to try again when the views have no room. */
#define WRITER_RETRY_US ((uint64_t)500000)

uint64_t
writer_views_lag(const struct writer *writer)
{
    return log_tip(writer->log) - views_position(writer->views);
}

uint64_t
writer_ids_lag(const struct writer *writer)
{
    return log_tip(writer->log) - views_ids_position(writer->views);
}

static void
note_rebuilt(struct writer *writer)
{
    atomic_fetch_add(&writer->rebuilds, 1);
    diag_of(DIAG_VIEWS_REBUILT, "the views are rebuilt");
}

/* From nothing to ids to all. */
void
writer_advance_state(struct writer *writer)
{
    enum writer_state state = writer_state(writer);
    if (state != WRITER_STARTING && state != WRITER_REBUILDING)
        return;
    if (writer_views_lag(writer) == 0) {
        if (writer->tenths > 0)
            note_rebuilt(writer);
        writer->tenths = 0;
        writer_set_state(writer, WRITER_READY);
    } else if (state == WRITER_STARTING && writer_ids_lag(writer) == 0) {
        writer_set_state(writer, WRITER_REBUILDING);
    }
}

static void
tell_progress(struct writer *writer)
{
    uint64_t tip = log_tip(writer->log);
    unsigned tenths =
        (unsigned)(10 * views_position(writer->views) / (tip + (tip == 0)));
    if (writer->tenths == 0 || tenths < writer->tenths || tenths == 10)
        return;
    writer->tenths = tenths + 1;
    diag_of(DIAG_VIEWS_REBUILDING, "rebuilding the views: %u %%", 10 * tenths);
}

/* Ids first where much is missing, since appends wait for them. */
static enum views_result
apply_views(struct writer *writer)
{
    enum writer_state state = writer_state(writer);
    size_t applied;
    bool far = state == WRITER_STARTING &&
               writer_views_lag(writer) > WRITER_CATCH_UP_MAX;
    if (far || (state == WRITER_REBUILDING &&
                writer_ids_lag(writer) > WRITER_APPLY_MAX))
        return views_apply_ids(writer->views, writer->applier_log,
                               WRITER_APPLY_MAX, &applied);
    return views_apply(writer->views, writer->applier_log, WRITER_APPLY_MAX,
                       &applied);
}

/* What the views hold need not be in memory any more. */
static void
let_writer_go_on(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->lock);
}

/* One transaction's worth. */
void
writer_apply_some(struct writer *writer)
{
    enum views_result result = apply_views(writer);
    if (result == VIEWS_FULL) {
        if (!atomic_exchange(&writer->stalled, true))
            diag_of(DIAG_VIEWS_FULL,
                    "views.mdb: no room; queries are unavailable");
        writer->views_retry_us = clock_us() + WRITER_RETRY_US;
        let_writer_go_on(writer);
        writer_wake_reactor(writer); /* what waits need not wait any more */
        return;
    }
    writer->views_retry_us = 0;
    if (result != VIEWS_OK) {
        writer_distrust_views(writer);
        return;
    }
    atomic_store(&writer->stalled, false);
    let_writer_go_on(writer);
    writer_advance_state(writer);
    tell_progress(writer);
    writer_wake_reactor(writer);
}

void
writer_distrust_views(struct writer *writer)
{
    if (writer_state(writer) == WRITER_FAILED)
        return;
    diag_of(DIAG_VIEWS_FAILED,
            "views.mdb cannot be used; the next start rebuilds it");
    views_distrust(writer->views);
    atomic_store(&writer->stalled, true);
    writer_set_state(writer, WRITER_FAILED);
}

/* They only save time: what fails is tried again another time. */
void
writer_make_checkpoint(struct writer *writer)
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
        writer->checkpoint_retry_us = clock_us() + WRITER_RETRY_US;
    else if (result == VIEWS_FAILED)
        writer_distrust_views(writer);
}

void
writer_apply_damage(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    uint64_t seq = writer->damaged;
    writer->damaged = 0;
    pthread_mutex_unlock(&writer->lock);
    if (views_note_damage(writer->views, writer->applier_log, seq) ==
        VIEWS_FAILED)
        writer_distrust_views(writer);
}

/* --- rebuilding beside ----------------------------------------------------*/

static void
wake_applier(void *context)
{
    struct writer *writer = context;
    pthread_mutex_lock(&writer->lock);
    pthread_cond_signal(&writer->applier_news);
    pthread_mutex_unlock(&writer->lock);
}

void
writer_begin_rebuild(struct writer *writer)
{
    struct diag_reason reason = {""};
    pthread_mutex_lock(&writer->lock);
    writer->rebuild_wanted = false;
    pthread_mutex_unlock(&writer->lock);
    writer->rebuild = rebuild_start(writer->views, writer->log, wake_applier,
                                    writer, &reason);
    if (writer->rebuild == NULL)
        diag_of(DIAG_REBUILD_FAILED, "the views cannot be rebuilt: %s",
                reason.text);
    else
        diag_of(DIAG_VIEWS_REBUILDING,
                "rebuilding the views beside the old ones");
    atomic_store(&writer->rebuilding, writer->rebuild != NULL);
}

void
writer_end_rebuild(struct writer *writer)
{
    struct rebuild *rebuild = writer->rebuild;
    writer->rebuild = NULL;
    if (rebuild_state(rebuild) == REBUILD_FAILED) {
        rebuild_abandon(rebuild);
        diag_of(DIAG_REBUILD_FAILED,
                "the views are not rebuilt; the old ones stay");
    } else if (rebuild_finish(rebuild, writer->applier_log) == VIEWS_OK) {
        note_rebuilt(writer);
    } else {
        diag_of(DIAG_REBUILD_FAILED,
                "the views are not rebuilt; the old ones stay");
    }
    atomic_store(&writer->rebuilding, false);
    writer_wake_reactor(writer);
}
