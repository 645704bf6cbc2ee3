/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SUBSCRIPTION_H
#define DAEMON_SUBSCRIPTION_H

#include "daemon/request.h"

/*
 * A subscription: a job that lasts.  First it sends what the log holds behind
 * its position, then what is appended; in between it sleeps in the feed
 * (daemon/feed).  Live or far behind is the same to it: it goes from its
 * position to the log's tip, so there is no seam.
 *
 * What it holds is a position and a filter.  It produces a chunk when the one
 * before has left, reads the log within one step, and keeps nothing of it.
 */

/* Subscriptions of one connection. */
#define SUBSCRIPTION_PER_CONNECTION_MAX ((size_t)1024)

/*
 * The request's job: what is behind `after`, as the filter wants it.  With a
 * consumer, which is the job's from now on, until it is freed; one that is not
 * stored yet holds the job up until subscription_stored.  False when the
 * request has been answered with an error.
 */
bool subscription_new(struct request *request, uint64_t after,
                      struct consumer *consumer)
    __attribute__((warn_unused_result));

/* Its consumer is stored: it begins. */
void subscription_stored(struct job *job);

#endif
