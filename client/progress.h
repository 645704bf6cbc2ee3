/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_PROGRESS_H
#define CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A bar on standard error, where that is a terminal; else nothing at all. */

struct progress {
    bool shown;     /* there is a terminal */
    bool drawn;     /* a bar stands on it */
    uint64_t total; /* bytes; 0: not known */
    int64_t drawn_ms;
    int64_t started_ms;
};

void progress_init(struct progress *progress, uint64_t total);

/* So many bytes are read and so many events done. Draws now and then. */
void progress_update(struct progress *progress, uint64_t bytes,
                     uint64_t events);

/* Take the bar away, before anything else is written. */
void progress_clear(struct progress *progress);

#endif
