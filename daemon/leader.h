/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LEADER_H
#define DAEMON_LEADER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct event_base;

/*
 * The reactor's thread that may wait for the disk: two threads take turns in
 * one event loop, by the pattern Leader/Followers (Schmidt, Stal, Rohnert,
 * Buschmann, "Pattern-Oriented Software Architecture", volume 2, 2000).
 *
 * The leader turns the loop.  Between two turns it may step aside for a call
 * that is nearly always short: handing that call to another thread and its
 * outcome back would take longer.  When it does take long the follower leads
 * on, and who was the leader follows.  So at any time one thread turns the
 * loop, and whatever belongs to the reactor belongs to that thread; nobody
 * waits longer than two LEADER_PATIENCE_US for the loop to turn, until the
 * turn that is the last.
 *
 * The follower is started at the first need.  While nobody steps aside it
 * sleeps.
 */

/* How often the follower looks whether the leader is back: more than nearly
 * all flushes take, less than people notice, and so rare that it costs
 * nothing. */
#define LEADER_PATIENCE_US 10000

struct leader {
    struct event_base *base;
    /* Called after each turn; false: this thread leads no more. */
    bool (*on_turn)(void *context);
    void *context;
    _Atomic uint64_t turn;  /* odd while the leader is aside */
    _Atomic bool following; /* there is a follower */
    _Atomic bool resting;   /* it sleeps until it is told */
    _Atomic bool over;
    pthread_mutex_t lock;
    pthread_cond_t news;
    pthread_t thread;
    bool started;
};

void leader_init(struct leader *leader, struct event_base *base,
                 bool (*on_turn)(void *context), void *context);

/* After leader_run. */
void leader_deinit(struct leader *leader);

/* Turn the loop until leader_stop, or until nothing is left that could happen.
 * The caller is the first leader; it returns when both threads have ended. */
void leader_run(struct leader *leader);

/* Called by the leader, in a turn or after it: this turn was the last. */
void leader_stop(struct leader *leader);

/* Step aside; touch nothing of the reactor's until leader_step_back.  0 where
 * nobody follows: then the call must not be made. */
uint64_t leader_step_aside(struct leader *leader);

/* `turn` is what leader_step_aside gave.  False: another leads by now, touch
 * nothing and return from on_turn with false. */
bool leader_step_back(struct leader *leader, uint64_t turn);

#endif
