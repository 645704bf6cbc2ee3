/* SPDX-License-Identifier: MIT */
#include "daemon/handed.h"

#include <string.h>

void
handed_add(struct handed *handed, size_t size, size_t capacity)
{
    handed->queued += size;
    if (capacity == 0)
        return;
    if (handed->count < HANDED_MAX)
        handed->chunks[handed->count++].capacity = 0;
    handed->chunks[handed->count - 1].end = handed->queued;
    handed->chunks[handed->count - 1].capacity += capacity;
}

size_t
handed_held(struct handed *handed, size_t unsent)
{
    uint64_t sent = handed->queued - unsent;
    size_t gone = 0, held = 0;
    while (gone < handed->count && handed->chunks[gone].end <= sent)
        gone++;
    handed->count -= gone;
    memmove(handed->chunks, handed->chunks + gone,
            handed->count * sizeof handed->chunks[0]);
    for (size_t i = 0; i < handed->count; i++)
        held += handed->chunks[i].capacity;
    return held > unsent ? held : unsent;
}
