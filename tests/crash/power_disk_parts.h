/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_POWER_DISK_PARTS_H
#define TESTS_CRASH_POWER_DISK_PARTS_H

#include "tests/crash/power_disk.h"

/*
 * What the parts of power_disk share: power_disk.c follows the trace,
 * power_lose.c chooses states.
 */

#define SECTOR_SIZE ((size_t)512)

/* A sector as a write left it that no flush has covered yet. */
struct disk_version {
    size_t sector;
    size_t entry; /* of the write */
    uint8_t bytes[SECTOR_SIZE];
};

/* What the inode said after an entry. */
struct disk_inode {
    size_t entry;
    size_t size;
    int64_t mtime;
};

struct disk_file {
    uint8_t *seen;   /* by every process */
    uint8_t *stable; /* what no power loss takes */
    size_t room;     /* of both, in bytes, whole sectors */
    struct disk_version *versions;
    size_t version_count, version_room;
    struct disk_inode *inodes; /* all that ever were, at least one */
    size_t inode_count;
    size_t size_floor, time_floor; /* from which on each is possible */
};

/* A change of names. */
struct disk_change {
    size_t entry;
    const struct record_entry *what;
};

struct power_disk {
    const struct power_trace *trace;
    const struct power_state *base;
    size_t next; /* entry */
    struct disk_file files[RECORD_FILES_MAX + 1];
    struct disk_change *changes;
    size_t change_count, change_floor;
};

struct disk_name {
    char name[RECORD_NAME_SIZE];
    uint32_t file;
};

struct disk_names {
    struct disk_name all[POWER_FILES_MAX];
    size_t count;
};

/* The names after the first `count` changes. */
void disk_names_after(const struct power_disk *disk, size_t count,
                      struct disk_names *names);

#endif
