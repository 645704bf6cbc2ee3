/* SPDX-License-Identifier: MIT */
#include "daemon/session_parts.h"

/* --- which can go on ------------------------------------------------------*/

size_t
session_output_size(const struct session *session)
{
    return session->out.size + session->unsent;
}

static bool
waits_for_views(const struct job *job)
{
    return job->needs_views &&
           views_position(job->service->views) < job->needs &&
           !writer_is_stalled(job->service->writer);
}

static bool
is_waiting(const struct job *job)
{
    return waits_for_views(job) || (job->waits != NULL && job->waits(job));
}

/* An answer may always be written; a stream waits until the last chunk has
 * mostly left. */
static bool
can_step(const struct session *session, const struct job *job)
{
    size_t most = job->streaming ? SESSION_OUTPUT_LOW : SESSION_OUTPUT_MAX;
    if (job->class->output_max != 0)
        most = job->class->output_max;
    return session_output_size(session) <= most && !is_waiting(job);
}

bool
session_can_step(const struct session *session)
{
    for (const struct job *job = session->jobs; job != NULL; job = job->next)
        if (can_step(session, job))
            return true;
    return false;
}

uint64_t
session_wanted_views(const struct session *session)
{
    uint64_t wanted = 0;
    for (const struct job *job = session->jobs; job != NULL; job = job->next)
        if (waits_for_views(job) && job->needs > wanted)
            wanted = job->needs;
    return wanted;
}

/* --- the queue ------------------------------------------------------------*/

static void
push_job(struct session *session, struct job *job)
{
    job->next = NULL;
    *session->jobs_end = job;
    session->jobs_end = &job->next;
}

static void
push_job_first(struct session *session, struct job *job)
{
    job->next = session->jobs;
    if (session->jobs == NULL)
        session->jobs_end = &job->next;
    session->jobs = job;
}

/* The first job that can go on, taken out of the queue. */
static struct job *
take_job(struct session *session)
{
    struct job **link = &session->jobs;
    while (*link != NULL && !can_step(session, *link))
        link = &(*link)->next;
    struct job *job = *link;
    if (job == NULL)
        return NULL;
    *link = job->next;
    if (job->next == NULL)
        session->jobs_end = link;
    return job;
}

static void
count_job(struct session *session, const struct job *job, size_t change)
{
    if (job->answered)
        session->lasting_count += change;
    else
        session->job_count += change;
}

static void
step_job(struct session *session, struct job *job)
{
    count_job(session, job, (size_t)-1);
    if (job->class->step(job, &session->out) == JOB_DONE) {
        job->class->free(job);
        return;
    }
    count_job(session, job, 1);
    if (job->streaming)
        push_job(session, job);
    else
        push_job_first(session, job);
}

void
session_drop_job(struct session *session, struct job **link)
{
    struct job *job = *link;
    *link = job->next;
    if (job->next == NULL)
        session->jobs_end = link;
    count_job(session, job, (size_t)-1);
    job->class->free(job);
}

void
session_drop_lasting(struct session *session)
{
    struct job **link = &session->jobs;
    while (*link != NULL) {
        (*link)->cancelled |= (*link)->lasts;
        if ((*link)->answered)
            session_drop_job(session, link);
        else
            link = &(*link)->next;
    }
}

void
session_step_job(struct session *session)
{
    struct job *job = take_job(session);
    if (job != NULL)
        step_job(session, job);
}

/* At once, unless others wait: pages are made one after the other, so that a
 * client that asks for many makes us hold one. */
void
session_start_job(struct session *session, struct job *job)
{
    job->cancelled = job->lasts && session->finished;
    if (session->job_count++ == 0 && can_step(session, job))
        step_job(session, job);
    else
        push_job(session, job);
}

struct job **
session_find_stream(struct session *session, uint32_t msgid)
{
    struct job **link = &session->jobs;
    while (*link != NULL && !((*link)->streaming && (*link)->msgid == msgid))
        link = &(*link)->next;
    return *link == NULL ? NULL : link;
}
