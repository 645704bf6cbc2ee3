/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "tests/bench/peers/limits.h"
#include "tests/bench/peers/note.h"
#include "tests/bench/peers/peers.h"
#include "tests/bench/peers/pump.h"
#include "tests/bench/peers/sqlite.h"

/* W1 to W4: each system in turn, each time on an empty directory. */

static const struct {
    enum ask ask;
    uint32_t connections, window;
    enum row rate, p99;
} workloads[] = {
    {ASK_APPEND, 1, 1, ROW_W1, ROW_W1_P99},
    {ASK_APPEND, 1, PEERS_OUTSTANDING, ROW_W2, ROW_W2_P99},
    {ASK_APPEND, PEERS_CLIENTS, 1, ROW_W3, ROW_W3_P99},
    {ASK_BATCH, 1, 1, ROW_W4, ROW_W4_P99},
};

#define WORKLOAD_COUNT (sizeof(workloads) / sizeof(workloads[0]))

static void
append(struct peers *peers, enum system system, const struct server *server)
{
    uint64_t first = 1;
    for (size_t i = 0; i < WORKLOAD_COUNT; i++) {
        enum ask ask = workloads[i].ask;
        uint32_t step = pump_step(server->dialect, ask);
        struct pump_plan plan = {.dialect = server->dialect,
                                 .address = server->address,
                                 .ask = ask,
                                 .connections = workloads[i].connections,
                                 .window = workloads[i].window,
                                 .first = first,
                                 .requests_max = UINT64_MAX,
                                 .seconds_max = peers->seconds};
        if ((server->dialect->asks & ASKS(ask)) == 0)
            continue;
        struct pump_result result = pump_run(&plan);
        first += result.requests * step;
        scores_add(&peers->scores, workloads[i].rate, system,
                   (double)result.requests * step / result.seconds);
        scores_add(&peers->scores, workloads[i].p99, system,
                   series_at(&result.us, 0.99));
        if (workloads[i].rate == ROW_W1)
            scores_add(&peers->scores, ROW_W1_P50, system,
                       series_at(&result.us, 0.5));
        series_deinit(&result.us);
    }
}

/* Each round begins with another system: what goes before, the writing of the
 * machine's limits above all, leaves the disk busier than it was. */
static void
append_round(struct peers *peers, int round)
{
    struct server server;
    if (peers->takes_part[SYSTEM_MACHINE])
        limits_flush(&peers->scores, peers->scratch, peers->seconds);
    int first = round * SYSTEM_COUNT / peers->rounds;
    for (int i = 0; i < SYSTEM_COUNT; i++) {
        enum system system = (enum system)((first + i) % SYSTEM_COUNT);
        if (!peers_prepare(peers, system, &server))
            continue;
        sync(); /* what others wrote is not this one's to flush */
        (void)server_start(&server, 0);
        server_create(&server);
        append(peers, system, &server);
        server_stop(&server);
        server_remove(&server);
    }
    if (peers->takes_part[SYSTEM_SQLITE])
        peers->takes_part[SYSTEM_SQLITE] =
            sqlite_append(&peers->scores, peers->scratch, peers->seconds);
}

void
peers_append(struct peers *peers)
{
    for (int round = 0; round < peers->rounds; round++) {
        fprintf(stderr, "W1-W4, round %d of %d\n", round + 1, peers->rounds);
        append_round(peers, round);
    }
}
