/* SPDX-License-Identifier: MIT */
#include "daemon/log_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "daemon/clock.h"
#include "daemon/log_consumers.h"
#include "daemon/order.h"

/* Free space that an append leaves, so that the views and an orderly stop
 * still have room. */
#define APPEND_FREE_SPACE_MIN ((uint64_t)2 << 20)

/* What a batch may cost in log.mdb and the views beyond its bytes: copied
 * pages, page headers, and the views' share. */
#define APPEND_SPACE_FACTOR 4u

/* --- room -----------------------------------------------------------------*/

/* Bytes that the file system and the limits of the process leave. */
static uint64_t
room_left(const struct log *log)
{
    uint64_t size = log_size(log), room = UINT64_MAX;
    struct statvfs space;
    struct rlimit limit;
    if (fstatvfs(log->datadir->directory_fd, &space) == 0)
        room = (uint64_t)space.f_bavail * space.f_frsize;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY) {
        uint64_t below = limit.rlim_cur > size ? limit.rlim_cur - size : 0;
        room = below < room ? below : room;
    }
    return room;
}

/* Room in log.mdb for this and for what waits in the journal: the journal has
 * its own already.  Consumers take no more room, or hardly, when they change:
 * they may go on for a while when events no longer may. */
static bool
has_room(struct log *log, const struct log_content *content)
{
    /* A quota is about what log.mdb takes in the end. */
    if (log->quota != 0 && log_settle(log) != LOG_OK)
        return false;
    pthread_mutex_lock(&log->tail.lock);
    uint64_t size = log_journal_content_size(content) + log->tail.pending_size;
    pthread_mutex_unlock(&log->tail.lock);
    if (content->event_count == 0)
        return room_left(log) >= APPEND_FREE_SPACE_MIN / 2;
    if (log->quota != 0 && log_size(log) + size > log->quota)
        return false;
    return room_left(log) >= APPEND_FREE_SPACE_MIN + APPEND_SPACE_FACTOR * size;
}

/* --- log.mdb --------------------------------------------------------------*/

int
log_put_record(struct log *log, MDB_txn *txn, uint64_t seq, struct span record)
{
    uint8_t position[LOG_KEY_SIZE];
    order_put_u64(position, seq);
    MDB_val key = {.mv_size = sizeof position, .mv_data = position};
    MDB_val value = {.mv_size = record.size};
    int rc = mdb_put(txn, log->events, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (rc == 0)
        memcpy(value.mv_data, record.data, record.size);
    return rc;
}

/*
 * LMDB flushes the pages, then writes the meta page.  When that last write
 * fails every later transaction is refused with MDB_PANIC, and the commit may
 * have happened or not.  Any earlier failure left the meta page alone: nothing
 * was stored.  A full disk or a limit on the file's size shows as a short
 * write, which LMDB reports as EIO.
 */
enum log_result
log_commit_failed(struct log *log, int rc)
{
    MDB_txn *probe = NULL;
    bool panic = mdb_txn_begin(log->env, NULL, MDB_RDONLY, &probe) != 0;
    mdb_txn_abort(probe);
    struct statvfs space;
    bool full =
        rc == ENOSPC || rc == EDQUOT || rc == EFBIG || rc == MDB_MAP_FULL ||
        (rc == EIO && fstatvfs(log->datadir->directory_fd, &space) == 0 &&
         (uint64_t)space.f_bavail * space.f_frsize < APPEND_FREE_SPACE_MIN);
    if (!panic && full)
        return LOG_FULL;
    if (!panic && (rc == ENOMEM || rc == MDB_TXN_FULL))
        return LOG_FULL;
    diag_of(DIAG_LOG_FAILED, "log.mdb: commit failed: %s; no further append",
            mdb_strerror(rc));
    atomic_store(&log->failed, true);
    return LOG_FAILED;
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

/* What no journal of this size can hold: it waits for log.mdb itself. */
static enum log_result
append_past_journal(struct log *log, const struct log_content *content)
{
    uint64_t tip = log_tip(log);
    enum log_result result = log_settle(log);
    if (result != LOG_OK)
        return result;
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(log->env, NULL, 0, &txn);
    for (size_t i = 0; i < content->event_count && rc == 0; i++)
        rc = put_event(log, txn, tip + 1 + i, content->events[i]);
    if (rc == 0)
        rc = log_consumers_put(txn, log->consumers, content->consumers,
                               content->consumer_count);
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        txn = NULL; /* commit frees it, whatever it returns */
    }
    mdb_txn_abort(txn); /* a no-op for NULL */
    if (rc != 0)
        return log_commit_failed(log, rc);
    pthread_mutex_lock(&log->tail.lock);
    log_tail_pass_locked(&log->tail, tip + content->event_count);
    atomic_store(&log->tip, tip + content->event_count);
    pthread_mutex_unlock(&log->tail.lock);
    return LOG_OK;
}

/* --- the journal ----------------------------------------------------------*/

/* Wait for a place. */
static enum log_result
find_place(struct log *log, uint64_t length, size_t event_count,
           uint64_t *offset)
{
    enum log_result result = LOG_OK;
    pthread_mutex_lock(&log->tail.lock);
    while ((*offset = log_tail_place_locked(&log->tail, length, event_count)) ==
           0) {
        if (atomic_load(&log->failed))
            result = LOG_FAILED;
        else if (atomic_load(&log->stalled))
            result = LOG_FULL;
        if (result != LOG_OK)
            break;
        log->waiting++;
        pthread_cond_broadcast(&log->tail.moved);
        pthread_cond_wait(&log->tail.moved, &log->tail.lock);
        log->waiting--;
    }
    pthread_mutex_unlock(&log->tail.lock);
    return result;
}

/* It is durable: from here on it can be read. */
static void
publish(struct log *log, const struct log_content *content,
        const struct log_journal_group *group)
{
    uint64_t offset = log_journal_records(group);
    for (size_t i = 0; i < content->event_count; i++) {
        log_tail_note(&log->tail, group->first + i, offset);
        offset += LOG_JOURNAL_RECORD_SIZE + content->events[i].size;
    }
    pthread_mutex_lock(&log->tail.lock);
    bool idle = log_tail_pending_locked(&log->tail) == 0;
    log_tail_push_locked(&log->tail, group, clock_us());
    log->number++;
    atomic_store_explicit(&log->tip, group->first + group->event_count - 1,
                          memory_order_release);
    if (idle || log_absorb_due(log))
        pthread_cond_broadcast(&log->tail.moved);
    pthread_mutex_unlock(&log->tail.lock);
}

/* Nothing of a write that found no room can be taken for a group: the next
 * group is written over it. */
static enum log_result
write_failed(struct log *log, int rc)
{
    if (rc == -ENOMEM || rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG)
        return LOG_FULL;
    diag_of(DIAG_LOG_FAILED, LOG_JOURNAL_NAME ": %s; no further append",
            strerror(-rc));
    atomic_store(&log->failed, true);
    return LOG_FAILED;
}

static enum log_result
append_to_journal(struct log *log, const struct log_content *content,
                  uint64_t length)
{
    struct log_journal_group group = {
        .generation = log->generation,
        .number = log->number,
        .first = log_tip(log) + 1,
    };
    enum log_result result =
        find_place(log, length, content->event_count, &group.offset);
    if (result != LOG_OK)
        return result;
    int rc = log_journal_write(log->journal, content, &group);
    if (rc != 0)
        return write_failed(log, rc);
    publish(log, content, &group);
    return LOG_OK;
}

enum log_result
log_append(struct log *log, const struct span *events, size_t event_count,
           const struct log_consumer *consumers, size_t consumer_count)
{
    struct log_content content = {
        .events = events,
        .event_count = event_count,
        .consumers = consumers,
        .consumer_count = consumer_count,
    };
    uint64_t length = log_journal_length(&content);
    if (atomic_load(&log->failed))
        return LOG_FAILED;
    if (atomic_load(&log->stalled) || !has_room(log, &content)) {
        /* What waits in the journal is counted for more than it takes. */
        enum log_result result = log_settle(log);
        if (result != LOG_OK)
            return result;
        if (!has_room(log, &content))
            return LOG_FULL;
    }
    return log_tail_can_ever_hold(&log->tail, length, event_count)
               ? append_to_journal(log, &content, length)
               : append_past_journal(log, &content);
}
