/* SPDX-License-Identifier: MIT */
#include "daemon/server_parts.h"

#include <errno.h>
#include <event2/listener.h>

#include "daemon/inherit.h"

/* Accept on the socket behind the last listener. */
static int
add_listener(struct server *server, struct diag_reason *reason)
{
    struct listener *listener = &server->listeners[server->listener_count++];
    listener->server = server;
    if (listener->socket.is_tls && server->gate.tls == NULL) {
        diag_because(reason, "%s: TLS needs a certificate",
                     listener->socket.url);
        return -EINVAL;
    }
    listener->events = evconnlistener_new(
        server->base, server_on_accept, listener,
        LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, 0, listener->socket.fd);
    if (listener->events == NULL) {
        diag_because(reason, "%s: out of memory", listener->socket.url);
        return -ENOMEM;
    }
    evconnlistener_set_error_cb(listener->events, server_on_accept_error);
    diag_about(&(const struct diag_about){.kind = DIAG_LISTENING,
                                          .url = listener->socket.url},
               "listening on %s", listener->socket.url);
    return 0;
}

static int
add_inherited(struct server *server, size_t room, struct diag_reason *reason)
{
    struct listen_socket inherited[SETTINGS_LISTENERS_MAX];
    size_t count;
    int rc = inherit_take(inherited, room, &count, reason);
    for (size_t i = 0; i < count && rc == 0; i++) {
        server->listeners[server->listener_count].socket = inherited[i];
        rc = add_listener(server, reason);
    }
    return rc;
}

int
server_listen(struct server *server, const struct settings *settings,
              struct diag_reason *reason)
{
    int rc = add_inherited(
        server, SETTINGS_LISTENERS_MAX - settings->listen_count, reason);
    for (size_t i = 0; i < settings->listen_count && rc == 0; i++) {
        rc = listen_open(settings->listen[i],
                         &server->listeners[server->listener_count].socket,
                         reason);
        if (rc == 0)
            rc = add_listener(server, reason);
    }
    return rc;
}
