/* SPDX-License-Identifier: MIT */
#include "tests/bench/peers/scores.h"

#define TEXT_SIZE ((size_t)48)
#define RANGE_SIZE (4 * TEXT_SIZE)

static const struct {
    const char *name;
    const char *durable; /* what an acknowledgement means to it */
} systems[SYSTEM_COUNT] = {
    [SYSTEM_ENTENTE] = {"entente", "yes"},
    [SYSTEM_FLOOR_FILE] = {"floor-file", "yes"},
    [SYSTEM_FLOOR_LMDB] = {"floor-lmdb", "yes"},
    [SYSTEM_REDIS_ALWAYS] = {"redis-always", "yes"},
    [SYSTEM_REDIS_EVERYSEC] = {"redis-everysec", "no: 1-2 s"},
    [SYSTEM_NATS] = {"nats", "no: 2 min"},
    [SYSTEM_POSTGRESQL] = {"postgresql", "yes"},
    [SYSTEM_TARANTOOL] = {"tarantool", "yes"},
    [SYSTEM_SQLITE] = {"sqlite", "yes"},
    [SYSTEM_MACHINE] = {"machine", ""},
};

static const struct {
    const char *title, *unit;
    bool less; /* is better */
} rows[ROW_COUNT] = {
    [ROW_W1] = {"W1  append, 1 client, 1 outstanding", "events/s", false},
    [ROW_W1_P50] = {"W1  p50", "us", true},
    [ROW_W1_P99] = {"W1  p99", "us", true},
    [ROW_W2] = {"W2  append, 1 client, 1024 outstanding", "events/s", false},
    [ROW_W2_P99] = {"W2  p99", "us", true},
    [ROW_W3] = {"W3  append, 32 clients, 1 outstanding each", "events/s",
                false},
    [ROW_W3_P99] = {"W3  p99", "us", true},
    [ROW_W4] = {"W4  atomic batches of 1000, 1 outstanding", "events/s", false},
    [ROW_W4_P99] = {"W4  p99 of a batch", "us", true},
    [ROW_LOAD] = {"load: batches of 1000, 4 outstanding", "events/s", false},
    [ROW_CPU_LOAD] = {"load: server's processor time, views and all",
                      "us/event", true},
    [ROW_W5] = {"W5  replay of all, in order", "events/s", false},
    [ROW_W5_SENT] = {"W5  our answer, sent from memory by who does no more",
                     "events/s", false},
    [ROW_W5_MAPPED] = {"W5  pages of a file in memory, mapped", "pages/s",
                       false},
    [ROW_W5_COPIED] = {"W5  pages of a file in memory, copied", "pages/s",
                       false},
    [ROW_CPU_REPLAY] = {"W5  server's processor time", "us/event", true},
    [ROW_W6_AT] = {"W6  one event by its position", "answers/s", false},
    [ROW_W6_AT_P99] = {"W6  by position, p99", "us", true},
    [ROW_W6_SINCE] = {"W6  first event at or after a date", "answers/s", false},
    [ROW_W6_SINCE_P99] = {"W6  by date, p99", "us", true},
    [ROW_W7_LOG] = {"W7  disk: the log, to the bytes it stores", "times", true},
    [ROW_W7_ALL] = {"W7  disk: all files, grown", "B/event", true},
    [ROW_W7_TABLES] = {"W7  disk: tables and indexes only; ours: all",
                       "B/event", true},
    [ROW_W7_MEMORY] = {"W7  anonymous memory after W5-W9", "MiB", true},
    [ROW_W8_CLEAN] = {"W8  start after a clean stop", "ms", true},
    [ROW_W8_KILLED] = {"W8  start after kill -9", "ms", true},
    [ROW_W9] = {"W9  state as of a date", "answers/s", false},
    [ROW_W9_P50] = {"W9  p50", "us", true},
    [ROW_W9_P99] = {"W9  p99; machine: our own ping's", "us", true},
    [ROW_BUSY_PING_P50] = {"ping beside an import, p50; machine: idle", "us",
                           true},
    [ROW_BUSY_PING_P99] = {"ping beside an import, p99; machine: idle", "us",
                           true},
    [ROW_BUSY_STATE_P50] = {"state beside an import, p50; machine: idle", "us",
                            true},
    [ROW_BUSY_STATE_P99] = {"state beside an import, p99; machine: idle", "us",
                            true},
    [ROW_BUSY_APART_P50] = {"state of what is not imported, p50; machine: idle",
                            "us", true},
    [ROW_BUSY_APART_P99] = {"state of what is not imported, p99; machine: idle",
                            "us", true},
};

/*
 * What our ratio to a system is to be, at least, or at most where less is
 * better; 0: nothing is said.  Against SYSTEM_ENTENTE: the value itself.
 */
static const struct {
    enum row row;
    enum system system;
    double must, aim;
} targets[] = {
    {ROW_W1, SYSTEM_POSTGRESQL, 1.0, 0},
    {ROW_W1, SYSTEM_REDIS_ALWAYS, 1.1, 0},
    {ROW_W1, SYSTEM_FLOOR_FILE, 0.85, 1.0},
    {ROW_W2, SYSTEM_REDIS_ALWAYS, 2.0, 0},
    {ROW_W2, SYSTEM_TARANTOOL, 1.3, 0},
    {ROW_W2, SYSTEM_NATS, 1.3, 0},
    {ROW_W2, SYSTEM_FLOOR_FILE, 0, 0.75},
    {ROW_W3, SYSTEM_REDIS_ALWAYS, 1.1, 1.5},
    {ROW_W3, SYSTEM_POSTGRESQL, 5.0, 0},
    {ROW_W4, SYSTEM_REDIS_ALWAYS, 1.5, 0},
    {ROW_W4, SYSTEM_SQLITE, 2.0, 0},
    {ROW_W4, SYSTEM_POSTGRESQL, 3.0, 0},
    {ROW_W4, SYSTEM_FLOOR_FILE, 0, 0.7},
    {ROW_W5, SYSTEM_REDIS_ALWAYS, 2.5, 0},
    {ROW_W5, SYSTEM_POSTGRESQL, 5.0, 0},
    {ROW_W5, SYSTEM_NATS, 6.0, 0},
    {ROW_W5, SYSTEM_FLOOR_LMDB, 1.3, 0},
    {ROW_W5, SYSTEM_TARANTOOL, 0, 1.0},
    {ROW_W6_AT, SYSTEM_REDIS_ALWAYS, 1.0, 0},
    {ROW_W6_AT, SYSTEM_FLOOR_LMDB, 0.95, 0},
    {ROW_W6_AT, SYSTEM_POSTGRESQL, 1.4, 0},
    {ROW_W6_AT, SYSTEM_MACHINE, 0, 0.75},
    {ROW_W6_SINCE, SYSTEM_REDIS_ALWAYS, 1.0, 0},
    {ROW_W6_SINCE, SYSTEM_FLOOR_LMDB, 0.95, 0},
    {ROW_W6_SINCE, SYSTEM_POSTGRESQL, 1.4, 0},
    {ROW_W6_SINCE, SYSTEM_MACHINE, 0, 0.75},
    {ROW_W7_LOG, SYSTEM_ENTENTE, 1.2, 0},
    {ROW_W7_ALL, SYSTEM_ENTENTE, 0, 650},
    {ROW_W7_ALL, SYSTEM_POSTGRESQL, 1.0, 0},
    {ROW_W7_MEMORY, SYSTEM_ENTENTE, 96, 38},
    {ROW_W8_CLEAN, SYSTEM_NATS, 0.5, 0},
    {ROW_W8_CLEAN, SYSTEM_FLOOR_LMDB, 0, 3.0},
    {ROW_W8_KILLED, SYSTEM_POSTGRESQL, 0.5, 0},
    {ROW_W8_KILLED, SYSTEM_FLOOR_LMDB, 0, 3.0},
    {ROW_W9, SYSTEM_POSTGRESQL, 3.0, 0},
    {ROW_W9_P99, SYSTEM_MACHINE, 3.0, 2.0},
    {ROW_BUSY_PING_P50, SYSTEM_MACHINE, 2.0, 0},
    {ROW_BUSY_PING_P99, SYSTEM_MACHINE, 25.0, 0},
    {ROW_BUSY_STATE_P99, SYSTEM_ENTENTE, 300e3, 0},
    {ROW_BUSY_APART_P50, SYSTEM_MACHINE, 3.0, 0},
    {ROW_BUSY_APART_P99, SYSTEM_MACHINE, 30.0, 0},
};

#define TARGET_COUNT (sizeof(targets) / sizeof(targets[0]))

const char *
scores_system_name(enum system system)
{
    return systems[system].name;
}

void
scores_deinit(struct scores *scores)
{
    for (int row = 0; row < ROW_COUNT; row++) {
        for (int system = 0; system < SYSTEM_COUNT; system++)
            series_deinit(&scores->series[row][system]);
    }
}

void
scores_add(struct scores *scores, enum row row, enum system system,
           double value)
{
    series_add(&scores->series[row][system], value);
}

double
scores_median(struct scores *scores, enum row row, enum system system)
{
    return series_at(&scores->series[row][system], 0.5);
}

/* --- telling --------------------------------------------------------------*/

static void
format_value(double value, char text[TEXT_SIZE])
{
    if (value >= 1e6)
        snprintf(text, TEXT_SIZE, "%.2f M", value / 1e6);
    else if (value >= 1e4)
        snprintf(text, TEXT_SIZE, "%.1f k", value / 1e3);
    else
        snprintf(text, TEXT_SIZE, "%.*f",
                 value >= 100  ? 0
                 : value >= 10 ? 1
                               : 2,
                 value);
}

static void
format_range(struct series *series, char text[RANGE_SIZE])
{
    char median[TEXT_SIZE], least[TEXT_SIZE], most[TEXT_SIZE];
    format_value(series_at(series, 0.5), median);
    format_value(series_at(series, 0), least);
    format_value(series_at(series, 1), most);
    if (series->count > 1)
        snprintf(text, RANGE_SIZE, "%s (%s - %s)", median, least, most);
    else
        snprintf(text, RANGE_SIZE, "%s", median);
}

/* " must 2.00 met", or "" where nothing is said. */
static void
format_target(const char *what, double wanted, double found, bool less,
              char text[TEXT_SIZE])
{
    bool met = less ? found <= wanted : found >= wanted;
    text[0] = '\0';
    if (wanted > 0)
        snprintf(text, TEXT_SIZE, " %s %.4g %s", what, wanted,
                 met ? "met" : "NOT MET");
}

static void
tell_system(struct scores *scores, enum row row, enum system system, FILE *tabs)
{
    char range[RANGE_SIZE], ratio_text[TEXT_SIZE] = "", must[TEXT_SIZE] = "",
                            aim[TEXT_SIZE] = "";
    struct series *series = &scores->series[row][system];
    double value = series_at(series, 0.5);
    double ours = scores_median(scores, row, SYSTEM_ENTENTE);
    double found = system == SYSTEM_ENTENTE || value == 0 ? ours : ours / value;
    if (series->count == 0)
        return;
    format_range(series, range);
    if (system != SYSTEM_ENTENTE && ours > 0)
        snprintf(ratio_text, sizeof(ratio_text), "%.2f", found);
    for (size_t i = 0; i < TARGET_COUNT && ours > 0; i++) {
        if (targets[i].row != row || targets[i].system != system)
            continue;
        format_target("must", targets[i].must, found, rows[row].less, must);
        format_target("aim", targets[i].aim, found, rows[row].less, aim);
    }
    printf("  %-15s %-30s %-10s %7s%s%s\n", systems[system].name, range,
           row < ROW_W5 ? systems[system].durable : "", ratio_text, must, aim);
    if (tabs != NULL)
        fprintf(tabs, "%s\t%s\t%s\t%.6g\t%.6g\t%.6g\t%s\t%s\t%s\t%s\n",
                rows[row].title, systems[system].name, rows[row].unit, value,
                series_at(series, 0), series_at(series, 1),
                systems[system].durable, ratio_text, must, aim);
}

void
scores_head(FILE *tabs)
{
    printf("\n%-17s %-30s %-10s %7s\n", "", "median (least - most)", "durable?",
           "ours/it");
    if (tabs != NULL)
        fputs("row\tsystem\tunit\tmedian\tleast\tmost\tdurable\tratio\tmust\t"
              "aim\n",
              tabs);
}

void
scores_tell(struct scores *scores, enum row first, enum row end, FILE *tabs)
{
    for (int row = (int)first; row < (int)end; row++) {
        size_t count = 0;
        for (int system = 0; system < SYSTEM_COUNT; system++)
            count += scores->series[row][system].count;
        if (count == 0)
            continue;
        printf("%s: %s%s\n", rows[row].title, rows[row].unit,
               rows[row].less ? ", less is better" : "");
        for (int system = 0; system < SYSTEM_COUNT; system++)
            tell_system(scores, (enum row)row, (enum system)system, tabs);
    }
    fflush(stdout);
    if (tabs != NULL)
        fflush(tabs);
}
