/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_CROWD_H
#define TESTS_SYSTEM_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A crowd on one daemon: connections that append as fast as they are answered,
 * and subscribers that join while they do, each with a filter and a position of
 * its own.  Every subscriber must see exactly the events that match, once, in
 * order, wherever it joined.
 *
 * The daemon may be killed and started again meanwhile: the crowd connects
 * again, appends what was not acknowledged once more, and subscribers go on
 * with their consumers.
 */
struct crowd_options {
    size_t appenders, subscribers;
    size_t events;  /* of all appenders together */
    bool consumers; /* subscribers have names, and acknowledge */
    uint64_t seed;
};

struct crowd;

struct crowd *crowd_start(const struct crowd_options *options);

/* Wait until so many events were acknowledged. */
void crowd_await(struct crowd *crowd, size_t acknowledged);

/* Wait until all is appended, and every subscriber has seen the last event
 * that it wants. */
void crowd_finish(struct crowd *crowd);

/* Hold what each has seen against the log; how many events they saw. */
size_t crowd_check(struct crowd *crowd);

void crowd_free(struct crowd *crowd);

#endif
