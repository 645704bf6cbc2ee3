/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/log_consumers.h"
#include "daemon/log_create.h"
#include "daemon/log_parts.h"
#include "daemon/order.h"

/* Free space that an append leaves, so that the views and an orderly stop
 * still have room. */
#define LOG_FREE_SPACE_MIN ((uint64_t)2 << 20)

/* What a batch may cost beyond its bytes: copied pages, page headers, and the
 * views' share. */
#define LOG_SPACE_FACTOR 4u

/* --- opening --------------------------------------------------------------*/

static int
read_meta(struct log *log, MDB_txn *txn, struct diag_reason *reason)
{
    MDB_dbi meta;
    MDB_val key = {.mv_size = 6, .mv_data = (char[]){"format"}};
    MDB_val value;
    int rc = mdb_dbi_open(txn, "meta", 0, &meta);
    if (rc == 0)
        rc = mdb_get(txn, meta, &key, &value);
    if (rc != 0 || value.mv_size != 4) {
        diag_because(reason, "log.mdb is not an entente log");
        return -EINVAL;
    }
    uint32_t format = order_get_u32(value.mv_data);
    if (format != LOG_FORMAT) {
        diag_because(reason,
                     "log.mdb has format %u and this entented reads format "
                     "%u; use the version that wrote it",
                     format, LOG_FORMAT);
        return -EINVAL;
    }
    key = (MDB_val){.mv_size = 2, .mv_data = (char[]){"id"}};
    rc = mdb_get(txn, meta, &key, &value);
    if (rc != 0 || value.mv_size != LOG_ID_SIZE / 2) {
        diag_because(reason, "log.mdb has no id");
        return -EINVAL;
    }
    for (size_t i = 0; i < value.mv_size; i++)
        snprintf(log->id + 2 * i, 3, "%02x", ((uint8_t *)value.mv_data)[i]);
    return 0;
}

/* A key that is no position is passed over: the count of entries shows it. */
int
log_last_position(MDB_txn *txn, MDB_dbi events, uint64_t *last)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn, events, &cursor);
    if (rc != 0)
        return rc;
    *last = 0;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    while (rc == 0 && key.mv_size != LOG_KEY_SIZE)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    if (rc == 0)
        *last = order_get_u64(key.mv_data);
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
read_tip(struct log *log, MDB_txn *txn, uint64_t *count,
         struct diag_reason *reason)
{
    int rc = mdb_dbi_open(txn, "log", 0, &log->events);
    if (rc != 0) {
        diag_because(reason, "log.mdb holds no log: %s", mdb_strerror(rc));
        return env_error(rc);
    }
    MDB_stat stat;
    uint64_t last = 0;
    rc = mdb_stat(txn, log->events, &stat);
    if (rc == 0)
        rc = log_last_position(txn, log->events, &last);
    if (rc != 0) {
        diag_because(reason, "log.mdb: %s", mdb_strerror(rc));
        return env_error(rc);
    }
    atomic_store(&log->tip, last);
    *count = stat.ms_entries;
    return 0;
}

static int
open_consumers(struct log *log, MDB_txn *txn, struct diag_reason *reason)
{
    int rc = log_consumers_open(txn, &log->consumers);
    if (rc != 0)
        diag_because(reason, "log.mdb: no consumers: %s", mdb_strerror(rc));
    return env_error(rc);
}

/* One that is only read may have no consumers. */
static int
read_head(struct log *log, unsigned flags, uint64_t *count,
          struct diag_reason *reason)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(log->env, NULL, flags, &txn);
    if (rc != 0) {
        diag_because(reason, "log.mdb: %s", mdb_strerror(rc));
        return env_error(rc);
    }
    rc = read_meta(log, txn, reason);
    if (rc == 0)
        rc = read_tip(log, txn, count, reason);
    if (rc == 0 && flags != MDB_RDONLY)
        rc = open_consumers(log, txn, reason);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return env_error(mdb_txn_commit(txn)); /* keeps the handles */
}

/* The tip is the number of events, or a position is missing. */
static int
refuse_gap(const struct log *log, uint64_t count, struct diag_reason *reason)
{
    if (log_tip(log) == count)
        return 0;
    diag_because(reason,
                 "log.mdb: %llu events but the last position is %llu; "
                 "restore it from a backup",
                 (unsigned long long)count, (unsigned long long)log_tip(log));
    return -EINVAL;
}

/* A predecessor may have died between its write and its flush: what is found
 * must be durable before it is told to anybody. */
static int
flush_found(struct log *log, struct diag_reason *reason)
{
    int rc = mdb_env_sync(log->env, 1);
    if (rc != 0)
        diag_because(reason, "log.mdb: %s", mdb_strerror(rc));
    return env_error(rc);
}

int
log_open(const struct datadir *datadir, uint64_t quota, struct log **opened,
         struct diag_reason *reason)
{
    struct log *log = calloc(1, sizeof *log);
    char *path = datadir_file(datadir, LOG_FILE_NAME);
    uint64_t count = 0;
    int rc = -ENOMEM;
    if (log == NULL || path == NULL) {
        diag_because(reason, "out of memory");
        goto out;
    }
    log->quota = quota;
    log->directory_fd = datadir->directory_fd;
    rc = log_create_if_new(datadir, reason);
    if (rc == 0)
        rc = env_open(path, 0, LOG_DATABASES, &log->env, reason);
    if (rc == 0)
        rc = read_head(log, 0, &count, reason);
    if (rc == 0)
        rc = refuse_gap(log, count, reason);
    if (rc == 0)
        rc = flush_found(log, reason);
    if (rc == 0)
        rc = log_create_mark(datadir, log->id, reason);
out:
    free(path);
    if (rc != 0)
        log_close(log);
    else
        *opened = log;
    return rc;
}

int
log_open_to_read(const char *directory, enum log_neighbour neighbour,
                 struct log **opened, uint64_t *count,
                 struct diag_reason *reason)
{
    struct log *log = calloc(1, sizeof *log);
    const struct datadir datadir = {.path = (char *)(uintptr_t)directory};
    char *path = datadir_file(&datadir, LOG_FILE_NAME);
    unsigned flags = MDB_RDONLY | (neighbour == LOG_ALONE ? MDB_NOLOCK : 0);
    int rc = -ENOMEM;
    if (log == NULL || path == NULL) {
        diag_because(reason, "out of memory");
        goto out;
    }
    log->directory_fd = -1;
    log->failed = true; /* for whoever tries to append */
    rc = env_open(path, flags, LOG_DATABASES, &log->env, reason);
    if (rc == 0)
        rc = read_head(log, MDB_RDONLY, count, reason);
out:
    free(path);
    if (rc != 0)
        log_close(log);
    else
        *opened = log;
    return rc;
}

void
log_close(struct log *log)
{
    if (log == NULL)
        return;
    if (log->env != NULL)
        mdb_env_close(log->env);
    free(log);
}

void
log_tidy(struct log *log)
{
    env_tidy(log->env);
}

uint64_t
log_tip(const struct log *log)
{
    return atomic_load_explicit(&log->tip, memory_order_acquire);
}

const char *
log_id(const struct log *log)
{
    return log->id;
}

uint64_t
log_size(const struct log *log)
{
    return env_size(log->env);
}

/* --- appending ------------------------------------------------------------*/

/* Bytes that the file system and the limits of the process leave. */
static uint64_t
room_left(const struct log *log)
{
    uint64_t size = log_size(log), room = UINT64_MAX;
    struct statvfs space;
    struct rlimit limit;
    if (fstatvfs(log->directory_fd, &space) == 0)
        room = (uint64_t)space.f_bavail * space.f_frsize;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY) {
        uint64_t below = limit.rlim_cur > size ? limit.rlim_cur - size : 0;
        room = below < room ? below : room;
    }
    return room;
}

/* Consumers take no more room, or hardly, when they change: they may go on
 * for a while when events no longer may. */
static bool
has_room(const struct log *log, const struct span *events, size_t count)
{
    uint64_t size = 0;
    if (count == 0)
        return room_left(log) >= LOG_FREE_SPACE_MIN / 2;
    for (size_t i = 0; i < count; i++)
        size += events[i].size + LOG_CHECKSUM_SIZE + LOG_KEY_SIZE;
    if (log->quota != 0 && log_size(log) + size > log->quota)
        return false;
    return room_left(log) >= LOG_FREE_SPACE_MIN + LOG_SPACE_FACTOR * size;
}

static int
put_event(struct log *log, MDB_txn *txn, uint64_t seq, struct span event)
{
    uint8_t position[LOG_KEY_SIZE];
    order_put_u64(position, seq);
    MDB_val key = {.mv_size = sizeof position, .mv_data = position};
    MDB_val value = {.mv_size = LOG_CHECKSUM_SIZE + event.size};
    int rc = mdb_put(txn, log->events, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (rc != 0)
        return rc;
    uint8_t *at = value.mv_data;
    order_put_u64(at, log_checksum(seq, event));
    memcpy(at + LOG_CHECKSUM_SIZE, event.data, event.size);
    return 0;
}

/*
 * LMDB flushes the pages, then writes the meta page.  When that last write
 * fails every later transaction is refused with MDB_PANIC, and the commit may
 * have happened or not.  Any earlier failure left the meta page alone: nothing
 * was stored.  A full disk or a limit on the file's size shows as a short
 * write, which LMDB reports as EIO.
 */
static enum log_result
commit_failed(struct log *log, int rc)
{
    MDB_txn *probe = NULL;
    bool panic = mdb_txn_begin(log->env, NULL, MDB_RDONLY, &probe) != 0;
    mdb_txn_abort(probe);
    struct statvfs space;
    bool full =
        rc == ENOSPC || rc == EDQUOT || rc == EFBIG || rc == MDB_MAP_FULL ||
        (rc == EIO && fstatvfs(log->directory_fd, &space) == 0 &&
         (uint64_t)space.f_bavail * space.f_frsize < LOG_FREE_SPACE_MIN);
    if (!panic && full)
        return LOG_FULL;
    if (!panic && (rc == ENOMEM || rc == MDB_TXN_FULL))
        return LOG_FULL;
    diag_of(DIAG_LOG_FAILED, "log.mdb: commit failed: %s; no further append",
            mdb_strerror(rc));
    log->failed = true;
    return LOG_FAILED;
}

enum log_result
log_append(struct log *log, const struct span *events, size_t event_count,
           const struct log_consumer *consumers, size_t consumer_count)
{
    if (log->failed)
        return LOG_FAILED;
    if (!has_room(log, events, event_count))
        return LOG_FULL;
    uint64_t tip = log_tip(log);
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(log->env, NULL, 0, &txn);
    for (size_t i = 0; i < event_count && rc == 0; i++)
        rc = put_event(log, txn, tip + 1 + i, events[i]);
    if (rc == 0)
        rc = log_consumers_put(txn, log->consumers, consumers, consumer_count);
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        txn = NULL; /* commit frees it, whatever it returns */
    }
    mdb_txn_abort(txn); /* a no-op for NULL */
    if (rc != 0)
        return commit_failed(log, rc);
    atomic_store_explicit(&log->tip, tip + event_count, memory_order_release);
    return LOG_OK;
}

enum log_result
log_consumers(struct log *log,
              bool (*each)(const struct log_consumer *consumer, void *context),
              void *context)
{
    return log_consumers_each(log->env, log->consumers, log_tip(log), each,
                              context);
}
