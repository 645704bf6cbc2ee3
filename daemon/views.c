/* SPDX-License-Identifier: MIT */
#include "daemon/views.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/order.h"
#include "daemon/views_file.h"
#include "daemon/views_trust.h"
#include "daemon/xxh3.h"

#define VIEWS_NAME "views.mdb"

#define VIEWS_NEW_NAME "views.new.mdb"
#define LOCK_SUFFIX "-lock"

static const char *const db_names[VIEWS_DB_COUNT] = {
    [VIEWS_DB_META] = "meta",       [VIEWS_DB_HEADS] = "heads",
    [VIEWS_DB_NAMES] = "names",     [VIEWS_DB_SLUGS] = "slugs",
    [VIEWS_DB_MARKS] = "marks",     [VIEWS_DB_LINKS] = "links",
    [VIEWS_DB_MEMBERS] = "members", [VIEWS_DB_DATES] = "dates",
    [VIEWS_DB_FOLDS] = "folds",     [VIEWS_DB_LATE] = "late",
    [VIEWS_DB_IDS] = "ids",         [VIEWS_DB_OPS] = "ops",
    [VIEWS_DB_LISTS] = "lists",
};

static void
remove_file(const struct datadir *datadir, const char *name, const char *lock)
{
    unlinkat(datadir->directory_fd, name, 0);
    unlinkat(datadir->directory_fd, lock, 0);
}

static void
discard(const struct datadir *datadir, const char *why)
{
    if (datadir_has(datadir, VIEWS_NAME))
        diag_of(DIAG_VIEWS_DISCARDED, "%s is discarded and will be rebuilt: %s",
                VIEWS_NAME, why);
    remove_file(datadir, VIEWS_NAME, VIEWS_NAME LOCK_SUFFIX);
}

/* A value of "meta"; its size is 0 where there is none. */
static int
get_meta(const struct views_file *file, MDB_txn *txn, const char *name,
         uint8_t *bytes, size_t *size)
{
    MDB_val key = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};
    MDB_val value;
    int rc = mdb_get(txn, file->dbs[VIEWS_DB_META], &key, &value);
    bool fits = rc == 0 && value.mv_size == *size;
    if (fits)
        memcpy(bytes, value.mv_data, *size);
    else
        *size = 0;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* What "meta" says. */
struct meta {
    uint8_t head[VIEWS_HEAD_SIZE];
    size_t head_size;
    uint8_t ids[8];
    size_t ids_size;
};

static int
open_dbs(struct views_file *file, unsigned flags, struct meta *meta)
{
    MDB_txn *txn = NULL;
    unsigned create = (flags & MDB_RDONLY) != 0 ? 0 : MDB_CREATE;
    int rc = mdb_txn_begin(file->env, NULL, flags & MDB_RDONLY, &txn);
    for (size_t i = 0; i < VIEWS_DB_COUNT && rc == 0; i++)
        rc = mdb_dbi_open(txn, db_names[i], create, &file->dbs[i]);
    meta->head_size = sizeof meta->head;
    meta->ids_size = sizeof meta->ids;
    if (rc == 0)
        rc = get_meta(file, txn, "head", meta->head, &meta->head_size);
    if (rc == 0)
        rc = get_meta(file, txn, "ids", meta->ids, &meta->ids_size);
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

/* NULL, or why a file without a head cannot be a new one. */
static const char *
check_new(struct views_file *file)
{
    MDB_stat stat;
    MDB_txn *txn;
    if (mdb_txn_begin(file->env, NULL, MDB_RDONLY, &txn) != 0)
        return "it cannot be read";
    int rc = mdb_stat(txn, file->dbs[VIEWS_DB_OPS], &stat);
    mdb_txn_abort(txn);
    return rc == 0 && stat.ms_entries == 0 ? NULL : "it has no head";
}

/* The one reason that may pass, where somebody appends to the log. */
static const char is_ahead[] = "it is ahead of the log";

/* NULL, or why the head does not belong to this log and program. */
static const char *
check_head(struct views *views, const struct meta *meta)
{
    const uint8_t *head = meta->head;
    if (meta->head_size == 0 && meta->ids_size != 0)
        return "its rebuilding was not finished";
    if (meta->head_size == 0)
        return check_new(atomic_load(&views->file));
    if (order_get_u32(head) != VIEWS_FORMAT ||
        order_get_u32(head + 4) != FOLD_VERSION)
        return "another version wrote it";
    if (memcmp(head + 8, log_id(views->log), LOG_ID_SIZE - 1) != 0)
        return "it belongs to another log";
    uint64_t position = order_get_u64(head + 40);
    uint64_t ids = meta->ids_size == 0 ? 0 : order_get_u64(meta->ids);
    if (position == 0 || position > log_tip(views->log) ||
        ids > log_tip(views->log))
        return is_ahead;
    if (ids < position ||
        !same_event(views->log, position, order_get_u64(head + 48)))
        return "it disagrees with the log";
    atomic_store(&views->position, position);
    atomic_store(&views->ids_position, ids);
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
    struct views_file *file = atomic_load(&views->file);
    MDB_val key = {.mv_size = 7, .mv_data = (char[]){"damaged"}}, positions;
    MDB_txn *txn;
    uint64_t lowest = 0;
    bool restored = false;
    if (mdb_txn_begin(file->env, NULL, MDB_RDONLY, &txn) != 0)
        return "it cannot be read";
    if (mdb_get(txn, file->dbs[VIEWS_DB_META], &key, &positions) == 0)
        restored = is_restored(views->log, &positions, &lowest);
    mdb_txn_abort(txn);
    atomic_store(&views->damaged, lowest);
    return restored ? "an event that was damaged is restored" : NULL;
}

/* --- files ----------------------------------------------------------------*/

struct views_file *
views_file_use(struct views *views)
{
    pthread_mutex_lock(&views->lock);
    struct views_file *file = atomic_load(&views->file);
    atomic_fetch_add(&file->users, 1);
    pthread_mutex_unlock(&views->lock);
    return file;
}

void
views_file_leave(struct views_file *file)
{
    if (atomic_fetch_sub(&file->users, 1) != 1)
        return;
    mdb_env_close(file->env);
    free(file);
}

/* A file with one user, the views; NULL with `reason`. */
static struct views_file *
open_env(const char *path, unsigned flags, struct diag_reason *reason)
{
    struct views_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        diag_because(reason, "out of memory");
        return NULL;
    }
    if (env_open(path, flags, VIEWS_DB_COUNT, &file->env, reason) != 0) {
        free(file);
        return NULL;
    }
    atomic_store(&file->users, 1);
    return file;
}

/* NULL, or why the file cannot be used; then it is closed again. */
static const char *
try_open(struct views *views, const char *path, unsigned flags,
         struct diag_reason *reason)
{
    struct meta meta;
    struct views_file *file = open_env(path, flags, reason);
    if (file == NULL)
        return reason->text;
    atomic_store(&views->file, file);
    int rc = open_dbs(file, flags, &meta);
    const char *why = rc != 0 ? mdb_strerror(rc) : check_head(views, &meta);
    if (why == NULL)
        why = check_damaged(views);
    if (why != NULL) {
        diag_because(reason, "%s: %s", path, why);
        atomic_store(&views->file, NULL);
        views_file_leave(file);
        atomic_store(&views->position, 0);
        atomic_store(&views->ids_position, 0);
        atomic_store(&views->damaged, 0);
    }
    return why;
}

static int
open_file(struct views *views, struct diag_reason *reason)
{
    struct views_trust trust = views_trust_read(views->datadir);
    remove_file(views->datadir, VIEWS_NEW_NAME, VIEWS_NEW_NAME LOCK_SUFFIX);
    if (!trust.believed) {
        discard(views->datadir, "it is not as a clean stop left it");
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
    const char *why = try_open(views, path, MDB_NOSYNC, reason);
    if (why != NULL) {
        discard(views->datadir, why);
        why = try_open(views, path, MDB_NOSYNC, reason);
    }
    free(path);
    return why == NULL ? 0 : -EIO;
}

static struct views *
new_views(const struct datadir *datadir, struct log *log)
{
    struct views *views = calloc(1, sizeof *views);
    if (views == NULL)
        return NULL;
    pthread_mutex_init(&views->lock, NULL);
    views->datadir = datadir;
    views->log = log;
    return views;
}

void
views_free(struct views *views)
{
    struct views_file *file = atomic_load(&views->file);
    if (file != NULL)
        views_file_leave(file);
    views_wants_deinit(&views->wants);
    apply_forget_memory(views);
    log_reader_free(views->log_reader);
    pthread_mutex_destroy(&views->lock);
    free(views);
}

int
views_open(const struct datadir *datadir, struct log *log,
           struct views **opened, struct diag_reason *reason)
{
    struct views *views = new_views(datadir, log);
    if (views == NULL) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    int rc = open_file(views, reason);
    if (rc != 0) {
        views_free(views);
        return rc;
    }
    *opened = views;
    return 0;
}

int
views_open_to_read(const struct datadir *datadir, struct log *log,
                   struct views **opened, struct diag_reason *reason)
{
    struct views *views = new_views(datadir, log);
    char *path = datadir_file(datadir, VIEWS_NAME);
    unsigned flags = MDB_RDONLY;
    if (!datadir_has(datadir, VIEWS_NAME LOCK_SUFFIX))
        flags |= MDB_NOLOCK; /* it would be made */
    int rc = -ENOMEM;
    if (views != NULL && path != NULL) {
        const char *why = try_open(views, path, flags, reason);
        rc = why == NULL ? 0 : why == is_ahead ? -EAGAIN : -EINVAL;
    } else {
        diag_because(reason, "out of memory");
    }
    free(path);
    if (rc == 0)
        *opened = views;
    else if (views != NULL)
        views_free(views);
    return rc;
}

/* --- views beside ---------------------------------------------------------*/

int
views_open_beside(struct views *views, struct views **beside,
                  struct diag_reason *reason)
{
    struct views *opened = new_views(views->datadir, views->log);
    char *path = datadir_file(views->datadir, VIEWS_NEW_NAME);
    if (opened == NULL || path == NULL) {
        diag_because(reason, "out of memory");
        free(opened);
        free(path);
        return -ENOMEM;
    }
    remove_file(views->datadir, VIEWS_NEW_NAME, VIEWS_NEW_NAME LOCK_SUFFIX);
    const char *why = try_open(opened, path, MDB_NOSYNC, reason);
    free(path);
    if (why != NULL) {
        views_discard(opened);
        return -EIO;
    }
    *beside = opened;
    return 0;
}

void
views_discard(struct views *beside)
{
    const struct datadir *datadir = beside->datadir;
    remove_file(datadir, VIEWS_NEW_NAME, VIEWS_NEW_NAME LOCK_SUFFIX);
    views_free(beside);
}

/* The lock file first: whatever is left behind by a crash in between, the next
 * start, which is alone, makes its lock file anew. */
static int
rename_over(const struct datadir *datadir)
{
    int fd = datadir->directory_fd;
    if (renameat(fd, VIEWS_NEW_NAME LOCK_SUFFIX, fd, VIEWS_NAME LOCK_SUFFIX) !=
            0 ||
        renameat(fd, VIEWS_NEW_NAME, fd, VIEWS_NAME) != 0)
        return -errno;
    return 0;
}

int
views_swap(struct views *views, struct views *beside)
{
    int rc = rename_over(views->datadir);
    if (rc != 0)
        return rc;
    pthread_mutex_lock(&views->lock);
    struct views_file *old = atomic_load(&views->file);
    atomic_store(&views->file, atomic_load(&beside->file));
    pthread_mutex_unlock(&views->lock);
    atomic_store(&beside->file, NULL);
    views_wants_deinit(&views->wants);
    views->wants = beside->wants;
    beside->wants = (struct views_wants){0};
    views->refresh = beside->refresh;
    atomic_store(&views->damaged, atomic_load(&beside->damaged));
    views_file_leave(old);
    views_free(beside);
    return 0;
}

/* --- serving --------------------------------------------------------------*/

void
views_serving(struct views *views)
{
    int rc = views_trust_open(views->datadir, 0);
    if (rc != 0)
        diag_of(DIAG_VIEWS_UNMARKED, "%s: the mark of the views: %s",
                views->datadir->path, strerror(-rc));
}

void
views_close(struct views *views)
{
    if (views == NULL)
        return;
    bool believed = !atomic_load(&views->distrusted);
    int rc = believed ? mdb_env_sync(atomic_load(&views->file)->env, 1) : 0;
    if (rc == 0)
        rc = believed ? -views_trust_clean(views->datadir)
                      : -views_trust_forget(views->datadir);
    if (rc != 0)
        diag_of(DIAG_VIEWS_UNMARKED,
                "%s: not marked clean, the next start may rebuild", VIEWS_NAME);
    views_free(views);
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
    struct views_file *file = views_file_use(views);
    env_tidy(file->env);
    views_file_leave(file);
}

uint64_t
views_position(const struct views *views)
{
    return atomic_load_explicit(&views->position, memory_order_acquire);
}

uint64_t
views_ids_position(const struct views *views)
{
    return atomic_load_explicit(&views->ids_position, memory_order_acquire);
}

uint64_t
views_size(struct views *views)
{
    struct views_file *file = views_file_use(views);
    uint64_t size = env_size(file->env);
    views_file_leave(file);
    return size;
}
