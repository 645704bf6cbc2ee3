/* SPDX-License-Identifier: MIT */
#include "daemon/log_ahead.h"

#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "daemon/clock.h"

/* After so much it looks whether the reader is elsewhere. */
#define STEP_SIZE ((uintptr_t)256 << 10)
#define PAGE_SIZE ((uintptr_t)4096)

/* What a step takes at most that was mapped: some 10 us, and 80 to 250 where it
 * was not. */
#define STEP_MAPPED_US ((uint64_t)30)

/* Steps that are passed over at most: a look costs a tenth of what is read from
 * a step, and where nothing was mapped after all its reader loses some
 * milliseconds, once. */
#define PASSED_MAX 16u

void
log_ahead_init(struct log_ahead *ahead)
{
    *ahead = (struct log_ahead){.started = false};
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->moved, NULL);
}

enum found {
    FOUND_NOTHING, /* there is no more of the file, or not so much */
    FOUND_UNMAPPED,
    FOUND_MAPPED
};

static long
faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/*
 * Map a step.  In a guest, what is in its own page tables may still not be in
 * those of the hypervisor before it is touched, for the first time or after
 * some seconds: that is most of the cost, and nothing but the time tells.
 */
static enum found
map(uintptr_t from)
{
    long before = faults();
    uint64_t start_us = clock_us();
    if (madvise((void *)from, STEP_SIZE, MADV_POPULATE_READ) != 0)
        return FOUND_NOTHING;
    for (uintptr_t at = from; at < from + STEP_SIZE; at += PAGE_SIZE)
        (void)*(const volatile uint8_t *)at;
    bool quick = clock_us() - start_us < STEP_MAPPED_US;
    return quick && faults() == before ? FOUND_MAPPED : FOUND_UNMAPPED;
}

/* Enough is mapped ahead of the reader. */
static bool
is_ahead(const struct log_ahead *ahead)
{
    return ahead->next - ahead->place >= LOG_AHEAD_SIZE;
}

/* The next step; false when it is to end. */
static bool
wait_for_reader(struct log_ahead *ahead, uintptr_t *step)
{
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->stopping && is_ahead(ahead))
        pthread_cond_wait(&ahead->moved, &ahead->lock);
    *step = ahead->next;
    bool goes_on = !ahead->stopping;
    pthread_mutex_unlock(&ahead->lock);
    return goes_on;
}

/* Who reads what was read before finds it mapped, mostly: then more and more is
 * passed over between two looks.  When one of them finds something to do, what
 * was passed over before is done first; that the look itself has mapped its
 * step says nothing when it is met again. */
static uintptr_t
choose_next(struct log_ahead *ahead, uintptr_t step, enum found found)
{
    unsigned passed = ahead->passed;
    bool again = step == ahead->looked;
    ahead->passed = 0;
    if (found == FOUND_NOTHING)
        return ahead->place + LOG_AHEAD_SIZE;
    if (found == FOUND_UNMAPPED && passed > 0) {
        ahead->looked = step;
        return step - passed * STEP_SIZE;
    }
    if (found == FOUND_MAPPED && !again)
        ahead->passed = passed < PASSED_MAX / 2 ? 2 * passed + 1 : PASSED_MAX;
    return step + (1 + ahead->passed) * STEP_SIZE;
}

static void
go_on(struct log_ahead *ahead, uintptr_t step, enum found found)
{
    pthread_mutex_lock(&ahead->lock);
    if (ahead->next == step) { /* else the reader is elsewhere */
        uintptr_t next = choose_next(ahead, step, found);
        ahead->next = next < ahead->place ? ahead->place : next;
    }
    pthread_mutex_unlock(&ahead->lock);
}

static void *
run(void *context)
{
    struct log_ahead *ahead = context;
    uintptr_t step;
    while (wait_for_reader(ahead, &step))
        go_on(ahead, step, map(step));
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
    place &= ~(PAGE_SIZE - 1);
    bool overtaken = place > ahead->next;
    if (overtaken && place - ahead->next < LOG_AHEAD_SIZE) {
        /* It was faster and maps what is next itself: both do half of the work,
         * and not each the same. */
        ahead->next = place + LOG_AHEAD_STEP;
        ahead->passed = 0;
    } else if (overtaken || place < ahead->place) {
        ahead->next = place;
        ahead->passed = 0;
    }
    ahead->place = place;
    if (!ahead->started)
        ahead->started = start(ahead);
    if (!is_ahead(ahead))
        pthread_cond_signal(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
}
