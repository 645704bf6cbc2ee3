/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_REQUEST_H
#define DAEMON_REQUEST_H

#include "daemon/append.h"
#include "daemon/args.h"
#include "daemon/job.h"
#include "daemon/service.h"
#include "daemon/tokens.h"

/*
 * One request on its way through daemon/methods, and what comes of it: an
 * answer at once, a job that will write it, or a request to append.
 */
struct request {
    struct service *service;
    enum service_role role;
    bool can_authenticate;     /* a token could give a better role */
    bool auth_failed;          /* the token was none of ours */
    struct tokens_proof proof; /* the token, if it was */
    bool has_proof;
    uint32_t msgid;
    const char *method; /* its row's name, static */
    struct span params;
    struct args args;
    struct mp_buf *out;   /* where an answer goes */
    size_t lasting_count; /* subscriptions of its connection */
    bool is_streaming;    /* something still streams under this msgid */
    bool is_second;       /* it was to be handled again, and now is */

    /* what came of it, one of: */
    bool answered;
    bool again; /* handle it once more when others had their turn */
    struct job *job;
    struct append_request *append; /* with a job: which waits for it */
};

/* Answer with an error. */
void request_error(struct request *request, enum model_error code,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Answer that `what` needs another role than its client has. */
void request_refuse_role(struct request *request, const char *what,
                         enum service_role role);

/* Answer that the views are being rebuilt, with progress. */
void request_unavailable(struct request *request);

/* Answer with what args_read found. */
void request_fault(struct request *request, const struct args_fault *fault);

#endif
