/* SPDX-License-Identifier: MIT */
#include "daemon/log_tail.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/clock.h"

#define OFFSET_MASK (LOG_TAIL_EVENTS_MAX - 1)

void
log_tail_init(struct log_tail *tail)
{
    *tail = (struct log_tail){.size = 0};
    tail->pins.next = tail->pins.previous = &tail->pins;
    pthread_mutex_init(&tail->lock, NULL);
    clock_cond_init(&tail->moved);
}

void
log_tail_deinit(struct log_tail *tail)
{
    pthread_cond_destroy(&tail->moved);
    pthread_mutex_destroy(&tail->lock);
    free(tail->offsets);
    free(tail->groups);
}

int
log_tail_fit(struct log_tail *tail, uint64_t size, uint64_t absorbed)
{
    free(tail->offsets);
    free(tail->groups);
    tail->group_capacity = (size_t)(size / LOG_JOURNAL_BLOCK);
    tail->offsets = calloc(LOG_TAIL_EVENTS_MAX, sizeof *tail->offsets);
    tail->groups = calloc(tail->group_capacity, sizeof *tail->groups);
    tail->group_index = tail->group_count = tail->absorbed_count = 0;
    tail->absorbed = absorbed;
    tail->size = size;
    tail->end = LOG_JOURNAL_START;
    tail->pending_size = tail->pending_length = 0;
    return tail->offsets == NULL || tail->groups == NULL ? -ENOMEM : 0;
}

/* --- what is free ---------------------------------------------------------*/

static struct log_journal_group *
group_at(const struct log_tail *tail, size_t index)
{
    return &tail->groups[(tail->group_index + index) % tail->group_capacity];
}

static uint64_t
last_of(const struct log_journal_group *group)
{
    return group->first + group->event_count - 1;
}

/* The last position that no reader looks for in the tail. */
static uint64_t
unpinned(const struct log_tail *tail)
{
    uint64_t least = tail->absorbed;
    for (const struct log_pin *pin = tail->pins.next; pin != &tail->pins;
         pin = pin->next)
        if (pin->above < least)
            least = pin->above;
    return least;
}

static void
release_groups(struct log_tail *tail)
{
    uint64_t upto = unpinned(tail);
    while (tail->absorbed_count > 0 && last_of(group_at(tail, 0)) <= upto) {
        tail->group_index = (tail->group_index + 1) % tail->group_capacity;
        tail->group_count--;
        tail->absorbed_count--;
    }
    pthread_cond_broadcast(&tail->moved);
}

static size_t
event_count(const struct log_tail *tail)
{
    if (tail->group_count == 0)
        return 0;
    return (size_t)(last_of(group_at(tail, tail->group_count - 1)) + 1 -
                    group_at(tail, 0)->first);
}

bool
log_tail_can_ever_hold(const struct log_tail *tail, uint64_t length,
                       size_t count)
{
    return length <= tail->size - LOG_JOURNAL_START &&
           count <= LOG_TAIL_EVENTS_MAX;
}

uint64_t
log_tail_place_locked(const struct log_tail *tail, uint64_t length,
                      size_t count)
{
    if (event_count(tail) + count > LOG_TAIL_EVENTS_MAX ||
        tail->group_count == tail->group_capacity)
        return 0;
    uint64_t oldest = tail->group_count == 0 ? 0 : group_at(tail, 0)->offset;
    bool at_end = tail->end > oldest && tail->size - tail->end >= length;
    bool between = tail->end < oldest && oldest - tail->end >= length;
    if (at_end || between)
        return tail->end;
    if (tail->end <= oldest)
        return 0;
    uint64_t limit = tail->group_count == 0 ? tail->size : oldest;
    return limit - LOG_JOURNAL_START >= length ? LOG_JOURNAL_START : 0;
}

/* --- groups ---------------------------------------------------------------*/

void
log_tail_note(struct log_tail *tail, uint64_t seq, uint64_t offset)
{
    tail->offsets[seq & OFFSET_MASK] = offset;
}

void
log_tail_push_locked(struct log_tail *tail,
                     const struct log_journal_group *group, uint64_t now_us)
{
    assert(tail->group_count < tail->group_capacity);
    if (log_tail_pending_locked(tail) == 0)
        tail->oldest_us = now_us;
    *group_at(tail, tail->group_count++) = *group;
    tail->pushed_count++;
    tail->end = group->offset + group->length;
    tail->pending_size += group->size;
    tail->pending_length += group->length;
}

size_t
log_tail_pending_locked(const struct log_tail *tail)
{
    return tail->group_count - tail->absorbed_count;
}

uint64_t
log_tail_settled_locked(const struct log_tail *tail)
{
    return tail->pushed_count - log_tail_pending_locked(tail);
}

const struct log_journal_group *
log_tail_group_locked(const struct log_tail *tail, size_t index)
{
    return group_at(tail, tail->absorbed_count + index);
}

void
log_tail_absorb_locked(struct log_tail *tail, size_t count, uint64_t now_us)
{
    for (size_t i = 0; i < count; i++) {
        const struct log_journal_group *group = log_tail_group_locked(tail, 0);
        tail->absorbed = last_of(group);
        tail->pending_size -= group->size;
        tail->pending_length -= group->length;
        tail->absorbed_count++;
    }
    tail->oldest_us = now_us;
    release_groups(tail);
}

void
log_tail_pass_locked(struct log_tail *tail, uint64_t absorbed)
{
    assert(log_tail_pending_locked(tail) == 0);
    tail->absorbed = absorbed;
    release_groups(tail);
}

/* --- readers --------------------------------------------------------------*/

void
log_tail_add_pin(struct log_tail *tail, struct log_pin *pin)
{
    pthread_mutex_lock(&tail->lock);
    pin->above = UINT64_MAX;
    pin->next = &tail->pins;
    pin->previous = tail->pins.previous;
    pin->previous->next = pin->next->previous = pin;
    pthread_mutex_unlock(&tail->lock);
}

void
log_tail_remove_pin(struct log_tail *tail, struct log_pin *pin)
{
    pthread_mutex_lock(&tail->lock);
    pin->previous->next = pin->next;
    pin->next->previous = pin->previous;
    release_groups(tail);
    pthread_mutex_unlock(&tail->lock);
}

void
log_tail_pin(struct log_tail *tail, struct log_pin *pin)
{
    pthread_mutex_lock(&tail->lock);
    pin->above = tail->absorbed;
    pthread_mutex_unlock(&tail->lock);
}

void
log_tail_unpin(struct log_tail *tail, struct log_pin *pin)
{
    pthread_mutex_lock(&tail->lock);
    bool held_back = tail->absorbed_count > 0;
    pin->above = UINT64_MAX;
    if (held_back)
        release_groups(tail);
    pthread_mutex_unlock(&tail->lock);
}

uint64_t
log_tail_find(const struct log_tail *tail, uint64_t seq)
{
    return tail->offsets[seq & OFFSET_MASK];
}
