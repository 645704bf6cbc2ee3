/* SPDX-License-Identifier: MIT */
/* A machine that was started anew: preloaded into the daemon under test, which
 * reads another boot id than all before.  Its disk is so fast that a flush
 * takes no time: whoever looks at what is durable preloads record.c. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID "b0070000-0000-4000-8000-00000000b007\n"
#define WAITS (O_DSYNC | O_SYNC)

static int
boot_id_open(void)
{
    int fd = memfd_create("boot_id", MFD_CLOEXEC);
    size_t size = strlen(BOOT_ID);
    if (fd < 0 || pwrite(fd, BOOT_ID, size, 0) != (ssize_t)size)
        abort();
    return fd;
}

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
    if (strcmp(path, BOOT_ID_FILE) == 0)
        return boot_id_open();
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
