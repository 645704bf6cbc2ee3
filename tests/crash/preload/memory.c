/* SPDX-License-Identifier: MIT */
/* Memory that runs out when a test says so: preloaded into the daemon under
 * test.  Until a test arms it nothing fails. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/crash/preload/control.h"

static struct control_memory *control;
static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);

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

/* True when this one is to fail: armed counts down to 1, then the burst does.
 * Sets errno then, as the real ones do. */
static bool
fails(void)
{
    if (control == NULL)
        return false;
    atomic_fetch_add(&control->seen, 1);
    int64_t armed = atomic_load(&control->armed);
    int64_t left;
    do {
        if (armed == 0)
            return false;
        left = armed > 1 || atomic_fetch_sub(&control->burst, 1) <= 0
                   ? armed - 1
                   : armed;
    } while (!atomic_compare_exchange_weak(&control->armed, &armed, left));
    if (armed > 1)
        return false;
    atomic_fetch_add(&control->failed, 1);
    errno = ENOMEM;
    return true;
}

void *
malloc(size_t size)
{
    if (real_malloc == NULL)
        real_malloc = dlsym(RTLD_NEXT, "malloc");
    return fails() ? NULL : real_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    if (real_calloc == NULL)
        real_calloc = dlsym(RTLD_NEXT, "calloc");
    return fails() ? NULL : real_calloc(count, size);
}

void *
realloc(void *memory, size_t size)
{
    if (real_realloc == NULL)
        real_realloc = dlsym(RTLD_NEXT, "realloc");
    return fails() ? NULL : real_realloc(memory, size);
}

void *
reallocarray(void *memory, size_t count, size_t size)
{
    size_t all;
    if (__builtin_mul_overflow(count, size, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(memory, all);
}
