/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/answers.h"
#include "daemon/backup.h"
#include "proto/rpc.h"

/* The answer that waits for a backup. */
struct waiting {
    struct job job;
    struct backup *backup;
};

static bool
waits(const struct job *job)
{
    const struct backup_outcome *outcome;
    const struct waiting *waiting = (const struct waiting *)job;
    return backup_result(waiting->backup, &outcome) == BACKUP_RUNNING;
}

static enum job_result
put_outcome(struct job *job, struct mp_buf *out,
            const struct backup_outcome *outcome)
{
    rpc_put_result(out, job->msgid);
    mp_put_map(out, 2);
    mp_put_text(out, "bytes");
    mp_put_uint(out, outcome->bytes);
    mp_put_text(out, "tip");
    mp_put_uint(out, outcome->tip);
    return JOB_DONE;
}

static enum job_result
step(struct job *job, struct mp_buf *out)
{
    const struct backup_outcome *outcome;
    struct waiting *waiting = (struct waiting *)job;
    switch (backup_result(waiting->backup, &outcome)) {
    case BACKUP_RUNNING:
        return JOB_AGAIN;
    case BACKUP_DONE:
        return put_outcome(job, out, outcome);
    case BACKUP_UNFIT:
        return job_error(job, out, MODEL_INVALID_REQUEST, "path: %s",
                         outcome->reason.text);
    case BACKUP_FULL:
        return job_error(job, out, MODEL_STORAGE_FULL, "%s",
                         outcome->reason.text);
    case BACKUP_CORRUPT:
        return job_corrupt(job, out, outcome->damaged);
    case BACKUP_STOPPED:
        return job_error(job, out, MODEL_UNAVAILABLE,
                         "the daemon ends; there is no backup");
    case BACKUP_FAILED:
        break;
    }
    return job_error(job, out, MODEL_INTERNAL, "%s", outcome->reason.text);
}

/* The backup goes on: it may be nearly done. */
static void
release(struct job *job)
{
    struct waiting *waiting = (struct waiting *)job;
    backup_release(waiting->backup);
    free(waiting);
}

void
answer_backup(struct request *request)
{
    static const struct job_class class = {.step = step, .free = release};
    struct service *service = request->service;
    struct waiting *waiting = calloc(1, sizeof *waiting);
    struct backup *backup = NULL;
    if (waiting != NULL && service->backups != NULL)
        backup =
            backup_begin(service->backups, request->args.values[ARG_PATH].bytes,
                         log_tip(service->log));
    if (backup == NULL) {
        free(waiting);
        request_error(request, MODEL_OVERLOADED,
                      "another backup is being made, or there is no memory "
                      "for one; try again later");
        return;
    }
    job_init(&waiting->job, &class, request);
    waiting->job.needs_views = false;
    waiting->job.waits = waits;
    waiting->backup = backup;
}
