/* SPDX-License-Identifier: MIT */
#include "daemon/views_check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log_check.h"
#include "daemon/order.h"
#include "daemon/views_compare.h"
#include "daemon/views_trust.h"

/* Events that are applied at once: large batches write each page of an index
 * once. */
#define CHECK_BATCH ((size_t)16384)

/* A daemon may be in the middle of a batch when we look; how often we look
 * again, and when.  A batch takes some hundred milliseconds at most. */
#define CHECK_TRIES 3
#define CHECK_PAUSE_MS 200

/* --- a place for fresh ones -----------------------------------------------*/

static const char *const scratch_names[] = {"views.mdb", "views.mdb-lock",
                                            "views.state"};

static void
remove_scratch(const struct datadir *scratch)
{
    for (size_t i = 0; i < sizeof scratch_names / sizeof *scratch_names; i++)
        (void)unlinkat(scratch->directory_fd, scratch_names[i], 0);
    (void)rmdir(scratch->path);
}

static int
make_scratch(struct datadir *scratch, const char *directory,
             struct diag_reason *reason)
{
    *scratch = (struct datadir){.directory_fd = -1, .lock_fd = -1};
    if (asprintf(&scratch->path, "%s/entente-check-XXXXXX", directory) < 0) {
        scratch->path = NULL;
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    if (mkdtemp(scratch->path) != NULL)
        scratch->directory_fd =
            open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (scratch->directory_fd >= 0)
        return 0;
    int rc = -errno;
    diag_because(reason, "%s: %s; set TMPDIR", scratch->path, strerror(-rc));
    return rc;
}

/* --- fresh views ----------------------------------------------------------*/

struct looking {
    struct views_check *check;
    struct diag_reason *reason;
    struct datadir scratch;
    struct views *fresh, *found;
    struct log_reader *log;
};

/* Its files have no name from here on, and end with us. */
static int
open_fresh(struct looking *looking)
{
    int rc = make_scratch(&looking->scratch, looking->check->directory,
                          looking->reason);
    if (rc != 0)
        return rc;
    rc = views_open(&looking->scratch, looking->check->log, &looking->fresh,
                    looking->reason);
    remove_scratch(&looking->scratch);
    return rc;
}

static int
bring_to(struct looking *looking, uint64_t position)
{
    enum views_result result = VIEWS_OK;
    uint64_t at;
    while (result == VIEWS_OK &&
           (at = views_position(looking->fresh)) < position) {
        uint64_t left = position - at;
        size_t applied = 0;
        result = views_apply(looking->fresh, looking->log,
                             left < CHECK_BATCH ? (size_t)left : CHECK_BATCH,
                             &applied);
        if (result == VIEWS_OK && applied == 0)
            return -EAGAIN; /* what is known of the log ends before */
    }
    if (result == VIEWS_OK)
        return 0;
    diag_because(looking->reason,
                 result == VIEWS_FULL
                     ? "%s: no room for views of this log; set TMPDIR"
                     : "%s: views of this log cannot be made",
                 looking->check->directory);
    return result == VIEWS_FULL ? -ENOSPC : -EIO;
}

/* --- comparing ------------------------------------------------------------*/

static int
get_number(const struct views_file *file, MDB_txn *txn, const char *name,
           size_t at, uint64_t *number)
{
    MDB_val key = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};
    MDB_val value;
    int rc = mdb_get(txn, file->dbs[VIEWS_DB_META], &key, &value);
    *number = 0;
    if (rc == 0 && value.mv_size >= at + 8)
        *number = order_get_u64((const uint8_t *)value.mv_data + at);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Where the head is in what a transaction sees, and the ids. */
static int
read_positions(struct views_compare *compare, uint64_t *ids)
{
    int rc = get_number(compare->found_file, compare->found, "head", 40,
                        &compare->position);
    return rc != 0
               ? rc
               : get_number(compare->found_file, compare->found, "ids", 0, ids);
}

static enum views_check_result
judge(struct looking *looking, const struct views_compare *compare, int rc)
{
    struct views_check *check = looking->check;
    bool clean = views_trust_read(check->datadir).clean;
    check->position = compare->position;
    check->entries = compare->entries;
    if (rc == ENOMEM) {
        diag_because(looking->reason, "out of memory");
        return VIEWS_CHECK_FAILED;
    }
    if (rc == 0 && compare->differences == 0)
        return VIEWS_CHECK_EQUAL;
    if (rc == 0 && compare->ahead && !clean)
        return VIEWS_CHECK_MOVING;
    for (size_t i = 0; i < compare->listed; i++)
        check->differ(check->context, compare->list[i].database,
                      compare->list[i].what);
    if (rc != 0)
        check->differ(check->context, "views.mdb", mdb_strerror(rc));
    return VIEWS_CHECK_DIFFER;
}

static enum views_check_result
result_of(int rc)
{
    return rc == -EAGAIN ? VIEWS_CHECK_MOVING : VIEWS_CHECK_FAILED;
}

/* Within one moment of both. */
static enum views_check_result
compare_now(struct looking *looking, struct views_compare *compare)
{
    uint64_t ids = 0;
    int rc = read_positions(compare, &ids);
    if (rc != 0)
        return judge(looking, compare, rc);
    if (ids > compare->position ||
        compare->position < views_position(looking->fresh))
        return VIEWS_CHECK_MOVING;
    rc = log_check_refresh(looking->check->log);
    if (rc == 0)
        rc = bring_to(looking, compare->position);
    if (rc != 0)
        return result_of(rc);
    rc = mdb_txn_begin(compare->fresh_file->env, NULL, MDB_RDONLY,
                       &compare->fresh);
    if (rc == 0)
        rc = views_compare(compare);
    mdb_txn_abort(compare->fresh);
    return judge(looking, compare, rc);
}

static enum views_check_result
compare_once(struct looking *looking)
{
    struct views_compare *compare = calloc(1, sizeof *compare);
    if (compare == NULL) {
        diag_because(looking->reason, "out of memory");
        return VIEWS_CHECK_FAILED;
    }
    enum views_check_result result = VIEWS_CHECK_FAILED;
    compare->fresh_views = looking->fresh;
    compare->log = looking->log;
    compare->fresh_file = atomic_load(&looking->fresh->file);
    compare->found_file = atomic_load(&looking->found->file);
    int rc = mdb_txn_begin(compare->found_file->env, NULL, MDB_RDONLY,
                           &compare->found);
    if (rc == 0)
        result = compare_now(looking, compare);
    else
        diag_because(looking->reason, "views.mdb: %s", mdb_strerror(rc));
    mdb_txn_abort(compare->found);
    free(compare);
    return result;
}

/* --- all of it ------------------------------------------------------------*/

/* What a daemon has moved on meanwhile is ahead of what we know of the log. */
static int
open_found(struct looking *looking)
{
    struct views_check *check = looking->check;
    int rc = -EAGAIN;
    for (int i = 0; i < CHECK_TRIES && rc == -EAGAIN; i++) {
        if (i > 0)
            (void)poll(NULL, 0, CHECK_PAUSE_MS);
        rc = log_check_refresh(check->log);
        if (rc == 0)
            rc = views_open_to_read(check->datadir, check->log, &looking->found,
                                    looking->reason);
    }
    return rc;
}

static enum views_check_result
look(struct looking *looking)
{
    enum views_check_result result = VIEWS_CHECK_MOVING;
    int rc = open_found(looking);
    if (rc != 0)
        return rc == -EINVAL ? VIEWS_CHECK_REBUILT : result_of(rc);
    looking->log = log_reader_new(looking->check->log);
    if (looking->log == NULL) {
        diag_because(looking->reason, "out of memory");
        return VIEWS_CHECK_FAILED;
    }
    rc = open_fresh(looking);
    if (rc == 0)
        rc = bring_to(looking, views_position(looking->found));
    if (rc != 0)
        return result_of(rc);
    for (int i = 0; i < CHECK_TRIES && result == VIEWS_CHECK_MOVING; i++) {
        if (i > 0)
            (void)poll(NULL, 0, CHECK_PAUSE_MS);
        result = compare_once(looking);
    }
    return result;
}

enum views_check_result
views_check(struct views_check *check, struct diag_reason *reason)
{
    struct looking looking = {
        .check = check, .reason = reason, .scratch = {.directory_fd = -1}};
    if (!datadir_has(check->datadir, "views.mdb")) {
        diag_because(reason, "there are none");
        return VIEWS_CHECK_REBUILT;
    }
    if (!views_trust_read(check->datadir).believed) {
        diag_because(reason, "they are not as a clean stop left them");
        return VIEWS_CHECK_REBUILT;
    }
    enum views_check_result result = look(&looking);
    log_reader_free(looking.log);
    if (looking.fresh != NULL)
        views_free(looking.fresh);
    if (looking.found != NULL)
        views_free(looking.found);
    if (looking.scratch.directory_fd >= 0)
        close(looking.scratch.directory_fd);
    free(looking.scratch.path);
    return result;
}
