/* SPDX-License-Identifier: MIT */
#include "daemon/answers.h"
#include "daemon/clock.h"
#include "proto/rpc.h"

/* PROTOCOL.md, "hello". */
#define PROTOCOL_VERSION 1u

void
answer_ping(struct request *request)
{
    rpc_put_result(request->out, request->msgid);
    mp_put_text(request->out, "pong");
    request->answered = true;
}

static void
put_number(struct mp_buf *out, const char *key, uint64_t number)
{
    mp_put_text(out, key);
    mp_put_uint(out, number);
}

static void
put_limits(struct mp_buf *out)
{
    mp_put_text(out, "limits");
    mp_put_map(out, 4);
    put_number(out, "event", MODEL_EVENT_SIZE_MAX);
    put_number(out, "batch", MODEL_BATCH_MAX);
    put_number(out, "batch_bytes", RPC_MESSAGE_SIZE_MAX);
    put_number(out, "depth", MODEL_DEPTH_MAX);
}

void
answer_hello(struct request *request)
{
    struct mp_buf *out = request->out;
    rpc_put_result(out, request->msgid);
    mp_put_map(out, 7);
    mp_put_text(out, "server");
    mp_put_text(out, "entented");
    mp_put_text(out, "version");
    mp_put_text(out, ENTENTE_VERSION);
    put_number(out, "protocol", PROTOCOL_VERSION);
    mp_put_text(out, "log_id");
    mp_put_text(out, log_id(request->service->log));
    put_number(out, "tip", log_tip(request->service->log));
    put_limits(out);
    mp_put_text(out, "role");
    mp_put_text(out, service_role_name(request->role));
    request->answered = true;
}

void
answer_rebuild(struct request *request)
{
    writer_rebuild(request->service->writer);
    rpc_put_result(request->out, request->msgid);
    mp_put_map(request->out, 0);
    request->answered = true;
}

/* Counters only grow while the daemon runs; the others are as of now. */
void
answer_stats(struct request *request)
{
    struct mp_buf *out = request->out;
    const struct service *service = request->service;
    struct writer_stats writer = writer_stats(service->writer);
    uint64_t tip = log_tip(service->log);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"tip", tip},
        {"views_lag", tip - views_position(service->views)},
        {"views_rebuilding", writer.rebuilding},
        {"views_rebuilds_total", writer.rebuilds},
        {"log_bytes", log_size(service->log)},
        {"views_bytes", views_size(service->views)},
        {"connections", service->connections},
        {"connections_total", service->connections_total},
        {"connections_refused_total", service->connections_refused},
        {"connections_unknown", service->connections_unknown},
        {"auth_failures_total", service->auth_failures},
        {"requests_total", service->requests},
        {"errors_total", service->errors},
        {"events_appended_total", writer.appended},
        {"events_duplicate_total", writer.duplicates},
        {"events_replayed_total", service->replayed},
        {"events_pushed_total", service->pushed},
        {"subscriptions", service->feed.count},
        {"consumers", service->consumers.count},
        {"appends_refused_total", writer.refused},
        {"commits_total", writer.groups},
        {"commit_last_us", writer.last_flush_us},
        {"commit_last_ms", (uint64_t)writer.last_commit_ms},
        {"append_queue_bytes", writer.queue_size},
        {"held_bytes", service->held_size},
        {"uptime_ms", (clock_us() - service->start_us) / 1000},
    };
    size_t count = sizeof rows / sizeof *rows;
    rpc_put_result(out, request->msgid);
    mp_put_map(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        put_number(out, rows[i].name, rows[i].value);
    request->answered = true;
}
