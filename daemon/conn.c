/* SPDX-License-Identifier: MIT */
#include "daemon/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/clock.h"

/* What one pass over a socket moves; libevent's own 16 KiB make large replays
 * a matter of system calls. */
#define CONN_PASS_SIZE ((size_t)256 << 10)

/* What a Unix socket holds for its client: a chunk of a replay whole, so that
 * the next one is made while this one is read. The kernel allows as much. */
#define CONN_SOCKET_SIZE (512 << 10)

/* libevent reads 4 KiB at once, whatever it is told.  When a client has sent
 * more than that, so much more is taken in the same pass; it is on the stack.
 */
#define CONN_LIBEVENT_READ ((size_t)4096)
#define CONN_READ_SIZE ((size_t)64 << 10)

/* Output of this size is handed over instead of copied. */
#define CONN_HANDOVER_SIZE ((size_t)16 << 10)

static void
set_now(struct conn *conn)
{
    struct timespec now;
    service_serve(conn->service, conn);
    clock_gettime(CLOCK_REALTIME, &now);
    conn->service->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct timeval
timeval_of(uint64_t ms)
{
    return (struct timeval){.tv_sec = (time_t)(ms / 1000),
                            .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}

static void
set_unknown(struct conn *conn, bool unknown)
{
    if (conn->unknown == unknown)
        return;
    conn->unknown = unknown;
    if (unknown) {
        conn->service->connections_unknown++;
        conn->origin.peer->unknown++;
    } else {
        conn->service->connections_unknown--;
        conn->origin.peer->unknown--;
    }
}

/* The loop tells what comes, or no more of it.  False without memory. */
static bool
set_reading(struct conn *conn, bool reading)
{
    int rc;
    if (conn->readable != NULL)
        rc = reading ? event_add(conn->readable, NULL)
                     : event_del(conn->readable);
    else
        rc = reading ? bufferevent_enable(conn->bev, EV_READ)
                     : bufferevent_disable(conn->bev, EV_READ);
    return rc == 0;
}

static void
end(struct conn *conn)
{
    if (conn->over)
        return;
    conn->over = true;
    set_unknown(conn, false);
    bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
    if (conn->readable != NULL)
        event_del(conn->readable);
    event_del(conn->work);
    event_del(conn->deadline);
    if (conn->greeting != NULL)
        event_del(conn->greeting);
    conn->owner->on_over(conn->owner, conn);
}

void
conn_complain(struct conn *conn, enum diag_kind kind, const char *what)
{
    struct diag_peer peer;
    diag_peer_of(bufferevent_getfd(conn->bev), &peer);
    diag_about(&(const struct diag_about){.kind = kind, .peer = &peer},
               "client %s: %s", peer.name, what);
}

/* --- output ---------------------------------------------------------------*/

static void
free_sent(const void *data, size_t size, void *context)
{
    (void)data;
    (void)size;
    free(context);
}

/* What the socket takes at once need not wait for the loop.  What is wrong with
 * it the loop will find out. */
static size_t
send_now(struct conn *conn, const struct mp_buf *out)
{
    struct evbuffer *output = bufferevent_get_output(conn->bev);
    if (conn->origin.ssl != NULL || evbuffer_get_length(output) > 0)
        return 0;
    ssize_t sent = send(conn->origin.fd, out->data, out->size,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? 0 : (size_t)sent;
}

/* Leave the rest to the loop. */
static bool
send_later(struct conn *conn, struct mp_buf *out, size_t sent)
{
    struct evbuffer *output = bufferevent_get_output(conn->bev);
    const uint8_t *rest = out->data + sent;
    size_t size = out->size - sent;
    if (size < CONN_HANDOVER_SIZE) {
        if (evbuffer_add(output, rest, size) != 0)
            return false;
        handed_add(&conn->handed, size, 0);
        if (size > 0)
            mp_buf_deinit(out); /* who is slow needs it no time soon */
        mp_buf_clear(out);
        return true;
    }
    if (evbuffer_add_reference(output, rest, size, free_sent, out->data) != 0)
        return false;
    handed_add(&conn->handed, size, out->capacity);
    *out = (struct mp_buf){0};
    return true;
}

static bool
send_output(struct conn *conn)
{
    struct mp_buf *out = session_output(conn->session);
    if (out->failed)
        return false;
    if (out->size > 0 && !send_later(conn, out, send_now(conn, out)))
        return false;
    size_t unsent = evbuffer_get_length(bufferevent_get_output(conn->bev));
    session_set_unsent(conn->session, unsent,
                       handed_held(&conn->handed, unsent));
    /* libevent 2.1 starts to write in a callback that it may have failed to
     * install, for want of memory. */
    return unsent == 0 || bufferevent_enable(conn->bev, EV_WRITE) == 0;
}

/* --- what comes next ------------------------------------------------------*/

/* False without memory. */
static bool
watch_message(struct conn *conn)
{
    uint64_t message = session_message_count(conn->session);
    if (!session_is_half_way(conn->session) || !conn->reading) {
        event_del(conn->deadline); /* our back-pressure is not its fault */
        return true;
    }
    if (evtimer_pending(conn->deadline, NULL) && message == conn->half_message)
        return true; /* the time runs from the first byte */
    struct timeval timeout = timeval_of(conn->service->deadlines.message_ms);
    conn->half_message = message;
    return evtimer_add(conn->deadline, &timeout) == 0;
}

/* False without memory. */
static bool
watch_socket(struct conn *conn)
{
    bool closing = session_is_closing(conn->session);
    bufferevent_setwatermark(conn->bev, EV_WRITE,
                             closing ? 0 : SESSION_OUTPUT_LOW / 2, 0);
    conn->reading = session_can_read(conn->session);
    return set_reading(conn, conn->reading);
}

static bool
is_done(struct conn *conn)
{
    return session_is_closing(conn->session) &&
           !session_is_busy(conn->session) &&
           evbuffer_get_length(bufferevent_get_output(conn->bev)) == 0;
}

/* Everything is sent.  A client that is still sending would be reset by a
 * close, and lose the last answer with it. */
static void
finish(struct conn *conn)
{
    struct timeval timeout = {.tv_sec = CONN_LINGER_S};
    if (conn->origin.ssl != NULL)
        tls_goodbye(conn->origin.ssl);
    if (!session_was_refused(conn->session) ||
        shutdown(bufferevent_getfd(conn->bev), SHUT_WR) != 0) {
        end(conn);
        return;
    }
    conn_complain(conn, DIAG_CLIENT_FAULT, "sent what is no request; closing");
    conn->lingering = true;
    evtimer_add(conn->deadline, &timeout);
    if (!set_reading(conn, true))
        end(conn);
}

bool
conn_is_due(const struct conn *conn)
{
    const struct mp_buf *out = session_output(conn->session);
    return conn->waiting || out->size > 0 || out->failed ||
           conn->reading != session_can_read(conn->session) ||
           session_can_work(conn->session);
}

void
conn_drop(struct conn *conn)
{
    end(conn);
}

/* False without memory. */
static bool
watch_work(struct conn *conn)
{
    struct timeval soon = {0}; /* behind what else the loop has */
    uint64_t wanted = session_wanted_views(conn->session);
    conn->waiting = wanted > 0;
    if (conn->waiting)
        conn->owner->on_waiting(conn->owner, wanted);
    return !session_can_work(conn->session) ||
           evtimer_add(conn->work, &soon) == 0;
}

/* Who has a role and, over TCP, has asked something may then be idle for as
 * long as it likes. */
static void
watch_greeting(struct conn *conn)
{
    if (session_role(conn->session) != SERVICE_NOBODY)
        set_unknown(conn, false);
    if (conn->greeting == NULL || conn->unknown ||
        (!conn->origin.is_unix && session_message_count(conn->session) == 0))
        return;
    event_free(conn->greeting);
    conn->greeting = NULL;
}

/* A line for each of a thousand attempts would help nobody but who made them.
 */
static void
note_failure(const struct conn *conn)
{
    const struct peer *peer = conn->origin.peer;
    struct diag_peer who;
    char name[PEERS_NAME_SIZE];
    if (!peers_is_notable(peer->failures))
        return;
    peers_name(peer, name);
    diag_peer_of(conn->origin.fd, &who);
    diag_about(
        &(const struct diag_about){.kind = DIAG_CLIENT_REFUSED, .peer = &who},
        "%s showed a token that is none of ours (%u times)", name,
        peer->failures);
}

/* True while the answer to a failed `auth` is kept back. */
static bool
is_delayed(struct conn *conn)
{
    if (!session_is_penalised(conn->session))
        return false;
    if (conn->delayed)
        return true;
    struct timeval delay =
        timeval_of(peers_failed(conn->origin.peer, clock_us()));
    note_failure(conn);
    conn->delayed = evtimer_add(conn->work, &delay) == 0;
    conn->reading = false;
    if (!conn->delayed || !set_reading(conn, false))
        end(conn);
    return true;
}

void
conn_pump(struct conn *conn)
{
    if (conn->over || conn->lingering || is_delayed(conn))
        return;
    watch_greeting(conn);
    bool sent = send_output(conn);
    if (sent && is_done(conn)) {
        finish(conn);
        return;
    }
    /* A connection that nothing would wake is better closed. */
    if (!sent || !watch_socket(conn) || !watch_message(conn) ||
        !watch_work(conn)) {
        end(conn);
        return;
    }
    conn->owner->on_held(conn->owner);
}

/* --- callbacks ------------------------------------------------------------*/

static void
on_work(evutil_socket_t fd, short what, void *context)
{
    struct conn *conn = context;
    (void)fd;
    (void)what;
    set_now(conn);
    if (conn->delayed) {
        conn->delayed = false;
        session_relent(conn->session);
    }
    session_work(conn->session);
    conn_pump(conn);
}

static void
on_deadline(evutil_socket_t fd, short what, void *context)
{
    struct conn *conn = context;
    (void)fd;
    (void)what;
    if (!conn->lingering)
        conn_complain(conn, DIAG_CLIENT_FAULT,
                      "too slow to show who it is, or with half a message");
    end(conn);
}

/* --- who it is ------------------------------------------------------------*/

static struct gate_peer
peer_of(const struct conn *conn)
{
    return (struct gate_peer){
        .fd = conn->origin.fd,
        .is_unix = conn->origin.is_unix,
        .ssl = conn->origin.ssl,
        .proof = conn->session == NULL ? NULL : session_proof(conn->session),
    };
}

/* The time runs from now, whatever trickles in. */
static bool
expect_greeting(struct conn *conn, uint64_t ms)
{
    struct timeval timeout = timeval_of(ms);
    if (conn->greeting == NULL)
        conn->greeting =
            evtimer_new(bufferevent_get_base(conn->bev), on_deadline, conn);
    return conn->greeting != NULL && evtimer_add(conn->greeting, &timeout) == 0;
}

void
conn_settle(struct conn *conn)
{
    const struct gate_peer peer = peer_of(conn);
    enum service_role role = gate_role(conn->service->gate, &peer);
    bool was_unknown = conn->unknown;
    session_set_role(conn->session, role,
                     gate_can_authenticate(conn->service->gate, &peer));
    set_unknown(conn, role == SERVICE_NOBODY);
    if (conn->unknown && !was_unknown &&
        !expect_greeting(conn, conn->service->deadlines.first_request_ms))
        end(conn);
}

/* Says so to the operator: the peer itself is told little. */
static void
note_handshake(struct conn *conn)
{
    struct diag_peer who;
    struct peer *peer = conn->origin.peer;
    char name[PEERS_NAME_SIZE];
    if (conn->origin.ssl == NULL || conn->greeted ||
        !peers_is_notable(++peer->handshakes))
        return;
    peers_name(peer, name);
    diag_peer_of(conn->origin.fd, &who);
    diag_about(
        &(const struct diag_about){.kind = DIAG_CLIENT_REFUSED, .peer = &who},
        "%s: TLS handshake failed: %s (%u times)", name,
        tls_why(conn->origin.ssl, bufferevent_get_openssl_error(conn->bev)),
        peer->handshakes);
}

static void
on_handshake(struct conn *conn)
{
    conn->greeted = true;
    conn_settle(conn);
    if (!conn->over &&
        !expect_greeting(conn, conn->service->deadlines.first_request_ms))
        end(conn);
    else
        conn_pump(conn);
}

/* --- input ----------------------------------------------------------------*/

/* A client that has sent its last byte still gets its answers. */
static void
on_end_of_input(struct conn *conn)
{
    if (conn->lingering) {
        end(conn);
        return;
    }
    session_finish(conn->session);
    conn_pump(conn);
}

static void
on_readable(evutil_socket_t fd, short what, void *context)
{
    struct conn *conn = context;
    uint8_t bytes[CONN_READ_SIZE];
    (void)what;
    ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count == 0) {
        on_end_of_input(conn);
    } else if (count > 0 && !conn->lingering) {
        set_now(conn);
        session_feed(conn->session, (struct span){bytes, (size_t)count});
        conn_pump(conn);
    } else if (count < 0 && errno != EAGAIN && errno != EINTR) {
        end(conn);
    }
}

/* What came through TLS. */
static void
on_read(struct bufferevent *bev, void *context)
{
    struct conn *conn = context;
    struct evbuffer *input = bufferevent_get_input(bev);
    if (conn->lingering) {
        evbuffer_drain(input, evbuffer_get_length(input));
        return;
    }
    set_now(conn);
    while (!conn->over && evbuffer_get_length(input) > 0) {
        struct evbuffer_iovec piece;
        evbuffer_peek(input, -1, NULL, &piece, 1);
        session_feed(conn->session,
                     (struct span){piece.iov_base, piece.iov_len});
        evbuffer_drain(input, piece.iov_len);
    }
    conn_pump(conn);
}

static void
on_written(struct bufferevent *bev, void *context)
{
    struct conn *conn = context;
    (void)bev;
    service_serve(conn->service, NULL); /* it takes what it asked for */
    conn_pump(conn);
}

static void
on_event(struct bufferevent *bev, short what, void *context)
{
    struct conn *conn = context;
    (void)bev;
    if (what & BEV_EVENT_CONNECTED)
        on_handshake(conn);
    else if ((what & BEV_EVENT_EOF) && !(what & BEV_EVENT_ERROR)) {
        on_end_of_input(conn);
    } else {
        note_handshake(conn);
        end(conn);
    }
}

/* --- life -----------------------------------------------------------------*/

/* Without BEV_OPT_CLOSE_ON_FREE: what that does to an SSL when memory runs out
 * on the way differs from one libevent to the next. */
static struct bufferevent *
new_bufferevent(struct event_base *base, const struct conn_origin *origin)
{
    if (origin->ssl == NULL)
        return bufferevent_socket_new(base, origin->fd, 0);
    return bufferevent_openssl_socket_new(base, origin->fd, origin->ssl,
                                          BUFFEREVENT_SSL_ACCEPTING, 0);
}

static void
release(const struct conn_origin *origin)
{
    tls_release(origin->ssl);
    close(origin->fd);
}

static bool
make_parts(struct conn *conn, struct event_base *base)
{
    const struct gate_peer peer = peer_of(conn);
    enum service_role role = gate_role(conn->service->gate, &peer);
    conn->bev = new_bufferevent(base, &conn->origin);
    if (conn->origin.ssl == NULL)
        conn->readable = event_new(base, conn->origin.fd, EV_READ | EV_PERSIST,
                                   on_readable, conn);
    conn->session = session_new(
        conn->service, role, gate_can_authenticate(conn->service->gate, &peer));
    conn->work = evtimer_new(base, on_work, conn);
    conn->deadline = evtimer_new(base, on_deadline, conn);
    set_unknown(conn, role == SERVICE_NOBODY);
    return conn->bev != NULL &&
           (conn->origin.ssl != NULL || conn->readable != NULL) &&
           conn->session != NULL && conn->work != NULL &&
           conn->deadline != NULL;
}

static bool
begin(struct conn *conn)
{
    const struct service_deadlines *deadlines = &conn->service->deadlines;
    if ((!conn->origin.is_unix || conn->unknown) &&
        !expect_greeting(conn, conn->origin.ssl != NULL
                                   ? deadlines->handshake_ms
                                   : deadlines->first_request_ms))
        return false;
    if (conn->origin.is_unix && conn->unknown)
        conn_complain(conn, DIAG_CLIENT_REFUSED, "has no role here");
    if (conn->origin.is_unix) /* TCP finds its own size */
        (void)setsockopt(conn->origin.fd, SOL_SOCKET, SO_SNDBUF,
                         &(const int){CONN_SOCKET_SIZE}, sizeof(int));
    bufferevent_set_max_single_read(conn->bev, CONN_PASS_SIZE);
    bufferevent_set_max_single_write(conn->bev, CONN_PASS_SIZE);
    bufferevent_setcb(conn->bev, on_read, on_written, on_event, conn);
    return bufferevent_enable(conn->bev, EV_WRITE) == 0 &&
           set_reading(conn, true);
}

struct conn *
conn_new(struct event_base *base, const struct conn_origin *origin,
         struct service *service, struct conn_owner *owner)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        release(origin);
        return NULL;
    }
    conn->owner = owner;
    conn->service = service;
    conn->origin = *origin;
    if (!make_parts(conn, base) || !begin(conn)) {
        set_unknown(conn, false);
        conn_free(conn);
        return NULL;
    }
    return conn;
}

void
conn_free(struct conn *conn)
{
    if (conn == NULL)
        return;
    if (conn->readable != NULL)
        event_free(conn->readable);
    if (conn->work != NULL)
        event_free(conn->work);
    if (conn->deadline != NULL)
        event_free(conn->deadline);
    if (conn->greeting != NULL)
        event_free(conn->greeting);
    if (conn->bev != NULL)
        bufferevent_free(conn->bev);
    release(&conn->origin);
    session_free(conn->session);
    free(conn);
}
