/* SPDX-License-Identifier: MIT */
#include "daemon/recent.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/xxh3.h"

/* A conversation's worth; an import makes it grow. */
#define RECENT_CAPACITY_MIN ((size_t)256)

/* A slot of an id: these are its position's, those above its hash's. */
#define ID_SEQ_BITS 24
#define ID_SEQ_MASK (((uint64_t)1 << ID_SEQ_BITS) - 1)

void
recent_init(struct recent *recent, uint64_t first)
{
    *recent = (struct recent){.first = first, .end = first};
    if (getrandom(&recent->seed, sizeof recent->seed, GRND_NONBLOCK) < 0)
        recent->seed = (uint64_t)(uintptr_t)recent;
}

void
recent_deinit(struct recent *recent)
{
    free(recent->ids);
    free(recent->homes);
    free(recent->undo);
    *recent = (struct recent){0};
}

size_t
recent_count(const struct recent *recent)
{
    return (size_t)(recent->end - recent->first);
}

static bool
holds(const struct recent *recent, uint64_t seq)
{
    return seq >= recent->first && seq < recent->end;
}

/* Slots are searched one after the other, so some have to be empty. */
static bool
is_crowded(size_t used, size_t capacity)
{
    return used >= capacity / 8 * 5;
}

/* Slots of positions that are no longer held stay until this makes the table
 * anew, of this capacity. */
static size_t
capacity_for(size_t held)
{
    size_t capacity = RECENT_CAPACITY_MIN;
    while (capacity < 2 * (held + 1))
        capacity *= 2;
    return capacity;
}

/* --- ids ------------------------------------------------------------------*/

/* Not 0, which says that a slot is empty. */
static uint64_t
hash_id(const struct recent *recent, struct span id)
{
    uint64_t hash =
        XXH3_64bits_withSeed(id.data, id.size, recent->seed) >> ID_SEQ_BITS;
    return hash == 0 ? 1 : hash;
}

static uint64_t
id_slot(uint64_t hash, uint64_t seq)
{
    return hash << ID_SEQ_BITS | (seq & ID_SEQ_MASK);
}

/* The position of a slot, if it is still held; else one that is not. */
static uint64_t
slot_seq(const struct recent *recent, uint64_t slot)
{
    return recent->first + ((slot - recent->first) & ID_SEQ_MASK);
}

static bool
slot_holds(const struct recent *recent, uint64_t slot)
{
    return slot != 0 && slot_seq(recent, slot) < recent->end;
}

/* Where a slot goes: the first that is empty, or of no use any more. */
static void
put_id(struct recent *recent, uint64_t slot)
{
    size_t mask = recent->id_capacity - 1;
    size_t at = (size_t)(slot >> ID_SEQ_BITS) & mask;
    while (slot_holds(recent, recent->ids[at]))
        at = (at + 1) & mask;
    recent->id_used += recent->ids[at] == 0;
    recent->ids[at] = slot;
}

static int
make_room_for_id(struct recent *recent)
{
    size_t count = recent->id_capacity;
    if (count > 0 && !is_crowded(recent->id_used, count))
        return 0;
    size_t capacity = capacity_for(recent_count(recent));
    uint64_t *old = recent->ids, *ids = calloc(capacity, sizeof *ids);
    if (ids == NULL)
        return -ENOMEM;
    recent->ids = ids;
    recent->id_capacity = capacity;
    recent->id_used = 0;
    for (size_t i = 0; i < count; i++)
        if (slot_holds(recent, old[i]))
            put_id(recent, old[i]);
    free(old);
    return 0;
}

uint64_t
recent_find_id(const struct recent *recent, struct span id,
               bool (*is)(void *context, uint64_t seq, struct span id),
               void *context)
{
    if (recent_count(recent) == 0)
        return 0;
    uint64_t hash = hash_id(recent, id);
    size_t mask = recent->id_capacity - 1, at = (size_t)hash & mask;
    for (; recent->ids[at] != 0; at = (at + 1) & mask) {
        uint64_t slot = recent->ids[at], seq = slot_seq(recent, slot);
        if (slot >> ID_SEQ_BITS == hash && seq < recent->end &&
            is(context, seq, id))
            return seq;
    }
    return 0;
}

/* Its slot becomes one of a position that is no longer held. */
static void
forget_id(struct recent *recent, uint64_t hash, uint64_t seq)
{
    size_t mask = recent->id_capacity - 1, at = (size_t)hash & mask;
    while (recent->ids[at] != id_slot(hash, seq))
        at = (at + 1) & mask;
    recent->ids[at] = id_slot(hash, recent->first - 1);
}

/* --- partnerships ---------------------------------------------------------*/

static void
hash_home(const struct recent *recent, struct span partnership,
          uint64_t hash[2])
{
    XXH128_hash_t wide =
        XXH3_128bits_withSeed(partnership.data, partnership.size, recent->seed);
    hash[0] = wide.low64 | 1; /* 0 says that a slot is empty */
    hash[1] = wide.high64;
}

/* The slot of a partnership, or the empty one where it would be. */
static struct recent_home *
home_at(const struct recent *recent, const uint64_t hash[2])
{
    size_t mask = recent->home_capacity - 1, at = (size_t)hash[1] & mask;
    struct recent_home *home = &recent->homes[at];
    while (home->hash[0] != 0 &&
           (home->hash[0] != hash[0] || home->hash[1] != hash[1])) {
        at = (at + 1) & mask;
        home = &recent->homes[at];
    }
    return home;
}

static int
make_room_for_home(struct recent *recent)
{
    size_t count = recent->home_capacity, held = 0;
    if (count > 0 && !is_crowded(recent->home_used, count))
        return 0;
    struct recent_home *old = recent->homes;
    for (size_t i = 0; i < count; i++)
        held += holds(recent, old[i].seq);
    size_t capacity = capacity_for(held);
    struct recent_home *homes = calloc(capacity, sizeof *homes);
    if (homes == NULL)
        return -ENOMEM;
    recent->homes = homes;
    recent->home_capacity = capacity;
    recent->home_used = held;
    for (size_t i = 0; i < count; i++)
        if (holds(recent, old[i].seq))
            *home_at(recent, old[i].hash) = old[i];
    free(old);
    return 0;
}

bool
recent_find_partnership(const struct recent *recent, struct span partnership,
                        uint64_t *rev)
{
    uint64_t hash[2];
    if (recent_count(recent) == 0)
        return false;
    hash_home(recent, partnership, hash);
    const struct recent_home *home = home_at(recent, hash);
    if (home->hash[0] == 0 || !holds(recent, home->seq))
        return false;
    *rev = home->rev;
    return true;
}

/* --- adding and forgetting ------------------------------------------------*/

static int
make_room_for_undo(struct recent *recent)
{
    if (recent->undo_count < recent->undo_capacity)
        return 0;
    size_t capacity = recent->undo_capacity == 0 ? RECENT_CAPACITY_MIN
                                                 : 2 * recent->undo_capacity;
    struct recent_undo *undo =
        reallocarray(recent->undo, capacity, sizeof *undo);
    if (undo == NULL)
        return -ENOMEM;
    recent->undo = undo;
    recent->undo_capacity = capacity;
    return 0;
}

int
recent_add(struct recent *recent, uint64_t rev, struct span id,
           struct span partnership)
{
    if (recent_count(recent) == RECENT_COUNT_MAX ||
        make_room_for_undo(recent) != 0 || make_room_for_id(recent) != 0 ||
        make_room_for_home(recent) != 0)
        return -ENOMEM;
    struct recent_undo *undo = &recent->undo[recent->undo_count++];
    uint64_t seq = recent->end;
    undo->id = hash_id(recent, id);
    put_id(recent, id_slot(undo->id, seq));
    hash_home(recent, partnership, undo->home);
    struct recent_home *home = home_at(recent, undo->home);
    recent->home_used += home->hash[0] == 0;
    undo->seq = home->seq;
    undo->rev = home->rev;
    *home = (struct recent_home){
        .hash = {undo->home[0], undo->home[1]}, .seq = seq, .rev = rev};
    recent->end++;
    return 0;
}

void
recent_forget_upto(struct recent *recent, uint64_t seq)
{
    if (seq >= recent->end)
        seq = recent->end - 1;
    if (seq + 1 > recent->first)
        recent->first = seq + 1;
}

void
recent_forget_above(struct recent *recent, uint64_t seq)
{
    while (recent->end > recent->first && recent->end - 1 > seq) {
        assert(recent->undo_count > 0);
        const struct recent_undo *undo = &recent->undo[--recent->undo_count];
        struct recent_home *home = home_at(recent, undo->home);
        forget_id(recent, undo->id, recent->end - 1);
        home->seq = undo->seq;
        home->rev = undo->rev;
        recent->end--;
    }
}

void
recent_confirm(struct recent *recent, uint64_t seq)
{
    uint64_t oldest = recent->end - recent->undo_count;
    if (recent->undo_count == 0 || seq < oldest)
        return;
    size_t count =
        seq < recent->end ? (size_t)(seq + 1 - oldest) : recent->undo_count;
    recent->undo_count -= count;
    memmove(recent->undo, recent->undo + count,
            recent->undo_count * sizeof *recent->undo);
}
