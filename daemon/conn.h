/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CONN_H
#define DAEMON_CONN_H

#include "daemon/session.h"

#include <event2/event.h>

/*
 * A connection: the glue between a socket in libevent's loop and a session.
 *
 * It moves bytes, wakes the session when it can work, stops reading when the
 * session cannot take more, drops a client that sends half a message and no
 * more, and tells its owner when it is over.  It never frees itself: the owner
 * does that at the end of a turn.  Reactor thread.
 */

/* A message has to be whole this long after its first byte. PROTOCOL.md,
 * "Limits". */
#define CONN_MESSAGE_TIMEOUT_S 30

/* A client that was refused in the middle of sending has this long to finish
 * and to read why: closing at once would reset its connection. */
#define CONN_LINGER_S 2

struct conn {
    struct conn *next, *previous; /* the owner's */
    struct conn_owner *owner;
    struct service *service;
    struct bufferevent *bev;
    struct session *session;
    struct event *work;     /* a turn of work is due */
    struct event *deadline; /* of the message that is half way */
    uint64_t half_message;  /* which one that is */
    bool reading;           /* what the loop was last told */
    bool lingering;         /* all is said; what still comes is thrown away */
    bool waiting;           /* for the views */
    bool over;
};

/* What a connection tells its owner; embedded in it. */
struct conn_owner {
    void (*on_over)(struct conn_owner *owner, struct conn *conn);
    void (*on_held)(struct conn_owner *owner); /* more may be held */
    void (*on_waiting)(struct conn_owner *owner, uint64_t views_position);
};

/* Takes the socket, closing it when it fails. NULL without memory. */
struct conn *conn_new(struct event_base *base, int fd, struct service *service,
                      enum service_role role, bool can_authenticate,
                      struct conn_owner *owner);
void conn_free(struct conn *conn);

/* Something changed: send what there is, go on with what can. */
void conn_pump(struct conn *conn);

/* Its session wants something else than the loop was told. */
bool conn_is_due(const struct conn *conn);

/* Give it up: it holds more memory than there is. */
void conn_drop(struct conn *conn);

#endif
