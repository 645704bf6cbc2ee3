/* SPDX-License-Identifier: MIT */
#include "daemon/backup_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a backup that was cut short may have left in its directory. */
static const char *const leftovers[] = {"log.mdb", "log.id", "log.id.new"};

/* --- the path -------------------------------------------------------------*/

/* The last component of a path that begins with a slash. */
static const char *
name_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static bool
is_new_directory(const char *path)
{
    if (path[0] != '/')
        return false;
    const char *name = name_of(path);
    return strcmp(name, "") != 0 && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static int
take_path(struct backup_target *target, struct span path,
          struct diag_reason *reason)
{
    while (path.size > 1 && path.data[path.size - 1] == '/')
        path.size--;
    target->path = strndup((const char *)path.data, path.size);
    if (target->path == NULL ||
        asprintf(&target->partial, "%s" BACKUP_TARGET_SUFFIX, target->path) < 0)
        return -ENOMEM;
    if (!is_new_directory(target->path))
        diag_because(reason,
                     "%s: must be the absolute path of a new directory on the "
                     "daemon's host",
                     target->path);
    else if (ends_with(target->path, BACKUP_TARGET_SUFFIX))
        diag_because(reason,
                     "%s: a name that ends in " BACKUP_TARGET_SUFFIX
                     " is for backups that are not whole yet; take another",
                     target->path);
    else
        return 0;
    return -EINVAL;
}

bool
backup_target_is_unfit(int rc)
{
    switch (rc) {
    case -EINVAL:
    case -EEXIST:
    case -ENOENT:
    case -ENOTDIR:
    case -ENAMETOOLONG:
    case -ELOOP:
    case -EACCES:
    case -EPERM:
    case -EROFS:
    case -EBUSY:
        return true;
    default:
        return false;
    }
}

/* --- making it ------------------------------------------------------------*/

static int
open_parent(struct backup_target *target, struct diag_reason *reason)
{
    char *parent =
        strndup(target->path, (size_t)(name_of(target->path) - target->path));
    if (parent == NULL)
        return -ENOMEM;
    target->parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = target->parent_fd < 0 ? -errno : 0;
    if (rc != 0)
        diag_because(reason,
                     "%s: %s; the directory that a backup is made in must "
                     "exist on the daemon's host",
                     parent, strerror(-rc));
    free(parent);
    return rc;
}

static int
refuse_existing(const struct backup_target *target, struct diag_reason *reason)
{
    if (faccessat(target->parent_fd, name_of(target->path), F_OK,
                  AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    diag_because(reason,
                 "%s exists already; a backup is made as a new directory",
                 target->path);
    return -EEXIST;
}

/* The lock shows whether somebody still makes what stands there. */
static int
lock_partial(struct backup_target *target, struct diag_reason *reason)
{
    int fd = openat(target->parent_fd, name_of(target->partial),
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    target->directory.directory_fd = fd;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    int rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
    close(fd);
    target->directory.directory_fd = -1;
    if (rc == -EBUSY)
        diag_because(reason, "%s: another daemon is making a backup there",
                     target->path);
    return rc;
}

static void
remove_files(const struct backup_target *target)
{
    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
        (void)unlinkat(target->directory.directory_fd, leftovers[i], 0);
}

/* One that is there was left by a daemon that was killed: its files go.  If it
 * is anything else it is not ours to remove. */
static int
make_partial(struct backup_target *target, struct diag_reason *reason)
{
    const char *name = name_of(target->partial);
    bool existed = mkdirat(target->parent_fd, name, 0700) != 0;
    if (existed && errno != EEXIST)
        return -errno;
    int rc = lock_partial(target, reason);
    if (rc != 0 || !existed)
        return rc;
    remove_files(target);
    if (unlinkat(target->parent_fd, name, AT_REMOVEDIR) != 0) {
        diag_because(reason,
                     "%s is in the way, and not for the daemon to remove: %s",
                     target->partial, strerror(errno));
        return -EEXIST;
    }
    close(target->directory.directory_fd);
    target->directory.directory_fd = -1;
    if (mkdirat(target->parent_fd, name, 0700) != 0)
        return -errno;
    return lock_partial(target, reason);
}

int
backup_target_open(struct backup_target *target, struct span path,
                   struct diag_reason *reason)
{
    *target = (struct backup_target){.parent_fd = -1};
    target->directory = (struct datadir){.directory_fd = -1, .lock_fd = -1};
    reason->text[0] = '\0';
    int rc = take_path(target, path, reason);
    if (rc == 0)
        rc = open_parent(target, reason);
    if (rc == 0)
        rc = refuse_existing(target, reason);
    if (rc == 0)
        rc = make_partial(target, reason);
    if (rc == 0) {
        target->directory.path = target->partial;
        return 0;
    }
    if (reason->text[0] == '\0')
        diag_because(reason, "%s: %s%s", target->partial, strerror(-rc),
                     rc == -EACCES || rc == -EROFS
                         ? "; see entented(8), \"Backups\""
                         : "");
    backup_target_close(target);
    return rc;
}

int
backup_target_file(const struct backup_target *target, const char *name)
{
    int fd = openat(target->directory.directory_fd, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

/* --- its end --------------------------------------------------------------*/

/* Never in the place of something, not even of an empty directory; where the
 * file system has no such call, nearly never. */
static int
rename_to_new(const struct backup_target *target)
{
    const char *from = name_of(target->partial), *to = name_of(target->path);
    if (renameat2(target->parent_fd, from, target->parent_fd, to,
                  RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (faccessat(target->parent_fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    if (renameat(target->parent_fd, from, target->parent_fd, to) != 0)
        return -errno;
    return 0;
}

int
backup_target_settle(struct backup_target *target, struct diag_reason *reason)
{
    int rc = datadir_sync(&target->directory);
    if (rc == 0)
        rc = rename_to_new(target);
    if (rc != 0) {
        diag_because(reason, "%s: %s", target->path, strerror(-rc));
        return rc;
    }
    if (fsync(target->parent_fd) != 0) {
        rc = -errno;
        /* It is whole, but might not be found after a power failure. */
        (void)renameat(target->parent_fd, name_of(target->path),
                       target->parent_fd, name_of(target->partial));
        diag_because(reason, "%s: the directory that it is in: %s",
                     target->path, strerror(-rc));
        return rc;
    }
    close(target->directory.directory_fd);
    target->directory.directory_fd = -1;
    return 0;
}

void
backup_target_close(struct backup_target *target)
{
    if (target->directory.directory_fd >= 0) {
        remove_files(target);
        (void)unlinkat(target->parent_fd, name_of(target->partial),
                       AT_REMOVEDIR);
        close(target->directory.directory_fd);
    }
    if (target->parent_fd >= 0)
        close(target->parent_fd);
    free(target->path);
    free(target->partial);
    *target = (struct backup_target){.parent_fd = -1};
    target->directory = (struct datadir){.directory_fd = -1, .lock_fd = -1};
}
