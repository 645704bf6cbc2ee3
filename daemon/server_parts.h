/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SERVER_PARTS_H
#define DAEMON_SERVER_PARTS_H

#include "daemon/conn.h"
#include "daemon/leader.h"
#include "daemon/server.h"
#include "daemon/server_watch.h"

/*
 * What a server is inside, and what its files share of it: daemon/server.c
 * starts and ends, server_listen.c opens sockets, server_accept.c lets clients
 * in, server_reload.c reads the configuration again.
 */

struct listener {
    struct server *server;
    struct listen_socket socket;
    struct evconnlistener *events;
};

struct server {
    struct conn_owner owner; /* first: conns know us by it */
    struct datadir datadir;
    struct service service;
    struct server_watch watch;
    struct leader leader;
    struct event_base *base;
    const struct options *options;
    struct gate gate;
    struct peers peers;
    size_t per_peer_max, unknown_max;
    struct listener listeners[SETTINGS_LISTENERS_MAX];
    size_t listener_count;
    struct event *writer_news, *backup_news, *sigterm, *sigint, *sighup;
    struct event *reap, *resume, *give_up, *tidy;
    struct event *feed; /* more to read, or somebody to be told */
    struct conn *conns; /* doubly linked */
    struct conn *dead;  /* to be freed at the end of the turn */
    size_t connection_count, connection_max;
    uint64_t warn_accept_us; /* no further warning before then */
    bool accepting, stopping;
    int status;
};

struct evconnlistener;
struct sockaddr;

/* --- server_listen.c ------------------------------------------------------*/

/* Listen where the service manager has opened sockets, then where the settings
 * say it.  0, or a negative errno with `reason` set. */
int server_listen(struct server *server, const struct settings *settings,
                  struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* --- server_accept.c ------------------------------------------------------*/

void server_set_accepting(struct server *server, bool accepting);

/* One more connection may be accepted. */
bool server_has_room(const struct server *server);

/* Libevent's callbacks, with a struct listener. */
void server_on_accept(struct evconnlistener *events, evutil_socket_t fd,
                      struct sockaddr *address, int size, void *context);
void server_on_accept_error(struct evconnlistener *events, void *context);

/* It is time to accept again; with a struct server. */
void server_on_resume(evutil_socket_t fd, short what, void *context);

/* --- server_reload.c ------------------------------------------------------*/

/* Take over what SIGHUP can change of the limits. */
void server_apply_limits(struct server *server,
                         const struct settings *settings);

/* SIGHUP: read the configuration again, and use all of it or nothing; with a
 * struct server. */
void server_on_hangup(evutil_socket_t number, short what, void *context);

#endif
