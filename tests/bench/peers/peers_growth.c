/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/fail.h"
#include "tests/bench/peers/note.h"
#include "tests/bench/peers/peers.h"
#include "tests/bench/peers/pump.h"

/* One log that grows: the same questions at each size. */

#define SIZE_FIRST UINT64_C(10000)
#define SIZE_FACTOR 10
#define SIZES_MAX 6
#define TEXT_SIZE 32
/* As in tests/bench/entented: what the daemon makes again from its log. */
#define VIEWS "views.mdb"

enum figure {
    APPEND,
    APPEND_CPU,
    AWAIT,
    REPLAY,
    REPLAY_CPU,
    PING_P50,
    PING_P99,
    GET_P50,
    GET_P99,
    STATE_P50,
    STATE_P99,
    TIMELINE_P50,
    TIMELINE_P99,
    REBUILD,
    START_CLEAN,
    START_KILLED,
    DISK,
    DISK_LOG,
    MEMORY,
    FIGURE_COUNT,
};

static const char *const titles[FIGURE_COUNT] = {
    [APPEND] = "append, batches of 1000, 4 outstanding: events/s",
    [APPEND_CPU] = "processor time per appended event, views and all: us",
    [AWAIT] = "then a `state` waits for the views: ms",
    [REPLAY] = "replay of all: events/s",
    [REPLAY_CPU] = "processor time per replayed event: us",
    [PING_P50] = "`ping`, p50: us",
    [PING_P99] = "`ping`, p99: us",
    [GET_P50] = "`get` by position, p50: us",
    [GET_P99] = "`get` by position, p99: us",
    [STATE_P50] = "`state` as of a random date, p50: us",
    [STATE_P99] = "`state` as of a random date, p99: us",
    [TIMELINE_P50] = "`timeline`, its first 50 as of a random date, p50: us",
    [TIMELINE_P99] = "`timeline`, its first 50 as of a random date, p99: us",
    [REBUILD] = "rebuild of all views: events/s",
    [START_CLEAN] = "start after a clean stop, to the newest event: ms",
    [START_KILLED] = "start after kill -9 amid the load: ms",
    [DISK] = "disk, all files: bytes/event",
    [DISK_LOG] = "disk, the log: bytes/event",
    [MEMORY] = "anonymous memory after all that: MiB",
};

struct growth {
    struct server server;
    double seconds; /* of each question */
    size_t count;
    uint64_t sizes[SIZES_MAX];
    double figures[SIZES_MAX][FIGURE_COUNT];
};

static void
ask(struct growth *growth, double *figures, enum ask ask, uint64_t size,
    enum figure p50)
{
    struct pump_result result =
        pump_some(growth->server.dialect, growth->server.address, ask, size,
                  growth->seconds);
    figures[p50] = series_at(&result.us, 0.5);
    figures[p50 + 1] = series_at(&result.us, 0.99);
    series_deinit(&result.us);
}

static double
await_views(struct growth *growth, uint64_t size)
{
    double start = clock_us();
    pump_once(growth->server.dialect, growth->server.address, ASK_STATE, size);
    return (clock_us() - start) / 1e6;
}

/* Grow from `size` to `larger`, until the views have followed. */
static void
grow(struct growth *growth, double *figures, uint64_t size, uint64_t larger)
{
    struct server *server = &growth->server;
    double count = (double)(larger - size), used = server_cpu(server);
    double seconds = pump_load(server->dialect, server->address, ASK_LOAD,
                               size + 1, larger - size);
    figures[APPEND] = count / seconds;
    figures[AWAIT] = await_views(growth, larger) * 1e3;
    figures[APPEND_CPU] = (server_cpu(server) - used) * 1e6 / count;
}

static void
replay(struct growth *growth, double *figures, uint64_t size)
{
    const struct server *server = &growth->server;
    double used = server_cpu(server);
    struct pump_result result =
        pump_replay(server->dialect, server->address, size);
    figures[REPLAY] = (double)size / result.seconds;
    figures[REPLAY_CPU] = (server_cpu(server) - used) * 1e6 / (double)size;
    series_deinit(&result.us);
}

static void
rebuild(struct growth *growth, double *figures, uint64_t size)
{
    static const char *const names[] = {VIEWS, VIEWS "-lock"};
    char path[2 * SERVER_PATH_SIZE];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", growth->server.data, names[i]);
        if (unlink(path) != 0 && errno != ENOENT)
            fail("%s: %s", path, strerror(errno));
    }
    double start = clock_us();
    (void)server_start(&growth->server, 0);
    (void)await_views(growth, size);
    figures[REBUILD] = (double)size / ((clock_us() - start) / 1e6);
}

/* From a running daemon of the size before to a running one of this. */
static void
measure_size(struct growth *growth, size_t i, uint64_t before)
{
    struct server *server = &growth->server;
    double *figures = growth->figures[i];
    uint64_t size = growth->sizes[i];
    uint64_t last = size - NOTE_BATCH; /* the rest is killed behind */
    grow(growth, figures, before, last);
    (void)pump_load(server->dialect, server->address, ASK_LOAD, last + 1,
                    NOTE_BATCH);
    server_kill(server);
    figures[START_KILLED] = server_start(server, size);
    (void)await_views(growth, size);
    server_stop(server);
    figures[DISK] = server_disk(server, "") / (double)size;
    figures[DISK_LOG] = server_disk(server, "log.mdb") / (double)size;
    figures[START_CLEAN] = server_start(server, size);
    replay(growth, figures, size);
    ask(growth, figures, ASK_PING, size, PING_P50);
    ask(growth, figures, ASK_AT, size, GET_P50);
    ask(growth, figures, ASK_STATE, size, STATE_P50);
    ask(growth, figures, ASK_TIMELINE, size, TIMELINE_P50);
    figures[MEMORY] = server_memory(server);
    server_stop(server);
    rebuild(growth, figures, size);
}

/* --- telling --------------------------------------------------------------*/

static void
format_figure(double value, char text[TEXT_SIZE])
{
    if (value >= 1e6)
        snprintf(text, TEXT_SIZE, "%.2f M", value / 1e6);
    else if (value >= 1e4)
        snprintf(text, TEXT_SIZE, "%.0f k", value / 1e3);
    else
        snprintf(text, TEXT_SIZE, "%.*f", value >= 100 ? 0 : 1, value);
}

static void
tell(const struct growth *growth)
{
    char text[TEXT_SIZE];
    printf("| events |");
    for (size_t i = 0; i < growth->count; i++) {
        format_figure((double)growth->sizes[i], text);
        printf(" %s |", text);
    }
    printf("\n| --- |");
    for (size_t i = 0; i < growth->count; i++)
        printf(" --: |");
    for (size_t figure = 0; figure < FIGURE_COUNT; figure++) {
        printf("\n| %s |", titles[figure]);
        for (size_t i = 0; i < growth->count; i++) {
            format_figure(growth->figures[i][figure], text);
            printf(" %s |", text);
        }
    }
    printf("\n");
}

void
peers_growth(struct peers *peers)
{
    struct growth growth = {.seconds = peers->seconds};
    uint64_t before = 0, size = SIZE_FIRST;
    peers->takes_part[SYSTEM_ENTENTE] = true;
    if (!peers_prepare(peers, SYSTEM_ENTENTE, &growth.server))
        fail("there is no daemon to measure");
    (void)server_start(&growth.server, 0);
    for (; size <= peers->stored && growth.count < SIZES_MAX;
         size *= SIZE_FACTOR) {
        fprintf(stderr, "%llu events\n", (unsigned long long)size);
        growth.sizes[growth.count] = size;
        measure_size(&growth, growth.count++, before);
        before = size;
    }
    server_stop(&growth.server);
    server_remove(&growth.server);
    tell(&growth);
}
