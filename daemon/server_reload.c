/* SPDX-License-Identifier: MIT */
#include "daemon/server_parts.h"

#include <string.h>
#include <sys/resource.h>

/* Descriptors that are kept for ourselves: files, listeners, the loop. */
#define SERVER_DESCRIPTORS_KEPT 32u

/* As many connections as descriptors allow, raising the soft limit first. */
static void
limit_connections(struct server *server, uint64_t connections_max)
{
    const rlim_t wanted = connections_max + SERVER_DESCRIPTORS_KEPT;
    struct rlimit limit;
    server->connection_max = connections_max;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < wanted)
        server->connection_max =
            limit.rlim_cur > SERVER_DESCRIPTORS_KEPT
                ? (size_t)(limit.rlim_cur - SERVER_DESCRIPTORS_KEPT)
                : 1;
}

void
server_apply_limits(struct server *server, const struct settings *settings)
{
    server->service.deadlines = (struct service_deadlines){
        .handshake_ms = settings->handshake_ms,
        .first_request_ms = settings->first_request_ms,
        .message_ms = settings->message_ms,
    };
    server->per_peer_max = settings->connections_per_peer_max;
    server->unknown_max = settings->connections_unknown_max;
    limit_connections(server, settings->connections_max);
}

/* --- reading the configuration again --------------------------------------*/

static bool
is_same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* What only a start can change. */
static void
warn_fixed(const struct settings *old, const struct settings *new)
{
    bool same = old->listen_count == new->listen_count;
    for (size_t i = 0; same && i < old->listen_count; i++)
        same = is_same_text(old->listen[i], new->listen[i]);
    if (!same)
        diag_of(DIAG_RELOAD_PARTLY, "listen has changed; that needs a restart");
    if (!is_same_text(old->data, new->data))
        diag_of(DIAG_RELOAD_PARTLY, "data has changed; that needs a restart");
}

static void
settle_all(struct server *server)
{
    for (struct conn *conn = server->conns, *next; conn != NULL; conn = next) {
        next = conn->next;
        conn_settle(conn);
    }
}

static void
replace_gate(struct server *server, const struct gate *gate)
{
    struct gate old = server->gate;
    server->gate = *gate;
    settle_all(server);
    gate_close(&old);
}

static bool
listens_for_tls(const struct server *server)
{
    for (size_t i = 0; i < server->listener_count; i++)
        if (server->listeners[i].socket.is_tls)
            return true;
    return false;
}

/* Read it all; false with `reason` set, and nothing to be closed. */
static bool
reread(const struct server *server, struct settings *settings,
       struct gate *gate, struct diag_reason *reason)
{
    if (!options_reread(server->options, settings, reason) ||
        gate_open(gate, settings, reason) != 0)
        return false;
    if (gate->tls != NULL || !listens_for_tls(server))
        return true;
    diag_because(reason, "a tls:// listener is open: [tls] certificate and key "
                         "cannot go before a restart");
    gate_close(gate);
    return false;
}

/* All of it, or nothing. */
void
server_on_hangup(evutil_socket_t number, short what, void *context)
{
    struct server *server = context;
    struct settings settings = {0};
    struct diag_reason reason = {0};
    struct gate gate;
    (void)number;
    (void)what;
    watch_reloading(server->watch.watch);
    if (!reread(server, &settings, &gate, &reason)) {
        diag_of(DIAG_RELOAD_REFUSED, "%s; the configuration stays as it was",
                reason.text);
    } else {
        warn_fixed(&server->options->settings, &settings);
        replace_gate(server, &gate);
        server_apply_limits(server, &settings);
        if (server_has_room(server) && !evtimer_pending(server->resume, NULL))
            server_set_accepting(server, true);
        diag_of(DIAG_RELOADED, "the configuration was read again");
        diag_set_level(settings.log_level);
    }
    settings_deinit(&settings);
    watch_reloaded(server->watch.watch);
}
