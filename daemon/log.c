/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log_consumers.h"
#include "daemon/log_create.h"
#include "daemon/log_parts.h"
#include "daemon/order.h"

/* --- opening --------------------------------------------------------------*/

static int
read_meta(struct log *log, MDB_txn *txn, struct diag_reason *reason)
{
    MDB_val key = {.mv_size = 6, .mv_data = (char[]){"format"}};
    MDB_val value;
    int rc = mdb_dbi_open(txn, "meta", 0, &log->meta);
    if (rc == 0)
        rc = mdb_get(txn, log->meta, &key, &value);
    if (rc != 0 || value.mv_size != 4) {
        diag_because(reason, "log.mdb is not an entente log");
        return -EINVAL;
    }
    uint32_t format = order_get_u32(value.mv_data);
    if (format < LOG_FORMAT_OLDEST || format > LOG_FORMAT) {
        diag_because(reason,
                     "log.mdb has format %u and this entented reads formats "
                     "%u to %u; use the version that wrote it",
                     format, LOG_FORMAT_OLDEST, LOG_FORMAT);
        return -EINVAL;
    }
    key = (MDB_val){.mv_size = 2, .mv_data = (char[]){"id"}};
    rc = mdb_get(txn, log->meta, &key, &value);
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
    if (rc == 0)
        rc = mdb_dbi_open(txn, NULL, 0, &log->trees);
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

static int
open_files(struct log *log, const char *path, const struct log_options *options,
           struct diag_reason *reason)
{
    uint64_t count = 0;
    int rc = log_create_if_new(log->datadir, reason);
    if (rc == 0)
        rc = env_open(path, 0, LOG_DATABASES, &log->env, reason);
    if (rc == 0)
        rc = read_head(log, 0, &count, reason);
    if (rc == 0)
        rc = refuse_gap(log, count, reason);
    if (rc == 0)
        rc = flush_found(log, reason);
    if (rc == 0)
        rc = log_recover(log, options, reason);
    if (rc == 0)
        rc = log_create_mark(log->datadir, log->id, reason);
    if (rc == 0 && (rc = log_absorb_start(log)) != 0)
        diag_because(reason, "no thread for the log: %s", strerror(-rc));
    return rc;
}

int
log_open(const struct datadir *datadir, const struct log_options *options,
         struct log **opened, struct diag_reason *reason)
{
    struct log *log = calloc(1, sizeof *log);
    char *path = datadir_file(datadir, LOG_FILE_NAME);
    if (log == NULL || path == NULL) {
        free(log);
        free(path);
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    log->quota = options->quota;
    log->datadir = datadir;
    log_tail_init(&log->tail);
    log_ahead_init(&log->ahead);
    int rc = open_files(log, path, options, reason);
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
    if (log == NULL || path == NULL) {
        free(log);
        free(path);
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    log_tail_init(&log->tail);
    log_ahead_init(&log->ahead);
    log->only_read = true;
    atomic_store(&log->failed, true); /* for whoever tries to append */
    int rc = env_open(path, flags, LOG_DATABASES, &log->env, reason);
    if (rc == 0)
        rc = read_head(log, MDB_RDONLY, count, reason);
    log->tail.absorbed = log_tip(log);
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
    if (log->absorbing) {
        log_absorb_stop(log);
        if (!atomic_load(&log->failed) &&
            log_tail_pending_locked(&log->tail) == 0)
            log_mark_clean(log);
    }
    log_ahead_deinit(&log->ahead);
    if (log->env != NULL)
        mdb_env_close(log->env);
    log_journal_close(log->journal);
    log_tail_deinit(&log->tail);
    free(log);
}

void
log_on_failure(struct log *log, void (*fail)(void *context), void *context)
{
    pthread_mutex_lock(&log->tail.lock);
    log->on_failure = fail;
    log->failure_context = context;
    pthread_mutex_unlock(&log->tail.lock);
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

/* What the journal still holds counts; a transaction that is not committed
 * needs no room for it. */
enum log_result
log_consumers(struct log *log,
              bool (*each)(const struct log_consumer *consumer, void *context),
              void *context)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(log->env, NULL, 0, &txn);
    if (rc == 0)
        rc = log_put_pending_consumers(log, txn);
    enum log_result result =
        rc == 0 ? log_consumers_each(txn, log->consumers, log_tip(log), each,
                                     context)
                : LOG_FAILED;
    mdb_txn_abort(txn);
    return result;
}
