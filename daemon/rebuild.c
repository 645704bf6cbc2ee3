/* SPDX-License-Identifier: MIT */
#include "daemon/rebuild.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Events of one transaction: large ones write each page of an index once. */
#define REBUILD_BATCH ((size_t)16384)

/* So few events behind the old views the writer takes over: what it does in one
 * transaction anyway. */
#define REBUILD_NEAR_MAX ((uint64_t)8192)

struct rebuild {
    struct views *views, *beside;
    struct log_reader *log_reader; /* the thread's */
    pthread_t thread;
    _Atomic int state;
    _Atomic bool stop;
    void (*wake)(void *context);
    void *context;
};

/* How far the new views are behind the old ones. */
static uint64_t
distance(const struct rebuild *rebuild)
{
    uint64_t old = views_position(rebuild->views);
    uint64_t new = views_position(rebuild->beside);
    return old > new ? old - new : 0;
}

static void *
run(void *context)
{
    struct rebuild *rebuild = context;
    enum views_result result = VIEWS_OK;
    while (result == VIEWS_OK && distance(rebuild) > REBUILD_NEAR_MAX &&
           !atomic_load(&rebuild->stop)) {
        size_t applied;
        result = views_apply(rebuild->beside, rebuild->log_reader,
                             REBUILD_BATCH, &applied);
    }
    atomic_store(&rebuild->state,
                 result == VIEWS_OK ? REBUILD_NEAR : REBUILD_FAILED);
    rebuild->wake(rebuild->context);
    return NULL;
}

/* Signals are the reactor's; SIGBUS comes to whoever causes it. */
static bool
start_thread(struct rebuild *rebuild)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&rebuild->thread, NULL, run, rebuild);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static void
release(struct rebuild *rebuild)
{
    log_reader_free(rebuild->log_reader);
    if (rebuild->beside != NULL)
        views_discard(rebuild->beside);
    free(rebuild);
}

struct rebuild *
rebuild_start(struct views *views, struct log *log, void (*wake)(void *context),
              void *context, struct diag_reason *reason)
{
    struct rebuild *rebuild = calloc(1, sizeof *rebuild);
    if (rebuild == NULL) {
        diag_because(reason, "out of memory");
        return NULL;
    }
    rebuild->views = views;
    rebuild->wake = wake;
    rebuild->context = context;
    rebuild->log_reader = log_reader_new(log);
    if (views_open_beside(views, &rebuild->beside, reason) != 0) {
        release(rebuild);
        return NULL;
    }
    if (rebuild->log_reader == NULL || !start_thread(rebuild)) {
        diag_because(reason, "out of memory");
        release(rebuild);
        return NULL;
    }
    return rebuild;
}

enum rebuild_state
rebuild_state(const struct rebuild *rebuild)
{
    return (enum rebuild_state)atomic_load(&rebuild->state);
}

enum views_result
rebuild_finish(struct rebuild *rebuild, struct log_reader *log_reader)
{
    enum views_result result = VIEWS_OK;
    uint64_t left;
    pthread_join(rebuild->thread, NULL);
    while (result == VIEWS_OK && (left = distance(rebuild)) > 0) {
        size_t applied;
        result =
            views_apply(rebuild->beside, log_reader, (size_t)left, &applied);
    }
    while (result == VIEWS_OK && (left = views_position(rebuild->beside) -
                                         views_position(rebuild->views)) > 0) {
        size_t applied;
        result =
            views_apply(rebuild->views, log_reader, (size_t)left, &applied);
    }
    if (result == VIEWS_OK) {
        int rc = views_swap(rebuild->views, rebuild->beside);
        if (rc == 0)
            rebuild->beside = NULL;
        else
            diag_of(DIAG_REBUILD_FAILED,
                    "the rebuilt views cannot be put in place: %s",
                    strerror(-rc));
        result = rc == 0 ? VIEWS_OK : VIEWS_FULL;
    }
    release(rebuild);
    return result;
}

void
rebuild_abandon(struct rebuild *rebuild)
{
    if (rebuild == NULL)
        return;
    atomic_store(&rebuild->stop, true);
    pthread_join(rebuild->thread, NULL);
    release(rebuild);
}
