/* SPDX-License-Identifier: MIT */
#include "daemon/log_create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/log_consumers.h"
#include "daemon/order.h"

#define LOG_NEW_NAME "log.mdb.new"
#define LOG_MARK_NAME "log.id"
#define LOG_ID_BYTES ((size_t)(LOG_ID_SIZE / 2))

int
log_create_put_format(MDB_txn *txn, MDB_dbi meta)
{
    uint8_t format[4];
    static char name[] = "format";
    MDB_val key = {.mv_size = sizeof name - 1, .mv_data = name};
    MDB_val value = {.mv_size = sizeof format, .mv_data = format};
    order_put_u32(format, LOG_FORMAT);
    return mdb_put(txn, meta, &key, &value, 0);
}

/* The databases, and what never changes about the log. */
static int
write_meta(MDB_env *env)
{
    MDB_txn *txn = NULL;
    MDB_dbi meta, events, consumers;
    uint8_t id[LOG_ID_BYTES];
    if (getrandom(id, sizeof id, 0) != (ssize_t)sizeof id)
        return errno;
    MDB_val id_key = {.mv_size = 2, .mv_data = (char[]){"id"}};
    MDB_val id_value = {.mv_size = sizeof id, .mv_data = id};
    int rc = mdb_txn_begin(env, NULL, 0, &txn);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &meta);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "log", MDB_CREATE, &events);
    if (rc == 0)
        rc = log_consumers_open(txn, &consumers);
    if (rc == 0)
        rc = log_create_put_format(txn, meta);
    if (rc == 0)
        rc = mdb_put(txn, meta, &id_key, &id_value, 0);
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        txn = NULL; /* commit frees it, whatever it returns */
    }
    mdb_txn_abort(txn);
    return rc;
}

static int
create_file(const char *path, struct diag_reason *reason)
{
    MDB_env *env = NULL;
    int rc = env_open(path, 0, LOG_DATABASES, &env, reason);
    if (rc != 0)
        return rc;
    rc = write_meta(env);
    if (rc == 0)
        rc = mdb_env_sync(env, 1);
    mdb_env_close(env);
    if (rc != 0)
        diag_because(reason, "%s: %s", path, mdb_strerror(rc));
    return env_error(rc);
}

/* Left-overs of a start that was cut short hold nothing. */
static void
remove_leftovers(const struct datadir *datadir)
{
    unlinkat(datadir->directory_fd, LOG_NEW_NAME, 0);
    unlinkat(datadir->directory_fd, LOG_NEW_NAME "-lock", 0);
}

int
log_create_if_new(const struct datadir *datadir, struct diag_reason *reason)
{
    if (datadir_has(datadir, LOG_FILE_NAME))
        return 0;
    if (datadir_has(datadir, LOG_MARK_NAME)) {
        diag_because(reason,
                     "%s held a log (%s says which) but %s is missing; "
                     "restore it from a backup, or remove %s to begin anew",
                     datadir->path, LOG_MARK_NAME, LOG_FILE_NAME,
                     LOG_MARK_NAME);
        return -ENOENT;
    }
    char *path = datadir_file(datadir, LOG_NEW_NAME);
    if (path == NULL) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    remove_leftovers(datadir);
    int rc = create_file(path, reason);
    free(path);
    if (rc != 0)
        return rc;
    if (renameat(datadir->directory_fd, LOG_NEW_NAME, datadir->directory_fd,
                 LOG_FILE_NAME) != 0) {
        rc = -errno;
        diag_because(reason, "%s/%s: %s", datadir->path, LOG_FILE_NAME,
                     strerror(-rc));
        return rc;
    }
    remove_leftovers(datadir);
    rc = datadir_sync(datadir);
    if (rc != 0)
        diag_because(reason, "%s: %s", datadir->path, strerror(-rc));
    return rc;
}

static int
write_mark(const struct datadir *datadir, const char *id)
{
    char line[LOG_ID_SIZE + 1];
    int size = snprintf(line, sizeof line, "%s\n", id);
    int fd = openat(datadir->directory_fd, LOG_MARK_NAME ".new",
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int rc = 0;
    if (write(fd, line, (size_t)size) != size || fsync(fd) != 0)
        rc = errno != 0 ? -errno : -EIO;
    close(fd);
    if (rc == 0 && renameat(datadir->directory_fd, LOG_MARK_NAME ".new",
                            datadir->directory_fd, LOG_MARK_NAME) != 0)
        rc = -errno;
    return rc != 0 ? rc : datadir_sync(datadir);
}

/* -ENOENT without a reason where it is missing. */
static int
read_mark(const struct datadir *datadir, const char *id,
          struct diag_reason *reason)
{
    int fd = openat(datadir->directory_fd, LOG_MARK_NAME,
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        int rc = -errno;
        if (rc != -ENOENT)
            diag_because(reason, "%s/%s: %s", datadir->path, LOG_MARK_NAME,
                         strerror(-rc));
        return rc;
    }
    char line[LOG_ID_SIZE];
    ssize_t size = read(fd, line, sizeof line);
    close(fd);
    if (size == (ssize_t)sizeof line && memcmp(line, id, LOG_ID_SIZE - 1) == 0)
        return 0;
    diag_because(reason,
                 "%s/%s names another log than %s (%s); restore the one "
                 "that belongs here",
                 datadir->path, LOG_MARK_NAME, LOG_FILE_NAME, id);
    return -EINVAL;
}

int
log_create_check_mark(const struct datadir *datadir, const char *id,
                      struct diag_reason *reason)
{
    int rc = read_mark(datadir, id, reason);
    return rc == -ENOENT ? 0 : rc;
}

int
log_create_mark(const struct datadir *datadir, const char *id,
                struct diag_reason *reason)
{
    int rc = read_mark(datadir, id, reason);
    if (rc != -ENOENT)
        return rc;
    rc = write_mark(datadir, id);
    if (rc != 0)
        diag_because(reason, "%s/%s: %s", datadir->path, LOG_MARK_NAME,
                     strerror(-rc));
    return rc;
}
