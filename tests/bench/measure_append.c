/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/bench/entented.h"
#include "tests/bench/events.h"
#include "tests/bench/fail.h"
#include "tests/bench/load.h"
#include "tests/bench/measure.h"

/*
 * How fast events are appended, beside what the disk itself does: one write
 * and one flush.
 */

#define FLUSH_SIZE 4096
#define PARTNERSHIPS 100
/* More than all rounds append, so that there is always a next event. */
#define COUNT_MAX 50000000

struct way {
    const char *what;
    struct load_options options;
    struct series rates;
};

static bool
next_event(void *source, struct mp_buf *out)
{
    return events_next(source, out);
}

/* Flushes per second of a growing file in the scratch directory. */
static double
disk_rate(const struct measure *measure)
{
    static const uint8_t page[FLUSH_SIZE];
    char path[ENTENTED_PATH_SIZE];
    snprintf(path, sizeof(path), "%s/flushed", measure->scratch);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    double start = clock_us(), end = start + measure->seconds * 1e6;
    int count = 0;
    for (; clock_us() < end; count++) {
        if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page) ||
            fdatasync(fd) != 0)
            fail("%s: %s", path, strerror(errno));
    }
    double rate = count / ((clock_us() - start) / 1e6);
    close(fd);
    unlink(path);
    return rate;
}

static double
append_rate(struct link *link, const struct way *way, struct events *events)
{
    double start = clock_us();
    uint64_t count = load_run(link, &way->options, next_event, events);
    return (double)count / ((clock_us() - start) / 1e6);
}

static void
way_tell(struct way *way, struct series *disk, struct measure *measure)
{
    struct report_row row = {
        .group = "append",
        .what = way->what,
        .value = {series_at(&way->rates, 0.5), series_at(disk, 0.5)},
        .unit = "ev/s",
        .remark = "ratio: to the disk's flushes"};
    report_add(&measure->report, &row);
    series_deinit(&way->rates);
}

static void
ways_run(struct measure *measure, struct link *link, struct way *ways,
         size_t count)
{
    struct events_shape shape = events_shape_default;
    struct events events;
    struct series disk = {0};
    shape.count = COUNT_MAX;
    shape.partnerships = PARTNERSHIPS;
    events_init(&events, &shape);
    for (int round = 0; round < measure->rounds; round++) {
        series_add(&disk, disk_rate(measure));
        for (size_t i = 0; i < count; i++)
            series_add(&ways[i].rates, append_rate(link, &ways[i], &events));
    }
    events_deinit(&events);
    struct report_row row = {.group = "append",
                             .what = "the disk: 4 KiB written and flushed",
                             .value = {series_at(&disk, 0.5), 0},
                             .unit = "flush/s"};
    report_add(&measure->report, &row);
    for (size_t i = 0; i < count; i++)
        way_tell(&ways[i], &disk, measure);
    series_deinit(&disk);
}

void
measure_append(struct measure *measure)
{
    struct entented daemon;
    struct way ways[] = {
        {"1 event, 1 outstanding", {1, 1, measure->seconds}, {0}},
        {"1 event, 1024 outstanding", {1, 1024, measure->seconds}, {0}},
        {"batches of 1000, 1 outstanding", {1000, 1, measure->seconds}, {0}},
        {"batches of 1000, 4 outstanding", {1000, 4, measure->seconds}, {0}},
    };
    entented_init(&daemon, measure->scratch, "append");
    entented_start(&daemon);
    struct link *link = entented_link(&daemon);
    ways_run(measure, link, ways, sizeof(ways) / sizeof(ways[0]));
    link_close(link);
    entented_stop(&daemon);
}
