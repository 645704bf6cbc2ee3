/* SPDX-License-Identifier: MIT */
#include "daemon/subscription.h"

#include <stdlib.h>

#include "daemon/clock.h"
#include "proto/rpc.h"

/* Unsent output with which a subscription goes on: little, since a thousand
 * that nobody reads may hold it. */
#define SUBSCRIPTION_OUTPUT_MAX ((size_t)16 << 10)

/* What all subscriptions may write, or compute, before each of them has had
 * its turn, and what one may at least.  A buffer is a power of two: with a
 * thousand of them 48 KiB and the last event stay within 64. */
#define SUBSCRIPTION_CHUNKS_SIZE ((size_t)48 << 20)
#define SUBSCRIPTION_CHUNK_SIZE_MIN ((size_t)16 << 10)
#define SUBSCRIPTION_SLICES_US ((uint64_t)8000)
#define SUBSCRIPTION_SLICE_US_MIN ((uint64_t)10)

struct subscription {
    struct job job;
    struct feed_sleeper sleeper;
    struct filter filter;
    struct consumer *consumer; /* or NULL */
    bool storing;              /* the consumer is on its way */
    bool caught_up;            /* and its client knows */
};

/* --- messages -------------------------------------------------------------*/

/* The client hears of a position, in an event or without one. */
static void
told(struct subscription *subscription, uint64_t position)
{
    struct consumer *consumer = subscription->consumer;
    feed_told(&subscription->sleeper, position, clock_us());
    if (consumer != NULL && position > consumer->told)
        consumer->told = position;
}

/* [2, name, [subscription, position]] */
static void
put_position(struct subscription *subscription, struct mp_buf *out,
             const char *name, uint64_t position)
{
    rpc_put_notification(out, name);
    mp_put_array(out, 2);
    mp_put_uint(out, subscription->job.msgid);
    mp_put_uint(out, position);
    told(subscription, position);
}

static void
put_result(struct subscription *subscription, struct mp_buf *out)
{
    rpc_put_result(out, subscription->job.msgid);
    mp_put_map(out, 1);
    mp_put_text(out, "subscription");
    mp_put_uint(out, subscription->job.msgid);
    subscription->job.answered = true;
}

/* [2, "ended", [subscription, {code, message}]]; returns JOB_DONE. */
static enum job_result
put_ended(struct subscription *subscription, struct mp_buf *out,
          enum model_error code, const char *message)
{
    rpc_put_notification(out, "ended");
    mp_put_array(out, 2);
    mp_put_uint(out, subscription->job.msgid);
    mp_put_map(out, 2);
    mp_put_text(out, "code");
    mp_put_text(out, model_errors[code].code);
    mp_put_text(out, "message");
    mp_put_text(out, message);
    return JOB_DONE;
}

/* --- events ---------------------------------------------------------------*/

static size_t
chunk_size(const struct feed *feed)
{
    size_t share = SUBSCRIPTION_CHUNKS_SIZE / (feed->count + 1);
    if (share < SUBSCRIPTION_CHUNK_SIZE_MIN)
        return SUBSCRIPTION_CHUNK_SIZE_MIN;
    return share < JOB_CHUNK_SIZE ? share : JOB_CHUNK_SIZE;
}

static struct job_slice
begin_slice(const struct feed *feed)
{
    uint64_t share = SUBSCRIPTION_SLICES_US / (feed->awake + 1);
    if (share < SUBSCRIPTION_SLICE_US_MIN)
        share = SUBSCRIPTION_SLICE_US_MIN;
    return job_slice_begin_for(share < JOB_SLICE_US ? share : JOB_SLICE_US);
}

/* One step over the log. */
struct walk {
    struct mp_buf *out;
    uint64_t last;    /* how far it may go without telling the client */
    uint64_t sent;    /* the last event, 0 for none */
    uint64_t damaged; /* the event that cannot be read, 0 for none */
    uint32_t count;
};

/* Look at the next event that may match, or at none up to the last. */
static void
look_at_next(struct subscription *subscription, struct walk *walk)
{
    struct service *service = subscription->job.service;
    struct feed_sleeper *sleeper = &subscription->sleeper;
    struct span event;
    uint64_t seq = feed_next(&service->feed, &sleeper->mask,
                             sleeper->position + 1, walk->last);
    sleeper->position = seq <= walk->last ? seq : walk->last;
    if (seq > walk->last)
        return;
    if (log_read(service->log_reader, seq, &event) != LOG_OK) {
        walk->damaged = seq;
    } else if (filter_matches(&subscription->filter, event)) {
        mp_put_raw(walk->out, event);
        walk->sent = seq;
        walk->count++;
    }
}

static uint64_t
walk_end(const struct subscription *subscription, const struct walk *walk,
         uint64_t tip)
{
    const struct feed_sleeper *sleeper = &subscription->sleeper;
    uint64_t heard = walk->sent > 0 ? walk->sent : sleeper->told;
    uint64_t last = heard + FEED_PROGRESS_POSITIONS;
    return last < tip ? last : tip;
}

static void
walk_log(struct subscription *subscription, struct walk *walk, uint64_t tip)
{
    const struct feed *feed = &subscription->job.service->feed;
    struct job_slice slice = begin_slice(feed);
    size_t end = walk->out->size + chunk_size(feed);
    do {
        walk->last = walk_end(subscription, walk, tip);
        if (subscription->sleeper.position >= walk->last)
            return;
        look_at_next(subscription, walk);
    } while (walk->damaged == 0 && walk->out->size < end &&
             !job_slice_over(&slice));
}

/* A chunk of events, if there is any. Returns a damaged one, or 0. */
static uint64_t
put_events(struct subscription *subscription, struct mp_buf *out, uint64_t tip)
{
    struct walk walk = {.out = out};
    size_t start = out->size;
    rpc_put_notification(out, "events");
    mp_put_array(out, 2);
    mp_put_uint(out, subscription->job.msgid);
    size_t mark = mp_open_array(out);
    walk_log(subscription, &walk, tip);
    if (walk.count == 0) {
        out->size = start;
    } else {
        mp_close(out, mark, walk.count);
        told(subscription, walk.sent);
        subscription->job.service->pushed += walk.count;
    }
    return walk.damaged;
}

/* --- the class ------------------------------------------------------------*/

static void
go_on(struct subscription *subscription, struct mp_buf *out, uint64_t tip)
{
    struct service *service = subscription->job.service;
    struct feed_sleeper *sleeper = &subscription->sleeper;
    uint64_t damaged = put_events(subscription, out, tip);
    if (damaged != 0) {
        writer_note_damage(service->writer, damaged);
        put_position(subscription, out, "corrupt", damaged);
    }
    bool at_tip = sleeper->position == tip;
    if (at_tip && !subscription->caught_up) {
        put_position(subscription, out, "caught_up", tip);
        subscription->caught_up = true;
    } else if (feed_is_due(sleeper, clock_us())) {
        put_position(subscription, out, "progress", sleeper->position);
    }
    if (at_tip)
        feed_sleep(&service->feed, sleeper);
}

static enum job_result
step(struct job *job, struct mp_buf *out)
{
    struct subscription *subscription = (struct subscription *)job;
    struct log_reader *log = job->service->log_reader;
    if (!job->answered)
        put_result(subscription, out);
    if (job->cancelled)
        return JOB_DONE;
    if (job->revoked)
        return put_ended(subscription, out, MODEL_FORBIDDEN,
                         "this connection no longer has the role for it");
    /* Nothing that is not durable, nor what came after the reader began. */
    uint64_t tip = log_tip(job->service->log);
    if (log_read_begin(log) != LOG_OK)
        return put_ended(subscription, out, MODEL_INTERNAL,
                         "the log cannot be read");
    go_on(subscription, out, tip);
    log_read_end(log);
    return JOB_AGAIN;
}

static bool
waits(const struct job *job)
{
    const struct subscription *subscription = (const struct subscription *)job;
    return subscription->storing ||
           (subscription->sleeper.asleep && !job->cancelled && !job->revoked);
}

static void
release(struct job *job)
{
    struct subscription *subscription = (struct subscription *)job;
    feed_leave(&job->service->feed, &subscription->sleeper);
    filter_deinit(&subscription->filter);
    if (subscription->consumer != NULL)
        subscription->consumer->connected = false;
    free(subscription);
}

static const struct job_class subscription_class = {
    .step = step,
    .free = release,
    .output_max = SUBSCRIPTION_OUTPUT_MAX,
};

static bool
refuse_memory(struct request *request, struct subscription *subscription)
{
    request_error(request, MODEL_OVERLOADED, "out of memory; try again later");
    if (subscription != NULL)
        filter_deinit(&subscription->filter);
    free(subscription);
    return false;
}

bool
subscription_new(struct request *request, uint64_t after,
                 struct consumer *consumer)
{
    struct service *service = request->service;
    struct subscription *subscription = calloc(1, sizeof *subscription);
    if (subscription == NULL ||
        !filter_init(&subscription->filter, &request->args))
        return refuse_memory(request, subscription);
    subscription->sleeper = (struct feed_sleeper){
        .mask = feed_mask_of(&subscription->filter),
        .position = after,
        .told = after,
        .told_us = clock_us(),
    };
    if (!feed_join(&service->feed, &subscription->sleeper,
                   log_tip(service->log)))
        return refuse_memory(request, subscription);
    job_init(&subscription->job, &subscription_class, request);
    subscription->job.needs_views = false;
    subscription->job.waits = waits;
    subscription->job.streaming = subscription->job.lasts = true;
    subscription->consumer = consumer;
    if (consumer != NULL) {
        consumer->connected = true;
        subscription->storing = !consumer->stored;
        subscription->job.role = SERVICE_APPEND;
    }
    return true;
}

void
subscription_stored(struct job *job)
{
    ((struct subscription *)job)->storing = false;
}
