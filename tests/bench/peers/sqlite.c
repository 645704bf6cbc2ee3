/* SPDX-License-Identifier: MIT */
#include "tests/bench/peers/sqlite.h"

#include "tests/bench/peers/note.h"

#ifdef BENCH_SQLITE

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/dice.h"
#include "tests/bench/fail.h"
#include "tests/bench/peers/dialect.h"

#define PATH_SIZE ((size_t)512)
#define BLOCK_SIZE 512 /* of st_blocks */
#define SETUP                                                                  \
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "                   \
    "PRAGMA cache_size = -200000; PRAGMA mmap_size = 2000000000; "             \
    "CREATE TABLE IF NOT EXISTS ev (id INTEGER PRIMARY KEY, "                  \
    "partnership TEXT NOT NULL, t INTEGER NOT NULL, event BLOB NOT NULL); "    \
    "CREATE INDEX IF NOT EXISTS ev_t ON ev (t)"

struct database {
    char path[PATH_SIZE];
    sqlite3 *handle;
    sqlite3_stmt *insert, *all, *at, *since;
    struct mp_buf event;
    uint64_t count;
};

static void
must(struct database *database, int rc)
{
    if (rc != SQLITE_OK)
        fail("sqlite: %s", sqlite3_errmsg(database->handle));
}

static void
run(struct database *database, const char *sql)
{
    must(database, sqlite3_exec(database->handle, sql, NULL, NULL, NULL));
}

static sqlite3_stmt *
statement(struct database *database, const char *sql)
{
    sqlite3_stmt *prepared;
    must(database,
         sqlite3_prepare_v2(database->handle, sql, -1, &prepared, NULL));
    return prepared;
}

static void
database_open(struct database *database)
{
    must(database, sqlite3_open(database->path, &database->handle));
    run(database, SETUP);
    database->insert = statement(
        database, "INSERT INTO ev (partnership, t, event) VALUES (?, ?, ?)");
    database->all = statement(database, "SELECT id, event FROM ev ORDER BY id");
    database->at = statement(database, "SELECT id, event FROM ev WHERE id = ?");
    database->since = statement(
        database, "SELECT id, event FROM ev WHERE t >= ? ORDER BY t LIMIT 1");
}

static void
database_close(struct database *database)
{
    sqlite3_finalize(database->insert);
    sqlite3_finalize(database->all);
    sqlite3_finalize(database->at);
    sqlite3_finalize(database->since);
    must(database, sqlite3_close(database->handle));
}

static void
database_create(struct database *database, const char *scratch)
{
    *database = (struct database){0};
    snprintf(database->path, PATH_SIZE, "%s/ev.sqlite", scratch);
    database_open(database);
}

static void
database_remove(struct database *database)
{
    database_close(database);
    unlink(database->path);
    mp_buf_deinit(&database->event);
}

static void
insert(struct database *database)
{
    uint64_t n = ++database->count;
    sqlite3_stmt *prepared = database->insert;
    mp_buf_clear(&database->event);
    note_put(&database->event, n);
    must(database, sqlite3_bind_text(prepared, 1, note_slug(n), NOTE_SLUG_SIZE,
                                     SQLITE_STATIC));
    must(database, sqlite3_bind_int64(prepared, 2, (int64_t)note_ms(n)));
    must(database, sqlite3_bind_blob(prepared, 3, database->event.data,
                                     (int)NOTE_SIZE, SQLITE_STATIC));
    if (sqlite3_step(prepared) != SQLITE_DONE)
        must(database, SQLITE_ERROR);
    must(database, sqlite3_reset(prepared));
}

static void
insert_batch(struct database *database)
{
    run(database, "BEGIN");
    for (int i = 0; i < NOTE_BATCH; i++)
        insert(database);
    run(database, "COMMIT");
}

/* --- W1 and W4 ------------------------------------------------------------*/

static void
appends(struct scores *scores, struct database *database, bool batches,
        double seconds)
{
    struct series us = {0};
    double start = clock_us(), end = start + seconds * 1e6, now = start;
    while (now < end) {
        if (batches)
            insert_batch(database);
        else
            insert(database);
        series_add(&us, clock_us() - now);
        now = clock_us();
    }
    double each = batches ? NOTE_BATCH : 1;
    scores_add(scores, batches ? ROW_W4 : ROW_W1, SYSTEM_SQLITE,
               (double)us.count * each / ((now - start) / 1e6));
    scores_add(scores, batches ? ROW_W4_P99 : ROW_W1_P99, SYSTEM_SQLITE,
               series_at(&us, 0.99));
    if (!batches)
        scores_add(scores, ROW_W1_P50, SYSTEM_SQLITE, series_at(&us, 0.5));
    series_deinit(&us);
}

bool
sqlite_append(struct scores *scores, const char *scratch, double seconds)
{
    struct database database;
    database_create(&database, scratch);
    appends(scores, &database, false, seconds);
    appends(scores, &database, true, seconds);
    database_remove(&database);
    return true;
}

/* --- W5 to W8 -------------------------------------------------------------*/

/* The event is copied, as from a socket. */
static void
take_row(sqlite3_stmt *prepared, uint64_t n, uint8_t *event)
{
    if (sqlite3_step(prepared) != SQLITE_ROW ||
        (uint64_t)sqlite3_column_int64(prepared, 0) != n ||
        sqlite3_column_bytes(prepared, 1) != (int)NOTE_SIZE)
        fail("sqlite: not the event that was asked for");
    memcpy(event, sqlite3_column_blob(prepared, 1), NOTE_SIZE);
}

static void
replay(struct scores *scores, struct database *database, uint64_t stored)
{
    uint8_t event[NOTE_SIZE];
    double start = clock_us();
    for (uint64_t n = 1; n <= stored; n++)
        take_row(database->all, n, event);
    scores_add(scores, ROW_W5, SYSTEM_SQLITE,
               (double)stored / ((clock_us() - start) / 1e6));
    must(database, sqlite3_reset(database->all));
}

static void
look_up(struct scores *scores, struct database *database, uint64_t stored,
        bool since, double seconds)
{
    struct dice dice = {1};
    struct series us = {0};
    uint8_t event[NOTE_SIZE];
    double start = clock_us(), end = start + seconds * 1e6, now = start;
    sqlite3_stmt *prepared = since ? database->since : database->at;
    while (now < end) {
        uint64_t n = 1 + dice_below(&dice, stored);
        uint64_t key = since ? dialect_since_ms(n) : n;
        must(database, sqlite3_bind_int64(prepared, 1, (int64_t)key));
        take_row(prepared, n, event);
        must(database, sqlite3_reset(prepared));
        series_add(&us, clock_us() - now);
        now = clock_us();
    }
    scores_add(scores, since ? ROW_W6_SINCE : ROW_W6_AT, SYSTEM_SQLITE,
               (double)us.count / ((now - start) / 1e6));
    scores_add(scores, since ? ROW_W6_SINCE_P99 : ROW_W6_AT_P99, SYSTEM_SQLITE,
               series_at(&us, 0.99));
    series_deinit(&us);
}

static void
reopen(struct scores *scores, struct database *database, uint64_t stored)
{
    uint8_t event[NOTE_SIZE];
    database_close(database);
    double start = clock_us();
    database_open(database);
    must(database, sqlite3_bind_int64(database->at, 1, (int64_t)stored));
    take_row(database->at, stored, event);
    scores_add(scores, ROW_W8_CLEAN, SYSTEM_SQLITE, (clock_us() - start) / 1e3);
    must(database, sqlite3_reset(database->at));
}

bool
sqlite_stored(struct scores *scores, const char *scratch, uint64_t stored,
              int rounds, double seconds)
{
    struct database database;
    struct stat stat_of;
    database_create(&database, scratch);
    double start = clock_us();
    while (database.count < stored)
        insert_batch(&database);
    scores_add(scores, ROW_LOAD, SYSTEM_SQLITE,
               (double)stored / ((clock_us() - start) / 1e6));
    run(&database, "PRAGMA wal_checkpoint(TRUNCATE)");
    if (stat(database.path, &stat_of) != 0)
        fail("%s is gone", database.path);
    scores_add(scores, ROW_W7_ALL, SYSTEM_SQLITE,
               (double)stat_of.st_blocks * BLOCK_SIZE / (double)stored);
    for (int round = 0; round < rounds; round++) {
        reopen(scores, &database, stored);
        replay(scores, &database, stored);
        look_up(scores, &database, stored, false, seconds);
        look_up(scores, &database, stored, true, seconds);
    }
    database_remove(&database);
    return true;
}

#else

bool
sqlite_append(struct scores *scores, const char *scratch, double seconds)
{
    (void)scores;
    (void)scratch;
    (void)seconds;
    return false;
}

bool
sqlite_stored(struct scores *scores, const char *scratch, uint64_t stored,
              int rounds, double seconds)
{
    (void)scores;
    (void)scratch;
    (void)stored;
    (void)rounds;
    (void)seconds;
    return false;
}

#endif
