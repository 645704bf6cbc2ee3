/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SESSION_PARTS_H
#define DAEMON_SESSION_PARTS_H

#include "daemon/job.h"
#include "daemon/session.h"
#include "proto/rpc.h"

/*
 * What a session is inside, and what its files share of it: daemon/session.c
 * takes messages and calls methods, session_jobs.c runs what answers them.
 * Nobody else includes this.
 */

struct session {
    struct service *service;
    enum service_role role;
    bool can_authenticate;
    bool finished;  /* no more bytes will come */
    bool closing;   /* nothing more is handled */
    bool refused;   /* ... because of what the client sent */
    bool gone;      /* freed, but for the appends that still come back */
    bool penalised; /* session_relent ends it */
    bool retrying;  /* the next message is to be handled once more */
    bool has_proof;
    struct tokens_proof proof;
    struct rpc_scanner scanner;
    struct mp_buf in; /* what came and is not handled yet */
    struct mp_buf out;
    size_t unsent;        /* taken from out, not sent */
    size_t unsent_memory; /* what that holds */
    struct job *jobs;     /* to be worked on, in turn */
    struct job **jobs_end;
    size_t job_count;     /* that are to be answered */
    size_t lasting_count; /* that were, and go on */
    size_t append_count;  /* with the writer */
    uint64_t message_count;
    size_t held; /* what of service->held_size is ours */
};

/* --- session_jobs.c -------------------------------------------------------*/

/* What is not sent yet. */
size_t session_output_size(const struct session *session);

/* Take a job on, and do its first step at once where that is right. */
void session_start_job(struct session *session, struct job *job);

/* Some job can do a step now; do one, if there is one. */
bool session_can_step(const struct session *session);
void session_step_job(struct session *session);

/* What streams under a msgid: where it is in the queue, or NULL. */
struct job **session_find_stream(struct session *session, uint32_t msgid);

/* Take one out of the queue and free it: nothing more comes of it. */
void session_drop_job(struct session *session, struct job **link);

/* End what lasts; what is not answered yet is, and ends then. */
void session_drop_lasting(struct session *session);

#endif
