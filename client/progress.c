/* SPDX-License-Identifier: MIT */
#include "client/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Smooth to look at, and of no weight. */
#define PROGRESS_INTERVAL_MS 100
#define BAR_WIDTH 30

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
progress_init(struct progress *progress, uint64_t total)
{
    *progress = (struct progress){.shown = isatty(STDERR_FILENO) == 1,
                                  .total = total,
                                  .started_ms = now_ms()};
}

static void
draw_bar(uint64_t bytes, uint64_t total)
{
    uint64_t done = bytes < total ? bytes : total;
    int filled = (int)((double)done / (double)total * BAR_WIDTH);
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "[%s] %3d %%  ", bar,
            (int)((double)done / (double)total * 100));
}

void
progress_update(struct progress *progress, uint64_t bytes, uint64_t events)
{
    int64_t now = now_ms();
    if (!progress->shown || now - progress->drawn_ms < PROGRESS_INTERVAL_MS)
        return;
    int64_t elapsed_ms = now - progress->started_ms;
    uint64_t rate = elapsed_ms > 0 ? events * 1000 / (uint64_t)elapsed_ms : 0;
    fputs("\r\x1b[K", stderr);
    if (progress->total > 0)
        draw_bar(bytes, progress->total);
    fprintf(stderr, "%" PRIu64 " events, %" PRIu64 "/s", events, rate);
    fflush(stderr);
    progress->drawn = true;
    progress->drawn_ms = now;
}

void
progress_clear(struct progress *progress)
{
    if (progress->drawn)
        fputs("\r\x1b[K", stderr);
    progress->drawn = false;
}
