/* SPDX-License-Identifier: MIT */
#include "daemon/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATADIR_LOCK_NAME "entented.lock"

/* How often a start tries to lock, and how long it waits in between. */
#define LOCK_TRIES 5
#define LOCK_PAUSE_MS 20

/* A new directory is an entry of its parent, which has to be durable, too. */
static int
sync_parent(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return -ENOMEM;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd >= 0 && fsync(fd) == 0 ? 0 : -errno;
    if (fd >= 0)
        close(fd);
    free(copy);
    return rc;
}

static int
make_one(const char *path)
{
    if (mkdir(path, 0700) == 0)
        return sync_parent(path);
    return errno == EEXIST ? 0 : -errno;
}

/* mkdir -p, for us alone. */
static int
make_path(const char *path)
{
    if (path[0] == '\0')
        return -ENOENT;
    char *copy = strdup(path);
    if (copy == NULL)
        return -ENOMEM;
    int rc = 0;
    for (char *slash = strchr(copy + 1, '/'); slash != NULL && rc == 0;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        rc = make_one(copy);
        *slash = '/';
    }
    if (rc == 0)
        rc = make_one(copy);
    free(copy);
    return rc;
}

/* Who looks whether somebody has the lock has it for a moment itself
 * (datadir_is_served): so once is not enough. */
static bool
try_lock(int fd)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK)
            return false;
        (void)poll(NULL, 0, LOCK_PAUSE_MS);
    }
    errno = EWOULDBLOCK;
    return false;
}

static int
take_lock(struct datadir *datadir, struct diag_reason *reason)
{
    datadir->lock_fd = openat(datadir->directory_fd, DATADIR_LOCK_NAME,
                              O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (datadir->lock_fd < 0) {
        int rc = -errno;
        diag_because(reason, "%s/%s: %s", datadir->path, DATADIR_LOCK_NAME,
                     strerror(-rc));
        return rc;
    }
    if (!try_lock(datadir->lock_fd)) {
        int rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
        diag_because(reason,
                     rc == -EBUSY ? "%s: another entented serves this directory"
                                  : "%s: cannot be locked",
                     datadir->path);
        return rc;
    }
    return 0;
}

int
datadir_open(struct datadir *datadir, const char *path,
             struct diag_reason *reason)
{
    *datadir = (struct datadir){.directory_fd = -1, .lock_fd = -1};
    int rc = make_path(path);
    if (rc == 0) {
        datadir->path = strdup(path);
        datadir->directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (datadir->path == NULL)
            rc = -ENOMEM;
        else if (datadir->directory_fd < 0)
            rc = -errno;
    }
    if (rc != 0)
        diag_because(reason, "%s: %s", path, strerror(-rc));
    else
        rc = take_lock(datadir, reason);
    if (rc != 0)
        datadir_close(datadir);
    return rc;
}

void
datadir_close(struct datadir *datadir)
{
    if (datadir->lock_fd >= 0)
        close(datadir->lock_fd);
    if (datadir->directory_fd >= 0)
        close(datadir->directory_fd);
    free(datadir->path);
    *datadir = (struct datadir){.directory_fd = -1, .lock_fd = -1};
}

int
datadir_sync(const struct datadir *datadir)
{
    return fsync(datadir->directory_fd) == 0 ? 0 : -errno;
}

bool
datadir_is_served(const struct datadir *datadir)
{
    int fd = openat(datadir->directory_fd, DATADIR_LOCK_NAME,
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool served =
        fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    return served;
}

bool
datadir_has(const struct datadir *datadir, const char *name)
{
    return faccessat(datadir->directory_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) ==
           0;
}

char *
datadir_file(const struct datadir *datadir, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", datadir->path, name) < 0)
        return NULL;
    return path;
}
