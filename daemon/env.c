/* SPDX-License-Identifier: MIT */
#include "daemon/env.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

int
env_error(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return 0;
    case MDB_NOTFOUND:
        return -ENOENT;
    case MDB_MAP_FULL:
        return -ENOSPC;
    case MDB_KEYEXIST:
        return -EEXIST;
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
        return -EINVAL;
    case MDB_PANIC:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return -EIO;
    default:
        return rc > 0 ? -rc : -EIO;
    }
}

/* LMDB takes an empty file for a new database: that would be a log which
 * silently became an empty one. */
static int
refuse_empty(const char *path, struct diag_reason *reason)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        if (errno == ENOENT)
            return 0;
        int rc = -errno;
        diag_because(reason, "%s: %s", path, strerror(-rc));
        return rc;
    }
    if (status.st_size == 0) {
        diag_because(reason,
                     "%s is empty; restore it from a backup, or move "
                     "the directory away to begin a new log",
                     path);
        return -EINVAL;
    }
    return 0;
}

/* LMDB maps a truncated file without a word and dies of SIGBUS later. */
static int
refuse_truncated(MDB_env *env, const char *path, struct diag_reason *reason)
{
    MDB_envinfo info;
    MDB_stat pages;
    struct stat status;
    int rc = mdb_env_info(env, &info);
    if (rc == 0)
        rc = mdb_env_stat(env, &pages);
    if (rc == 0 && stat(path, &status) != 0)
        rc = errno;
    if (rc != 0) {
        diag_because(reason, "%s: %s", path, mdb_strerror(rc));
        return env_error(rc);
    }
    uint64_t needed = ((uint64_t)info.me_last_pgno + 1) * pages.ms_psize;
    /* A new file holds nothing yet, not even its first pages. */
    if (info.me_last_txnid > 0 && (uint64_t)status.st_size < needed) {
        diag_because(reason,
                     "%s is truncated: %lld bytes of at least %llu; restore "
                     "it from a backup",
                     path, (long long)status.st_size,
                     (unsigned long long)needed);
        return -EINVAL;
    }
    return 0;
}

static int
env_setup(MDB_env *env, unsigned databases)
{
    int rc = mdb_env_set_mapsize(env, ENV_MAP_SIZE);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(env, databases);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env, ENV_READERS_MAX);
    return rc;
}

int
env_open(const char *path, unsigned flags, unsigned databases, MDB_env **env,
         struct diag_reason *reason)
{
    int rc = refuse_empty(path, reason);
    if (rc != 0)
        return rc;
    MDB_env *opened = NULL;
    rc = mdb_env_create(&opened);
    if (rc == 0)
        rc = env_setup(opened, databases);
    if (rc == 0)
        rc = mdb_env_open(opened, path, MDB_NOSUBDIR | MDB_NOTLS | flags, 0600);
    if (rc != 0) {
        diag_because(reason, "%s: %s", path, mdb_strerror(rc));
        rc = env_error(rc);
    } else {
        rc = refuse_truncated(opened, path, reason);
    }
    if (rc != 0) {
        mdb_env_close(opened);
        return rc;
    }
    env_tidy(opened); /* slots of a killed predecessor */
    *env = opened;
    return 0;
}

void
env_tidy(MDB_env *env)
{
    int dead = 0;
    int rc = mdb_reader_check(env, &dead);
    if (rc != 0)
        diag(DIAG_WARNING, "readers cannot be checked: %s", mdb_strerror(rc));
}

uint64_t
env_size(MDB_env *env)
{
    MDB_envinfo info;
    MDB_stat pages;
    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &pages) != 0)
        return 0;
    return ((uint64_t)info.me_last_pgno + 1) * pages.ms_psize;
}
