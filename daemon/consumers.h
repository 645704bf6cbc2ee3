/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CONSUMERS_H
#define DAEMON_CONSUMERS_H

#include "daemon/append.h"
#include "daemon/log.h"

/*
 * The durable cursors of subscribers, by name: how far each has acknowledged,
 * and whether a connection has it now.
 *
 * What is stored is read at the start; every change goes through the writer
 * and counts when it comes back.  Reactor thread only.
 */

/* How many there may be: each is looked at by hand now and then, and the list
 * of all fits one answer. */
#define CONSUMERS_MAX ((size_t)10000)

struct consumer {
    uint64_t position;  /* acknowledged, and durable */
    uint64_t asked;     /* the highest one on its way to be */
    uint64_t told;      /* the highest one that was sent */
    unsigned in_flight; /* changes that are with the writer */
    bool stored;        /* false: on its way for the first time */
    bool forgetting;    /* on its way to be no more */
    bool connected;
    uint8_t name_size;
    char name[MODEL_ID_SIZE_MAX];
};

/* All of them; start with {0}. */
struct consumers {
    struct consumer **sorted; /* owned, by name */
    size_t count, capacity;
};

/* Read what the log holds. False: it cannot be read, or there is no memory. */
bool consumers_load(struct consumers *consumers, struct log *log)
    __attribute__((warn_unused_result));
void consumers_deinit(struct consumers *consumers);

struct span consumer_name(const struct consumer *consumer);

/* NULL for none. */
struct consumer *consumers_find(const struct consumers *consumers,
                                struct span name);

/* A new one, stored when its request comes back. NULL without memory. */
struct consumer *consumers_add(struct consumers *consumers, struct span name,
                               uint64_t position);

/* One that a client has no more; see consumers_find for who has it. */
void consumers_remove(struct consumers *consumers, struct consumer *consumer);

/*
 * A request to the writer that changes a consumer: APPEND_ACK to its `asked`
 * position, APPEND_SUBSCRIBE, APPEND_FORGET.  NULL without memory, and then
 * nothing has changed.
 */
struct append_request *consumers_change(struct consumer *consumer,
                                        enum append_kind kind, uint32_t msgid);

/*
 * Such a request came back.  Returns the consumer's position; a consumer that
 * is no more, or could not be stored, is gone.
 */
uint64_t consumers_settle(struct consumers *consumers,
                          const struct append_request *request);

#endif
