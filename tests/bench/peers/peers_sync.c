/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/fail.h"
#include "tests/bench/peers/peers.h"
#include "tests/bench/peers/pump.h"

/*
 * Each system again, under strace, with a fixed number of requests: how often
 * it flushed.  With so many requests on their way, one flush can stand for no
 * more than that many acknowledgements; one by one, each needs its own.
 */

#define LINE_SIZE 512
#define PATH_SIZE (SERVER_PATH_SIZE + sizeof(".trace"))

static const struct {
    const char *name;
    enum ask ask;
    uint32_t connections, window;
    uint64_t requests;
} workloads[] = {
    {"W1", ASK_APPEND, 1, 1, 200},
    {"W2", ASK_APPEND, 1, PEERS_OUTSTANDING, 4096},
    {"W3", ASK_APPEND, PEERS_CLIENTS, 1, 1000},
    {"W4", ASK_BATCH, 1, 1, 20},
};

#define WORKLOAD_COUNT (sizeof(workloads) / sizeof(workloads[0]))

/* What strace has written up to now. */
struct flushes {
    uint64_t journal; /* of our journal, which is what we acknowledge by */
    uint64_t all;
    bool writes_flush; /* a file was opened so that each write is one */
};

static struct flushes
count_flushes(const char *path)
{
    char line[LINE_SIZE];
    struct flushes flushes = {0};
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof(line), file) != NULL) {
        bool flush = strstr(line, "sync(") != NULL;
        flushes.all += flush ? 1 : 0;
        flushes.journal += flush && strstr(line, "/log.journal>") ? 1 : 0;
        flushes.writes_flush |= strstr(line, "open") != NULL &&
                                strstr(line, "O_SYNC") != NULL &&
                                strstr(line, ".xlog") != NULL;
    }
    fclose(file);
    return flushes;
}

/* -D: the server stays our child, and strace is the one that steps aside. */
static void
put_strace_before(struct server *server, char *trace)
{
    static char *const words[] = {"strace",
                                  "-D",
                                  "-f",
                                  "-qq",
                                  "-y",
                                  "-e",
                                  "trace=fsync,fdatasync,open,openat",
                                  "-e",
                                  "signal=none",
                                  "-o"};
    size_t count = sizeof(words) / sizeof(words[0]), own = 0;
    while (server->words[own] != NULL)
        own++;
    if (own + count + 1 > SERVER_WORDS_MAX)
        fail("%s: too long a command", server->name);
    memmove(&server->words[count + 1], server->words,
            (own + 1) * sizeof(server->words[0]));
    memcpy(server->words, words, sizeof(words));
    server->words[count] = trace;
}

static void
tell(enum system system, size_t workload, const struct flushes *before,
     const struct flushes *after, uint64_t requests)
{
    bool ours = system == SYSTEM_ENTENTE;
    uint64_t all = after->all - before->all;
    uint64_t flushes = ours ? after->journal - before->journal : all;
    uint64_t window =
        (uint64_t)workloads[workload].connections * workloads[workload].window;
    printf("%-15s %-4s %8llu %8llu %8.4f  %s\n", scores_system_name(system),
           workloads[workload].name, (unsigned long long)requests,
           (unsigned long long)flushes, (double)flushes / (double)requests,
           ours                  ? "of its journal"
           : after->writes_flush ? "each write of its log is one (O_SYNC)"
                                 : "");
    if (ours && flushes * window < requests)
        fail("it acknowledged more than it can have flushed");
    if (ours && window == 1 && flushes != requests)
        fail("one flush for each was meant");
}

static void
watch(enum system system, struct server *server)
{
    char trace[PATH_SIZE];
    uint64_t first = 1;
    snprintf(trace, sizeof(trace), "%s.trace", server->data);
    put_strace_before(server, trace);
    (void)server_start(server, 0);
    server_create(server);
    for (size_t i = 0; i < WORKLOAD_COUNT; i++) {
        if ((server->dialect->asks & ASKS(workloads[i].ask)) == 0)
            continue;
        struct pump_plan plan = {.dialect = server->dialect,
                                 .address = server->address,
                                 .ask = workloads[i].ask,
                                 .connections = workloads[i].connections,
                                 .window = workloads[i].window,
                                 .first = first,
                                 .requests_max = workloads[i].requests};
        struct flushes before = count_flushes(trace);
        struct pump_result result = pump_run(&plan);
        struct flushes after = count_flushes(trace);
        series_deinit(&result.us);
        first += result.requests * pump_step(server->dialect, plan.ask);
        tell(system, i, &before, &after, result.requests);
    }
    server_stop(server);
    (void)remove(trace);
}

void
peers_sync(struct peers *peers)
{
    struct server server;
    printf("%-15s %-4s %8s %8s %8s  %s\n", "system", "", "requests", "flushes",
           "for each", "remark");
    for (int i = 0; i < SYSTEM_COUNT; i++) {
        if (!peers_prepare(peers, (enum system)i, &server))
            continue;
        watch((enum system)i, &server);
        fflush(stdout);
        server_remove(&server);
    }
}
