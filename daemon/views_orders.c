/* SPDX-License-Identifier: MIT */
#include "daemon/order.h"
#include "daemon/views_apply.h"

/* Where walks find an event: every order has a database. */

struct views_place
apply_place(const struct event *event)
{
    return (struct views_place){.t = event_takes_effect(event),
                                .start_lo = event_possible_from(event),
                                .seq = event->seq};
}

int
apply_put_op(struct apply *apply, uint32_t partnership,
             const struct fold_op *op)
{
    struct views_place place = {
        .t = op->t, .start_lo = op->start_lo, .seq = op->seq};
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE], value[VIEWS_OP_SIZE_MAX];
    MDB_val key = views_place_key(bytes, partnership, &place);
    return apply_put(apply, VIEWS_DB_OPS, &key, value,
                     views_op_write(value, op));
}

static int
put_late(struct apply *apply, uint32_t partnership,
         const struct views_place *place)
{
    uint8_t bytes[VIEWS_PLACE_KEY_SIZE], value[4];
    order_put_u32(value, partnership);
    MDB_val key = views_place_key(bytes, partnership, place);
    int rc = apply_put(apply, VIEWS_DB_LATE, &key, value, sizeof value);
    if (rc != 0)
        return rc;
    key = views_place_key(bytes, 0, place);
    return apply_put(apply, VIEWS_DB_LATE, &key, value, sizeof value);
}

static int
put_imprecise(struct apply *apply, uint32_t partnership,
              const struct views_place *place)
{
    int64_t duration = views_duration(place);
    uint8_t bytes[VIEWS_IMPRECISE_KEY_SIZE];
    MDB_val key = views_imprecise_key(
        bytes, partnership, duration,
        duration == VIEWS_DURATION_OPEN ? place->t : place->start_lo,
        place->seq);
    return apply_put(apply, VIEWS_DB_IMPRECISE, &key, bytes, 0);
}

static int
put_known(struct apply *apply, uint32_t partnership, const struct fold_op *op)
{
    uint8_t bytes[VIEWS_KNOWN_KEY_SIZE], value[VIEWS_KNOWN_SIZE];
    order_put_i64(bytes, op->k);
    order_put_u64(bytes + 8, op->seq);
    order_put_u32(value, partnership);
    order_put_i64(value + 4, op->t);
    order_put_i64(value + 12, op->start_lo);
    MDB_val key = {.mv_size = sizeof bytes, .mv_data = bytes};
    return apply_put(apply, VIEWS_DB_KNOWN, &key, value, sizeof value);
}

int
apply_orders(struct apply *apply, uint32_t partnership,
             const struct fold_op *op)
{
    struct views_place place = {
        .t = op->t, .start_lo = op->start_lo, .seq = op->seq};
    uint8_t bytes[VIEWS_TIME_KEY_SIZE], value[4];
    order_put_u32(value, partnership);
    MDB_val key = views_time_key(bytes, &place);
    int rc = apply_put_op(apply, partnership, op);
    if (rc == 0)
        rc = apply_put(apply, VIEWS_DB_TIMES, &key, value, sizeof value);
    if (rc == 0)
        rc = put_known(apply, partnership, op);
    if (rc == 0 && op->k > op->t)
        rc = put_late(apply, partnership, &place);
    if (rc == 0 && op->start_lo != op->t)
        rc = put_imprecise(apply, partnership, &place);
    return rc;
}
