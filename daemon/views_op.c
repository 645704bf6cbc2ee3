/* SPDX-License-Identifier: MIT */
#include "daemon/views_file.h"

#include <string.h>

#include "daemon/order.h"

/*
 * An operation as bytes: type 4, flags 1, parties 1, then those parts whose
 * flag is set, in the order of the flags, then 4 bytes for each party.
 */
enum op_flag {
    OP_MARKED = 1,    /* nothing more */
    OP_K = 2,         /* k 8, where it is not t */
    OP_ROOT = 4,      /* root 8, where it is not seq */
    OP_RE = 8,        /* re_root 8 */
    OP_AMOUNT = 16,   /* kind 1, currency 4, millionths 16 */
    OP_EFFECTIVE = 32 /* start 8, end 8 */
};

#define OP_HEAD_SIZE ((size_t)6)

static uint8_t
op_flags(const struct fold_op *op)
{
    return (uint8_t)((op->marked ? OP_MARKED : 0) |
                     (op->k != op->t ? OP_K : 0) |
                     (op->root != op->seq ? OP_ROOT : 0) |
                     (op->re_root != 0 ? OP_RE : 0) |
                     (op->has_amount ? OP_AMOUNT : 0) |
                     (op->sets_effective ? OP_EFFECTIVE : 0));
}

static uint8_t *
write_amount(uint8_t *at, const struct fold_op *op)
{
    unsigned __int128 bits = (unsigned __int128)op->amount;
    at[0] = (uint8_t)op->amount_kind;
    order_put_u32(at + 1, op->currency);
    order_put_u64(at + 5, (uint64_t)(bits >> 64));
    order_put_u64(at + 13, (uint64_t)bits);
    return at + 21;
}

size_t
views_op_write(uint8_t value[VIEWS_OP_SIZE_MAX], const struct fold_op *op)
{
    uint8_t flags = op_flags(op);
    uint8_t *at = value + OP_HEAD_SIZE;
    order_put_u32(value, op->type);
    value[4] = flags;
    value[5] = (uint8_t)op->party_count;
    if (flags & OP_K) {
        order_put_i64(at, op->k);
        at += 8;
    }
    if (flags & OP_ROOT) {
        order_put_u64(at, op->root);
        at += 8;
    }
    if (flags & OP_RE) {
        order_put_u64(at, op->re_root);
        at += 8;
    }
    if (flags & OP_AMOUNT)
        at = write_amount(at, op);
    if (flags & OP_EFFECTIVE) {
        order_put_i64(at, op->effective_start);
        order_put_i64(at + 8, op->effective_end);
        at += 16;
    }
    memcpy(at, op->parties, 4 * (size_t)op->party_count);
    return (size_t)(at - value) + 4 * (size_t)op->party_count;
}

static size_t
parts_size(uint8_t flags)
{
    return (flags & OP_K ? 8u : 0u) + (flags & OP_ROOT ? 8u : 0u) +
           (flags & OP_RE ? 8u : 0u) + (flags & OP_AMOUNT ? 21u : 0u) +
           (flags & OP_EFFECTIVE ? 16u : 0u);
}

static const uint8_t *
read_amount(const uint8_t *at, struct fold_op *op)
{
    unsigned __int128 bits =
        (unsigned __int128)order_get_u64(at + 5) << 64 | order_get_u64(at + 13);
    op->has_amount = true;
    op->amount_kind = at[0];
    op->currency = order_get_u32(at + 1);
    op->amount = (event_money)bits;
    return at + 21;
}

static const uint8_t *
read_parts(const uint8_t *at, uint8_t flags, struct fold_op *op)
{
    if (flags & OP_K) {
        op->k = order_get_i64(at);
        at += 8;
    }
    if (flags & OP_ROOT) {
        op->root = order_get_u64(at);
        at += 8;
    }
    if (flags & OP_RE) {
        op->re_root = order_get_u64(at);
        at += 8;
    }
    if (flags & OP_AMOUNT)
        at = read_amount(at, op);
    if (flags & OP_EFFECTIVE) {
        op->sets_effective = true;
        op->effective_start = order_get_i64(at);
        op->effective_end = order_get_i64(at + 8);
        at += 16;
    }
    return at;
}

bool
views_op_read(struct span value, const struct views_place *place,
              struct fold_op *op)
{
    const uint8_t *at = value.data;
    if (value.size < OP_HEAD_SIZE ||
        value.size != OP_HEAD_SIZE + parts_size(at[4]) + 4 * (size_t)at[5])
        return false;
    *op = (struct fold_op){.seq = place->seq,
                           .t = place->t,
                           .start_lo = place->start_lo,
                           .k = place->t,
                           .root = place->seq,
                           .type = order_get_u32(at),
                           .marked = (at[4] & OP_MARKED) != 0,
                           .party_count = at[5]};
    op->parties = read_parts(at + OP_HEAD_SIZE, at[4], op);
    return op->amount_kind < MODEL_AMOUNT_KIND_COUNT;
}
