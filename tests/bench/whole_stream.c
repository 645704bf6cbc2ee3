/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <stdio.h>

#include "tests/bench/events.h"
#include "tests/bench/fail.h"
#include "tests/bench/pinger.h"
#include "tests/bench/whole.h"

/* A slow reader takes so much, then waits: some 6 MB/s, far below what the
 * daemon sends to a fast one. */
#define SLOW_READ_SIZE ((size_t)65536)
#define SLOW_WAIT_MS 10
/* No stored event is smaller, so a stream is at least as long as that. */
#define EVENT_SIZE_MIN 100
#define WHAT_SIZE 64

/* What an event costs must not follow the order, nor how many are passed
 * over. */
static const struct stream {
    const char *what;
    struct probe_argument arguments[4]; /* ends with a zero */
} streams[] = {
    {"events, occurred",
     {{"stream", .truth = true}, {"order", .text = "occurred"}}},
    {"events, disclosed",
     {{"stream", .truth = true}, {"order", .text = "disclosed"}}},
    {"events of a type",
     {{"stream", .truth = true}, {"types", .only = "contact"}}},
    {"events of a party",
     {{"stream", .truth = true}, {"party", .text = EVENTS_BROAD_PARTY}}},
    {"events of a party, occurred",
     {{"stream", .truth = true},
      {"party", .text = EVENTS_BROAD_PARTY},
      {"order", .text = "occurred"}}},
};

static const struct stream everything = {"events", {{"stream", .truth = true}}};

static uint32_t
stream_begin(struct link *link, const struct stream *stream)
{
    uint32_t msgid;
    struct mp_buf *out = link_begin(link, "replay", &msgid);
    mp_put_array(out, 1);
    probe_put_arguments(out, stream->arguments);
    link_flush(link);
    return msgid;
}

/* Notifications are [msgid, [event, ...]]. */
static uint64_t
chunk_count(const struct rpc_message *message)
{
    struct mp_reader reader = mp_reader(message->params);
    (void)mp_array(&reader);
    (void)mp_uint(&reader);
    uint32_t count = mp_array(&reader);
    if (!span_is(message->method, "events") || reader.failed)
        fail("a stream holds another notification than events");
    return count;
}

static uint64_t
stream_pass(struct whole *whole, const struct stream *stream,
            struct series *first_us, struct series *rates)
{
    struct rpc_message message = {.kind = RPC_NOTIFICATION};
    uint64_t count = 0;
    double start = clock_us();
    uint32_t msgid = stream_begin(whole->link, stream);
    for (;;) {
        link_next(whole->link, &message);
        if (message.kind != RPC_NOTIFICATION)
            break;
        if (count == 0)
            series_add(first_us, clock_us() - start);
        count += chunk_count(&message);
    }
    series_add(rates, (double)count / ((clock_us() - start) / 1e6));
    if (message.msgid != msgid || mp_get_uint(message.result, "count") != count)
        link_fail("replay", message.error);
    return count;
}

static void
tell_memory(struct whole *whole, const char *when,
            const struct entented_memory *before)
{
    char what[WHAT_SIZE];
    struct entented_memory memory = entented_memory(&whole->daemon);
    struct report_row row = {
        .group = "stream",
        .what = what,
        .size = whole->size,
        .value = {memory.resident_peak, before->resident_peak},
        .unit = "MiB"};
    snprintf(what, sizeof(what), "VmHWM %s", when);
    report_add(&whole->measure->report, &row);
    snprintf(what, sizeof(what), "anonymous memory %s", when);
    row.value = (struct report_value){memory.own, before->own};
    report_add(&whole->measure->report, &row);
}

static void
stream_fast(struct whole *whole)
{
    struct series first_us = {0}, rates = {0};
    struct pinger *pinger = pinger_start(whole->daemon.socket);
    for (int i = 0; i < whole->measure->rounds; i++) {
        if (stream_pass(whole, &everything, &first_us, &rates) != whole->size)
            fail("the stream is not the whole log");
    }
    struct series pings = pinger_stop(pinger);
    whole_tell(whole, "stream", "first event", series_at(&first_us, 0.5), "us");
    whole_tell(whole, "stream", "events", series_at(&rates, 0.5), "ev/s");
    whole_tell_ping(whole, "stream", &pings);
    series_deinit(&first_us);
    series_deinit(&rates);
}

static void
stream_in_order(struct whole *whole, const struct stream *stream)
{
    struct series first_us = {0}, rates = {0};
    for (int i = 0; i < whole->measure->rounds; i++)
        (void)stream_pass(whole, stream, &first_us, &rates);
    whole_tell(whole, "stream", stream->what, series_at(&rates, 0.5), "ev/s");
    series_deinit(&first_us);
    series_deinit(&rates);
}

/* Leaves in the middle: that is allowed, and frees what it held. */
static void
stream_slow(struct whole *whole, const struct entented_memory *before)
{
    struct link *link = entented_link(&whole->daemon);
    struct pinger *pinger = pinger_start(whole->daemon.socket);
    double seconds = whole->measure->seconds * whole->measure->rounds;
    double end = clock_us() + seconds * 1e6;
    uint64_t left = whole->size * EVENT_SIZE_MIN;
    (void)stream_begin(link, &everything);
    while (clock_us() < end && left > SLOW_READ_SIZE) {
        left -= link_read_some(link, SLOW_READ_SIZE);
        (void)poll(NULL, 0, SLOW_WAIT_MS);
    }
    tell_memory(whole, "beside a slow reader", before);
    struct series pings = pinger_stop(pinger);
    whole_tell_ping(whole, "slow", &pings);
    link_close(link);
}

/* The daemon is started anew, so that its peak is that of the stream. */
void
whole_stream(struct whole *whole)
{
    link_close(whole->link);
    entented_stop(&whole->daemon);
    entented_start(&whole->daemon);
    whole->link = entented_link(&whole->daemon);
    struct entented_memory none = {0, 0};
    struct entented_memory before = entented_memory(&whole->daemon);
    tell_memory(whole, "before", &none);
    stream_fast(whole);
    tell_memory(whole, "after", &before);
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
        stream_in_order(whole, &streams[i]);
    stream_slow(whole, &before);
}
