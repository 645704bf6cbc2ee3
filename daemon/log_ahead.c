/* SPDX-License-Identifier: MIT */
#include "daemon/log_ahead.h"

#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>

/* After so much it looks whether the reader is elsewhere. */
#define STEP_SIZE ((uintptr_t)256 << 10)
#define PAGE_SIZE ((uintptr_t)4096)

void
log_ahead_init(struct log_ahead *ahead)
{
    *ahead = (struct log_ahead){.started = false};
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->moved, NULL);
}

/*
 * False where there is nothing to map, or not so much.  In a guest whose page
 * tables the hypervisor shadows, what is in its own is not in those before it
 * is touched, and that is the larger part of the cost.
 */
static bool
map(uintptr_t from)
{
    if (madvise((void *)from, STEP_SIZE, MADV_POPULATE_READ) != 0)
        return false;
    for (uintptr_t at = from; at < from + STEP_SIZE; at += PAGE_SIZE)
        (void)*(const volatile uint8_t *)at;
    return true;
}

/* Where it is to go on, `*place` being where the reader was last: ahead of the
 * reader, and not where it has been already.  False when it is to end. */
static bool
wait_for_reader(struct log_ahead *ahead, uintptr_t *place, uintptr_t *next)
{
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->stopping && *next - *place >= LOG_AHEAD_SIZE &&
           ahead->place == *place)
        pthread_cond_wait(&ahead->moved, &ahead->lock);
    *place = ahead->place;
    bool goes_on = !ahead->stopping;
    pthread_mutex_unlock(&ahead->lock);
    if (*next - *place > LOG_AHEAD_SIZE) /* before it, too */
        *next = *place;
    return goes_on;
}

static void *
run(void *context)
{
    struct log_ahead *ahead = context;
    uintptr_t place = 0, next = LOG_AHEAD_SIZE;
    while (wait_for_reader(ahead, &place, &next)) {
        if (next - place >= LOG_AHEAD_SIZE)
            continue;
        next = map(next) ? next + STEP_SIZE : place + LOG_AHEAD_SIZE;
    }
    return NULL;
}

/* Signals are the reactor's; SIGBUS comes to whoever causes it. */
static bool
start(struct log_ahead *ahead)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&ahead->thread, NULL, run, ahead);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

void
log_ahead_deinit(struct log_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    ahead->stopping = true;
    pthread_cond_signal(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
    if (ahead->started)
        pthread_join(ahead->thread, NULL);
    pthread_cond_destroy(&ahead->moved);
    pthread_mutex_destroy(&ahead->lock);
}

void
log_ahead_follow(struct log_ahead *ahead, uintptr_t place)
{
    pthread_mutex_lock(&ahead->lock);
    ahead->place = place & ~(PAGE_SIZE - 1);
    if (!ahead->started)
        ahead->started = start(ahead);
    pthread_cond_signal(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
}
