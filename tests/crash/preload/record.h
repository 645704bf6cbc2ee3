/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_PRELOAD_RECORD_H
#define TESTS_CRASH_PRELOAD_RECORD_H

#include <pthread.h>
#include <stdint.h>

/*
 * What preload/record.c writes down of a daemon: memory that the test has
 * mapped too (control.h says how), this head and behind it the entries.
 *
 * Entries are in one order.  What they tell is done under the lock, so that
 * it is the order in which it happened, also for several threads and for one
 * daemon after the other; only flushes, and writes that wait for the disk, run
 * outside and are two entries: what is written between them is not flushed by
 * them.
 */

/* Sparse; a daemon that writes more than this ends with a word. */
#define RECORD_TAPE_SIZE ((uint64_t)1 << 30)

/* Files that ever were in the directory, of all daemons together. */
#define RECORD_FILES_MAX 512u

#define RECORD_NAME_SIZE 64u
#define RECORD_PATH_SIZE 108u

enum record_kind {
    RECORD_START,   /* a daemon begins */
    RECORD_CREATE,  /* `name` is a new, empty `file` */
    RECORD_RENAME,  /* `name` is from now on `other` */
    RECORD_LINK,    /* `other` is from now on `name`'s file, too */
    RECORD_UNLINK,  /* `name` is gone */
    RECORD_WRITE,   /* the bytes behind the entry, in `file` from `at` on */
    RECORD_ZERO,    /* zeros, in `file` from `at` on */
    RECORD_SIZE,    /* `file` has `size` bytes, for better or worse */
    RECORD_FLUSH,   /* a flush of `file` begins */
    RECORD_FLUSHED, /* the one that began with entry `at` has ended well */
    RECORD_STORED,  /* what the write of entry `at` wrote is durable */
    RECORD_SENT,    /* the bytes behind the entry, to connection `file` */
};

/* Instead of a file: the directory's own entries. */
#define RECORD_DIRECTORY 0u

/* Files have the numbers from 1 on.  A name is used once: a file that takes
 * its place has another number. */
struct record_entry {
    uint32_t kind; /* enum record_kind */
    uint32_t file;
    uint64_t at;
    uint64_t size;     /* bytes that were written, sent, or are there */
    int64_t mtime;     /* of the file afterwards, in nanoseconds */
    uint32_t kept;     /* bytes that stand behind the entry, rounded up to 8 */
    uint8_t waits;     /* a write that returns when it is durable */
    uint8_t data_only; /* a flush that leaves out times */
    uint8_t unused[2];
};

/* What stands behind an entry about names. */
struct record_names {
    char name[RECORD_NAME_SIZE];
    char other[RECORD_NAME_SIZE];
};

/* Flushes that are left out: neither done nor recorded. */
enum record_forget {
    RECORD_FORGET_NOTHING,
    RECORD_FORGET_FLUSHES, /* fsync, fdatasync and the like */
    RECORD_FORGET_WAITING, /* that a write waits for the disk */
    RECORD_FORGET_BOTH,
};

struct record_tape {
    pthread_mutex_t lock;
    char directory[RECORD_PATH_SIZE]; /* which is recorded */
    uint32_t forget;                  /* enum record_forget */
    uint32_t waiting;                 /* writes outside of the lock, now */
    uint32_t connections;             /* that ever were */
    uint32_t file_count;
    uint64_t inodes[RECORD_FILES_MAX]; /* of file 1, 2, ...; 0: gone */
    uint64_t count;                    /* entries */
    uint64_t used;                     /* their bytes */
    uint64_t first[];                  /* they begin here */
};

#endif
