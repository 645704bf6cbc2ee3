/* SPDX-License-Identifier: MIT */
#include "client/id_set.h"

#include <stdlib.h>

#include "proto/model.h"

#define SLOTS_MIN ((size_t)64)

/* The size of an id stands in one byte before it. */
_Static_assert(MODEL_ID_SIZE_MAX <= UINT8_MAX, "an id's size fits a byte");

void
id_set_deinit(struct id_set *set)
{
    mp_buf_deinit(&set->bytes);
    free(set->slots);
    *set = (struct id_set){0};
}

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t
hash(struct span id)
{
    uint64_t value = 0xcbf29ce484222325;
    for (size_t i = 0; i < id.size; i++)
        value = (value ^ id.data[i]) * 0x100000001b3;
    return value;
}

static struct span
id_at(const struct id_set *set, size_t at)
{
    return (struct span){set->bytes.data + at + 1, set->bytes.data[at]};
}

/* The slot of `id`, or the free one where it would be. */
static size_t
find_slot(const struct id_set *set, struct span id)
{
    size_t mask = set->slot_count - 1;
    size_t slot = (size_t)hash(id) & mask;
    while (set->slots[slot] != 0 &&
           !span_equal(id_at(set, set->slots[slot] - 1), id))
        slot = (slot + 1) & mask;
    return slot;
}

bool
id_set_has(const struct id_set *set, struct span id)
{
    return set->slot_count > 0 && set->slots[find_slot(set, id)] != 0;
}

/* At most half of the slots are taken, so that a walk over them is short. */
static bool
make_room(struct id_set *set)
{
    if (set->count < set->slot_count / 2)
        return true;
    size_t slot_count = set->slot_count > 0 ? 2 * set->slot_count : SLOTS_MIN;
    size_t *slots = calloc(slot_count, sizeof(*slots));
    if (slots == NULL)
        return false;
    free(set->slots);
    set->slots = slots;
    set->slot_count = slot_count;
    size_t at = 0, next = 0;
    struct span id;
    while (id_set_next(set, &next, &id)) {
        slots[find_slot(set, id)] = at + 1;
        at = next;
    }
    return true;
}

bool
id_set_add(struct id_set *set, struct span id)
{
    if (id.size > UINT8_MAX || !make_room(set))
        return false;
    size_t slot = find_slot(set, id);
    if (set->slots[slot] != 0)
        return true;
    size_t at = set->bytes.size;
    uint8_t size = (uint8_t)id.size;
    mp_buf_append(&set->bytes, &size, 1);
    mp_buf_append(&set->bytes, id.data, id.size);
    if (set->bytes.failed)
        return false;
    set->slots[slot] = at + 1;
    set->count++;
    return true;
}

bool
id_set_next(const struct id_set *set, size_t *at, struct span *id)
{
    if (*at >= set->bytes.size)
        return false;
    *id = id_at(set, *at);
    *at += 1 + id->size;
    return true;
}
