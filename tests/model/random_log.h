/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_RANDOM_LOG_H
#define TESTS_MODEL_RANDOM_LOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Random logs: valid events of every type that answer, correct, retract and
 * disclose each other in every way that EVENTS.md allows.  The same seed
 * gives the same log.
 */
struct random_log {
    uint64_t state;
    json_t *events; /* as submitted, in order */
};

void random_log_init(struct random_log *log, uint64_t seed);
void random_log_deinit(struct random_log *log);

/* Add an event; it stays the log's. */
json_t *random_log_add(struct random_log *log);

/* Add an event that makes the log larger and no answer longer in which there
 * is a filter: of one more partnership, type and party. */
json_t *random_log_add_mass(struct random_log *log);

/* --- the same dice for questions ------------------------------------------*/

/* Below `limit`, which is over 0. */
size_t random_below(struct random_log *log, size_t limit);

/* True so many times in a hundred. */
bool random_chance(struct random_log *log, unsigned percent);

/* An EDTF text of the years that the events are of; lives as long as the
 * next call. */
const char *random_date(struct random_log *log);

/* Slugs that the events have, and now and then one that none has. */
const char *random_partnership(struct random_log *log);
const char *random_party(struct random_log *log);
const char *random_type(struct random_log *log);

#endif
