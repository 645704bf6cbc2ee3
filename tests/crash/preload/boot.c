/* SPDX-License-Identifier: MIT */
/* A machine that was started anew, as often as an environment variable says:
 * preloaded into the daemon under test, which reads another boot id each time.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/crash/preload/control.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

static int
boot_id_open(void)
{
    const char *boot = getenv(CONTROL_BOOT_VARIABLE);
    int fd = memfd_create("boot_id", MFD_CLOEXEC);
    int size = dprintf(fd, "b0070000-0000-4000-8000-%012u\n",
                       boot == NULL ? 0 : (unsigned)strtoul(boot, NULL, 10));
    if (size <= 0 || lseek(fd, 0, SEEK_SET) != 0)
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
    return takes_mode ? real(path, flags, mode) : real(path, flags);
}
