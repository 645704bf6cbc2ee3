/* SPDX-License-Identifier: MIT */
#include "daemon/views.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "daemon/order.h"
#include "daemon/views_file.h"
#include "daemon/views_trust.h"

#define VIEWS_NAME "views.mdb"

static const char *const db_names[VIEWS_DB_COUNT] = {
    [VIEWS_DB_META] = "meta",   [VIEWS_DB_IDS] = "ids",
    [VIEWS_DB_NAMES] = "names", [VIEWS_DB_SLUGS] = "slugs",
    [VIEWS_DB_OPS] = "ops",     [VIEWS_DB_MARKS] = "marks",
    [VIEWS_DB_LINKS] = "links", [VIEWS_DB_MEMBERS] = "members",
    [VIEWS_DB_LATE] = "late",   [VIEWS_DB_TIMES] = "times",
    [VIEWS_DB_KNOWN] = "known", [VIEWS_DB_IMPRECISE] = "imprecise",
    [VIEWS_DB_FOLDS] = "folds",
};

static void
discard(const struct datadir *datadir, const char *why)
{
    if (datadir_has(datadir, VIEWS_NAME))
        diag(DIAG_NOTICE, "%s is discarded and will be rebuilt: %s", VIEWS_NAME,
             why);
    unlinkat(datadir->directory_fd, VIEWS_NAME, 0);
    unlinkat(datadir->directory_fd, VIEWS_NAME "-lock", 0);
}

static int
open_dbs(struct views *views, MDB_val *head)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(views->env, NULL, 0, &txn);
    for (size_t i = 0; i < VIEWS_DB_COUNT && rc == 0; i++)
        rc = mdb_dbi_open(txn, db_names[i], MDB_CREATE, &views->dbs[i]);
    MDB_val key = {.mv_size = 4, .mv_data = (char[]){"head"}}, value;
    if (rc == 0) {
        rc = mdb_get(txn, views->dbs[VIEWS_DB_META], &key, &value);
        if (rc == 0 && value.mv_size == head->mv_size)
            memcpy(head->mv_data, value.mv_data, value.mv_size);
        else
            head->mv_size = 0;
        if (rc == MDB_NOTFOUND)
            rc = 0;
    }
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        txn = NULL; /* commit frees it, whatever it returns */
    }
    mdb_txn_abort(txn);
    return rc;
}

/* The checksum in the head is of the event at its position; 0 where that
 * event was damaged. */
static bool
same_event(struct log *log, uint64_t position, uint64_t checksum)
{
    struct log_reader *reader = log_reader_new(log);
    struct span event;
    bool same = false;
    if (reader != NULL && log_read_begin(reader) == LOG_OK) {
        enum log_result result = log_read(reader, position, &event);
        if (result == LOG_OK)
            same = XXH3_64bits(event.data, event.size) == checksum;
        else
            same = result == LOG_CORRUPT && checksum == 0;
        log_read_end(reader);
    }
    log_reader_free(reader);
    return same;
}

/* NULL, or why the head does not belong to this log and program. */
static const char *
check_head(struct views *views, const uint8_t *head, size_t size)
{
    if (size == 0) {
        MDB_stat stat;
        MDB_txn *txn;
        if (mdb_txn_begin(views->env, NULL, MDB_RDONLY, &txn) != 0)
            return "it cannot be read";
        int rc = mdb_stat(txn, views->dbs[VIEWS_DB_IDS], &stat);
        mdb_txn_abort(txn);
        return rc == 0 && stat.ms_entries == 0 ? NULL : "it has no head";
    }
    if (order_get_u32(head) != VIEWS_FORMAT ||
        order_get_u32(head + 4) != FOLD_VERSION)
        return "another version wrote it";
    if (memcmp(head + 8, log_id(views->log), LOG_ID_SIZE - 1) != 0)
        return "it belongs to another log";
    uint64_t position = order_get_u64(head + 40);
    if (position == 0 || position > log_tip(views->log))
        return "it is ahead of the log";
    if (!same_event(views->log, position, order_get_u64(head + 48)))
        return "it disagrees with the log";
    atomic_store(&views->position, position);
    return NULL;
}

/* Damaged events that are whole again: what the views made of them is not. */
static bool
is_restored(struct log *log, const MDB_val *positions, uint64_t *lowest)
{
    struct log_reader *reader = log_reader_new(log);
    struct span event;
    bool restored = false;
    if (reader == NULL || log_read_begin(reader) != LOG_OK) {
        log_reader_free(reader);
        return false;
    }
    for (size_t at = 0; at + 8 <= positions->mv_size; at += 8) {
        uint64_t seq = order_get_u64((uint8_t *)positions->mv_data + at);
        restored |= log_read(reader, seq, &event) == LOG_OK;
        *lowest = *lowest == 0 || seq < *lowest ? seq : *lowest;
    }
    log_read_end(reader);
    log_reader_free(reader);
    return restored;
}

static const char *
check_damaged(struct views *views)
{
    MDB_val key = {.mv_size = 7, .mv_data = (char[]){"damaged"}}, positions;
    MDB_txn *txn;
    uint64_t lowest = 0;
    bool restored = false;
    if (mdb_txn_begin(views->env, NULL, MDB_RDONLY, &txn) != 0)
        return "it cannot be read";
    if (mdb_get(txn, views->dbs[VIEWS_DB_META], &key, &positions) == 0)
        restored = is_restored(views->log, &positions, &lowest);
    mdb_txn_abort(txn);
    atomic_store(&views->damaged, lowest);
    return restored ? "an event that was damaged is restored" : NULL;
}

/* NULL, or why the file cannot be used; then it is closed again. */
static const char *
try_open(struct views *views, const char *path, struct diag_reason *reason)
{
    uint8_t bytes[VIEWS_HEAD_SIZE];
    MDB_val head = {.mv_size = sizeof bytes, .mv_data = bytes};
    if (env_open(path, MDB_NOSYNC, VIEWS_DB_COUNT, &views->env, reason) != 0)
        return reason->text;
    const char *why = NULL;
    int rc = open_dbs(views, &head);
    if (rc != 0)
        why = mdb_strerror(rc);
    else
        why = check_head(views, bytes, head.mv_size);
    if (why == NULL)
        why = check_damaged(views);
    if (why != NULL) {
        diag_because(reason, "%s: %s", path, why);
        mdb_env_close(views->env);
        views->env = NULL;
        atomic_store(&views->position, 0);
        atomic_store(&views->damaged, 0);
    }
    return why;
}

static int
open_file(struct views *views, struct diag_reason *reason)
{
    struct views_trust trust = views_trust_read(views->datadir);
    if (!trust.believed) {
        discard(views->datadir, "the last stop was not clean");
        trust.starts = 0;
    }
    int rc = views_trust_open(views->datadir, trust.starts + 1);
    if (rc == -ENOSPC || rc == -EDQUOT) /* then they are not believed later */
        rc = views_trust_forget(views->datadir);
    if (rc != 0) {
        diag_because(reason, "%s: %s", views->datadir->path, strerror(-rc));
        return rc;
    }
    char *path = datadir_file(views->datadir, VIEWS_NAME);
    if (path == NULL) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    const char *why = try_open(views, path, reason);
    if (why != NULL) {
        discard(views->datadir, why);
        why = try_open(views, path, reason);
    }
    free(path);
    return why == NULL ? 0 : -EIO;
}

int
views_open(const struct datadir *datadir, struct log *log,
           struct views **opened, struct diag_reason *reason)
{
    struct views *views = calloc(1, sizeof *views);
    if (views == NULL) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    views->datadir = datadir;
    views->log = log;
    int rc = open_file(views, reason);
    if (rc != 0) {
        free(views);
        return rc;
    }
    *opened = views;
    return 0;
}

void
views_serving(struct views *views)
{
    int rc = views_trust_open(views->datadir, 0);
    if (rc != 0)
        diag(DIAG_WARNING, "%s: the mark of the views: %s",
             views->datadir->path, strerror(-rc));
}

void
views_close(struct views *views)
{
    if (views == NULL)
        return;
    bool believed = !atomic_load(&views->distrusted);
    int rc = believed ? mdb_env_sync(views->env, 1) : 0;
    if (rc == 0)
        rc = believed ? -views_trust_clean(views->datadir)
                      : -views_trust_forget(views->datadir);
    if (rc != 0)
        diag(DIAG_WARNING, "%s: not marked clean, the next start may rebuild",
             VIEWS_NAME);
    mdb_env_close(views->env);
    views_wants_deinit(&views->wants);
    free(views);
}

void
views_distrust(struct views *views)
{
    atomic_store(&views->distrusted, true);
}

uint64_t
views_damaged(const struct views *views, uint64_t seq)
{
    uint64_t damaged = atomic_load(&views->damaged);
    return damaged <= seq ? damaged : 0;
}

void
views_tidy(struct views *views)
{
    env_tidy(views->env);
}

uint64_t
views_position(const struct views *views)
{
    return atomic_load_explicit(&views->position, memory_order_acquire);
}

uint64_t
views_size(const struct views *views)
{
    return env_size(views->env);
}
