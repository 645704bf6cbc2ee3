/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_FEED_H
#define DAEMON_FEED_H

#include "daemon/filter.h"
#include "daemon/log.h"

/*
 * What brings new events to subscriptions.
 *
 * A subscription is a position and a filter.  One that has seen everything
 * sleeps; when the log's tip moves, each new event is read once for all of
 * them and boiled down to a head, a few hashes, and only those whose filter
 * may want it wake up.  The heads of the newest events are kept, so that those
 * which are awake read from the log what concerns them and little else.
 * Whatever the heads say, the filter itself decides.
 *
 * Nothing here grows with the log or with how slow a subscriber is.  Reactor
 * thread only.
 */

/* Heads that are kept: what a second of appends brings. A power of two. */
#define FEED_WINDOW ((uint64_t)16384)

/* Subscriptions that there may be: the time for all of them to be looked at
 * stays below a millisecond. */
#define FEED_SUBSCRIPTIONS_MAX ((size_t)16384)

/* Where nothing matches, a client hears how far it is at least so often
 * (PROTOCOL.md, "subscribe"). */
#define FEED_PROGRESS_POSITIONS ((uint64_t)10000)
#define FEED_PROGRESS_US ((uint64_t)10 * 1000000)

/* How often who has to hear is looked for; early enough to be in time. */
#define FEED_TICK_US ((uint64_t)1000000)

/* What of an event a filter looks at. */
struct feed_head {
    uint32_t partnership; /* a hash; 0 for "may be any" */
    uint64_t type;        /* a bit by a hash */
    uint64_t parties;     /* a bit for each */
};

/* What of a filter is compared with a head: a match may be one. */
struct feed_mask {
    uint32_t partnership; /* 0: any */
    uint64_t types;       /* bits of those that are wanted */
    uint64_t party;       /* 0: any */
};

struct feed_mask feed_mask_of(const struct filter *filter);

/* One subscription, as the feed sees it: embedded in it. */
struct feed_sleeper {
    struct feed_sleeper *next, *previous;
    struct feed_mask mask;
    uint64_t position; /* everything up to it was looked at */
    uint64_t told;     /* the last one that its client heard of */
    uint64_t told_us;  /* and when */
    bool asleep;       /* at `position` there was nothing more */
};

struct feed {
    struct feed_head *heads; /* a ring, by position */
    uint64_t first, end;     /* positions first .. end - 1 have theirs */
    struct feed_sleeper *sleepers;
    size_t count; /* of subscriptions */
    size_t awake; /* of those */
};

void feed_deinit(struct feed *feed);

/* Take part, awake, at sleeper->position. False without memory. */
bool feed_join(struct feed *feed, struct feed_sleeper *sleeper, uint64_t tip)
    __attribute__((warn_unused_result));
void feed_leave(struct feed *feed, struct feed_sleeper *sleeper);

/* Its position is the log's tip: sleep until there is more for it. */
void feed_sleep(struct feed *feed, struct feed_sleeper *sleeper);

/* Its client hears of a position. */
void feed_told(struct feed_sleeper *sleeper, uint64_t position,
               uint64_t now_us);

/* Its client was told of nothing for long, and there is something to tell. */
bool feed_is_due(const struct feed_sleeper *sleeper, uint64_t now_us);

/* Read a bounded number of new events, up to `tip`, and wake whom they may
 * concern.  True when there are more. */
bool feed_advance(struct feed *feed, struct log_reader *log, uint64_t tip);

/* Wake who has to hear how far it is.  True when somebody may have to later:
 * call it again after FEED_TICK_US, though nothing be appended. */
bool feed_tick(struct feed *feed, uint64_t now_us);

/* The first position of `from` up to `last` that may match: `from` itself
 * where there is no head; last + 1 for none. */
uint64_t feed_next(const struct feed *feed, const struct feed_mask *mask,
                   uint64_t from, uint64_t last);

#endif
