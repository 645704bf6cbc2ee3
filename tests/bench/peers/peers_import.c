/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/fail.h"
#include "tests/bench/peers/note.h"
#include "tests/bench/peers/peers.h"
#include "tests/bench/peers/pump.h"

/*
 * What an import costs others: a process of its own appends, batches of 1000
 * and PUMP_LOAD_BATCHES at a time, while this one asks on a connection.
 */

#define EARLIER_SHARE 10 /* of the import: what is stored before it */
#define SLICE_SECONDS 0.1

enum asked {
    ASKED_PING,
    ASKED_STATE,
    ASKED_APART, /* `state` of a partnership that is not imported */
    ASKED_COUNT
};

struct latencies {
    struct series us[ASKED_COUNT];
};

static void
ask_all(const struct server *server, uint64_t stored, double seconds,
        struct latencies *latencies)
{
    static const enum ask asks[] = {
        [ASKED_PING] = ASK_PING,
        [ASKED_STATE] = ASK_STATE,
        [ASKED_APART] = ASK_STATE,
    };
    for (int i = 0; i < ASKED_COUNT; i++) {
        struct pump_result result =
            pump_some(server->dialect, server->address, asks[i],
                      i == ASKED_APART ? 0 : stored, seconds);
        for (size_t k = 0; k < result.us.count; k++)
            series_add(&latencies->us[i], result.us.values[k]);
        series_deinit(&result.us);
    }
}

static pid_t
import_begin(const struct server *server, uint64_t first, uint64_t count)
{
    pid_t pid = fork();
    if (pid < 0)
        fail("fork: %s", strerror(errno));
    if (pid > 0)
        return pid;
    (void)pump_load(server->dialect, server->address, ASK_BATCH, first, count);
    _exit(0);
}

static void
tell(struct peers *peers, enum system system, struct latencies *latencies)
{
    static const enum row rows[][2] = {
        [ASKED_PING] = {ROW_BUSY_PING_P50, ROW_BUSY_PING_P99},
        [ASKED_STATE] = {ROW_BUSY_STATE_P50, ROW_BUSY_STATE_P99},
        [ASKED_APART] = {ROW_BUSY_APART_P50, ROW_BUSY_APART_P99},
    };
    for (int i = 0; i < ASKED_COUNT; i++) {
        struct series *us = &latencies->us[i];
        scores_add(&peers->scores, rows[i][0], system, series_at(us, 0.5));
        scores_add(&peers->scores, rows[i][1], system, series_at(us, 0.99));
        series_deinit(us);
    }
}

void
peers_import(struct peers *peers)
{
    struct server server;
    struct latencies idle = {0}, busy = {0};
    uint64_t earlier = peers->stored / EARLIER_SHARE;
    int status = 0;
    char scratch[SERVER_PATH_SIZE];
    struct peers apart = *peers; /* the stored log has the usual directory */
    snprintf(scratch, sizeof(scratch), "%s/import", peers->scratch);
    if (mkdir(scratch, 0755) != 0)
        fail("%s: %s", scratch, strerror(errno));
    apart.scratch = scratch;
    if (!peers_prepare(&apart, SYSTEM_ENTENTE, &server))
        fail("the daemon is not there any more");
    (void)server_start(&server, 0);
    (void)pump_load(server.dialect, server.address, ASK_APPEND, 0, 1);
    (void)pump_load(server.dialect, server.address, ASK_LOAD, 1, earlier);
    ask_all(&server, earlier, peers->seconds, &idle);
    pid_t pid = import_begin(&server, earlier + 1, peers->stored);
    while (waitpid(pid, &status, WNOHANG) == 0)
        ask_all(&server, earlier, SLICE_SECONDS, &busy);
    if (status != 0)
        fail("the import did not end well");
    tell(peers, SYSTEM_MACHINE, &idle);
    tell(peers, SYSTEM_ENTENTE, &busy);
    server_stop(&server);
    server_remove(&server);
    (void)rmdir(scratch);
}
