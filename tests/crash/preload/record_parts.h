/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_PRELOAD_RECORD_PARTS_H
#define TESTS_CRASH_PRELOAD_RECORD_PARTS_H

#include <sys/stat.h>

#include "tests/crash/preload/record.h"

/*
 * What the parts of preload/record.c share: record_names.c knows the calls
 * that change names, record.c all others.
 */
extern struct record_tape *record_tape;
extern struct stat record_directory;

/* libc's function of this name. */
#define REAL(name) ((__typeof__(&name))record_find(#name))
void *record_find(const char *name);

_Noreturn void record_give_up(const char *why);

/* Both leave errno alone. */
void record_lock(void);
void record_unlock(void);

/* Add an entry, with `kept` bytes behind it; under the lock. */
struct record_entry *record_note(const struct record_entry *entry,
                                 const void *bytes);

/* The number of an open file that is recorded, or 0. */
uint32_t record_file(int fd, struct stat *status);

/* An inode that is freed may be another file's tomorrow. */
void record_forget_inode(const struct stat *status);

int64_t record_mtime(const struct stat *status);

#endif
