/* SPDX-License-Identifier: MIT */
#include "daemon/writer_thread.h"

#include <stdlib.h>
#include <time.h>

#include "daemon/clock.h"

/* What one flush makes durable: enough that its cost is shared, little enough
 * that nobody waits long for it. */
#define WRITER_GROUP_SIZE_MAX ((size_t)8 << 20)

static int64_t
clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the views do not hold, the writer has to hold in memory. */
static bool
views_too_far(const struct writer *writer)
{
    return writer_ids_lag(writer) > WRITER_LAG_MAX;
}

/* Take from the queue what one flush shall carry. */
static struct append_request *
take_group(struct writer *writer)
{
    struct append_queue group;
    size_t size = 0;
    append_queue_init(&group);
    pthread_mutex_lock(&writer->lock);
    while (writer->submitted.first != NULL && size < WRITER_GROUP_SIZE_MAX) {
        struct append_request *request = append_queue_pop(&writer->submitted);
        size += request->message_size;
        request->invalid = request->refused;
        append_queue_push(&group, request);
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

/* Consumers need nothing but the log. */
static void
refuse_events(struct append_request *group, enum model_error code,
              const char *message)
{
    for (; group != NULL; group = group->next)
        if (!group->refused && group->kind == APPEND_EVENTS)
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
    uint64_t applied = views_ids_position(writer->views);
    admit_begin(admit, log_tip(writer->log), recorded_now(writer));
    if (!begin_reading(admit)) {
        refuse_events(group, MODEL_UNAVAILABLE,
                      "the data cannot be read; nothing was stored");
        return;
    }
    recent_confirm(&writer->recent, log_tip(writer->log));
    recent_forget_upto(&writer->recent, applied); /* which is read by now */
    for (; group != NULL; group = group->next)
        if (group->kind == APPEND_EVENTS)
            admit_request(admit, group);
    views_read_end(admit->views);
    log_read_end(admit->log);
}

static enum log_result
append(struct writer *writer, const struct span *spans,
       const struct log_consumer *consumers, size_t consumer_count)
{
    struct admit *admit = &writer->admit;
    uint64_t start_us = clock_us();
    enum log_result result =
        log_append(writer->log, spans, admit->count, consumers, consumer_count);
    atomic_store(&writer->last_flush_us, clock_us() - start_us);
    if (result == LOG_OK) {
        atomic_fetch_add(&writer->groups, 1);
        atomic_fetch_add(&writer->appended, admit->count);
        atomic_store(&writer->last_commit_ms, clock_ms(CLOCK_REALTIME));
    }
    return result;
}

static void
note_latest(struct writer *writer, const struct append_request *group)
{
    for (; group != NULL; group = group->next)
        for (size_t i = 0; !group->refused && i < group->event_count; i++)
            if (!group->events[i].duplicate)
                latest_note(&writer->latest, group->events[i].partnership,
                            group->events[i].seq);
}

static enum log_result
flush_group(struct writer *writer, const struct append_request *group)
{
    struct admit *admit = &writer->admit;
    struct span *spans = NULL;
    size_t consumer_count;
    struct log_consumer *consumers = writer_consumers(group, &consumer_count);
    enum log_result result = LOG_OK;
    note_latest(writer, group);
    if (admit->count > 0)
        spans = admit_spans(admit);
    if ((admit->count > 0 && spans == NULL) ||
        (consumer_count > 0 && consumers == NULL))
        result = LOG_FULL; /* no memory */
    else if (admit->count > 0 || consumer_count > 0)
        result = append(writer, spans, consumers, consumer_count);
    free(spans);
    free(consumers);
    return result;
}

/* Whatever was decided may rest on events that are not stored, or not known to
 * be. */
static void
disk_failed(struct writer *writer, struct append_request *group)
{
    for (struct append_request *request = group; request != NULL;
         request = request->next)
        append_reconsider(request);
    refuse_events(group, MODEL_INDETERMINATE,
                  "the disk failed while the events were written: they may be "
                  "stored or not; send the same ids again");
    refuse_group(group, MODEL_INDETERMINATE,
                 "the disk failed while the consumer was written: the change "
                 "may be stored or not; ask again");
    writer_set_state(writer, WRITER_FAILED);
}

/* Check and store a request alone, so that one which is too large for the room
 * that is left costs the others nothing. */
static enum log_result
write_alone(struct writer *writer, struct append_request *request)
{
    struct append_request *next = request->next;
    recent_forget_above(&writer->recent, log_tip(writer->log));
    append_reconsider(request);
    request->next = NULL;
    admit_group(writer, request);
    enum log_result result = flush_group(writer, request);
    if (result == LOG_FULL) {
        recent_forget_above(&writer->recent, log_tip(writer->log));
        append_reconsider(request);
        refuse_events(request, MODEL_STORAGE_FULL,
                      "no room for the events; nothing was stored; make room "
                      "and send them again");
        refuse_group(request, MODEL_STORAGE_FULL,
                     "no room for the consumer; nothing was changed; make "
                     "room and ask again");
    }
    request->next = next;
    return result;
}

static void
write_together(struct writer *writer, struct append_request *group)
{
    admit_group(writer, group);
    enum log_result result = flush_group(writer, group);
    for (struct append_request *request = group;
         result == LOG_FULL && request != NULL; request = request->next)
        if (write_alone(writer, request) == LOG_FAILED)
            result = LOG_FAILED;
    if (result == LOG_FAILED)
        disk_failed(writer, group);
}

static void
count_outcomes(struct writer *writer, const struct append_request *group)
{
    for (; group != NULL; group = group->next) {
        if (group->kind != APPEND_EVENTS)
            continue;
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
    size_t count = 0, size = 0;
    count_outcomes(writer, group);
    pthread_mutex_lock(&writer->lock);
    while (group != NULL) {
        struct append_request *next = group->next;
        atomic_fetch_sub(&writer->queue_size, group->message_size);
        append_queue_push(&writer->done, group);
        count++;
        size += group->message_size;
        group = next;
    }
    gather_answered(&writer->gather, count, size, writer->submitted.count,
                    atomic_load(&writer->last_flush_us), clock_us());
    writer_applier_told(writer);
    pthread_mutex_unlock(&writer->lock);
}

void
writer_group_of(struct writer *writer, struct append_request *group)
{
    pulse_beat(&writer->pulse, clock_us());
    if (writer_state(writer) == WRITER_FAILED) {
        refuse_group(group, MODEL_UNAVAILABLE,
                     "the disk failed; the daemon is ending");
    } else {
        if (views_too_far(writer))
            refuse_events(group, MODEL_STORAGE_FULL,
                          "no room for the indexes; nothing was stored; make "
                          "room and send the events again");
        write_together(writer, group);
    }
    hand_back(writer, group);
    pulse_rest(&writer->pulse);
}

void
writer_group(struct writer *writer)
{
    pthread_mutex_lock(&writer->turn);
    writer_group_of(writer, take_group(writer));
    pthread_mutex_unlock(&writer->turn);
    writer_wake_reactor(writer);
}
