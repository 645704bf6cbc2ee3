/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "daemon/answers.h"
#include "daemon/liveness.h"

/* `get`: one event by id or position, and on request what other events say
 * of it. */

struct get_job {
    struct job job;
    uint8_t id[MODEL_ID_SIZE_MAX];
    size_t id_size; /* 0: by position */
    uint64_t seq;
    bool context;
    struct liveness liveness; /* at the tip, K = +inf */
};

/* Append the id of the event at a position. */
static bool
put_id_at(struct get_job *get, struct mp_buf *buf, uint64_t seq)
{
    struct span bytes;
    if (log_read(get->job.service->log_reader, seq, &bytes) != LOG_OK)
        return false;
    mp_put_str(buf, mp_get_str(bytes, "id"));
    return true;
}

static enum views_result
add_if_live(struct get_job *get, struct mp_buf *buf, uint64_t seq,
            uint32_t *count)
{
    bool superseded;
    enum views_result result = liveness_superseded(
        &get->liveness, get->job.service->views_reader, seq, &superseded);
    if (result == VIEWS_OK && !superseded && put_id_at(get, buf, seq))
        ++*count;
    return result;
}

static enum views_result
put_superseders(struct get_job *get, struct mp_buf *buf, uint64_t target)
{
    struct views_reader *views = get->job.service->views_reader;
    size_t mark = mp_open_array(buf);
    uint32_t count = 0;
    uint64_t seq = 0;
    int64_t k;
    enum views_result result;
    while ((result = views_superseder(views, target, seq, &seq, &k)) ==
           VIEWS_OK)
        if ((result = add_if_live(get, buf, seq, &count)) != VIEWS_OK)
            return result;
    mp_close(buf, mark, count);
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

static enum views_result
put_links(struct get_job *get, struct mp_buf *buf, enum views_link link,
          uint64_t target)
{
    struct views_reader *views = get->job.service->views_reader;
    size_t mark = mp_open_array(buf);
    uint32_t count = 0;
    uint64_t seq = 0;
    enum views_result result;
    while ((result = views_linked(views, link, target, seq, &seq)) == VIEWS_OK)
        if ((result = add_if_live(get, buf, seq, &count)) != VIEWS_OK)
            return result;
    mp_close(buf, mark, count);
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

static enum views_result
put_context(struct get_job *get, struct mp_buf *buf, struct span bytes)
{
    struct event event;
    struct fold_op op;
    if (!event_read(bytes, &event))
        return VIEWS_FULL;
    enum views_result result = job_find_op(&get->job, event.seq, &op);
    mp_put_map(buf, 6);
    mp_put_text(buf, "event");
    mp_put_raw(buf, bytes);
    mp_put_text(buf, "known");
    asof_put_moment(buf, op.k);
    mp_put_text(buf, "superseded_by");
    if (result == VIEWS_OK)
        result = put_superseders(get, buf, event.seq);
    mp_put_text(buf, "corrects");
    if (event.fields[MODEL_FIELD_CORRECTS].data != NULL)
        mp_put_str(buf, event.fields[MODEL_FIELD_CORRECTS]);
    else
        mp_put_nil(buf);
    mp_put_text(buf, "answered_by");
    if (result == VIEWS_OK)
        result = put_links(get, buf, VIEWS_LINK_ANSWERED, event.seq);
    mp_put_text(buf, "discloses");
    if (result == VIEWS_OK)
        result = put_links(get, buf, VIEWS_LINK_DISCLOSED, event.seq);
    return result;
}

static enum job_result
write_event(struct get_job *get, struct mp_buf *out)
{
    struct span bytes;
    struct mp_buf buf = {0};
    enum views_result result = VIEWS_OK;
    switch (log_read(get->job.service->log_reader, get->seq, &bytes)) {
    case LOG_OK:
        break;
    case LOG_ABSENT:
        return job_error(&get->job, out, MODEL_NOT_FOUND,
                         "no event at position %llu; the last is %llu",
                         (unsigned long long)get->seq,
                         (unsigned long long)get->job.tip);
    case LOG_CORRUPT:
    case LOG_FULL:
    case LOG_FAILED:
        return job_corrupt(&get->job, out, get->seq);
    }
    if (get->context)
        result = put_context(get, &buf, bytes);
    else
        mp_put_raw(&buf, bytes);
    if (result == VIEWS_OK)
        job_answer(&get->job, out, &buf);
    else
        job_views_error(&get->job, out, result);
    mp_buf_deinit(&buf);
    get->job.service->replayed++;
    return JOB_DONE;
}

static enum job_result
step(struct job *job, struct mp_buf *out)
{
    struct get_job *get = (struct get_job *)job;
    struct span id = {get->id, get->id_size};
    enum views_result result = VIEWS_OK;
    if (!job_read_begin(job, out))
        return JOB_DONE;
    if (id.size > 0)
        result = views_find_id(job->service->views_reader,
                               job->service->log_reader, id, &get->seq);
    if (result == VIEWS_OK)
        write_event(get, out);
    else if (result == VIEWS_ABSENT)
        job_error(job, out, MODEL_NOT_FOUND, "no event \"%.*s\" in this log",
                  (int)id.size, (const char *)id.data);
    else
        job_views_error(job, out, result);
    job_read_end(job);
    return JOB_DONE;
}

static void
release(struct job *job)
{
    struct get_job *get = (struct get_job *)job;
    liveness_deinit(&get->liveness);
    free(get);
}

void
answer_get(struct request *request)
{
    static const struct job_class class = {.step = step, .free = release};
    const struct arg_value *id = &request->args.values[ARG_ID];
    const struct arg_value *seq = &request->args.values[ARG_SEQ];
    bool context = request->args.values[ARG_CONTEXT].truth;
    if (id->given == seq->given) {
        request_error(request, MODEL_INVALID_REQUEST, "give one of id and seq");
        return;
    }
    if ((id->given || context) &&
        writer_is_rebuilding(request->service->writer)) {
        request_unavailable(request);
        return;
    }
    struct get_job *get = calloc(1, sizeof *get);
    if (get == NULL) {
        request_error(request, MODEL_OVERLOADED,
                      "out of memory; try again later");
        return;
    }
    job_init(&get->job, &class, request);
    get->job.needs_views = id->given || context;
    get->context = context;
    get->seq = seq->number;
    get->id_size = id->bytes.size;
    if (id->given)
        memcpy(get->id, id->bytes.data, id->bytes.size);
    liveness_init(&get->liveness, EDTF_PLUS_INFINITY, get->job.tip);
}
