/* SPDX-License-Identifier: MIT */
#include "daemon/server_parts.h"

#include <event2/listener.h>
#include <string.h>
#include <unistd.h>

#include "daemon/clock.h"

/* Out of descriptors: how long to leave the backlog alone. */
#define SERVER_ACCEPT_PAUSE_US 100000

void
server_set_accepting(struct server *server, bool accepting)
{
    if (server->accepting == accepting)
        return;
    server->accepting = accepting;
    for (size_t i = 0; i < server->listener_count; i++) {
        if (server->listeners[i].events == NULL)
            continue;
        if (accepting)
            evconnlistener_enable(server->listeners[i].events);
        else
            evconnlistener_disable(server->listeners[i].events);
    }
}

bool
server_has_room(const struct server *server)
{
    return server->connection_count < server->connection_max &&
           !server->stopping;
}

/* Of those that nobody knows, one of the peer that has most of them goes: who
 * comes in a crowd drives out its own.  It is the one that has had most time to
 * say who it is. */
static void
make_room_for_unknown(struct server *server)
{
    struct conn *last = NULL;
    if (server->service.connections_unknown <= server->unknown_max)
        return;
    for (struct conn *conn = server->conns; conn != NULL; conn = conn->next)
        if (conn->unknown && (last == NULL || conn->origin.peer->unknown >=
                                                  last->origin.peer->unknown))
            last = conn; /* the newest come first */
    server->service.connections_refused++;
    conn_drop(last);
}

static struct conn *
admit(struct server *server, const struct conn_origin *origin, bool is_tls)
{
    struct conn_origin whole = *origin;
    struct conn *conn = NULL;
    if (is_tls)
        whole.ssl = tls_accept(server->gate.tls);
    if (whole.ssl != NULL || !is_tls)
        conn = conn_new(server->base, &whole, &server->service, &server->owner);
    else
        close(whole.fd);
    if (conn == NULL)
        return NULL;
    conn->next = server->conns;
    if (conn->next != NULL)
        conn->next->previous = conn;
    server->conns = conn;
    server->connection_count++;
    server->service.connections = server->connection_count;
    server->service.connections_total++;
    return conn;
}

/* Root and our own user could end us, so they may as well keep others out. */
static bool
is_too_many(const struct server *server, const struct conn_origin *origin)
{
    const struct peer *peer = origin->peer;
    bool is_master = origin->is_unix &&
                     (peer->key.number == 0 || peer->key.number == geteuid());
    return peer->connections > server->per_peer_max && !is_master;
}

void
server_on_accept(struct evconnlistener *events, evutil_socket_t fd,
                 struct sockaddr *address, int size, void *context)
{
    struct listener *listener = context;
    struct server *server = listener->server;
    struct conn_origin origin = {.fd = fd, .is_unix = listener->socket.is_unix};
    (void)events;
    (void)size;
    origin.peer = peers_enter(&server->peers, peers_key(fd, address));
    if (origin.peer == NULL || is_too_many(server, &origin)) {
        if (origin.peer != NULL && !listener->socket.is_tls)
            peers_turn_away(fd);
        close(fd);
    } else if (admit(server, &origin, listener->socket.is_tls) != NULL) {
        make_room_for_unknown(server);
        if (!server_has_room(server))
            server_set_accepting(server, false);
        return;
    }
    server->service.connections_refused++;
    if (origin.peer != NULL)
        peers_leave(&server->peers, origin.peer);
}

/* A line a second says it as well as a thousand. */
static void
warn_accept(struct server *server, int error)
{
    uint64_t now_us = clock_us();
    if (now_us < server->warn_accept_us)
        return;
    server->warn_accept_us = now_us + 1000000;
    diag_about(
        &(const struct diag_about){.kind = DIAG_ACCEPT_PAUSED, .error = error},
        "cannot accept: %s; waiting", strerror(error));
}

/* Out of descriptors the backlog would wake us without end. */
void
server_on_accept_error(struct evconnlistener *events, void *context)
{
    struct listener *listener = context;
    struct timeval pause = {.tv_usec = SERVER_ACCEPT_PAUSE_US};
    (void)events;
    warn_accept(listener->server, EVUTIL_SOCKET_ERROR());
    listener->server->service.connections_refused++;
    server_set_accepting(listener->server, false);
    evtimer_add(listener->server->resume, &pause);
}

void
server_on_resume(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    (void)fd;
    (void)what;
    if (server_has_room(server))
        server_set_accepting(server, true);
}
