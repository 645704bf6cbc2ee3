/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "daemon/datadir.h"
#include "proto/span.h"

#include <stdint.h>

/*
 * The log: every event that was ever acknowledged, by position.
 *
 * When log_append returns LOG_OK the events are on stable storage, provided
 * that the device honours a flush and writes sectors of 512 bytes whole.
 * Nothing outside this module knows what is behind it: a journal, which costs
 * one write and one flush, and log.mdb, into which a thread of this module
 * moves what is in the journal, a second later at most.  A start
 * finishes that work before anything is served.
 *
 * log.mdb is LMDB with its default, full synchronisation.  Each event carries
 * a 64-bit checksum (XXH3) over its bytes and its position, verified on every
 * read.  Database "log": key position (8 bytes, big-endian), value checksum (8
 * bytes, big-endian), then the event; "meta": "format" (4 bytes, big-endian),
 * "id" (16 bytes), "journal" (daemon/log_parts.h); "consumers":
 * daemon/log_consumers.h.  To change it: raise LOG_FORMAT, read both,
 * write only the new one, and say so here.  Format 1 had neither a journal nor
 * consumers; it becomes 2 when it is first opened.
 *
 * One writer thread calls log_append; readers belong to the thread that opened
 * them; log_tip is for any thread.
 */

#define LOG_FORMAT 2u
#define LOG_FORMAT_OLDEST 1u

/*
 * Bytes of the journal.  The default holds the largest group there is
 * (daemon/writer_group.c) and a tenth of a second of the fastest import; what
 * does not fit in a smaller one waits for the two flushes of log.mdb instead.
 */
#define LOG_JOURNAL_SIZE_DEFAULT ((uint64_t)32 << 20)
#define LOG_JOURNAL_SIZE_MIN ((uint64_t)1 << 20)
#define LOG_JOURNAL_SIZE_MAX ((uint64_t)1 << 30)

struct log_options {
    uint64_t quota;        /* of log.mdb's bytes; 0 for none */
    uint64_t journal_size; /* a multiple of 4096 */
    bool accept_loss;      /* go on where the log is sound only up to ... */
    uint64_t accepted_position;
};

enum log_result {
    LOG_OK = 0,
    LOG_ABSENT,  /* no event has that position */
    LOG_CORRUPT, /* its checksum fails: the bytes must not be used */
    LOG_FULL,    /* no room: nothing was stored, later appends may succeed */
    LOG_FAILED,  /* the disk failed: what was being appended may be stored or
                    not, and nothing can be appended any more */
};

struct log;

/* 16 random bytes, in hexadecimal with a NUL. */
#define LOG_ID_SIZE 33

/*
 * Open the log of a data directory, which has to outlive it; make it where the
 * directory never held one.  0, or a negative errno with `reason` set: a file
 * that is empty, truncated, of another format, damaged where something was
 * acknowledged, or gone although the directory once held a log is refused,
 * never replaced.
 */
int log_open(const struct datadir *datadir, const struct log_options *options,
             struct log **opened, struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* Moves everything into log.mdb first. */
void log_close(struct log *log); /* NULL is legal; no reader may be open */

/* Who else may have a log open that is only read. */
enum log_neighbour {
    LOG_ALONE, /* nobody writes to it: no lock file is made or touched */
    LOG_BESIDE_DAEMON, /* a daemon may: be one of its readers */
};

/*
 * Open the log of a directory as it is, to look at and never to append to: the
 * tip is that of this moment, and `*count` how many events there are, which
 * differs from the tip where a position is missing.  0, or a negative errno
 * with `reason` set.
 */
int log_open_to_read(const char *directory, enum log_neighbour neighbour,
                     struct log **opened, uint64_t *count,
                     struct diag_reason *reason)
    __attribute__((warn_unused_result));

/*
 * Where no daemon has the directory, look at the journal, too: what it holds
 * beyond log.mdb moves the tip and `*count`.  0; -EBADMSG with `reason` where
 * something acknowledged is missing, behind what is sound; another negative
 * errno with `reason`.
 */
int log_read_journal(struct log *log, const struct datadir *datadir,
                     uint64_t *count, struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* Have somebody told, by a thread of the log, that the disk failed behind an
 * acknowledgement; NULL: nobody any more. */
void log_on_failure(struct log *log, void (*fail)(void *context),
                    void *context);

/* Free the places of readers whose process died; now and then. Any thread. */
void log_tidy(struct log *log);

/* The last durable position; 0 while the log is empty. */
uint64_t log_tip(const struct log *log);
const char *log_id(const struct log *log);

/* Bytes of the files that hold the log. */
uint64_t log_size(const struct log *log);

/* A durable cursor of a client, by its name: up to which position it has
 * acknowledged, or that it is no more. */
struct log_consumer {
    struct span name; /* 1 to 64 bytes */
    uint64_t position;
    bool removed;
};

/*
 * Append whole stored events at the positions behind the tip and change
 * consumers, each named once, with one flush: all or nothing.  There may be
 * no events.  LOG_OK, LOG_FULL or LOG_FAILED.
 */
enum log_result
log_append(struct log *log, const struct span *events, size_t event_count,
           const struct log_consumer *consumers, size_t consumer_count)
    __attribute__((warn_unused_result));

/*
 * Hand out every consumer that is stored, sorted by name, none beyond the tip;
 * its name lives until `each` returns.  At start only.  LOG_OK, or LOG_FAILED
 * where it cannot be read or `each` said false.
 */
enum log_result
log_consumers(struct log *log,
              bool (*each)(const struct log_consumer *consumer, void *context),
              void *context) __attribute__((warn_unused_result));

/* A view of the log at one moment; what it lends lives until log_read_end. */
struct log_reader;

struct log_reader *log_reader_new(struct log *log); /* NULL: no memory */
void log_reader_free(struct log_reader *reader);

/* LOG_OK or LOG_FAILED. Reads between begin and end see one moment; keep them
 * apart by no more than one chunk of work, since they pin pages. */
enum log_result log_read_begin(struct log_reader *reader)
    __attribute__((warn_unused_result));
void log_read_end(struct log_reader *reader);

/*
 * The event at a position, borrowed until log_read_end.  Reading positions in
 * ascending or descending order costs no search.
 */
enum log_result log_read(struct log_reader *reader, uint64_t seq,
                         struct span *event)
    __attribute__((warn_unused_result));

/* The bytes of an event whose checksum fails: a hint for whoever works around
 * the damage, never to be believed and never to be sent. */
enum log_result log_salvage(struct log_reader *reader, uint64_t seq,
                            struct span *bytes)
    __attribute__((warn_unused_result));

#endif
