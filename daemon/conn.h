/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CONN_H
#define DAEMON_CONN_H

#include "daemon/gate.h"
#include "daemon/handed.h"
#include "daemon/peers.h"
#include "daemon/session.h"

#include <event2/event.h>

/*
 * A connection: the glue between a socket in libevent's loop and a session.
 *
 * It moves bytes, wakes the session when it can work, stops reading when the
 * session cannot take more, drops a client that does not do its handshake,
 * sends no first request or half a message, and tells its owner when it is
 * over.  It never frees itself: the owner does that at the end of a turn.
 * Reactor thread.
 */

/* A client that was refused in the middle of sending has this long to finish
 * and to read why: closing at once would reset its connection. */
#define CONN_LINGER_S 2

/* How a client came. */
struct conn_origin {
    int fd;
    bool is_unix;
    SSL *ssl; /* NULL: no TLS */
    struct peer *peer;
};

struct conn {
    struct conn *next, *previous; /* the owner's */
    struct conn_owner *owner;
    struct service *service;
    struct bufferevent *bev;
    struct session *session;
    struct event *readable; /* something came; NULL with TLS: bev reads */
    struct event *work;     /* a turn of work is due */
    struct event *deadline; /* of the message that is half way */
    struct event *greeting; /* of the handshake, then of the first request */
    struct conn_origin origin;
    struct handed handed;  /* what the output holds */
    uint64_t half_message; /* which one that is */
    bool reading;          /* what the loop was last told */
    bool lingering;        /* all is said; what still comes is thrown away */
    bool waiting;          /* for the views */
    bool greeted;          /* its TLS handshake is done */
    bool unknown;          /* it has no role, and is counted as such */
    bool delayed;          /* its failed `auth` is not answered yet */
    bool over;
};

/* What a connection tells its owner; embedded in it. */
struct conn_owner {
    void (*on_over)(struct conn_owner *owner, struct conn *conn);
    void (*on_held)(struct conn_owner *owner); /* more may be held */
    void (*on_waiting)(struct conn_owner *owner, uint64_t views_position);
};

/* Takes the socket and the SSL, not the peer, also when it fails.  NULL without
 * memory. */
struct conn *conn_new(struct event_base *base, const struct conn_origin *origin,
                      struct service *service, struct conn_owner *owner);
void conn_free(struct conn *conn);

/* Something changed: send what there is, go on with what can. */
void conn_pump(struct conn *conn);

/* Its session wants something else than the loop was told. */
bool conn_is_due(const struct conn *conn);

/* Its role may be another: the gate is a new one. */
void conn_settle(struct conn *conn);

/* Say to the operator something about this client. */
void conn_complain(struct conn *conn, enum diag_kind kind, const char *what);

/* Give it up: it holds more memory, or its place, than there is. */
void conn_drop(struct conn *conn);

#endif
