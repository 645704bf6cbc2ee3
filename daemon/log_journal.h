/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_JOURNAL_H
#define DAEMON_LOG_JOURNAL_H

#include "daemon/datadir.h"
#include "daemon/log.h"

/*
 * The journal: the file that an acknowledgement waits for.  A part of
 * daemon/log; it knows the file and what is in it, not when space in it is
 * free (daemon/log_tail) nor what follows it (daemon/log_absorb).
 *
 * The file has one size for its whole life and is filled with zeros when it is
 * made, so that a write into it is followed by one flush of the device and
 * nothing else: neither its size nor its blocks ever change.  What is appended
 * together is a group: one write, one flush.  A group begins at a multiple of
 * LOG_JOURNAL_BLOCK and takes whole blocks, so that no block that holds
 * something acknowledged is ever written for the sake of something newer.
 *
 * On disk, all numbers big-endian; to change it raise LOG_JOURNAL_FORMAT.
 *
 *   block 0   "entente journal\n" 16, format 4, size of the file 8, the log's
 *             id 32, secret 8, checksum of these 8
 *   a group   magic 8, generation 8, number 8, position of the first event 8,
 *             events 4, consumers 4, size of the rest 8, checksum of the rest
 *             8, checksum of these 8; the rest: for each event its size 4,
 *             checksum 8, bytes; for each consumer removed 1, size of its name
 *             1, position 8, name
 *
 * Checksums are XXH3 with 64 bits; those of groups are seeded with the secret,
 * which is random and never leaves the machine, so that no client can send an
 * event that looks like a group.  An event's checksum is that of daemon/log.
 *
 * A generation is one start of the daemon, which it is told by log.mdb; its
 * groups are numbered from 1.  A group lies directly behind the one before it
 * or, where it did not fit there, at LOG_JOURNAL_START.
 */

#define LOG_JOURNAL_NAME "log.journal"
#define LOG_JOURNAL_FORMAT 1u
#define LOG_JOURNAL_BLOCK ((uint64_t)4096)
#define LOG_JOURNAL_START LOG_JOURNAL_BLOCK

/* In front of an event's bytes. */
#define LOG_JOURNAL_RECORD_SIZE ((size_t)12)

struct log_journal;

/* What is appended together. */
struct log_content {
    const struct span *events;
    size_t event_count;
    const struct log_consumer *consumers;
    size_t consumer_count;
};

/* Where a group is, or would be. */
struct log_journal_group {
    uint64_t generation, number;
    uint64_t offset;
    uint64_t length; /* whole blocks */
    uint64_t size;   /* of it, what is not padding */
    uint64_t first;  /* position of its first event, or of the next one */
    uint32_t event_count, consumer_count;
};

/*
 * Make the file, whole and durable, in the place of one that holds nothing
 * needed; `size` in whole blocks.  0, or a negative errno with `reason` set.
 */
int log_journal_create(const struct datadir *datadir, const char *log_id,
                       uint64_t size, struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* Open and map it.  0, or a negative errno with `reason` set: -ENOENT when it
 * is missing, -EINVAL when it is damaged or belongs to another log. */
int log_journal_open(const struct datadir *datadir, const char *log_id,
                     struct log_journal **opened, struct diag_reason *reason)
    __attribute__((warn_unused_result));
void log_journal_close(struct log_journal *journal); /* NULL is legal */

/* Bytes of the file. */
uint64_t log_journal_size(const struct log_journal *journal);

/* Bytes of a group, and of the whole blocks that it takes; one over the file's
 * size never fits. */
size_t log_journal_content_size(const struct log_content *content);
uint64_t log_journal_length(const struct log_content *content);

/*
 * Write a group where `group` says (generation, number, offset, first; the
 * rest is filled in) and flush it.  0, or a negative errno.  -ENOMEM, -ENOSPC,
 * -EDQUOT, -EFBIG: it is not there, and the next one may be written over it.
 * Any other: it is there or not, and nothing more may be written.  One at a
 * time.
 */
int log_journal_write(struct log_journal *journal,
                      const struct log_content *content,
                      struct log_journal_group *group)
    __attribute__((warn_unused_result));

/* Flush what a predecessor may have written and not flushed. 0 or a negative
 * errno. */
int log_journal_flush(const struct log_journal *journal)
    __attribute__((warn_unused_result));

/* Whether the group with this generation and number is whole at this offset;
 * fills in the rest. */
bool log_journal_find(const struct log_journal *journal,
                      struct log_journal_group *group);

/* The first whole group of this generation or a later one, in the order of
 * offsets, whose number is above `number` or whose generation is another. */
bool log_journal_find_later(const struct log_journal *journal,
                            uint64_t generation, uint64_t number,
                            struct log_journal_group *found);

/* The offset of a group's first record, and the record at an offset: its
 * checksum, which the log knows how to verify, then the event.  `data` is NULL
 * where its size cannot be right. */
uint64_t log_journal_records(const struct log_journal_group *group);
struct span log_journal_record(const struct log_journal *journal,
                               uint64_t offset);

/* The consumer at an offset, which moves on behind it; the first one is behind
 * the last record. */
struct log_consumer log_journal_consumer(const struct log_journal *journal,
                                         uint64_t *offset);

#endif
