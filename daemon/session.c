/* SPDX-License-Identifier: MIT */
#include "daemon/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/append_answer.h"
#include "daemon/methods.h"
#include "daemon/session_parts.h"
#include "daemon/subscription.h"
#include "proto/rpc.h"

/* Input memory that an idle session keeps. */
#define SESSION_KEPT_MAX ((size_t)16 << 10)

/* A message of somebody who may call nothing. */
#define SESSION_STRANGER_MAX ((size_t)64 << 10)

/* Whoever may call nothing needs no room for it. */
static void
begin_message(struct session *session)
{
    rpc_scanner_init(&session->scanner,
                     session->role == SERVICE_NOBODY ? SESSION_STRANGER_MAX
                                                     : RPC_MESSAGE_SIZE_MAX,
                     RPC_DEPTH_MAX);
}

/* Keep the count of what all sessions hold. */
static void
count_held(struct session *session)
{
    size_t held =
        session->in.capacity + session->out.capacity + session->unsent_memory;
    session->service->held_size += held - session->held;
    session->held = held;
}

struct session *
session_new(struct service *service, enum service_role role,
            bool can_authenticate)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->service = service;
    session->role = role;
    session->can_authenticate = can_authenticate;
    session->jobs_end = &session->jobs;
    begin_message(session);
    return session;
}

static void
release(struct session *session)
{
    session->service->held_size -= session->held;
    mp_buf_deinit(&session->in);
    mp_buf_deinit(&session->out);
    free(session);
}

void
session_free(struct session *session)
{
    if (session == NULL)
        return;
    while (session->jobs != NULL) {
        struct job *job = session->jobs;
        session->jobs = job->next;
        job->class->free(job);
    }
    session->gone = true;
    if (session->append_count == 0)
        release(session);
}

/* --- state ----------------------------------------------------------------*/

static size_t
in_flight(const struct session *session)
{
    return session->job_count + session->append_count;
}

static bool
may_take_requests(const struct session *session)
{
    return !session->closing && !session->penalised &&
           session_output_size(session) <= SESSION_OUTPUT_MAX &&
           in_flight(session) < SESSION_IN_FLIGHT_MAX &&
           !writer_is_full(session->service->writer);
}

/* Bytes that came while nothing could be handled. */
static bool
has_kept_bytes(const struct session *session)
{
    return session->in.size > session->scanner.size;
}

bool
session_can_read(const struct session *session)
{
    /* What came and could not be handled yet comes first. */
    return may_take_requests(session) && !session->finished &&
           !has_kept_bytes(session);
}

bool
session_can_work(const struct session *session)
{
    if (session_can_step(session))
        return true;
    return has_kept_bytes(session) && may_take_requests(session);
}

bool
session_is_closing(const struct session *session)
{
    return session->closing || (session->finished && !has_kept_bytes(session));
}

bool
session_was_refused(const struct session *session)
{
    return session->refused;
}

size_t
session_held(const struct session *session)
{
    return session->held;
}

bool
session_is_half_way(const struct session *session)
{
    return session->scanner.size > 0;
}

bool
session_is_busy(const struct session *session)
{
    return in_flight(session) > 0;
}

void
session_finish(struct session *session)
{
    session->finished = true;
    session_drop_lasting(session);
}

void
session_stop(struct session *session)
{
    session->closing = true;
    session->penalised = false;
    session_drop_lasting(session);
    for (struct job *job = session->jobs; job != NULL; job = job->next)
        job->cancelled = job->streaming;
}

enum service_role
session_role(const struct session *session)
{
    return session->role;
}

/* What is being answered was begun with another role; what lasts must not go
 * on for ever without one. */
void
session_set_role(struct session *session, enum service_role role,
                 bool can_authenticate)
{
    session->role = role;
    session->can_authenticate = can_authenticate;
    for (struct job *job = session->jobs; job != NULL; job = job->next)
        job->revoked = job->lasts && role < job->role;
    if (!session_is_half_way(session))
        begin_message(session); /* of another size */
}

const struct tokens_proof *
session_proof(const struct session *session)
{
    return session->has_proof ? &session->proof : NULL;
}

bool
session_is_penalised(const struct session *session)
{
    return session->penalised;
}

void
session_relent(struct session *session)
{
    session->penalised = false;
}

uint64_t
session_message_count(const struct session *session)
{
    return session->message_count;
}

struct mp_buf *
session_output(struct session *session)
{
    return &session->out;
}

void
session_set_unsent(struct session *session, size_t size, size_t memory)
{
    session->unsent = size;
    session->unsent_memory = memory;
    count_held(session);
}

/* --- messages -------------------------------------------------------------*/

static void
refuse_and_close(struct session *session, uint32_t msgid, enum model_error code,
                 const char *message)
{
    rpc_put_error(&session->out, msgid, code, message, (struct span){0}, 0);
    session->service->errors++;
    session->closing = true;
    session->refused = true;
}

static void
submit(struct session *session, struct append_request *append)
{
    append->owner = session;
    session->append_count++;
    writer_submit(session->service->writer, append,
                  service_is_alone(session->service));
}

static void
handle_request(struct session *session, const struct rpc_message *message)
{
    struct request request = {
        .service = session->service,
        .role = session->role,
        .can_authenticate = session->can_authenticate,
        .msgid = message->msgid,
        .params = message->params,
        .out = &session->out,
        .lasting_count = session->lasting_count,
        .is_streaming = session_find_stream(session, message->msgid) != NULL,
        .is_second = session->retrying,
    };
    methods_call(&request, message->method);
    session->role = request.role;
    session->penalised = request.auth_failed;
    if (request.has_proof) {
        session->proof = request.proof;
        session->has_proof = true;
    }
    session->retrying = request.again;
    if (request.append != NULL)
        submit(session, request.append);
    if (request.job != NULL && request.job->streaming && request.is_streaming) {
        request.job->class->free(request.job);
        request_error(&request, MODEL_INVALID_REQUEST,
                      "msgid %u is still streaming; use another",
                      message->msgid);
    } else if (request.job != NULL) {
        session_start_job(session, request.job);
    } else {
        assert(request.answered || request.append != NULL || request.again);
    }
}

/* [2, "cancel", [msgid]]; all others are ignored. */
static void
handle_notification(struct session *session, const struct rpc_message *message)
{
    struct mp_reader reader = mp_reader(message->params);
    if (!span_is(message->method, "cancel") || mp_array(&reader) != 1)
        return;
    uint64_t msgid = mp_uint(&reader);
    if (reader.failed || msgid > UINT32_MAX)
        return;
    struct job **link = session_find_stream(session, (uint32_t)msgid);
    if (link == NULL)
        return;
    (*link)->cancelled = true;
    if ((*link)->answered)
        session_drop_job(session, link);
}

static void
handle_message(struct session *session, struct span bytes)
{
    struct rpc_message message;
    if (!rpc_parse(bytes, &message)) {
        refuse_and_close(session, message.has_msgid ? message.msgid : 0,
                         MODEL_PARSE_ERROR,
                         "not MessagePack-RPC: a request is [0, msgid, "
                         "method, params]");
        return;
    }
    switch (message.kind) {
    case RPC_REQUEST:
        handle_request(session, &message);
        break;
    case RPC_NOTIFICATION:
        handle_notification(session, &message);
        break;
    case RPC_RESPONSE: /* we ask nothing */
        break;
    }
}

/* The msgid of a request of which only the beginning can be trusted. */
static uint32_t
msgid_of_beginning(struct span bytes)
{
    struct mp_reader reader = mp_reader(bytes);
    uint32_t count = mp_array(&reader);
    uint64_t kind = mp_uint(&reader);
    uint64_t msgid = mp_uint(&reader);
    bool known = !reader.failed && count == 4 && kind == RPC_REQUEST &&
                 msgid <= UINT32_MAX;
    return known ? (uint32_t)msgid : 0;
}

static void
handle_broken(struct session *session, enum rpc_scan_result result,
              struct span bytes)
{
    uint32_t msgid = msgid_of_beginning(bytes);
    if (session->role == SERVICE_NOBODY)
        refuse_and_close(session, msgid, MODEL_FORBIDDEN,
                         "this peer has no role here: nothing may be called");
    else if (result == RPC_SCAN_MALFORMED)
        refuse_and_close(session, msgid, MODEL_PARSE_ERROR,
                         "not MessagePack: byte 0xc1");
    else if (result == RPC_SCAN_TOO_DEEP)
        refuse_and_close(session, msgid, MODEL_TOO_LARGE,
                         "the message is nested deeper than 32");
    else
        refuse_and_close(session, msgid, MODEL_TOO_LARGE,
                         "the message is longer than 16777216 bytes, or "
                         "announces more than can be in it");
}

/*
 * Handle the whole messages at the front of `bytes`, of which the scanner has
 * seen the first `scanner.size`.  Returns how many bytes are done with.
 */
static size_t
handle_bytes(struct session *session, struct span bytes)
{
    struct rpc_scanner *scanner = &session->scanner;
    size_t start = 0;
    while (may_take_requests(session) && bytes.size - start > scanner->size) {
        size_t seen = start + scanner->size, consumed;
        struct span rest = {bytes.data + seen, bytes.size - seen};
        enum rpc_scan_result result = rpc_scan(scanner, rest, &consumed);
        struct span message = {bytes.data + start, scanner->size};
        if (result == RPC_SCAN_MORE)
            break;
        if (result != RPC_SCAN_DONE) {
            handle_broken(session, result, message);
            return bytes.size;
        }
        session->message_count++;
        handle_message(session, message);
        begin_message(session);
        if (session->retrying)
            break;
        start += message.size;
    }
    return session->closing ? bytes.size : start;
}

static void
handle_kept(struct session *session)
{
    size_t done = handle_bytes(session, mp_buf_span(&session->in));
    session->in.size -= done;
    if (done > 0 && session->in.size > 0)
        memmove(session->in.data, session->in.data + done, session->in.size);
    /* A large message is an exception: give its memory back. */
    if (session->in.size == 0 && session->in.capacity > SESSION_KEPT_MAX)
        mp_buf_deinit(&session->in);
}

void
session_feed(struct session *session, struct span bytes)
{
    if (session->closing)
        return;
    if (session->in.size == 0) {
        size_t done = handle_bytes(session, bytes);
        bytes.data += done;
        bytes.size -= done;
        mp_buf_append(&session->in, bytes.data, bytes.size);
    } else {
        mp_buf_append(&session->in, bytes.data, bytes.size);
        handle_kept(session);
    }
    if (session->in.failed)
        refuse_and_close(session, 0, MODEL_OVERLOADED, "out of memory");
    count_held(session);
}

void
session_work(struct session *session)
{
    session_step_job(session);
    if (has_kept_bytes(session))
        handle_kept(session);
}

static void
put_consumer_position(struct session *session, uint32_t msgid,
                      uint64_t position)
{
    rpc_put_result(&session->out, msgid);
    mp_put_map(&session->out, 1);
    mp_put_text(&session->out, "position");
    mp_put_uint(&session->out, position);
}

/* Its answer is a result with the position, but for a subscription, which
 * begins. */
static void
consumer_changed(struct session *session, const struct append_request *request)
{
    struct job **link = NULL;
    if (request->kind == APPEND_SUBSCRIBE && !session->gone)
        link = session_find_stream(session, request->msgid);
    if (request->refused && link != NULL)
        session_drop_job(session, link); /* lets go of the consumer */
    uint64_t position = consumers_settle(&session->service->consumers, request);
    if (session->gone)
        return;
    if (request->refused)
        append_answer(&session->out, request);
    else if (link != NULL)
        subscription_stored(*link);
    else
        put_consumer_position(session, request->msgid, position);
}

bool
session_appended(struct append_request *request)
{
    struct session *session = request->owner;
    bool here = !session->gone;
    session->append_count--;
    if (request->kind != APPEND_EVENTS)
        consumer_changed(session, request);
    else if (here)
        append_answer(&session->out, request);
    if (!here && session->append_count == 0)
        release(session);
    append_request_free(request);
    return here;
}
