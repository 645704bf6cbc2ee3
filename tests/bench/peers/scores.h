/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PEERS_SCORES_H
#define TESTS_BENCH_PEERS_SCORES_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/bench/series.h"

/*
 * The table: what each system reached in each row, over the rounds, and our
 * ratio to it beside what the ratio should be.
 */

enum system {
    SYSTEM_ENTENTE,
    SYSTEM_FLOOR_FILE,
    SYSTEM_FLOOR_LMDB,
    SYSTEM_REDIS_ALWAYS,
    SYSTEM_REDIS_EVERYSEC,
    SYSTEM_NATS,
    SYSTEM_POSTGRESQL,
    SYSTEM_TARANTOOL,
    SYSTEM_SQLITE,
    SYSTEM_MACHINE, /* no server: what the machine itself does */
    SYSTEM_COUNT,
};

enum row {
    ROW_W1,
    ROW_W1_P50,
    ROW_W1_P99,
    ROW_W2,
    ROW_W2_P99,
    ROW_W3,
    ROW_W3_P99,
    ROW_W4,
    ROW_W4_P99,
    ROW_LOAD,
    ROW_CPU_LOAD,
    ROW_W5,
    ROW_W5_SENT,
    ROW_W5_MAPPED,
    ROW_W5_COPIED,
    ROW_CPU_REPLAY,
    ROW_W6_AT,
    ROW_W6_AT_P99,
    ROW_W6_SINCE,
    ROW_W6_SINCE_P99,
    ROW_W7_LOG,
    ROW_W7_ALL,
    ROW_W7_TABLES,
    ROW_W7_MEMORY,
    ROW_W8_CLEAN,
    ROW_W8_KILLED,
    ROW_W9,
    ROW_W9_P50,
    ROW_W9_P99,
    ROW_BUSY_PING_P50,
    ROW_BUSY_PING_P99,
    ROW_BUSY_STATE_P50,
    ROW_BUSY_STATE_P99,
    ROW_BUSY_APART_P50,
    ROW_BUSY_APART_P99,
    ROW_COUNT,
};

struct scores {
    struct series series[ROW_COUNT][SYSTEM_COUNT];
};

/* As prepare knows it. */
const char *scores_system_name(enum system system);

void scores_deinit(struct scores *scores);
void scores_add(struct scores *scores, enum row row, enum system system,
                double value);

/* The median; 0 where nothing was measured. */
double scores_median(struct scores *scores, enum row row, enum system system);

/* The head of the table, then the rows from `first` up to before `end`; with
 * `tabs` not NULL each median with its range there, too. */
void scores_head(FILE *tabs);
void scores_tell(struct scores *scores, enum row first, enum row end,
                 FILE *tabs);

#endif
