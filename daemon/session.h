/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SESSION_H
#define DAEMON_SESSION_H

#include "daemon/append.h"
#include "daemon/service.h"
#include "daemon/tokens.h"

/*
 * One client's side of the protocol: bytes in, bytes out.
 *
 * A session cuts messages out of what arrives, calls methods, runs the jobs
 * that answer them a slice at a time, and holds itself back while its output
 * is not taken or too much is in flight.  It knows no socket and no libevent,
 * so it can be tested and fuzzed without either.  Reactor thread.
 */

/* Unsent output over which nothing more is read or produced, and under which
 * it goes on (PROTOCOL.md, "Back-pressure"). */
#define SESSION_OUTPUT_MAX ((size_t)1 << 20)
#define SESSION_OUTPUT_LOW ((size_t)512 << 10)

/* Requests that are being answered. */
#define SESSION_IN_FLIGHT_MAX 1024u

struct session;

/* NULL without memory. */
struct session *session_new(struct service *service, enum service_role role,
                            bool can_authenticate);

/* Requests to append that are still with the writer come back to
 * session_appended; the session is freed when the last one has. */
void session_free(struct session *session);

/* The role that it has now; what is in flight was begun with an earlier one. */
enum service_role session_role(const struct session *session);
void session_set_role(struct session *session, enum service_role role,
                      bool can_authenticate);

/* The token that its client has shown, or NULL. */
const struct tokens_proof *session_proof(const struct session *session);

/* Its client showed a token that is none of ours: nothing is to be sent, nor
 * taken in, until session_relent. */
bool session_is_penalised(const struct session *session);
void session_relent(struct session *session);

/* Take bytes that arrived. */
void session_feed(struct session *session, struct span bytes);

/* Nothing more will come: answer what is in flight, streams too. */
void session_finish(struct session *session);

/* The same, but end streams early. */
void session_stop(struct session *session);

/* Whole messages that have come so far: while it stays the same, a message
 * that is half way is the same one. */
uint64_t session_message_count(const struct session *session);

/* What is to be sent; whoever sends it empties the buffer. */
struct mp_buf *session_output(struct session *session);

/* Bytes that were taken from session_output and are not sent yet, and how much
 * memory they hold. */
void session_set_unsent(struct session *session, size_t size, size_t memory);

/* Do one slice of work, if there is any to do now. */
void session_work(struct session *session);

/* There is work to do now. */
bool session_can_work(const struct session *session);

/* It wants bytes: neither its output nor its requests pile up. */
bool session_can_read(const struct session *session);

/* Work waits for the views to reach this position; 0 for none. */
uint64_t session_wanted_views(const struct session *session);

/* The connection has to end when the output is sent. */
bool session_is_closing(const struct session *session);

/* Part of a message has come and the rest has not. */
bool session_is_half_way(const struct session *session);

/* It is closing because of what the client sent. */
bool session_was_refused(const struct session *session);

/* Bytes of memory that it holds for its client, unsent ones included. */
size_t session_held(const struct session *session);

/* Something is still in flight: answers will come. */
bool session_is_busy(const struct session *session);

/* An outcome for the session that `request->owner` is; frees the request.
 * False when that session is gone. */
bool session_appended(struct append_request *request);

#endif
