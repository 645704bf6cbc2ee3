/* SPDX-License-Identifier: MIT */
#include "daemon/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon/clock.h"
#include "daemon/diag.h"

/* What counts as slow where no watchdog says it. */
#define WATCH_INTERVAL_DEFAULT_US ((uint64_t)30000000)

/* Pings in a watchdog interval, so that one may be late; and how rarely the
 * pulses are looked at. */
#define WATCH_PINGS_PER_INTERVAL 4u
#define WATCH_TICK_MAX_US ((uint64_t)5000000)

/* A line that a person reads. */
#define WATCH_STATUS_SIZE ((size_t)256)

struct watched {
    const struct pulse *pulse;
    const char *name;
};

struct watch {
    uint64_t interval_us; /* of the watchdog, or the default */
    bool has_watchdog;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t closing;
    bool closed;
    enum watch_phase phase;
    struct watched watched[WATCH_PULSES_MAX];
    enum watch_verdict verdict; /* at the last tick */
    char status[WATCH_STATUS_SIZE];
};

enum watch_verdict
watch_judge(uint64_t age_us, uint64_t interval_us)
{
    if (age_us > WATCH_STUCK_INTERVALS * interval_us)
        return WATCH_STUCK;
    return age_us > interval_us ? WATCH_SLOW : WATCH_ALIVE;
}

/* --- a tick ---------------------------------------------------------------*/

/* The pulse that is without a beat for longest, and how long. */
static const char *
oldest(const struct watch *watch, uint64_t now_us, uint64_t *age_us)
{
    const char *name = "";
    *age_us = 0;
    for (size_t i = 0; i < WATCH_PULSES_MAX; i++) {
        if (watch->watched[i].pulse == NULL)
            continue;
        uint64_t age = pulse_age_us(watch->watched[i].pulse, now_us);
        if (age >= *age_us) {
            *age_us = age;
            name = watch->watched[i].name;
        }
    }
    return name;
}

static void
say_verdict(const struct watch *watch, const char *name, uint64_t age_us)
{
    switch (watch->verdict) {
    case WATCH_ALIVE:
        sd_notifyf(0, "STATUS=%s", watch->status);
        break;
    case WATCH_SLOW:
        sd_notifyf(0,
                   "STATUS=slow disk? the %s has one thing in hand since "
                   "%" PRIu64 " s",
                   name, age_us / 1000000);
        break;
    case WATCH_STUCK:
        sd_notifyf(0,
                   "STATUS=stuck: the %s has one thing in hand since "
                   "%" PRIu64 " s",
                   name, age_us / 1000000);
        diag_of(DIAG_THREAD_STUCK,
                "the %s has one thing in hand since %" PRIu64
                " s: no more signs of life to the watchdog",
                name, age_us / 1000000);
        break;
    }
}

static void
tick(struct watch *watch)
{
    uint64_t age_us;
    const char *name = oldest(watch, clock_us(), &age_us);
    enum watch_verdict before = watch->verdict;
    watch->verdict = watch_judge(age_us, watch->interval_us);
    if (watch->verdict != before)
        say_verdict(watch, name, age_us);
    if (watch->verdict == WATCH_STUCK)
        return;
    if (watch->has_watchdog)
        sd_notify(0, "WATCHDOG=1");
    if (watch->phase != WATCH_SERVING)
        sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64, WATCH_EXTEND_US);
}

static uint64_t
next_tick_us(const struct watch *watch)
{
    uint64_t period_us = watch->interval_us / WATCH_PINGS_PER_INTERVAL;
    if (period_us > WATCH_TICK_MAX_US)
        period_us = WATCH_TICK_MAX_US;
    return clock_us() + period_us;
}

static void *
watch_main(void *context)
{
    struct watch *watch = context;
    pthread_mutex_lock(&watch->lock);
    while (!watch->closed) {
        tick(watch);
        clock_cond_wait(&watch->closing, &watch->lock, next_tick_us(watch));
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

/* --- life -----------------------------------------------------------------*/

static void
release(struct watch *watch)
{
    pthread_cond_destroy(&watch->closing);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

static void
init_lock(struct watch *watch)
{
    pthread_mutex_init(&watch->lock, NULL);
    clock_cond_init(&watch->closing);
}

/* Signals are the reactor's. */
static int
start_thread(struct watch *watch)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&watch->thread, NULL, watch_main, watch);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -rc;
}

int
watch_open(struct watch **watch)
{
    const char *listener = getenv("NOTIFY_SOCKET");
    uint64_t interval_us = 0;
    *watch = NULL;
    if (listener == NULL || listener[0] == '\0')
        return 0;
    struct watch *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return -ENOMEM;
    opened->has_watchdog = sd_watchdog_enabled(0, &interval_us) > 0;
    opened->interval_us =
        opened->has_watchdog ? interval_us : WATCH_INTERVAL_DEFAULT_US;
    init_lock(opened);
    int rc = start_thread(opened);
    if (rc != 0) {
        release(opened);
        return rc;
    }
    *watch = opened;
    return 0;
}

void
watch_close(struct watch *watch)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->closed = true;
    pthread_cond_signal(&watch->closing);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    release(watch);
}

static void
replace(struct watch *watch, const struct pulse *old, struct watched by)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < WATCH_PULSES_MAX; i++) {
        if (watch->watched[i].pulse == old) {
            watch->watched[i] = by;
            break;
        }
    }
    pthread_mutex_unlock(&watch->lock);
}

void
watch_pulse(struct watch *watch, const struct pulse *pulse, const char *name)
{
    replace(watch, NULL, (struct watched){pulse, name});
}

void
watch_forget(struct watch *watch, const struct pulse *pulse)
{
    replace(watch, pulse, (struct watched){NULL, NULL});
}

/* --- what is said ---------------------------------------------------------*/

void
watch_enter(struct watch *watch, enum watch_phase phase)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    bool changed = watch->phase != phase;
    watch->phase = phase;
    pthread_mutex_unlock(&watch->lock);
    if (changed && phase == WATCH_SERVING)
        sd_notify(0, "READY=1");
    if (changed && phase == WATCH_STOPPING)
        sd_notify(0, "STOPPING=1");
}

static bool
is_serving(struct watch *watch)
{
    if (watch == NULL)
        return false;
    pthread_mutex_lock(&watch->lock);
    bool serving = watch->phase == WATCH_SERVING;
    pthread_mutex_unlock(&watch->lock);
    return serving;
}

/* systemd 253 and later want to know when it began (sd_notify(3)). */
void
watch_reloading(struct watch *watch)
{
    if (is_serving(watch))
        sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_us());
}

void
watch_reloaded(struct watch *watch)
{
    if (is_serving(watch))
        sd_notify(0, "READY=1");
}

void
watch_status(struct watch *watch, const char *format, ...)
{
    char status[WATCH_STATUS_SIZE];
    va_list arguments;
    if (watch == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(status, sizeof status, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&watch->lock);
    bool changed = strcmp(watch->status, status) != 0;
    memcpy(watch->status, status, sizeof status);
    if (changed && watch->verdict == WATCH_ALIVE)
        sd_notifyf(0, "STATUS=%s", status);
    pthread_mutex_unlock(&watch->lock);
}
