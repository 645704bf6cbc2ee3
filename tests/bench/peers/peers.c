/* SPDX-License-Identifier: MIT */
#include "tests/bench/peers/peers.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/fail.h"
#include "tests/bench/peers/note.h"

/*
 * peers: the daemon $ENTENTED beside other systems that store events, the
 * least server that could do it ($BENCH_FLOOR), and the machine itself.  It
 * judges answers; what it says of speed it judges in words only.
 */

static const char usage[] =
    "usage: peers --scratch DIR [OPTION]... [SYSTEM]...\n"
    "\n"
    "  --scratch DIR  an empty directory on a real disk\n"
    "  --quick        one short round, fewer events\n"
    "  --rounds N     by turns (3)\n"
    "  --events N     that are stored for W5 to W9, in thousands (1000)\n"
    "  --seconds N    of each workload in each round (2)\n"
    "  --only W       append (W1 to W4) or stored (W5 to W9)\n"
    "  --sync         instead of all that, count flushes with strace\n"
    "  --growth       instead, our daemon alone on growing logs, up to "
    "--events\n"
    "  --tabs FILE    write the table there too, with tabs\n"
    "\n"
    "SYSTEM: entente, floor-file, floor-lmdb, redis-always, redis-everysec,\n"
    "nats, postgresql, tarantool, sqlite, machine; all of them where none is\n"
    "given.  Those that are not installed are left out.\n";

static const struct option long_options[] = {
    {"scratch", required_argument, NULL, 's'},
    {"quick", no_argument, NULL, 'q'},
    {"rounds", required_argument, NULL, 'r'},
    {"events", required_argument, NULL, 'e'},
    {"seconds", required_argument, NULL, 'n'},
    {"only", required_argument, NULL, 'o'},
    {"sync", no_argument, NULL, 'y'},
    {"growth", no_argument, NULL, 'g'},
    {"tabs", required_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct asked {
    const char *tabs, *only;
    bool sync, growth;
};

const struct dialect *
peers_dialect(enum system system)
{
    switch (system) {
    case SYSTEM_ENTENTE:
        return &dialect_entente;
    case SYSTEM_FLOOR_FILE:
    case SYSTEM_FLOOR_LMDB:
        return &dialect_floor;
    case SYSTEM_REDIS_ALWAYS:
    case SYSTEM_REDIS_EVERYSEC:
        return &dialect_redis;
    case SYSTEM_NATS:
        return &dialect_nats;
    case SYSTEM_POSTGRESQL:
        return &dialect_postgresql;
    case SYSTEM_TARANTOOL:
        return &dialect_tarantool;
    case SYSTEM_SQLITE:
    case SYSTEM_MACHINE:
    case SYSTEM_COUNT:
        break;
    }
    return NULL;
}

bool
peers_prepare(struct peers *peers, enum system system, struct server *server)
{
    const struct dialect *dialect = peers_dialect(system);
    if (!peers->takes_part[system] || dialect == NULL)
        return false;
    if (server_prepare(server, scores_system_name(system), dialect,
                       peers->scratch))
        return true;
    fprintf(stderr, "%s is left out\n", scores_system_name(system));
    peers->takes_part[system] = false;
    *server = (struct server){0};
    return false;
}

/* --- what is asked for ----------------------------------------------------*/

static double
read_number(const char *text)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || number <= 0)
        fail("%s: a number over 0 is wanted", text);
    return number;
}

static void
be_quick(struct peers *peers)
{
    peers->rounds = 1;
    peers->seconds = 0.5;
    peers->stored = UINT64_C(200000);
}

static struct asked
read_options(struct peers *peers, int argc, char **argv)
{
    struct asked asked = {0};
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 's':
            peers->scratch = optarg;
            break;
        case 'q':
            be_quick(peers);
            break;
        case 'r':
            peers->rounds = (int)read_number(optarg);
            break;
        case 'e':
            peers->stored = NOTE_BATCH * (uint64_t)read_number(optarg);
            break;
        case 'n':
            peers->seconds = read_number(optarg);
            break;
        case 'o':
            asked.only = optarg;
            break;
        case 'y':
            asked.sync = true;
            break;
        case 'g':
            asked.growth = true;
            break;
        case 't':
            asked.tabs = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        default: /* getopt_long has said why */
            exit(EXIT_FAILURE);
        }
    }
    if (peers->scratch == NULL)
        fail("--scratch DIR is missing; see --help");
    return asked;
}

static void
read_system(struct peers *peers, const char *name)
{
    for (int i = 0; i < SYSTEM_COUNT; i++) {
        if (strcmp(scores_system_name((enum system)i), name) == 0) {
            peers->takes_part[i] = true;
            return;
        }
    }
    fail("%s is not a system; see --help", name);
}

/* Each half is told when it is done, and not lost where the other fails. */
static void
run(struct peers *peers, const struct asked *asked)
{
    const char *only = asked->only;
    FILE *tabs = asked->tabs == NULL ? NULL : fopen(asked->tabs, "we");
    if (asked->tabs != NULL && tabs == NULL)
        fail("%s: %s", asked->tabs, strerror(errno));
    scores_head(tabs);
    if (only == NULL || strcmp(only, "append") == 0) {
        peers_append(peers);
        scores_tell(&peers->scores, ROW_W1, ROW_LOAD, tabs);
    }
    if (only == NULL || strcmp(only, "stored") == 0) {
        peers_stored(peers);
        scores_tell(&peers->scores, ROW_LOAD, ROW_COUNT, tabs);
    }
    if (tabs != NULL && fclose(tabs) != 0)
        fail("%s: %s", asked->tabs, strerror(errno));
    scores_deinit(&peers->scores);
}

int
main(int argc, char **argv)
{
    static struct peers peers = {
        .rounds = 3, .seconds = 2, .stored = UINT64_C(1000000)};
    struct asked asked = read_options(&peers, argc, argv);
    for (int i = optind; i < argc; i++)
        read_system(&peers, argv[i]);
    for (int i = 0; i < SYSTEM_COUNT && optind == argc; i++)
        peers.takes_part[i] = true;
    server_init();
    note_init();
    if (asked.sync || asked.growth) {
        if (asked.sync)
            peers_sync(&peers);
        if (asked.growth)
            peers_growth(&peers);
        return EXIT_SUCCESS;
    }
    run(&peers, &asked);
    return EXIT_SUCCESS;
}
