/* SPDX-License-Identifier: MIT */
#include "daemon/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
check(const char *path, int fd, struct diag_reason *reason)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        int rc = -errno;
        diag_because(reason, "%s: %s", path, strerror(-rc));
        return rc;
    }
    if (!S_ISREG(status.st_mode)) {
        diag_because(reason, "%s is not a file", path);
        return -EINVAL;
    }
    if (status.st_uid != 0 && status.st_uid != geteuid()) {
        diag_because(reason,
                     "%s belongs to user %u; it must belong to root or to the "
                     "daemon's user (%u)",
                     path, (unsigned)status.st_uid, (unsigned)geteuid());
        return -EPERM;
    }
    if (status.st_mode & (S_IRWXO | S_IWGRP)) {
        diag_because(reason,
                     "%s has mode %04o: others could read or change it; "
                     "expected 0600, or 0640 for a group that may read it",
                     path, (unsigned)status.st_mode & 07777);
        return -EPERM;
    }
    return 0;
}

int
secret_open(const char *path, FILE **file, struct diag_reason *reason)
{
    /* A pipe would make us wait for its other end. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc = fd < 0 ? -errno : 0;
    if (rc != 0) {
        diag_because(reason, "%s: %s", path, strerror(-rc));
        return rc;
    }
    rc = check(path, fd, reason);
    if (rc == 0 && (*file = fdopen(fd, "re")) == NULL) {
        rc = -ENOMEM;
        diag_because(reason, "%s: out of memory", path);
    }
    if (rc != 0)
        close(fd);
    return rc;
}
