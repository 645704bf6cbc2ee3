/* SPDX-License-Identifier: MIT */
/* A backup that stands still when a test says so, after its last byte was
 * written and before it is durable: preloaded into the daemon under test. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/crash/preload/control.h"

#define FILE_NAME ".partial/log.mdb"

static struct control_backup *control;

__attribute__((constructor)) static void
control_map(void)
{
    const char *path = getenv(CONTROL_VARIABLE);
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        abort();
    control =
        mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
}

static bool
is_copy(int fd)
{
    char link[64];
    char path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof(path));
    size_t name_size = strlen(FILE_NAME);
    return size > (ssize_t)name_size &&
           memcmp(path + size - name_size, FILE_NAME, name_size) == 0;
}

int
fsync(int fd)
{
    static int (*real)(int);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "fsync");
    if (atomic_load(&control->hold) != 0 && is_copy(fd)) {
        sem_post(&control->held);
        while (sem_wait(&control->go_on) != 0)
            ;
    }
    return real(fd);
}
