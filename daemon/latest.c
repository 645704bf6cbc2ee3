/* SPDX-License-Identifier: MIT */
#include "daemon/latest.h"

#include "daemon/xxh3.h"

static size_t
slot_of(struct span partnership)
{
    return XXH3_64bits(partnership.data, partnership.size) % LATEST_SLOTS;
}

void
latest_init(struct latest *latest, uint64_t tip)
{
    latest->begin = tip;
    for (size_t i = 0; i < LATEST_SLOTS; i++)
        atomic_init(&latest->seqs[i], 0);
}

void
latest_note(struct latest *latest, struct span partnership, uint64_t seq)
{
    atomic_store_explicit(&latest->seqs[slot_of(partnership)], seq,
                          memory_order_release);
}

uint64_t
latest_of(const struct latest *latest, struct span partnership)
{
    uint64_t seq = atomic_load_explicit(&latest->seqs[slot_of(partnership)],
                                        memory_order_acquire);
    return seq > latest->begin ? seq : latest->begin;
}
