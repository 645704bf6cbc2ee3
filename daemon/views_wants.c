/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "daemon/views_file.h"

/* Which partnerships need checkpoints. */

void
views_wants_deinit(struct views_wants *wants)
{
    number_map_deinit(&wants->pending);
    number_map_deinit(&wants->listed);
    free(wants->list);
    *wants = (struct views_wants){0};
}

/* Checkpoints only save time: without memory there are fewer. */
void
views_want_checkpoint(struct views *views, uint32_t partnership)
{
    struct views_wants *wants = &views->wants;
    uint32_t unused;
    if (number_map_find(&wants->listed, partnership, &unused))
        return;
    if (wants->count == wants->capacity) {
        size_t capacity = wants->capacity == 0 ? 16 : 2 * wants->capacity;
        uint32_t *list = reallocarray(wants->list, capacity, sizeof *list);
        if (list == NULL)
            return;
        wants->list = list;
        wants->capacity = capacity;
    }
    if (number_map_put(&wants->listed, partnership, 0) == 0)
        wants->list[wants->count++] = partnership;
}

void
views_count_ops(struct views *views, uint32_t partnership, uint32_t added)
{
    uint32_t count = 0;
    number_map_find(&views->wants.pending, partnership, &count);
    count += added;
    if (count >= VIEWS_SPACING_MIN) {
        views_want_checkpoint(views, partnership);
        count = 0;
    }
    if (number_map_put(&views->wants.pending, partnership, count) != 0)
        number_map_clear(&views->wants.pending);
}

bool
views_needs_checkpoint(const struct views *views)
{
    return views->wants.count > 0;
}
