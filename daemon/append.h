/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_APPEND_H
#define DAEMON_APPEND_H

#include "daemon/log.h"
#include "proto/event.h"

/*
 * One request to write, on its way from the reactor to the writer and back:
 * events to append, or a change of a consumer.
 *
 * The reactor makes it, with every event checked by itself; the writer, which
 * alone knows the log, decides and fills in the outcome; the reactor answers
 * and frees it.  One side at a time owns it.
 */

enum append_kind {
    APPEND_EVENTS,
    APPEND_ACK,       /* a consumer's new position */
    APPEND_SUBSCRIBE, /* a consumer that is new */
    APPEND_FORGET,    /* a consumer that is to be no more */
};

/* What of an event the writer looks at; spans borrow from the message. */
struct append_event {
    struct span id; /* data == NULL where the daemon assigns one */
    struct span partnership;
    struct span re, corrects, disclosed_by;
    enum model_type type;
    struct span value; /* the whole map */
    struct span pairs; /* its keys and values */
    uint32_t pair_count;

    /* the outcome */
    uint64_t seq, rev;
    bool duplicate;
    char assigned_id[37]; /* a UUIDv7 where id is absent, with its NUL */
};

struct append_expect {
    struct span partnership;
    uint64_t revision; /* 0: must not exist */
    uint64_t actual;   /* filled in by the writer */
};

/* Why a request is refused; the optional parts have their flag. */
struct append_refusal {
    enum model_error code;
    char message[EVENT_MESSAGE_SIZE];
    bool has_index;
    size_t index; /* in the batch, from 0 */
    char field[EVENT_FIELD_SIZE];
    bool has_offset;
    size_t offset;
    struct span id;          /* duplicate_id, borrowed from the message */
    uint64_t seq;            /* duplicate_id, corrupt; 0 for none */
    struct span partnership; /* conflict */
    uint64_t expected, actual;
};

struct append_request {
    struct append_request *next;
    enum append_kind kind;
    void *owner; /* the reactor's; the writer does not look */
    uint32_t msgid;
    uint8_t *message; /* owned; what the spans borrow from */
    size_t message_size;
    struct append_event *events;
    size_t event_count;
    struct append_expect *expects;
    size_t expect_count;
    struct log_consumer consumer; /* of all kinds but events */
    bool invalid; /* refused for what it is, before the writer decided */
    bool refused;
    struct append_refusal *refusal; /* owned; where refused */
};

/* Take back what the writer decided; what is invalid stays refused. */
void append_reconsider(struct append_request *request);

/* Requests in a row, oldest first, linked by `next`. */
struct append_queue {
    struct append_request *first, **end;
    size_t count;
};

void append_queue_init(struct append_queue *queue);
void append_queue_push(struct append_queue *queue,
                       struct append_request *request);
/* The oldest one; the queue must not be empty. */
struct append_request *append_queue_pop(struct append_queue *queue);

/* Frees everything that the request owns; NULL is legal. */
void append_request_free(struct append_request *request);

/*
 * Refuse it: `code` and a message for people.  The first refusal stays.
 * Returns the refusal for more details; without memory a shared one that says
 * so and takes no details that anybody reads.
 */
struct append_refusal *append_refuse(struct append_request *request,
                                     enum model_error code, const char *format,
                                     ...) __attribute__((format(printf, 3, 4)));

#endif
