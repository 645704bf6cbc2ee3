/* SPDX-License-Identifier: MIT */
/* A real-time clock that a test sets: preloaded into the daemon under test. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/preload/control.h"

static struct control_clock *control;
static int (*real)(clockid_t, struct timespec *);

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

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(clock, now);
    if (rc == 0 && clock == CLOCK_REALTIME && control != NULL)
        now->tv_sec += atomic_load(&control->offset_s);
    return rc;
}
