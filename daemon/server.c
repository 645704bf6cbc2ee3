/* SPDX-License-Identifier: MIT */
#include "daemon/server.h"

#include <errno.h>
#include <event2/listener.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/backup.h"
#include "daemon/clock.h"
#include "daemon/server_parts.h"

/* What is in flight at the end has this long to be answered and taken. */
#define SERVER_STOP_TIMEOUT_S 10

/* How often places of readers whose process died are freed. */
#define SERVER_TIDY_S 30

/* --- connections ----------------------------------------------------------*/

static void
finish_stop(struct server *server)
{
    if (server->stopping && server->conns == NULL)
        leader_stop(&server->leader);
}

static void
free_conn(struct server *server, struct conn *conn)
{
    struct peer *peer = conn->origin.peer;
    conn_free(conn);
    peers_leave(&server->peers, peer);
}

static void
free_dead(struct server *server)
{
    while (server->dead != NULL) {
        struct conn *conn = server->dead;
        server->dead = conn->next;
        free_conn(server, conn);
    }
}

/* Messages that do not end and answers that nobody takes must not add up
 * without bound: whoever holds most has to go. */
static void
drop_largest(struct server *server)
{
    struct conn *largest = server->conns;
    for (struct conn *conn = server->conns; conn != NULL; conn = conn->next)
        if (session_held(conn->session) > session_held(largest->session))
            largest = conn;
    conn_complain(largest, DIAG_CLIENT_DROPPED,
                  "clients hold too much; dropping the one with most");
    conn_drop(largest);
    free_dead(server);
}

static void
on_reap(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    (void)fd;
    (void)what;
    free_dead(server);
    while (server->service.held_size > SERVER_HELD_MAX && server->conns != NULL)
        drop_largest(server);
    if (server_has_room(server) && !evtimer_pending(server->resume, NULL))
        server_set_accepting(server, true);
    finish_stop(server);
}

static void
on_over(struct conn_owner *owner, struct conn *conn)
{
    struct server *server = (struct server *)owner;
    struct timeval soon = {0};
    if (conn->previous != NULL)
        conn->previous->next = conn->next;
    else
        server->conns = conn->next;
    if (conn->next != NULL)
        conn->next->previous = conn->previous;
    conn->next = server->dead;
    server->dead = conn;
    server->connection_count--;
    server->service.connections = server->connection_count;
    evtimer_add(server->reap, &soon);
}

static void
on_held(struct conn_owner *owner)
{
    struct server *server = (struct server *)owner;
    struct timeval soon = {0};
    if (server->service.held_size > SERVER_HELD_MAX)
        evtimer_add(server->reap, &soon);
}

static void
on_waiting(struct conn_owner *owner, uint64_t position)
{
    struct server *server = (struct server *)owner;
    writer_want_views(server->service.writer, position);
}

/* --- stopping -------------------------------------------------------------*/

static void
begin_stop(struct server *server, int status)
{
    struct timeval timeout = {.tv_sec = SERVER_STOP_TIMEOUT_S};
    if (server->stopping)
        return;
    server->stopping = true;
    server->status = status;
    server_set_accepting(server, false);
    server_watch_stopping(&server->watch);
    backups_stop(server->service.backups);
    for (struct conn *conn = server->conns, *next; conn != NULL; conn = next) {
        next = conn->next;
        session_stop(conn->session);
        conn_pump(conn);
    }
    evtimer_add(server->give_up, &timeout);
    finish_stop(server);
}

static void
on_signal(evutil_socket_t number, short what, void *context)
{
    (void)what;
    diag_of(DIAG_STOPPING, "%s: stopping", strsignal((int)number));
    begin_stop(context, 0);
}

static void
on_give_up(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    (void)fd;
    (void)what;
    diag_of(DIAG_STOP_UNFINISHED,
            "%zu clients did not take their answers in time",
            server->connection_count);
    leader_stop(&server->leader);
}

/* --- the writer's news ----------------------------------------------------*/

static void
take_outcomes(struct server *server)
{
    struct append_request *outcome = writer_outcomes(server->service.writer);
    while (outcome != NULL) {
        struct append_request *next = outcome->next;
        session_appended(outcome);
        outcome = next;
    }
}

/* Subscriptions hear of what is durable now; the rest of it, and of those who
 * have to be told how far they are, in a later turn. */
static void
feed_subscriptions(struct server *server)
{
    struct service *service = &server->service;
    uint64_t tip = log_tip(service->log);
    struct timeval soon = {0};
    struct timeval later = {.tv_sec = FEED_TICK_US / 1000000,
                            .tv_usec = FEED_TICK_US % 1000000};
    if (service->feed.count == 0 || tip < service->feed.end)
        return;
    if (feed_advance(&service->feed, service->log_reader, tip))
        evtimer_add(server->feed, &soon);
    else if (!evtimer_pending(server->feed, NULL))
        evtimer_add(server->feed, &later);
}

/* Each connection sends what was written for it, and goes on. */
static void
pump_due(struct server *server)
{
    for (struct conn *conn = server->conns, *after; conn != NULL;
         conn = after) {
        after = conn->next;
        if (conn_is_due(conn))
            conn_pump(conn);
    }
}

static void
on_writer_news(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    (void)fd;
    (void)what;
    take_outcomes(server);
    feed_subscriptions(server);
    pump_due(server);
    if (writer_state(server->service.writer) == WRITER_FAILED &&
        !server->stopping) {
        diag_of(DIAG_LOG_FAILED, "the data can no longer be written; ending");
        begin_stop(server, EX_IOERR);
    }
}

/* After each turn: what only one client waits for is written here.  False where
 * that took so long that the other thread leads. */
static bool
on_turn(void *context)
{
    struct server *server = context;
    struct writer *writer = server->service.writer;
    struct append_request *kept = writer_kept(writer);
    if (kept == NULL)
        return true;
    uint64_t turn = leader_step_aside(&server->leader);
    if (turn == 0) {
        writer_enqueue(writer, kept);
        return true;
    }
    writer_commit(writer, kept);
    if (!leader_step_back(&server->leader, turn)) {
        writer_wake_reactor(writer);
        return false;
    }
    on_writer_news(-1, 0, server);
    return true;
}

static void
on_backup_news(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    (void)fd;
    (void)what;
    backups_reap(server->service.backups);
    pump_due(server); /* whoever waits for it can go on */
}

static void
on_feed(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    struct timeval later = {.tv_sec = FEED_TICK_US / 1000000,
                            .tv_usec = FEED_TICK_US % 1000000};
    (void)fd;
    (void)what;
    if (feed_tick(&server->service.feed, clock_us()))
        evtimer_add(server->feed, &later);
    feed_subscriptions(server);
    pump_due(server);
}

/* --- starting -------------------------------------------------------------*/

static int
open_data(struct server *server, const struct options *options,
          struct diag_reason *reason)
{
    struct service *service = &server->service;
    const struct log_options log_options = {
        .journal_size = options->settings.journal_size,
        .accept_loss = options->accept_loss,
        .accepted_position = options->accepted_position,
    };
    int rc = datadir_open(&server->datadir, options->settings.data, reason);
    if (rc == 0)
        rc = log_open(&server->datadir, &log_options, &service->log, reason);
    if (rc == 0)
        rc =
            views_open(&server->datadir, service->log, &service->views, reason);
    if (rc == 0)
        rc = datadir_sync(&server->datadir);
    if (rc != 0)
        return rc;
    if (!consumers_load(&service->consumers, service->log)) {
        diag_because(reason, "the consumers cannot be read, or no memory");
        return -EIO;
    }
    service->log_reader = log_reader_new(service->log);
    service->views_reader = views_reader_new(service->views);
    service->writer = writer_new(service->log, service->views);
    service->backups = backups_new(service->log);
    if (service->log_reader != NULL && service->views_reader != NULL &&
        service->writer != NULL && service->backups != NULL) {
        server_watch_writer(&server->watch);
        return 0;
    }
    diag_because(reason, "out of memory");
    return -ENOMEM;
}

/* A few missing views are made before anybody asks; many while we serve. */
static void
wait_for_views(struct server *server)
{
    struct service *service = &server->service;
    while (writer_is_rebuilding(service->writer) &&
           log_tip(service->log) - views_position(service->views) <=
               WRITER_CATCH_UP_MAX &&
           !writer_is_stalled(service->writer)) {
        struct pollfd news = {.fd = writer_fd(service->writer),
                              .events = POLLIN};
        poll(&news, 1, 1000);
        writer_outcomes(service->writer); /* none yet; empties the fd */
    }
}

static void
on_tidy(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    (void)fd;
    (void)what;
    log_tidy(server->service.log);
    views_tidy(server->service.views);
}

static bool
make_events(struct server *server)
{
    struct event_base *base = server->base = event_base_new();
    if (base == NULL)
        return false;
    leader_init(&server->leader, base, on_turn, server);
    server->writer_news =
        event_new(base, writer_fd(server->service.writer), EV_READ | EV_PERSIST,
                  on_writer_news, server);
    server->backup_news =
        event_new(base, backups_fd(server->service.backups),
                  EV_READ | EV_PERSIST, on_backup_news, server);
    server->sigterm = evsignal_new(base, SIGTERM, on_signal, server);
    server->sigint = evsignal_new(base, SIGINT, on_signal, server);
    server->sighup = evsignal_new(base, SIGHUP, server_on_hangup, server);
    server->reap = evtimer_new(base, on_reap, server);
    server->resume = evtimer_new(base, server_on_resume, server);
    server->give_up = evtimer_new(base, on_give_up, server);
    server->feed = evtimer_new(base, on_feed, server);
    server->tidy = event_new(base, -1, EV_PERSIST, on_tidy, server);
    if (server->writer_news == NULL || server->backup_news == NULL ||
        server->sigterm == NULL || server->sigint == NULL ||
        server->sighup == NULL || server->reap == NULL ||
        server->resume == NULL || server->give_up == NULL ||
        server->tidy == NULL || server->feed == NULL)
        return false;
    struct timeval often = {.tv_sec = SERVER_TIDY_S};
    return event_add(server->tidy, &often) == 0 &&
           event_add(server->writer_news, NULL) == 0 &&
           event_add(server->backup_news, NULL) == 0 &&
           event_add(server->sigterm, NULL) == 0 &&
           event_add(server->sigint, NULL) == 0 &&
           event_add(server->sighup, NULL) == 0;
}

static int
start(struct server *server, struct options *options,
      struct diag_reason *reason)
{
    struct settings *settings = &options->settings;
    server->service.start_us = clock_us();
    int rc = gate_open(&server->gate, settings, reason);
    if (rc != 0) {
        server->status = EX_CONFIG;
        return rc;
    }
    server->service.gate = &server->gate;
    rc = server_watch_open(&server->watch, &server->service);
    if (rc != 0) {
        diag_because(reason, "no thread for the watchdog: %s", strerror(-rc));
        return rc;
    }
    rc = open_data(server, options, reason);
    if (rc != 0)
        return rc;
    server_apply_limits(server, settings);
    wait_for_views(server);
    if (writer_state(server->service.writer) == WRITER_FAILED) {
        diag_because(reason, "the data cannot be used; see above");
        return -EIO;
    }
    if (!make_events(server)) {
        diag_because(reason, "the event loop cannot be made");
        return -ENOMEM;
    }
    rc = server_listen(server, settings, reason);
    if (rc != 0)
        return rc;
    server->accepting = true;
    views_serving(server->service.views);
    diag_of(DIAG_READY, "ready");
    if (!server_watch_begin(&server->watch, server->base)) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    return 0;
}

/* --- ending ---------------------------------------------------------------*/

static void
free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

/* From here on a second SIGTERM changes nothing. */
static void
ignore_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static void
close_loop(struct server *server)
{
    ignore_signals();
    server_watch_end(&server->watch);
    for (size_t i = 0; i < server->listener_count; i++) {
        listen_forget(&server->listeners[i].socket);
        if (server->listeners[i].events != NULL)
            evconnlistener_free(server->listeners[i].events);
        else
            close(server->listeners[i].socket.fd);
    }
    while (server->conns != NULL) {
        struct conn *conn = server->conns;
        server->conns = conn->next;
        free_conn(server, conn);
    }
    free_dead(server);
    free_event(server->writer_news);
    free_event(server->backup_news);
    free_event(server->sigterm);
    free_event(server->sigint);
    free_event(server->sighup);
    free_event(server->reap);
    free_event(server->resume);
    free_event(server->give_up);
    free_event(server->tidy);
    free_event(server->feed);
    if (server->base != NULL) {
        leader_deinit(&server->leader);
        event_base_free(server->base);
    }
}

static void
close_data(struct server *server)
{
    struct service *service = &server->service;
    backups_free(service->backups);
    if (service->writer != NULL) {
        writer_stop(service->writer);
        take_outcomes(server); /* of sessions that are gone */
        server_watch_forget_writer(&server->watch);
        writer_free(service->writer);
    }
    consumers_deinit(&service->consumers);
    feed_deinit(&service->feed);
    log_reader_free(service->log_reader);
    views_reader_free(service->views_reader);
    views_close(service->views);
    log_close(service->log);
    datadir_close(&server->datadir);
}

bool
server_check(struct options *options, struct diag_reason *reason)
{
    const struct settings *settings = &options->settings;
    struct gate gate;
    int rc = 0;
    for (size_t i = 0; i < settings->listen_count && rc == 0; i++)
        rc = listen_check(settings->listen[i], reason);
    if (rc != 0 || gate_open(&gate, &options->settings, reason) != 0)
        return false;
    gate_close(&gate);
    return true;
}

int
server_run(struct options *options, struct diag_reason *reason)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        diag_because(reason, "out of memory");
        return EXIT_FAILURE;
    }
    server->owner.on_over = on_over;
    server->owner.on_waiting = on_waiting;
    server->owner.on_held = on_held;
    server->datadir = (struct datadir){.directory_fd = -1, .lock_fd = -1};
    server->options = options;
    server->status = EXIT_FAILURE; /* until it serves */
    if (start(server, options, reason) == 0) {
        reason->text[0] = '\0'; /* of views that were discarded */
        server->status = EXIT_SUCCESS;
        leader_run(&server->leader);
    }
    int status = server->status;
    close_loop(server);
    close_data(server);
    server_watch_close(&server->watch);
    peers_deinit(&server->peers);
    gate_close(&server->gate);
    free(server);
    return status;
}
