/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_NOTE_H
#define TESTS_BENCH_PEERS_NOTE_H

#include "proto/mp.h"

/*
 * The event that every system stores: a valid one of NOTE_SIZE bytes, that
 * our daemon checks and indexes and that is opaque to the others.
 *
 * Event n, from 1, is the same in every run and for every system.  It happens
 * NOTE_STEP_MS after the one before it, so that the order of positions is that
 * of dates.  Each NOTE_PARTNERSHIPS consecutive events name every partnership
 * once, in an order that changes from one such run of events to the next, so
 * that it is known how many of the first n a partnership has.
 *
 * Event 0, before all of them, has a partnership of its own.
 */

#define NOTE_SIZE ((size_t)350)
#define NOTE_PARTNERSHIPS 1000
#define NOTE_STEP_MS 10
#define NOTE_BATCH 1000 /* events in a batch, by all systems */

#define NOTE_ID_SIZE 36
#define NOTE_SLUG_SIZE 15 /* "org-017_org-040": the two parties */
#define NOTE_DATE_SIZE 24 /* "2023-11-14T22:13:20.010Z" */

/* Once, before any other. */
void note_init(void);

/* Append event n; exactly NOTE_SIZE bytes. */
void note_put(struct mp_buf *out, uint64_t n);

/* Milliseconds since 1970 of event n. */
uint64_t note_ms(uint64_t n);
void note_put_date(char date[NOTE_DATE_SIZE], uint64_t ms);
void note_put_id(char id[NOTE_ID_SIZE], uint64_t n);

/* Of event n; without an end. */
const char *note_slug(uint64_t n);
const char *note_type(uint64_t n);

/* How many of the events 0 to `last` have the partnership of event n. */
uint64_t note_count(uint64_t n, uint64_t last);

#endif
