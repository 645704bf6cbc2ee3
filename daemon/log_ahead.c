/* SPDX-License-Identifier: MIT */
#include "daemon/log_ahead.h"

#include <fcntl.h>
#include <signal.h>

/* After so much it looks whether the reader is elsewhere. */
#define STEP_SIZE ((uint64_t)512 << 10)

void
log_ahead_init(struct log_ahead *ahead)
{
    *ahead = (struct log_ahead){.started = false};
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->moved, NULL);
}

/* Enough was asked for. */
static bool
is_ahead(const struct log_ahead *ahead)
{
    return ahead->next - ahead->place >= LOG_AHEAD_SIZE;
}

static void *
run(void *context)
{
    struct log_ahead *ahead = context;
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->stopping) {
        if (is_ahead(ahead)) {
            pthread_cond_wait(&ahead->moved, &ahead->lock);
            continue;
        }
        int fd = ahead->fd;
        uint64_t from = ahead->next;
        ahead->next += STEP_SIZE;
        pthread_mutex_unlock(&ahead->lock);
        (void)readahead(fd, (off_t)from, STEP_SIZE); /* no more than a hint */
        pthread_mutex_lock(&ahead->lock);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

/* Signals are the reactor's. */
static bool
start(struct log_ahead *ahead)
{
    sigset_t all, before;
    sigfillset(&all);
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
log_ahead_follow(struct log_ahead *ahead, int fd, uint64_t place)
{
    pthread_mutex_lock(&ahead->lock);
    if (place < ahead->place || place > ahead->next)
        ahead->next = place;
    ahead->place = place;
    ahead->fd = fd;
    if (!ahead->started)
        ahead->started = start(ahead);
    if (!is_ahead(ahead))
        pthread_cond_signal(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
}
