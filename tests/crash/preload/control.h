/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_PRELOAD_CONTROL_H
#define TESTS_CRASH_PRELOAD_CONTROL_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

/*
 * What a test tells a library that it preloads into the daemon, and is told:
 * memory that both have mapped, of a file that this variable names.  Zeroes
 * mean that nothing is done.
 */
#define CONTROL_VARIABLE "ENTENTE_PRELOAD_CONTROL"

/* preload/boot.c: a number, of the start of the machine. */
#define CONTROL_BOOT_VARIABLE "ENTENTE_PRELOAD_BOOT"

/* preload/clock.c */
struct control_clock {
    _Atomic int64_t offset_s; /* added to the real-time clock */
};

/* preload/memory.c */
struct control_memory {
    _Atomic int64_t armed; /* the n-th allocation from now fails, for n > 0 */
    _Atomic int64_t burst; /* and so many behind it */
    _Atomic int64_t seen;  /* allocations since the start */
    _Atomic int64_t failed;
};

/* preload/disk.c: flushes of log.journal, writes and flushes of log.mdb. */
enum control_meta {
    CONTROL_META_LOST,  /* fails, nothing is written */
    CONTROL_META_GHOST, /* is written and fails, so does taking it back */
};

struct control_disk {
    _Atomic int data_full; /* so many writes of pages find no space */
    _Atomic int flush_at;  /* the n-th flush of the journal fails */
    _Atomic int meta_at;   /* the n-th write of the meta page fails */
    _Atomic int meta_how;  /* enum control_meta */
    _Atomic int take_back; /* so many writes of the old meta page fail */
    _Atomic int stuck;     /* flushes of log.mdb never end */
    _Atomic int flusher;   /* told: the thread of the journal's last flush */
    _Atomic int flushes;   /* told: how many of it there were */
    _Atomic int slow_us;   /* by how much each of them is slower */
    _Atomic int hold;      /* flushes of the journal wait: */
    sem_t held;            /* posted by each that begins to */
    sem_t go_on;           /* waited for by it */
};

/* preload/backup.c; all of it is about a log.mdb that is not whole yet. */
struct control_backup {
    _Atomic int hold; /* its flush waits: */
    sem_t held;       /* posted when it begins to */
    sem_t go_on;      /* waited for by it */
};

#endif
