/* SPDX-License-Identifier: MIT */
#include "daemon/liveness.h"

#include <stdlib.h>

/* An event whose superseders are being looked at. */
struct liveness_frame {
    uint64_t seq;
    uint64_t after; /* superseders up to here do not decide it */
};

void
liveness_init(struct liveness *liveness, int64_t known, uint64_t seq)
{
    *liveness = (struct liveness){.known = known, .seq = seq};
}

void
liveness_deinit(struct liveness *liveness)
{
    number_map_deinit(&liveness->memo);
    free(liveness->stack);
    *liveness = (struct liveness){0};
}

static bool
push(struct liveness *liveness, uint64_t seq)
{
    if (liveness->depth == liveness->capacity) {
        size_t capacity = liveness->capacity == 0 ? 16 : 2 * liveness->capacity;
        struct liveness_frame *stack =
            reallocarray(liveness->stack, capacity, sizeof *stack);
        if (stack == NULL)
            return false;
        liveness->stack = stack;
        liveness->capacity = capacity;
    }
    liveness->stack[liveness->depth++] = (struct liveness_frame){.seq = seq};
    return true;
}

static bool
decide(struct liveness *liveness, bool superseded)
{
    uint64_t seq = liveness->stack[--liveness->depth].seq;
    return number_map_put(&liveness->memo, seq, superseded) == 0;
}

/* One superseder of the event on top: decided, put off, or passed over. */
static enum views_result
look_at_next(struct liveness *liveness, struct views_reader *views)
{
    struct liveness_frame *top = &liveness->stack[liveness->depth - 1];
    uint64_t seq;
    int64_t k;
    uint32_t superseded;
    enum views_result result =
        views_superseder(views, top->seq, top->after, &seq, &k);
    if (result == VIEWS_FAILED || result == VIEWS_FULL)
        return result;
    if (result == VIEWS_ABSENT || seq > liveness->seq)
        return decide(liveness, false) ? VIEWS_OK : VIEWS_FULL;
    if (k > liveness->known) {
        top->after = seq;
        return VIEWS_OK;
    }
    if (!number_map_find(&liveness->memo, seq, &superseded))
        return push(liveness, seq) ? VIEWS_OK : VIEWS_FULL;
    if (!superseded)
        return decide(liveness, true) ? VIEWS_OK : VIEWS_FULL;
    top->after = seq;
    return VIEWS_OK;
}

enum views_result
liveness_superseded(struct liveness *liveness, struct views_reader *views,
                    uint64_t event, bool *superseded)
{
    uint32_t known;
    enum views_result result = VIEWS_OK;
    liveness->depth = 0;
    if (!number_map_find(&liveness->memo, event, &known) &&
        !push(liveness, event))
        return VIEWS_FULL;
    while (liveness->depth > 0 && result == VIEWS_OK)
        result = look_at_next(liveness, views);
    if (result == VIEWS_OK)
        *superseded =
            number_map_find(&liveness->memo, event, &known) && known != 0;
    return result;
}
