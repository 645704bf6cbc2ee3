/* SPDX-License-Identifier: MIT */
#include "daemon/views_file.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "daemon/order.h"

enum views_result
views_outcome(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return VIEWS_OK;
    case MDB_NOTFOUND:
        return VIEWS_ABSENT;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM:
        return VIEWS_FULL;
    default:
        diag_of(DIAG_VIEWS_FAILED, "views.mdb: %s", mdb_strerror(rc));
        return VIEWS_FAILED;
    }
}

/* Less than this is no room: some transactions' worth of pages. */
#define VIEWS_ROOM_MIN ((uint64_t)1 << 20)

enum views_result
views_commit_outcome(struct views *views, int rc)
{
    struct statvfs space;
    if (rc == EIO && fstatvfs(views->datadir->directory_fd, &space) == 0 &&
        (uint64_t)space.f_bavail * space.f_frsize < VIEWS_ROOM_MIN)
        return VIEWS_FULL;
    return views_outcome(rc);
}

enum views_result
views_commit(struct views *views, MDB_txn *txn)
{
    return views_commit_outcome(views, mdb_txn_commit(txn));
}

MDB_val
views_name_key(uint8_t key[VIEWS_NAME_KEY_SIZE], enum views_name_kind kind,
               struct span slug)
{
    size_t size =
        slug.size < MODEL_SLUG_SIZE_MAX ? slug.size : MODEL_SLUG_SIZE_MAX;
    key[0] = (uint8_t)kind;
    if (size > 0)
        memcpy(key + 1, slug.data, size);
    return (MDB_val){.mv_size = 1 + size, .mv_data = key};
}

MDB_val
views_member_key(uint8_t key[VIEWS_MEMBER_KEY_SIZE], uint32_t party,
                 struct span slug)
{
    size_t size =
        slug.size < MODEL_SLUG_SIZE_MAX ? slug.size : MODEL_SLUG_SIZE_MAX;
    order_put_u32(key, party);
    if (size > 0)
        memcpy(key + 4, slug.data, size);
    return (MDB_val){.mv_size = 4 + size, .mv_data = key};
}

MDB_val
views_slug_key(uint8_t key[VIEWS_SLUG_KEY_SIZE], enum views_name_kind kind,
               uint32_t number)
{
    key[0] = (uint8_t)kind;
    order_put_u32(key + 1, number);
    return (MDB_val){.mv_size = VIEWS_SLUG_KEY_SIZE, .mv_data = key};
}

MDB_val
views_place_key(uint8_t key[VIEWS_PLACE_KEY_SIZE], uint32_t partnership,
                const struct views_place *place)
{
    order_put_u32(key, partnership);
    order_put_i64(key + 4, place->t);
    order_put_i64(key + 12, place->start_lo);
    order_put_u64(key + 20, place->seq);
    return (MDB_val){.mv_size = VIEWS_PLACE_KEY_SIZE, .mv_data = key};
}

MDB_val
views_mark_key(uint8_t key[VIEWS_MARK_KEY_SIZE], uint64_t target,
               uint64_t superseder)
{
    order_put_u64(key, target);
    order_put_u64(key + 8, superseder);
    return (MDB_val){.mv_size = VIEWS_MARK_KEY_SIZE, .mv_data = key};
}

MDB_val
views_link_key(uint8_t key[VIEWS_LINK_KEY_SIZE], enum views_link link,
               uint64_t target, uint64_t seq)
{
    key[0] = (uint8_t)link;
    order_put_u64(key + 1, target);
    order_put_u64(key + 9, seq);
    return (MDB_val){.mv_size = VIEWS_LINK_KEY_SIZE, .mv_data = key};
}

bool
views_place_read(const MDB_val *key, uint32_t *partnership,
                 struct views_place *place)
{
    if (key->mv_size != VIEWS_PLACE_KEY_SIZE)
        return false;
    const uint8_t *at = key->mv_data;
    *partnership = order_get_u32(at);
    place->t = order_get_i64(at + 4);
    place->start_lo = order_get_i64(at + 12);
    place->seq = order_get_u64(at + 20);
    return true;
}

bool
views_name_read(const MDB_val *value, struct views_name *name)
{
    if (value->mv_size != VIEWS_NAME_SIZE)
        return false;
    const uint8_t *at = value->mv_data;
    name->number = order_get_u32(at);
    name->revision = order_get_u64(at + 4);
    name->damaged = order_get_u64(at + 12);
    return true;
}

void
views_name_write(uint8_t value[VIEWS_NAME_SIZE], const struct views_name *name)
{
    order_put_u32(value, name->number);
    order_put_u64(value + 4, name->revision);
    order_put_u64(value + 12, name->damaged);
}
