/* SPDX-License-Identifier: MIT */
#include "daemon/job.h"

#include <stdarg.h>
#include <stdio.h>

#include "daemon/clock.h"
#include "daemon/request.h"
#include "proto/rpc.h"

/* Looking at the clock costs as much as a few operations. */
#define JOB_CALLS_PER_CLOCK 32u

/* How soon a client may try again when memory is short or the views cannot be
 * read, in milliseconds. */
#define JOB_RETRY_MS 1000u

void
job_init(struct job *job, const struct job_class *class,
         struct request *request)
{
    uint64_t tip = log_tip(request->service->log);
    *job = (struct job){.class = class,
                        .service = request->service,
                        .msgid = request->msgid,
                        .role = SERVICE_READ,
                        .needs_views = true,
                        .tip = tip,
                        .needs = tip};
    request->job = job;
}

/* What is not durable yet is not asked about. */
void
job_of_partnership(struct job *job, struct span slug)
{
    uint64_t latest = writer_latest(job->service->writer, slug);
    job->needs = latest < job->tip ? latest : job->tip;
}

struct job_slice
job_slice_begin(void)
{
    return job_slice_begin_for(JOB_SLICE_US);
}

struct job_slice
job_slice_begin_for(uint64_t slice_us)
{
    return (struct job_slice){.deadline_us = clock_us() + slice_us};
}

bool
job_slice_over(struct job_slice *slice)
{
    if (++slice->calls % JOB_CALLS_PER_CLOCK != 0)
        return false;
    return clock_us() >= slice->deadline_us;
}

static enum job_result
put_error(struct job *job, struct mp_buf *out, enum model_error code,
          const char *message, const struct mp_buf *extra, uint32_t count)
{
    rpc_put_error(out, job->msgid, code, message, mp_buf_span(extra), count);
    job->service->errors++;
    return JOB_DONE;
}

enum job_result
job_error(struct job *job, struct mp_buf *out, enum model_error code,
          const char *format, ...)
{
    char message[EVENT_MESSAGE_SIZE];
    struct mp_buf none = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return put_error(job, out, code, message, &none, 0);
}

enum job_result
job_answer(struct job *job, struct mp_buf *out, const struct mp_buf *result)
{
    /* The response's own head is less than this. */
    const size_t head_size_max = 16;
    if (result->failed)
        return job_views_error(job, out, VIEWS_FULL);
    if (result->size > RPC_MESSAGE_SIZE_MAX - head_size_max)
        return job_error(job, out, MODEL_TOO_LARGE,
                         "the answer has %zu bytes and a message at most %zu",
                         result->size, RPC_MESSAGE_SIZE_MAX);
    rpc_put_result(out, job->msgid);
    mp_put_raw(out, mp_buf_span(result));
    return JOB_DONE;
}

/* Whoever waited for views that cannot go on has to ask again. */
static void
put_unavailable(struct job *job, struct mp_buf *out)
{
    struct mp_buf extra = {0};
    mp_put_text(&extra, "retry_ms");
    mp_put_uint(&extra, JOB_RETRY_MS);
    put_error(job, out, MODEL_UNAVAILABLE,
              "the indexes do not hold the latest events, for want of room",
              &extra, extra.failed ? 0 : 1);
    mp_buf_deinit(&extra);
}

bool
job_read_begin(struct job *job, struct mp_buf *out)
{
    struct service *service = job->service;
    enum views_result result = VIEWS_OK;
    if (log_read_begin(service->log_reader) != LOG_OK) {
        job_error(job, out, MODEL_INTERNAL, "the log cannot be read");
        return false;
    }
    if (job->needs_views)
        result = views_read_begin(service->views_reader);
    if (result != VIEWS_OK) {
        job_views_error(job, out, result);
    } else if (job->needs_views &&
               views_read_position(service->views_reader) < job->needs) {
        views_read_end(service->views_reader);
        put_unavailable(job, out);
    } else {
        return true;
    }
    log_read_end(service->log_reader);
    return false;
}

void
job_read_end(struct job *job)
{
    if (job->needs_views)
        views_read_end(job->service->views_reader);
    log_read_end(job->service->log_reader);
}

enum job_result
job_views_error(struct job *job, struct mp_buf *out, enum views_result result)
{
    if (result == VIEWS_FAILED) {
        writer_distrust_views(job->service->writer);
        return job_error(job, out, MODEL_INTERNAL,
                         "the indexes cannot be read");
    }
    struct mp_buf extra = {0};
    mp_put_text(&extra, "retry_ms");
    mp_put_uint(&extra, JOB_RETRY_MS);
    put_error(job, out, MODEL_OVERLOADED, "out of memory; try again later",
              &extra, extra.failed ? 0 : 1);
    mp_buf_deinit(&extra);
    return JOB_DONE;
}

static bool
find_name(struct job *job, struct mp_buf *out, struct span slug,
          struct views_name *name)
{
    enum views_result result = views_find_name(job->service->views_reader,
                                               VIEWS_PARTNERSHIP, slug, name);
    if (result == VIEWS_ABSENT)
        job_error(job, out, MODEL_NOT_FOUND,
                  "no partnership \"%.*s\" in this log", (int)slug.size,
                  (const char *)slug.data);
    else if (result != VIEWS_OK)
        job_views_error(job, out, result);
    return result == VIEWS_OK;
}

bool
job_find_partnership(struct job *job, struct mp_buf *out, struct span slug,
                     uint32_t *partnership, uint64_t *damaged)
{
    struct views_name name;
    if (!find_name(job, out, slug, &name))
        return false;
    *partnership = name.number;
    *damaged = name.damaged;
    return true;
}

bool
job_find_sound(struct job *job, struct mp_buf *out, struct span slug,
               uint64_t seq, uint32_t *partnership)
{
    struct views_name name;
    if (!find_name(job, out, slug, &name))
        return false;
    if (name.damaged != 0 && name.damaged <= seq) {
        job_corrupt(job, out, name.damaged);
        return false;
    }
    *partnership = name.number;
    return true;
}

enum job_result
job_corrupt_page(struct job *job, struct mp_buf *out, uint64_t seq,
                 struct span cursor)
{
    char message[EVENT_MESSAGE_SIZE];
    struct mp_buf extra = {0};
    writer_note_damage(job->service->writer, seq);
    snprintf(message, sizeof message,
             "the stored event at position %llu fails its checksum; restore "
             "it from a backup",
             (unsigned long long)seq);
    mp_put_text(&extra, "seq");
    mp_put_uint(&extra, seq);
    if (cursor.data != NULL) {
        mp_put_text(&extra, "cursor");
        mp_put_raw(&extra, cursor);
    }
    put_error(job, out, MODEL_CORRUPT, message, &extra,
              extra.failed          ? 0
              : cursor.data != NULL ? 2
                                    : 1);
    mp_buf_deinit(&extra);
    return JOB_DONE;
}

enum job_result
job_corrupt(struct job *job, struct mp_buf *out, uint64_t seq)
{
    return job_corrupt_page(job, out, seq, (struct span){0});
}

enum views_result
job_find_op(struct job *job, uint64_t seq, struct fold_op *op)
{
    struct span bytes;
    struct event event;
    *op = (struct fold_op){.seq = seq};
    if (log_read(job->service->log_reader, seq, &bytes) != LOG_OK ||
        !event_read(bytes, &event))
        return VIEWS_ABSENT;
    op->t = event_takes_effect(&event);
    op->start_lo = event_possible_from(&event);
    return views_dates(job->service->views_reader, op);
}
