/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_POWER_TRACE_H
#define TESTS_CRASH_POWER_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/crash/preload/record.h"

/*
 * What daemons did to a data directory, from the first to the last entry that
 * preload/record.c wrote: read, and looked through for what was acknowledged.
 */

/* An answer to an append that says where its events are. */
struct power_ack {
    size_t entry; /* with which its last byte left */
    uint32_t msgid;
    uint64_t last; /* its highest position */
};

struct power_trace {
    const struct record_entry **entries;
    size_t count;
    struct power_ack *acks; /* in the order in which they left */
    size_t ack_count;
};

/* Prepare a tape for the recording of a directory, which exists; files that
 * are in it already get the numbers from 1 on, in the order of `names`. */
struct record_tape *power_tape_new(const char *directory,
                                   const char *const *names, size_t name_count,
                                   enum record_forget forget);

/* No write is under way from here to _let_go, in any daemon. */
void power_tape_hold(struct record_tape *tape);
void power_tape_let_go(struct record_tape *tape);

/* How many entries there are by now. */
size_t power_tape_count(struct record_tape *tape);

/* Read a tape that no daemon writes to any more, which has to stay. */
void power_trace_read(struct power_trace *trace,
                      const struct record_tape *tape);
void power_trace_deinit(struct power_trace *trace);

/* The bytes and the names behind an entry. */
const uint8_t *power_trace_bytes(const struct record_entry *entry);
const struct record_names *power_trace_names(const struct record_entry *entry);

/* The highest position that was acknowledged before entry `end`. */
uint64_t power_trace_acked(const struct power_trace *trace, size_t end);

#endif
