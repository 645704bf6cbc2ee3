/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_SESSION_FIXTURE_H
#define TESTS_UNIT_SESSION_FIXTURE_H

#include "daemon/session.h"
#include "tests/unit/append_fixture.h"

/*
 * A session without a socket: what a server would do around it, but that
 * nothing moves unless a test says so.
 */
struct bench {
    struct data data;
    struct service service;
    struct session *session;
    struct mp_buf sent; /* all that the client would have got */
};

static inline void
bench_session(struct bench *bench, enum service_role role)
{
    bench->session = session_new(&bench->service, role, false);
    ck_assert_ptr_nonnull(bench->session);
}

/* On the directory that bench->data.path says. */
static inline void
bench_open(struct bench *bench)
{
    struct data *data = &bench->data;
    data_open(data);
    bench->service = (struct service){
        .log = data->log,
        .views = data->views,
        .log_reader = data->log_reader,
        .views_reader = data->views_reader,
        .writer = writer_new(data->log, data->views),
        .now_ms = INT64_C(1511222400000),
    };
    ck_assert_ptr_nonnull(bench->service.writer);
    while (writer_state(bench->service.writer) == WRITER_STARTING) {
        data_wait(writer_fd(bench->service.writer));
        ck_assert_ptr_null(writer_outcomes(bench->service.writer));
    }
    bench_session(bench, SERVICE_ADMIN);
}

static inline void
bench_start(struct bench *bench)
{
    *bench = (struct bench){0};
    data_directory(bench->data.path);
    bench_open(bench);
}

/* Hand back what came from the writer; returns how many outcomes. */
static inline size_t
bench_outcomes(struct bench *bench)
{
    size_t count = 0;
    struct append_request *next = writer_outcomes(bench->service.writer);
    while (next != NULL) {
        struct append_request *request = next;
        next = request->next;
        (void)session_appended(request);
        count++;
    }
    return count;
}

/* Outcomes that still come go to a session that is gone. */
static inline void
bench_stop(struct bench *bench)
{
    session_free(bench->session);
    writer_stop(bench->service.writer);
    (void)bench_outcomes(bench);
    writer_free(bench->service.writer);
    consumers_deinit(&bench->service.consumers);
    feed_deinit(&bench->service.feed);
    mp_buf_deinit(&bench->sent);
    data_close(&bench->data);
}

static inline void
bench_feed(struct bench *bench, const char *notation)
{
    struct mp_buf buf = encoded(notation);
    session_feed(bench->session, mp_buf_span(&buf));
    mp_buf_deinit(&buf);
}

/* The client takes what there is. */
static inline void
bench_take(struct bench *bench)
{
    struct mp_buf *out = session_output(bench->session);
    mp_buf_append(&bench->sent, out->data, out->size);
    mp_buf_clear(out);
}

/* Far more slices than there is work for: it does not come to an end. */
#define BENCH_SLICES_MAX 100000

static inline void
bench_work(struct bench *bench)
{
    for (int i = 0; session_can_work(bench->session); i++) {
        ck_assert_msg(i < BENCH_SLICES_MAX, "work without progress");
        session_work(bench->session);
    }
}

/* Until nothing is in flight and nothing can be done. */
static inline void
bench_run(struct bench *bench)
{
    for (;;) {
        (void)bench_outcomes(bench);
        bench_work(bench);
        bench_take(bench);
        if (session_can_work(bench->session))
            continue;
        if (!session_is_busy(bench->session))
            return;
        writer_want_views(bench->service.writer,
                          session_wanted_views(bench->session));
        data_wait(writer_fd(bench->service.writer));
    }
}

/* The log that a test needs, and the views with it. */
static inline void
bench_fill(struct bench *bench, const char *notation)
{
    bench_feed(bench, notation);
    bench_run(bench);
    mp_buf_clear(&bench->sent);
    uint64_t tip = log_tip(bench->data.log);
    writer_want_views(bench->service.writer, tip);
    while (views_position(bench->data.views) < tip) {
        data_wait(writer_fd(bench->service.writer));
        (void)bench_outcomes(bench);
    }
}

/* One message of what was sent. */
struct bench_message {
    uint64_t kind;
    uint64_t msgid;    /* of a response */
    struct span error; /* of a response: the code, or absent */
    struct span result;
    struct span name; /* of a notification */
    struct span params;
};

static inline bool
bench_next(struct mp_reader *reader, struct bench_message *message)
{
    *message = (struct bench_message){0};
    if (reader->at == reader->end)
        return false;
    uint32_t count = mp_array(reader);
    message->kind = mp_uint(reader);
    if (message->kind == 1) {
        ck_assert_uint_eq(count, 4);
        message->msgid = mp_uint(reader);
        struct span error = mp_value(reader);
        message->error = mp_get_str(error, "code");
        message->result = mp_value(reader);
    } else {
        ck_assert_uint_eq(message->kind, 2);
        ck_assert_uint_eq(count, 3);
        message->name = mp_str(reader);
        message->params = mp_value(reader);
    }
    ck_assert(!reader->failed);
    return true;
}

/* The first message that was sent. */
static inline struct bench_message
bench_first(const struct bench *bench)
{
    struct bench_message message;
    struct mp_reader reader = mp_reader(mp_buf_span(&bench->sent));
    ck_assert(bench_next(&reader, &message));
    return message;
}

/* The only message that was sent. */
static inline struct bench_message
bench_only(struct bench *bench)
{
    struct bench_message message, more;
    struct mp_reader reader = mp_reader(mp_buf_span(&bench->sent));
    ck_assert(bench_next(&reader, &message));
    ck_assert(!bench_next(&reader, &more));
    return message;
}

#endif
