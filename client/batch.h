/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_BATCH_H
#define CLIENT_BATCH_H

#include "client/client.h"
#include "client/progress.h"

/*
 * Events on their way to the daemon, with the place that each came from, and
 * what has become of all that were sent.
 */

/* Line of a file; the name borrows. */
struct place {
    const char *file; /* NULL: made of options */
    size_t line;
};

struct batch {
    struct mp_buf events; /* encoded, one behind the other */
    struct mp_buf places; /* struct place of each */
    uint32_t count;
    uint32_t count_max;
    size_t size_max; /* of `events` */

    struct progress *progress; /* is in the way of messages; may be NULL */

    /* Where what is wrong with an event goes; NULL: it is told. */
    struct entente_error *refusal;

    uint64_t stored; /* by all batches so far */
    uint64_t duplicates;
    uint64_t first; /* position of the first that was stored; 0: none */
    uint64_t last;
};

void batch_init(struct batch *batch, uint32_t count_max, size_t size_max);
void batch_deinit(struct batch *batch);

/* Whether another event of `size` bytes has room in it. */
bool batch_has_room(const struct batch *batch, size_t size);

/* False: no memory. */
bool batch_add(struct batch *batch, struct span event, struct place place)
    __attribute__((warn_unused_result));

/*
 * Append all of it, write what was stored and what was there already, and
 * empty it.  Anything but CLIENT_DONE was told to the user with its place.
 */
enum client_status batch_send(struct batch *batch, struct client *client)
    __attribute__((warn_unused_result));

/* "12 events stored at positions 1 to 12; 3 were there already". */
void batch_sum(const struct batch *batch, struct mp_buf *text);

#endif
