/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_WANTED_H
#define CLIENT_WANTED_H

#include "proto/mp.h"

/*
 * Which events a person looks for, as far as the daemon has no index of it:
 * by words in their texts.  An event is wanted when every text that was added
 * is part of one of its texts at that place, whatever the case.
 */

enum wanted_place {
    WANTED_PERSON,   /* one of `people` */
    WANTED_SOURCE,   /* any text of one of `sources` */
    WANTED_ANYWHERE, /* these, title and summary */
    WANTED_PLACE_COUNT,
};

struct wanted_part {
    enum wanted_place place;
    struct mp_buf text; /* folded */
};

/* Start with {0}. */
struct wanted {
    struct wanted_part *parts;
    size_t count;
    struct mp_buf texts[WANTED_PLACE_COUNT]; /* of the event at hand */
};

void wanted_deinit(struct wanted *wanted);

/* False: no memory. */
bool wanted_add(struct wanted *wanted, enum wanted_place place,
                const char *text) __attribute__((warn_unused_result));

/* Whether an encoded event is. */
bool wanted_is(struct wanted *wanted, struct span event);

#endif
