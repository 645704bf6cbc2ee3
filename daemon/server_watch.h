/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SERVER_WATCH_H
#define DAEMON_SERVER_WATCH_H

#include "daemon/service.h"
#include "daemon/watch.h"

struct event_base;

/*
 * The reactor's part in what the service manager hears (daemon/watch): it
 * beats its pulse each turn of a timer, and says how far the views are while
 * they are rebuilt.  Ready means that every method is answered: clients are
 * served before that, and told that the views are being rebuilt.
 *
 * Embedded in the server; its thread.
 */
struct server_watch {
    struct watch *watch; /* NULL without a service manager */
    struct pulse pulse;  /* the reactor's, or of who opens and closes */
    const struct service *service;
    struct event *tick;
    bool stopping;
};

/* Before the data is opened. 0, or a negative errno. */
int server_watch_open(struct server_watch *watch, const struct service *service)
    __attribute__((warn_unused_result));
void server_watch_close(struct server_watch *watch);

/* The writer is there, or it is about to be freed. */
void server_watch_writer(struct server_watch *watch);
void server_watch_forget_writer(struct server_watch *watch);

/* The loop is there: tick in it. False without memory. */
bool server_watch_begin(struct server_watch *watch, struct event_base *base)
    __attribute__((warn_unused_result));

/* Before the loop goes. */
void server_watch_end(struct server_watch *watch);

/* No new clients from now on. */
void server_watch_stopping(struct server_watch *watch);

#endif
