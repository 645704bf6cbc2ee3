/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_JOB_H
#define DAEMON_JOB_H

#include "daemon/asof.h"
#include "proto/model.h"

/*
 * A question that may take longer than one turn of the loop.
 *
 * The session calls `step` until it says JOB_DONE; each call does a bounded
 * amount of work inside its own read transactions and writes whole messages.
 * The ids that it needs are read anew in each step, so nothing is borrowed
 * between them.  Reactor thread.
 */

enum job_result {
    JOB_DONE,  /* the response is written, or was */
    JOB_AGAIN, /* there is more to do */
};

/* What one step may write, and how long it may take, before others get their
 * turn (PROTOCOL.md, "Back-pressure"). */
#define JOB_CHUNK_SIZE ((size_t)256 << 10)
#define JOB_SLICE_US ((uint64_t)1000)

struct job {
    struct job *next; /* the session's */
    const struct job_class *class;
    struct service *service;
    uint32_t msgid;
    bool streaming; /* cancel applies, and the msgid is taken */
    bool lasts;     /* it goes on when the response is written, with `answered`
                       set, and ends with its connection at the latest */
    bool answered;
    bool cancelled;
    bool revoked; /* its client has no longer the role that it needs */
    enum service_role role;
    bool needs_views;
    uint64_t tip;   /* of the log when the request was received */
    uint64_t needs; /* the position that the views must have for it */
    /* It waits for something else than the views; NULL: never. */
    bool (*waits)(const struct job *job);
};

struct job_class {
    enum job_result (*step)(struct job *job, struct mp_buf *out);
    void (*free)(struct job *job);
    size_t output_max; /* unsent output with which it goes on; 0: usual */
};

struct request;

/* A job that reads views and log; the request hands it to the session. */
void job_init(struct job *job, const struct job_class *class,
              struct request *request);

/* It asks about one partnership alone: it need not wait for others' events. */
void job_of_partnership(struct job *job, struct span slug);

/* Is the time of a slice over?  Looks at the clock now and then only. */
struct job_slice {
    uint64_t deadline_us;
    unsigned calls;
};

struct job_slice job_slice_begin(void);
struct job_slice job_slice_begin_for(uint64_t slice_us);
bool job_slice_over(struct job_slice *slice);

/* Both read views and log between these. False: an `internal` or
 * `unavailable` error has been written. */
bool job_read_begin(struct job *job, struct mp_buf *out);
void job_read_end(struct job *job);

/* Write a response; `too_large` where it does not fit a message.  Returns
 * JOB_DONE. */
enum job_result job_answer(struct job *job, struct mp_buf *out,
                           const struct mp_buf *result);

/* Write an error response; returns JOB_DONE. */
enum job_result job_error(struct job *job, struct mp_buf *out,
                          enum model_error code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Look a partnership up; false when an error was written: `not_found`
 * for one that the whole log has never seen.  `*damaged` is a damaged event of
 * it, or 0. */
bool job_find_partnership(struct job *job, struct mp_buf *out, struct span slug,
                          uint32_t *partnership, uint64_t *damaged);

/* The same for what folds it: `corrupt` too, where an event of it at or below
 * `seq` is damaged. */
bool job_find_sound(struct job *job, struct mp_buf *out, struct span slug,
                    uint64_t seq, uint32_t *partnership);

/* The dates of a stored event, and whether it is marked, as an operation
 * without anything else; VIEWS_ABSENT where it is damaged. */
enum views_result job_find_op(struct job *job, uint64_t seq, struct fold_op *op)
    __attribute__((warn_unused_result));

/* The views or the memory failed; returns JOB_DONE. */
enum job_result job_views_error(struct job *job, struct mp_buf *out,
                                enum views_result result);

/* A stored event that fails its checksum, with its position; returns
 * JOB_DONE. */
enum job_result job_corrupt(struct job *job, struct mp_buf *out, uint64_t seq);

/* The same with a cursor that goes on behind it. */
enum job_result job_corrupt_page(struct job *job, struct mp_buf *out,
                                 uint64_t seq, struct span cursor);

#endif
