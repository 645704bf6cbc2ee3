/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_SMALL_DISK_H
#define TESTS_CRASH_SMALL_DISK_H

#include <stdbool.h>

/*
 * A small file system that is mounted on a directory, for this test and the
 * daemons that it starts alone; it ends with them.  False, with errno set,
 * where mounts are forbidden.
 */
bool small_disk(const char *directory, unsigned mib);

#endif
