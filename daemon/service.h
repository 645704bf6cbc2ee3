/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include "daemon/consumers.h"
#include "daemon/feed.h"
#include "daemon/log.h"
#include "daemon/views.h"
#include "daemon/writer.h"

/*
 * What every session shares: where the data is, and what is counted.  Owned by
 * the server; reactor thread only.
 */

/* read < append < admin (PROTOCOL.md, "Roles"). */
enum service_role {
    SERVICE_NOBODY,
    SERVICE_READ,
    SERVICE_APPEND,
    SERVICE_ADMIN,
};

/* How long a connection has for each. */
struct service_deadlines {
    uint64_t handshake_ms;     /* TLS */
    uint64_t first_request_ms; /* over TCP; and to get a role */
    uint64_t message_ms;       /* the rest of one that has begun */
};

struct service {
    struct log *log;
    struct views *views;
    struct writer *writer;
    struct log_reader *log_reader;
    struct views_reader *views_reader;
    struct backups *backups; /* NULL where none can be made */
    struct consumers consumers;
    struct feed feed;
    const struct gate *gate; /* NULL where nobody can authenticate */
    struct service_deadlines deadlines;
    int64_t now_ms; /* since 1970; set once a turn of the loop */

    /* whose turn it is, and since when it is nobody else's */
    const void *served;
    uint64_t served_since_us;

    uint64_t start_us; /* CLOCK_MONOTONIC */
    size_t held_size;  /* memory that sessions hold for their clients */

    /* counters, for `stats` */
    uint64_t requests, errors;
    uint64_t connections_total, connections_refused;
    uint64_t connections, connections_unknown;
    uint64_t auth_failures;
    uint64_t replayed; /* events sent in answers */
    uint64_t pushed;   /* and to subscriptions */
};

const char *service_role_name(enum service_role role);

/* A client is served: by any pointer that stands for it, or NULL for nobody who
 * should count as alone. */
void service_serve(struct service *service, const void *client);

/* For a tenth of a second nobody else was served: whoever is may hold up the
 * reactor for a moment. */
bool service_is_alone(const struct service *service);

#endif
