/* SPDX-License-Identifier: MIT */
#include "daemon/gap_walk.h"

static struct views_walk
walk_now(const struct gap_walk *walk)
{
    enum views_walk_kind all =
        walk->partnership != 0 ? VIEWS_WALK_OPS : VIEWS_WALK_OCCURRED;
    return (struct views_walk){
        .reader = walk->views,
        .kind = walk->late_over ? all : VIEWS_WALK_LATE,
        .dated = true,
        .partnership = walk->partnership,
        .known = walk->known,
    };
}

static enum views_result
end_at(const struct gap_walk *walk, enum views_result result,
       const struct views_hit *hit)
{
    return result == VIEWS_OK && hit->op.t > walk->at ? VIEWS_ABSENT : result;
}

/* From the late events to all of them, where the walk passes K. */
static enum views_result
cross_known(struct gap_walk *walk, enum views_result result,
            struct views_hit *hit)
{
    bool still_late = result == VIEWS_OK && hit->op.t <= walk->known;
    if (walk->late_over || still_late || result == VIEWS_FAILED ||
        result == VIEWS_FULL || walk->known >= walk->at)
        return end_at(walk, result, hit);
    struct views_place from = {walk->known + 1, EDTF_MINUS_INFINITY, 0};
    walk->late_over = true;
    struct views_walk now = walk_now(walk);
    return end_at(walk, views_walk_seek(&now, &from, hit), hit);
}

enum views_result
gap_walk_seek(struct gap_walk *walk, const struct views_place *from,
              struct views_hit *hit)
{
    walk->late_over = from->t > walk->known;
    struct views_walk now = walk_now(walk);
    return cross_known(walk, views_walk_seek(&now, from, hit), hit);
}

enum views_result
gap_walk_next(struct gap_walk *walk, struct views_hit *hit)
{
    struct views_walk now = walk_now(walk);
    return cross_known(walk, views_walk_next(&now, hit), hit);
}
