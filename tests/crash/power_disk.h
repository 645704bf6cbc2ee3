/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_POWER_DISK_H
#define TESTS_CRASH_POWER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/crash/power_trace.h"

/*
 * A disk that loses power: which states of a directory are legal after the
 * entries of a trace up to some moment.
 *
 * Bytes.  The disk writes sectors of 512 bytes, each whole or not at all, in
 * any order, whenever it likes.  So a sector holds what it had when a flush of
 * its file began that has ended, or any later version of it; each sector for
 * itself, also those of one write, of one page, and of different files.  What
 * is written while a flush runs is not flushed by it.  A write that waits
 * (O_DSYNC) makes durable what it wrote, and what its sectors held before,
 * nothing else.
 *
 * Sizes.  The size of a file is the one at the last flush, or any that it had
 * later; what was never written reads as zeros.  (On file systems that show
 * stale blocks instead there is nothing to rely on.)  fdatasync keeps sizes,
 * not times; fsync both.
 *
 * Names.  What was made, renamed and removed in the directory is there in the
 * order in which it was done, up to the last change before a flush of the
 * directory or any later one: file systems journal names in order.  Nothing
 * but the flush of a directory makes a name durable, not even fsync of the
 * file; names and bytes do not wait for each other.
 *
 * The lock files are no part of it, and the directory itself is durable.
 */
struct power_disk;

/* How a file, or a set of names, is found at the start of a trace. */
struct power_file {
    char name[RECORD_NAME_SIZE];
    uint8_t *bytes;
    size_t size;
    size_t room; /* allocated */
    int64_t mtime;
};

#define POWER_FILES_MAX ((size_t)32)

/* A directory as it is found when the power comes back. */
struct power_state {
    struct power_file files[POWER_FILES_MAX]; /* bytes are the state's own */
    size_t file_count;
    uint64_t hash;
    char what[1024]; /* how it came about */
};

void power_state_deinit(struct power_state *state);

/* Make the directory like that, and nothing else in it. */
void power_state_write(const struct power_state *state, const char *directory);

/* The files of a directory, without the locks. */
void power_state_read(struct power_state *state, const char *directory);

/*
 * The disk before the first entry: `base` and all of it durable, with the
 * numbers from 1 on; NULL for an empty directory.  Both must outlive it.
 */
struct power_disk *power_disk_new(const struct power_trace *trace,
                                  const struct power_state *base);
void power_disk_free(struct power_disk *disk);

/* Go on to the moment before entry `end`; never back. */
void power_disk_advance(struct power_disk *disk, size_t end);

/* Whether something was written that is not durable. */
bool power_disk_is_open(const struct power_disk *disk);

/* Choose one of the states that are legal now; chance alone decides, so that
 * the same `dice` chooses the same state. */
void power_disk_lose(const struct power_disk *disk, uint64_t dice,
                     struct power_state *state);

/* What every process sees now. */
void power_disk_see(const struct power_disk *disk, struct power_state *state);

#endif
