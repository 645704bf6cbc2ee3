/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "tests/bench/peers/canned.h"
#include "tests/bench/peers/limits.h"
#include "tests/bench/peers/note.h"
#include "tests/bench/peers/peers.h"
#include "tests/bench/peers/pump.h"
#include "tests/bench/peers/sqlite.h"

/*
 * W5 to W9: every system is loaded with the same events, then each in turn is
 * started, asked, killed, started and stopped, in each round.
 */

struct stored {
    struct server servers[SYSTEM_COUNT]; /* data[0] is 0 where there is none */
};

/* These are read as their siblings are, or not at all. */
static bool
is_read(enum system system)
{
    return system != SYSTEM_FLOOR_FILE && system != SYSTEM_REDIS_EVERYSEC;
}

static bool
has(const struct server *server, enum ask ask)
{
    return (server->dialect->asks & ASKS(ask)) != 0;
}

/* --- loading --------------------------------------------------------------*/

static void
measure_disk(struct peers *peers, enum system system,
             const struct server *server, double empty, double empty_base)
{
    double count = (double)peers->stored;
    scores_add(&peers->scores, ROW_W7_ALL, system,
               (server_disk(server, "") - empty) / count);
    if (system == SYSTEM_POSTGRESQL)
        scores_add(&peers->scores, ROW_W7_TABLES, system,
                   (server_disk(server, "base") - empty_base) / count);
    if (system == SYSTEM_ENTENTE)
        scores_add(&peers->scores, ROW_W7_TABLES, system,
                   (server_disk(server, "") - empty) / count);
}

static void
load_facts(const struct peers *peers, struct server *server)
{
    struct wire wire;
    const struct dialect *dialect = server->dialect;
    (void)server_start(server, 0);
    if (wire_open(&wire, server->address) != 0 || !dialect->greet(&wire))
        return; /* what is asked next says so */
    dialect->facts_begin(&wire);
    (void)pump_load(dialect, server->address, ASK_FACTS, 1, peers->stored);
    dialect->facts_end(&wire);
    wire_close(&wire);
    server_stop(server);
}

static void
prepare_stored(struct peers *peers, enum system system, struct server *server)
{
    (void)server_start(server, 0);
    server_create(server);
    sync();
    bool tables = system == SYSTEM_POSTGRESQL;
    double empty = server_disk(server, ""), used = server_cpu(server);
    double empty_base = tables ? server_disk(server, "base") : 0;
    double seconds = pump_load(server->dialect, server->address,
                               has(server, ASK_LOAD) ? ASK_LOAD : ASK_APPEND, 1,
                               peers->stored);
    /* Our views follow the log; a question about them waits for them. */
    if (system == SYSTEM_ENTENTE)
        pump_once(server->dialect, server->address, ASK_STATE, peers->stored);
    used = server_cpu(server) - used;
    scores_add(&peers->scores, ROW_LOAD, system,
               (double)peers->stored / seconds);
    if (!tables) /* whose work is done by its children */
        scores_add(&peers->scores, ROW_CPU_LOAD, system,
                   used * 1e6 / (double)peers->stored);
    server_stop(server);
    measure_disk(peers, system, server, empty, empty_base);
    if (has(server, ASK_FACTS))
        load_facts(peers, server);
}

/* --- asking ---------------------------------------------------------------*/

static void
look_up(struct peers *peers, enum system system, const struct server *server,
        enum ask ask, const enum row rows[3])
{
    if (!has(server, ask))
        return;
    struct pump_result result = pump_some(server->dialect, server->address, ask,
                                          peers->stored, peers->seconds);
    scores_add(&peers->scores, rows[0], system,
               (double)result.requests / result.seconds);
    scores_add(&peers->scores, rows[1], system, series_at(&result.us, 0.99));
    if (rows[2] != ROW_COUNT)
        scores_add(&peers->scores, rows[2], system, series_at(&result.us, 0.5));
    series_deinit(&result.us);
}

static void
replay(struct peers *peers, enum system system, const struct server *server)
{
    double used = server_cpu(server);
    struct pump_result result =
        pump_replay(server->dialect, server->address, peers->stored);
    used = server_cpu(server) - used;
    scores_add(&peers->scores, ROW_W5, system,
               (double)peers->stored / result.seconds);
    if (system != SYSTEM_POSTGRESQL)
        scores_add(&peers->scores, ROW_CPU_REPLAY, system,
                   used * 1e6 / (double)peers->stored);
    series_deinit(&result.us);
}

/* What is stored of an event is what a replay sends of it. */
static void
measure_bytes(struct peers *peers, const struct server *server)
{
    size_t size =
        canned_replay(&peers->scores, server, peers->scratch, peers->stored);
    scores_add(&peers->scores, ROW_W7_LOG, SYSTEM_ENTENTE,
               server_disk(server, "log.mdb") / (double)size);
}

static void
ping(struct peers *peers, const struct server *server)
{
    struct pump_result result =
        pump_some(server->dialect, server->address, ASK_PING, peers->stored,
                  peers->seconds);
    scores_add(&peers->scores, ROW_W9_P50, SYSTEM_MACHINE,
               series_at(&result.us, 0.5));
    scores_add(&peers->scores, ROW_W9_P99, SYSTEM_MACHINE,
               series_at(&result.us, 0.99));
    series_deinit(&result.us);
}

static void
ask(struct peers *peers, enum system system, struct server *server)
{
    static const enum row at[] = {ROW_W6_AT, ROW_W6_AT_P99, ROW_COUNT};
    static const enum row since[] = {ROW_W6_SINCE, ROW_W6_SINCE_P99, ROW_COUNT};
    static const enum row state[] = {ROW_W9, ROW_W9_P99, ROW_W9_P50};
    scores_add(&peers->scores, ROW_W8_CLEAN, system,
               server_start(server, peers->stored));
    replay(peers, system, server);
    if (system == SYSTEM_ENTENTE)
        measure_bytes(peers, server);
    look_up(peers, system, server, ASK_AT, at);
    look_up(peers, system, server, ASK_SINCE, since);
    if (system == SYSTEM_ENTENTE)
        ping(peers, server);
    look_up(peers, system, server, ASK_STATE, state);
    scores_add(&peers->scores, ROW_W7_MEMORY, system, server_memory(server));
    server_kill(server);
    scores_add(&peers->scores, ROW_W8_KILLED, system,
               server_start(server, peers->stored));
    server_stop(server);
}

static void
ask_rounds(struct peers *peers, struct stored *stored)
{
    for (int round = 0; round < peers->rounds; round++) {
        fprintf(stderr, "W5-W9, round %d of %d\n", round + 1, peers->rounds);
        if (peers->takes_part[SYSTEM_MACHINE])
            limits_echo(&peers->scores, peers->seconds);
        if (stored->servers[SYSTEM_FLOOR_LMDB].name != NULL)
            limits_scan(&peers->scores,
                        stored->servers[SYSTEM_FLOOR_LMDB].data);
        if (peers->takes_part[SYSTEM_ENTENTE])
            peers_import(peers);
        for (int i = 0; i < SYSTEM_COUNT; i++) {
            if (stored->servers[i].name != NULL)
                ask(peers, (enum system)i, &stored->servers[i]);
        }
    }
}

void
peers_stored(struct peers *peers)
{
    struct stored stored = {0};
    for (int i = 0; i < SYSTEM_COUNT; i++) {
        struct server *server = &stored.servers[i];
        enum system system = (enum system)i;
        if (!is_read(system) || !peers_prepare(peers, system, server))
            continue;
        fprintf(stderr, "loading %s\n", server->name);
        sync();
        prepare_stored(peers, system, server);
    }
    ask_rounds(peers, &stored);
    for (int i = 0; i < SYSTEM_COUNT; i++) {
        if (stored.servers[i].name != NULL)
            server_remove(&stored.servers[i]);
    }
    if (peers->takes_part[SYSTEM_SQLITE])
        (void)sqlite_stored(&peers->scores, peers->scratch, peers->stored,
                            peers->rounds, peers->seconds);
}
