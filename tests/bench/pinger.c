/* SPDX-License-Identifier: MIT */
#include "tests/bench/pinger.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "tests/bench/fail.h"
#include "tests/bench/link.h"

struct pinger {
    pthread_t thread;
    struct link *link;
    atomic_bool stop;
    struct series series; /* the thread's until it is joined */
};

static void *
pinger_run(void *argument)
{
    static const uint8_t nothing[] = {0x80}; /* an empty map */
    struct pinger *pinger = argument;
    struct span params = {nothing, sizeof(nothing)};
    while (!atomic_load(&pinger->stop)) {
        double start = clock_us();
        (void)link_call(pinger->link, "ping", params);
        series_add(&pinger->series, clock_us() - start);
    }
    return NULL;
}

struct pinger *
pinger_start(const char *socket)
{
    struct pinger *pinger = calloc(1, sizeof(*pinger));
    if (pinger == NULL)
        fail("no memory");
    pinger->link = link_open(socket);
    if (pthread_create(&pinger->thread, NULL, pinger_run, pinger) != 0)
        fail("no thread");
    return pinger;
}

struct series
pinger_stop(struct pinger *pinger)
{
    atomic_store(&pinger->stop, true);
    pthread_join(pinger->thread, NULL);
    struct series series = pinger->series;
    link_close(pinger->link);
    free(pinger);
    return series;
}
