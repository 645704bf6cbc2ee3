/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ANSWERS_H
#define DAEMON_ANSWERS_H

#include "daemon/request.h"

/*
 * What answers each method: the functions behind the table in
 * daemon/methods.c.  Each takes a request whose arguments were read, and
 * leaves an answer, a job or an append in it.
 */

void answer_hello(struct request *request);
void answer_ping(struct request *request);
void answer_rebuild(struct request *request);
void answer_backup(struct request *request);
void answer_auth(struct request *request);
void answer_stats(struct request *request);
void answer_append(struct request *request);
void answer_get(struct request *request);
void answer_replay(struct request *request);
void answer_state(struct request *request);
void answer_timeline(struct request *request);
void answer_portfolio(struct request *request);
void answer_party(struct request *request);
void answer_diff(struct request *request);
void answer_gap(struct request *request);
void answer_revelations(struct request *request);
void answer_subscribe(struct request *request);
void answer_ack(struct request *request);
void answer_consumers(struct request *request);
void answer_forget(struct request *request);

#endif
