/* SPDX-License-Identifier: MIT */
#include "daemon/views_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRUST_NAME "views.state"
#define TRUST_VIEWS_NAME "views.mdb"
#define TRUST_NEW_NAME "views.state.new"
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

/* A UUID as the kernel prints it, with its NUL. */
#define BOOT_ID_SIZE 37

/* Starts in a row that may die before serving with the same views. */
#define TRUST_STARTS_MAX 2u

/* Empty where the kernel does not tell: then nothing is believed. */
static void
read_boot_id(char id[BOOT_ID_SIZE])
{
    id[0] = '\0';
    int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t size = read(fd, id, BOOT_ID_SIZE - 1);
    close(fd);
    id[size == BOOT_ID_SIZE - 1 ? size : 0] = '\0';
}

/*
 * What a clean stop says of the file that it leaves: its size and when it was
 * last written.  Somebody who writes to it or puts another one in its place
 * afterwards is found out, without reading it.  False where there is none.
 */
static bool
clean_line(const struct datadir *datadir, char *line, size_t size)
{
    struct stat status;
    if (fstatat(datadir->directory_fd, TRUST_VIEWS_NAME, &status,
                AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    snprintf(line, size, "clean %lld %lld.%09ld\n", (long long)status.st_size,
             (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    return true;
}

struct views_trust
views_trust_read(const struct datadir *datadir)
{
    struct views_trust trust = {0};
    char line[128] = "", boot[BOOT_ID_SIZE], written[BOOT_ID_SIZE] = "";
    int fd = openat(datadir->directory_fd, TRUST_NAME,
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return trust;
    ssize_t size = read(fd, line, sizeof line - 1);
    close(fd);
    line[size > 0 ? size : 0] = '\0';
    if (strncmp(line, "clean ", 6) == 0) {
        char clean[128];
        trust.believed = clean_line(datadir, clean, sizeof clean) &&
                         strcmp(line, clean) == 0;
        trust.clean = trust.believed;
        return trust;
    }
    if (sscanf(line, "open %36s %u", written, &trust.starts) != 2)
        return (struct views_trust){0};
    read_boot_id(boot);
    trust.believed = boot[0] != '\0' && strcmp(boot, written) == 0 &&
                     trust.starts < TRUST_STARTS_MAX;
    return trust;
}

static int
write_line(const struct datadir *datadir, const char *line)
{
    int fd = openat(datadir->directory_fd, TRUST_NEW_NAME,
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int rc = 0;
    errno = EIO; /* of a short write */
    if (write(fd, line, strlen(line)) != (ssize_t)strlen(line) ||
        fsync(fd) != 0)
        rc = -errno;
    close(fd);
    if (rc == 0 && renameat(datadir->directory_fd, TRUST_NEW_NAME,
                            datadir->directory_fd, TRUST_NAME) != 0)
        rc = -errno;
    return rc != 0 ? rc : datadir_sync(datadir);
}

int
views_trust_open(const struct datadir *datadir, unsigned starts)
{
    char boot[BOOT_ID_SIZE], line[128];
    read_boot_id(boot);
    snprintf(line, sizeof line, "open %s %u\n", boot[0] != '\0' ? boot : "-",
             starts);
    return write_line(datadir, line);
}

int
views_trust_forget(const struct datadir *datadir)
{
    if (unlinkat(datadir->directory_fd, TRUST_NAME, 0) != 0 && errno != ENOENT)
        return -errno;
    return datadir_sync(datadir);
}

int
views_trust_clean(const struct datadir *datadir)
{
    char line[128];
    return clean_line(datadir, line, sizeof line) ? write_line(datadir, line)
                                                  : -ENOENT;
}
