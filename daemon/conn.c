/* SPDX-License-Identifier: MIT */
#include "daemon/conn.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What one pass over a socket moves; libevent's own 16 KiB make large replays
 * a matter of system calls. */
#define CONN_PASS_SIZE ((size_t)256 << 10)

/* Output of this size is handed over instead of copied. */
#define CONN_HANDOVER_SIZE ((size_t)16 << 10)

static void
set_now(struct conn *conn)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    conn->service->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
end(struct conn *conn)
{
    if (conn->over)
        return;
    conn->over = true;
    bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
    event_del(conn->work);
    event_del(conn->deadline);
    conn->owner->on_over(conn->owner, conn);
}

/* --- output ---------------------------------------------------------------*/

static void
free_sent(const void *data, size_t size, void *context)
{
    (void)size;
    (void)context;
    free((void *)(uintptr_t)data);
}

static bool
send_output(struct conn *conn)
{
    struct evbuffer *output = bufferevent_get_output(conn->bev);
    struct mp_buf *out = session_output(conn->session);
    if (out->failed)
        return false;
    if (out->size >= CONN_HANDOVER_SIZE) {
        if (evbuffer_add_reference(output, out->data, out->size, free_sent,
                                   NULL) != 0)
            return false;
        *out = (struct mp_buf){0};
    } else if (out->size > 0) {
        if (evbuffer_add(output, out->data, out->size) != 0)
            return false;
        mp_buf_clear(out);
    }
    size_t unsent = evbuffer_get_length(output);
    session_set_unsent(conn->session, unsent);
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
    struct timeval timeout = {.tv_sec = CONN_MESSAGE_TIMEOUT_S};
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
    return conn->reading ? bufferevent_enable(conn->bev, EV_READ) == 0
                         : bufferevent_disable(conn->bev, EV_READ) == 0;
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
    if (!session_was_refused(conn->session) ||
        shutdown(bufferevent_getfd(conn->bev), SHUT_WR) != 0) {
        end(conn);
        return;
    }
    conn->lingering = true;
    evtimer_add(conn->deadline, &timeout);
    bufferevent_enable(conn->bev, EV_READ);
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

void
conn_pump(struct conn *conn)
{
    if (conn->over || conn->lingering)
        return;
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
    session_work(conn->session);
    conn_pump(conn);
}

static void
on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    end(context);
}

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
    (void)bev;
    conn_pump(context);
}

/* A client that has sent its last byte still gets its answers. */
static void
on_event(struct bufferevent *bev, short what, void *context)
{
    struct conn *conn = context;
    (void)bev;
    if ((what & BEV_EVENT_EOF) && !(what & BEV_EVENT_ERROR) &&
        !conn->lingering) {
        session_finish(conn->session);
        conn_pump(conn);
    } else {
        end(conn);
    }
}

/* --- life -----------------------------------------------------------------*/

struct conn *
conn_new(struct event_base *base, int fd, struct service *service,
         enum service_role role, bool can_authenticate,
         struct conn_owner *owner)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        close(fd);
        return NULL;
    }
    conn->owner = owner;
    conn->service = service;
    conn->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    conn->session = session_new(service, role, can_authenticate);
    conn->work = evtimer_new(base, on_work, conn);
    conn->deadline = evtimer_new(base, on_deadline, conn);
    if (conn->bev == NULL)
        close(fd);
    if (conn->bev == NULL || conn->session == NULL || conn->work == NULL ||
        conn->deadline == NULL) {
        conn_free(conn);
        return NULL;
    }
    bufferevent_set_max_single_read(conn->bev, CONN_PASS_SIZE);
    bufferevent_set_max_single_write(conn->bev, CONN_PASS_SIZE);
    bufferevent_setcb(conn->bev, on_read, on_written, on_event, conn);
    if (bufferevent_enable(conn->bev, EV_READ | EV_WRITE) != 0) {
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
    if (conn->work != NULL)
        event_free(conn->work);
    if (conn->deadline != NULL)
        event_free(conn->deadline);
    if (conn->bev != NULL)
        bufferevent_free(conn->bev);
    session_free(conn->session);
    free(conn);
}
