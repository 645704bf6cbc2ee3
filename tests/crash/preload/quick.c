/* SPDX-License-Identifier: MIT */
/* A disk that is so fast that no flush takes time: preloaded into a daemon that
 * is looked at for what it finds, not for what it makes durable. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#define WAITS (O_DSYNC | O_SYNC)

int
open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    if (real == NULL)
        real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    bool takes_mode = (flags & O_CREAT) != 0;
    va_list list;
    va_start(list, flags);
    mode_t mode = takes_mode ? va_arg(list, mode_t) : 0;
    va_end(list);
    return takes_mode ? real(path, flags & ~WAITS, mode)
                      : real(path, flags & ~WAITS);
}

int
fsync(int fd)
{
    (void)fd;
    return 0;
}

int
fdatasync(int fd)
{
    (void)fd;
    return 0;
}
