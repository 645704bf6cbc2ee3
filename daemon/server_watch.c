/* SPDX-License-Identifier: MIT */
#include "daemon/server_watch.h"

#include <event2/event.h>
#include <inttypes.h>

#include "daemon/clock.h"

/* How often the reactor shows that it turns, and a rebuild how far it is. */
#define SERVER_WATCH_TICK_US 500000

/* --- what is said ---------------------------------------------------------*/

static void
say_rebuilding(const struct server_watch *watch, enum writer_state state)
{
    uint64_t tip = log_tip(watch->service->log);
    uint64_t position = views_position(watch->service->views);
    watch_status(watch->watch,
                 "rebuilding the views: %" PRIu64 " of %" PRIu64 " events; %s",
                 position, tip,
                 state == WRITER_STARTING ? "replays by position are answered"
                                          : "appends are taken");
}

static void
say_serving(const struct server_watch *watch)
{
    const struct service *service = watch->service;
    if (writer_is_stalled(service->writer))
        watch_status(watch->watch,
                     "views.mdb: no room; replays by position are answered");
    else
        watch_status(watch->watch,
                     "serving at position %" PRIu64 ", %" PRIu64 " connections",
                     log_tip(service->log), service->connections);
}

/* Without room for the views we are as ready as we shall be. */
static void
tell(const struct server_watch *watch)
{
    struct writer *writer = watch->service->writer;
    enum writer_state state = writer_state(writer);
    bool rebuilding = state == WRITER_STARTING || state == WRITER_REBUILDING;
    if (watch->stopping)
        return;
    if (rebuilding && !writer_is_stalled(writer)) {
        say_rebuilding(watch, state);
        return;
    }
    say_serving(watch);
    watch_enter(watch->watch, WATCH_SERVING);
}

static void
on_tick(evutil_socket_t fd, short what, void *context)
{
    struct server_watch *watch = context;
    (void)fd;
    (void)what;
    pulse_beat(&watch->pulse, clock_us());
    tell(watch);
}

/* --- life -----------------------------------------------------------------*/

int
server_watch_open(struct server_watch *watch, const struct service *service)
{
    *watch = (struct server_watch){.service = service};
    int rc = watch_open(&watch->watch);
    if (rc != 0)
        return rc;
    pulse_beat(&watch->pulse, clock_us());
    watch_pulse(watch->watch, &watch->pulse, "reactor");
    watch_status(watch->watch, "opening the log");
    return 0;
}

void
server_watch_close(struct server_watch *watch)
{
    watch_close(watch->watch);
    watch->watch = NULL;
}

void
server_watch_writer(struct server_watch *watch)
{
    pulse_rest(&watch->pulse); /* waits for the writer until the loop turns */
    const struct writer *writer = watch->service->writer;
    watch_pulse(watch->watch, writer_pulse(writer), "writer");
    watch_pulse(watch->watch, writer_applier_pulse(writer), "applier");
}

void
server_watch_forget_writer(struct server_watch *watch)
{
    const struct writer *writer = watch->service->writer;
    watch_forget(watch->watch, writer_pulse(writer));
    watch_forget(watch->watch, writer_applier_pulse(writer));
    pulse_beat(&watch->pulse, clock_us());
}

bool
server_watch_begin(struct server_watch *watch, struct event_base *base)
{
    struct timeval often = {.tv_usec = SERVER_WATCH_TICK_US};
    if (watch->watch == NULL)
        return true;
    watch->tick = event_new(base, -1, EV_PERSIST, on_tick, watch);
    if (watch->tick == NULL || event_add(watch->tick, &often) != 0)
        return false;
    on_tick(-1, 0, watch);
    return true;
}

void
server_watch_end(struct server_watch *watch)
{
    if (watch->tick != NULL)
        event_free(watch->tick);
    watch->tick = NULL;
    pulse_rest(&watch->pulse); /* waits for the writer to end */
}

void
server_watch_stopping(struct server_watch *watch)
{
    watch->stopping = true;
    watch_enter(watch->watch, WATCH_STOPPING);
    watch_status(watch->watch, "stopping: answering what is in flight");
}
