/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include "daemon/pulse.h"

/*
 * What the service manager hears of us (sd_notify(3)): that we are ready, what
 * we do, that we need more time to start or to stop, and that we are alive.
 *
 * A thread of its own sends the signs of life, because the others may wait for
 * a disk that is merely slow, which no restart would make faster: a ping goes
 * out as long as none of the pulses that are watched is older than
 * WATCH_STUCK_INTERVALS watchdog intervals.  After that the pings end, and the
 * service manager restarts us.  Without a service manager there is no thread,
 * `struct watch` is NULL, and every function here does nothing.
 */

/* A piece of work is bounded (some MiB); one that takes so many watchdog
 * intervals waits for a disk that hangs, or for ever. */
#define WATCH_STUCK_INTERVALS 4u

/* Watched pulses: the reactor, the writer, and whatever writes behind them. */
#define WATCH_PULSES_MAX 4u

/* What a start or a stop is given each time that it shows life. */
#define WATCH_EXTEND_US ((uint64_t)30000000)

enum watch_phase {
    WATCH_STARTING,
    WATCH_SERVING,
    WATCH_STOPPING,
};

struct watch;

/*
 * Start to tell.  `*watch` is NULL where nobody listens.  0, or a negative
 * errno when there is no thread to be had.  Main thread, before any other.
 */
int watch_open(struct watch **watch) __attribute__((warn_unused_result));
void watch_close(struct watch *watch);

/* Watch a pulse, until it is forgotten; `name` is borrowed as long. */
void watch_pulse(struct watch *watch, const struct pulse *pulse,
                 const char *name);
void watch_forget(struct watch *watch, const struct pulse *pulse);

/* Enter a phase: WATCH_SERVING says that we are ready. Any thread. */
void watch_enter(struct watch *watch, enum watch_phase phase);

/* Between these the configuration is read anew; says nothing unless we
 * serve. */
void watch_reloading(struct watch *watch);
void watch_reloaded(struct watch *watch);

/* What `systemctl status` shows: one line.  Sent when it has changed. */
void watch_status(struct watch *watch, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- what is sent, for tests ----------------------------------------------*/

/* A pulse's age, seen from the watchdog. */
enum watch_verdict {
    WATCH_ALIVE,
    WATCH_SLOW,  /* longer than one interval: pinged for, and said */
    WATCH_STUCK, /* longer than WATCH_STUCK_INTERVALS: no ping any more */
};

enum watch_verdict watch_judge(uint64_t age_us, uint64_t interval_us);

#endif
