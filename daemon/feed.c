/* SPDX-License-Identifier: MIT */
#include "daemon/feed.h"

#include <stdlib.h>

#include "daemon/xxh3.h"
#include "proto/model.h"

/* New events that are read in one turn of the loop. */
#define FEED_SLICE ((uint64_t)512)

/* --- heads ----------------------------------------------------------------*/

/* It matches every mask. */
static const struct feed_head any_head = {
    .partnership = 0, .type = UINT64_MAX, .parties = UINT64_MAX};

static uint64_t
hash(struct span text)
{
    return XXH3_64bits(text.data, text.size);
}

static uint64_t
bit_of(struct span text)
{
    return (uint64_t)1 << (hash(text) & 63);
}

static uint32_t
name_of(struct span text)
{
    return (uint32_t)(hash(text) >> 32) | 1; /* never 0 */
}

/* The bits of the texts of an array. */
static uint64_t
bits_of(struct span array)
{
    struct mp_reader reader = mp_reader(array);
    uint64_t bits = 0;
    for (uint32_t count = mp_array(&reader); count > 0 && !reader.failed;
         count--)
        bits |= bit_of(mp_str(&reader));
    return bits;
}

struct feed_mask
feed_mask_of(const struct filter *filter)
{
    struct feed_mask mask = {.types = UINT64_MAX};
    if (filter->partnership.data != NULL)
        mask.partnership = name_of(filter->partnership);
    if (filter->types.data != NULL)
        mask.types = bits_of(filter->types);
    if (filter->party.data != NULL)
        mask.party = bit_of(filter->party);
    return mask;
}

static struct feed_head
head_of(struct span event)
{
    struct mp_reader reader = mp_reader(event);
    struct feed_head head = {0};
    unsigned missing = 3;
    for (uint32_t pairs = mp_map(&reader);
         pairs > 0 && missing > 0 && !reader.failed; pairs--) {
        struct span key = mp_str(&reader);
        if (span_is(key, "partnership"))
            head.partnership = name_of(mp_str(&reader));
        else if (span_is(key, "type"))
            head.type = bit_of(mp_str(&reader));
        else if (span_is(key, "parties"))
            head.parties = bits_of(mp_value(&reader));
        else {
            mp_value(&reader);
            continue;
        }
        missing--;
    }
    return missing > 0 ? any_head : head;
}

static inline bool
may_match(const struct feed_mask *mask, const struct feed_head *head)
{
    return (mask->partnership == head->partnership || mask->partnership == 0 ||
            head->partnership == 0) &&
           (mask->types & head->type) != 0 &&
           (mask->party & ~head->parties) == 0;
}

uint64_t
feed_next(const struct feed *feed, const struct feed_mask *mask, uint64_t from,
          uint64_t last)
{
    uint64_t seq = from;
    while (seq <= last && seq >= feed->first && seq < feed->end &&
           !may_match(mask, &feed->heads[seq % FEED_WINDOW]))
        seq++;
    return seq;
}

/* --- who sleeps -----------------------------------------------------------*/

bool
feed_join(struct feed *feed, struct feed_sleeper *sleeper, uint64_t tip)
{
    if (feed->heads == NULL)
        feed->heads = malloc(FEED_WINDOW * sizeof *feed->heads);
    if (feed->heads == NULL)
        return false;
    if (feed->count == 0)
        feed->first = feed->end = tip + 1; /* nobody looked till now */
    sleeper->asleep = false;
    sleeper->previous = NULL;
    sleeper->next = feed->sleepers;
    if (feed->sleepers != NULL)
        feed->sleepers->previous = sleeper;
    feed->sleepers = sleeper;
    feed->count++;
    feed->awake++;
    return true;
}

void
feed_leave(struct feed *feed, struct feed_sleeper *sleeper)
{
    if (sleeper->previous != NULL)
        sleeper->previous->next = sleeper->next;
    else
        feed->sleepers = sleeper->next;
    if (sleeper->next != NULL)
        sleeper->next->previous = sleeper->previous;
    feed->count--;
    feed->awake -= !sleeper->asleep;
}

void
feed_deinit(struct feed *feed)
{
    free(feed->heads);
    *feed = (struct feed){0};
}

void
feed_sleep(struct feed *feed, struct feed_sleeper *sleeper)
{
    feed->awake -= !sleeper->asleep;
    sleeper->asleep = true;
}

static void
wake(struct feed *feed, struct feed_sleeper *sleeper)
{
    feed->awake += sleeper->asleep;
    sleeper->asleep = false;
}

void
feed_told(struct feed_sleeper *sleeper, uint64_t position, uint64_t now_us)
{
    sleeper->told = position;
    sleeper->told_us = now_us;
}

bool
feed_is_due(const struct feed_sleeper *sleeper, uint64_t now_us)
{
    uint64_t silent_us = now_us - sleeper->told_us;
    return sleeper->position >= sleeper->told + FEED_PROGRESS_POSITIONS ||
           (sleeper->position > sleeper->told &&
            silent_us + FEED_TICK_US >= FEED_PROGRESS_US);
}

bool
feed_tick(struct feed *feed, uint64_t now_us)
{
    bool again = false;
    for (struct feed_sleeper *at = feed->sleepers; at != NULL; at = at->next) {
        if (at->asleep && feed_is_due(at, now_us))
            wake(feed, at);
        again |= !at->asleep || at->position > at->told;
    }
    return again;
}

/* --- new events -----------------------------------------------------------*/

/* False where the log cannot be read: then all have to look for themselves. */
static bool
read_heads(struct feed *feed, struct log_reader *log, uint64_t last)
{
    if (log_read_begin(log) != LOG_OK)
        return false;
    for (uint64_t seq = feed->end; seq <= last; seq++) {
        struct span event;
        feed->heads[seq % FEED_WINDOW] =
            log_read(log, seq, &event) == LOG_OK ? head_of(event) : any_head;
    }
    log_read_end(log);
    feed->end = last + 1;
    if (feed->end - feed->first > FEED_WINDOW)
        feed->first = feed->end - FEED_WINDOW;
    return true;
}

/* Those that are ahead of the feed have looked already. */
static void
wake_or_pass(struct feed *feed, struct feed_sleeper *sleeper, uint64_t from,
             uint64_t last)
{
    if (!sleeper->asleep || sleeper->position >= last)
        return;
    if (from <= sleeper->position)
        from = sleeper->position + 1;
    uint64_t next = feed_next(feed, &sleeper->mask, from, last);
    sleeper->position = next - 1;
    if (next <= last ||
        sleeper->position >= sleeper->told + FEED_PROGRESS_POSITIONS)
        wake(feed, sleeper);
}

bool
feed_advance(struct feed *feed, struct log_reader *log, uint64_t tip)
{
    if (feed->count == 0 || feed->end > tip)
        return false;
    uint64_t from = feed->end;
    uint64_t last = tip - from < FEED_SLICE ? tip : from + FEED_SLICE - 1;
    if (!read_heads(feed, log, last)) {
        for (struct feed_sleeper *at = feed->sleepers; at != NULL;
             at = at->next)
            wake(feed, at);
        feed->first = feed->end = tip + 1;
        return false;
    }
    for (struct feed_sleeper *at = feed->sleepers; at != NULL; at = at->next)
        wake_or_pass(feed, at, from, last);
    return last < tip;
}
