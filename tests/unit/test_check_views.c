/* SPDX-License-Identifier: MIT */
#include "daemon/check.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/check_fixture.h"

/* Views against views made anew; and what a check leaves behind, which is
 * nothing. */

/* --- views ----------------------------------------------------------------*/

/* Whatever the batches that made them, and with folded states. */
START_TEST(views_that_are_right_are_found_equal)
{
    static const size_t batches[] = {1, 3, 7, 64, 1000};
    struct data data = {0};
    data_directory(data.path);
    data_open(&data);
    for (int part = 0; part < 4; part++) {
        check_append_chain(&data, 1 + part * 100, 100 + part * 100);
        data_apply(&data, batches[_i]);
        while (views_checkpoint(data.views) == VIEWS_OK)
            ;
    }
    data_close(&data);
    check_expect(data.path, EXIT_SUCCESS, "equal to views made anew");
    check_expect(data.path, EXIT_SUCCESS, "up to position 400");
}
END_TEST

START_TEST(views_behind_the_log_are_compared_where_they_are)
{
    struct data data = {0};
    check_make_chain(&data);
    data_open(&data);
    check_append_chain(&data, CHECK_CHAIN_EVENTS + 1, CHECK_CHAIN_EVENTS + 5);
    data_close(&data);
    check_expect(data.path, EXIT_SUCCESS, "made anew, up to position 40");
}
END_TEST

/* Events that the log has lost, or that only a daemon knows of yet. */
START_TEST(views_ahead_of_the_log_are_not_compared)
{
    struct data data = {0};
    struct stored_raw raw;
    uint8_t bytes[8];
    check_make_chain(&data);
    stored_raw_open(&raw, data.path, "log.mdb", "log");
    MDB_val key = stored_key(bytes, CHECK_CHAIN_EVENTS);
    ck_assert_int_eq(mdb_del(raw.txn, raw.dbi, &key, NULL), 0);
    stored_raw_close(&raw);
    check_expect(data.path, EXIT_SUCCESS, "not compared");
}
END_TEST

START_TEST(missing_views_are_made_anew)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    check_make_chain(&data);
    data_join(path, data.path, "views.mdb");
    ck_assert_int_eq(unlink(path), 0);
    check_expect(data.path, EXIT_SUCCESS, "next start: there are none");
}
END_TEST

START_TEST(views_that_were_not_closed_are_made_anew)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    check_make_chain(&data);
    data_join(path, data.path, "views.state");
    data_write(path, "open 00000000-0000-0000-0000-000000000000 0\n", 44);
    check_expect(data.path, EXIT_SUCCESS,
                 "next start: they are not as a clean stop");
}
END_TEST

/* Of a log that is not this one, though of the same name. */
START_TEST(views_of_another_log_are_made_anew)
{
    struct data data = {0}, other = {0};
    char from[DATA_PATH_SIZE], to[DATA_PATH_SIZE];
    check_make_chain(&data);
    check_make_chain(&other);
    data_join(from, other.path, "views.mdb");
    data_join(to, data.path, "views.mdb");
    data_copy(from, to);
    data_open(&data); /* discards them: */
    data_close(&data);
    data_copy(from, to);
    struct stat status;
    ck_assert_int_eq(stat(to, &status), 0);
    char line[128];
    data_join(from, data.path, "views.state");
    snprintf(line, sizeof line, "clean %lld %lld.%09ld\n",
             (long long)status.st_size, (long long)status.st_mtim.tv_sec,
             status.st_mtim.tv_nsec);
    data_write(from, line, strlen(line));
    check_expect(data.path, EXIT_SUCCESS, "it belongs to another log");
}
END_TEST

/* Say that the views are as a stop left them. */
static void
mark_clean(const char *directory)
{
    char views[DATA_PATH_SIZE], state[DATA_PATH_SIZE], line[128];
    struct stat status;
    data_join(views, directory, "views.mdb");
    data_join(state, directory, "views.state");
    ck_assert_int_eq(stat(views, &status), 0);
    snprintf(line, sizeof line, "clean %lld %lld.%09ld\n",
             (long long)status.st_size, (long long)status.st_mtim.tv_sec,
             status.st_mtim.tv_nsec);
    data_write(state, line, strlen(line));
}

/* Databases that are plain and what is done to their first entry. */
static const struct {
    const char *database;
    enum { ENTRY_GONE, ENTRY_CHANGED, ENTRY_MORE, ENTRY_SHORT } what;
    const char *finding;
} tampered[] = {
    {"heads", ENTRY_GONE, "views, heads: an entry is missing"},
    {"names", ENTRY_CHANGED, "views, names: an entry has another value"},
    {"slugs", ENTRY_CHANGED, "views, slugs: an entry has another value"},
    {"marks", ENTRY_GONE, "views, marks: an entry is missing, of position"},
    {"marks", ENTRY_CHANGED, "views, marks: an entry has another value"},
    {"links", ENTRY_GONE, "views, links: an entry is missing, of position"},
    {"members", ENTRY_MORE, "views, members: an entry should not be there"},
    {"folds", ENTRY_CHANGED, "views, folds: a state is another"},
    {"folds", ENTRY_MORE, "views, folds: "},
    {"ids", ENTRY_CHANGED, "views, "},
    {"ops", ENTRY_CHANGED, "views, "},
    {"lists", ENTRY_CHANGED, "views, "},
    {"ids", ENTRY_SHORT, "views, "},
    {"ops", ENTRY_SHORT, "views, "},
    {"lists", ENTRY_SHORT, "views, "},
};

static void
tamper(const char *directory, int index)
{
    struct stored_raw raw;
    uint8_t bytes[8192];
    stored_raw_open(&raw, directory, "views.mdb", tampered[index].database);
    MDB_cursor *cursor;
    MDB_val key, value;
    ck_assert_int_eq(mdb_cursor_open(raw.txn, raw.dbi, &cursor), 0);
    ck_assert_msg(mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == 0,
                  "%s is empty", tampered[index].database);
    ck_assert_uint_lt(value.mv_size + key.mv_size, sizeof bytes);
    memcpy(bytes, value.mv_data, value.mv_size);
    memcpy(bytes + value.mv_size, key.mv_data, key.mv_size);
    value.mv_data = bytes;
    key.mv_data = bytes + value.mv_size;
    switch (tampered[index].what) {
    case ENTRY_GONE:
        ck_assert_int_eq(mdb_cursor_del(cursor, 0), 0);
        break;
    case ENTRY_CHANGED:
        bytes[value.mv_size - 1] ^= 1;
        ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
        break;
    case ENTRY_SHORT: /* no block any more */
        value.mv_size--;
        ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
        break;
    case ENTRY_MORE:
        ((uint8_t *)key.mv_data)[key.mv_size - 1] ^= 1;
        ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
        break;
    }
    mdb_cursor_close(cursor);
    stored_raw_close(&raw);
    mark_clean(directory);
}

START_TEST(views_that_were_changed_are_a_finding)
{
    struct data data = {0};
    data_directory(data.path);
    data_open(&data);
    check_append_chain(&data, 1, 200);
    data_apply(&data, 50);
    while (views_checkpoint(data.views) == VIEWS_OK)
        ;
    data_close(&data);
    check_expect(data.path, EXIT_SUCCESS, "equal to views made anew");
    tamper(data.path, _i);
    check_expect(data.path, EXIT_FAILURE, tampered[_i].finding);
}
END_TEST

/* Views that cannot be right are not compared. */
START_TEST(views_of_a_damaged_log_are_left_alone)
{
    struct data data = {0};
    check_make_chain(&data);
    stored_damage(data.path, 20, 30, 1);
    check_expect(data.path, EXIT_FAILURE,
                 "not compared: of a log with findings");
}
END_TEST

/* --- traces ---------------------------------------------------------------*/

static uint64_t changes;

static int
note_entry(const char *path, const struct stat *status, int kind,
           struct FTW *place)
{
    const char *end = strrchr(path, '-');
    (void)kind;
    (void)place;
    if (end != NULL && strcmp(end, "-lock") == 0) /* LMDB's table of readers */
        return 0;
    changes = changes * 31 + (uint64_t)status->st_mtim.tv_nsec +
              (uint64_t)status->st_size + strlen(path);
    return 0;
}

/* When everything in a directory was changed, and how large it is. */
static uint64_t
fingerprint(const char *directory)
{
    changes = 0;
    ck_assert_int_eq(nftw(directory, note_entry, 8, FTW_PHYS), 0);
    return changes;
}

/* The files of the check itself have no name when it ends. */
START_TEST(nothing_is_changed_or_left_behind)
{
    struct data data = {0}, scratch = {0};
    check_make_chain(&data);
    data_directory(scratch.path);
    ck_assert_int_eq(setenv("TMPDIR", scratch.path, 1), 0);
    uint64_t before = fingerprint(data.path);
    check_expect(data.path, EXIT_SUCCESS, "equal to views made anew");
    ck_assert_uint_eq(fingerprint(data.path), before);
    ck_assert_int_eq(rmdir(scratch.path), 0);
}
END_TEST

/* A directory that nobody ever served has no lock files, and gets none. */
START_TEST(no_lock_file_is_made)
{
    struct data data = {0};
    char lock[DATA_PATH_SIZE];
    check_make_chain(&data);
    data_join(lock, data.path, "log.mdb-lock");
    ck_assert_int_eq(unlink(lock), 0);
    data_join(lock, data.path, "views.mdb-lock");
    ck_assert_int_eq(unlink(lock), 0);
    uint64_t before = fingerprint(data.path);
    check_expect(data.path, EXIT_SUCCESS, "equal to views made anew");
    ck_assert_uint_eq(fingerprint(data.path), before);
    ck_assert_int_ne(access(lock, F_OK), 0);
}
END_TEST

START_TEST(place_without_room_is_told)
{
    struct data data = {0};
    check_make_chain(&data);
    ck_assert_int_eq(setenv("TMPDIR", "/nowhere", 1), 0);
    check_expect(data.path, EXIT_FAILURE, "set TMPDIR");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("check_views");
    TCase *tests = tcase_create("check_views");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, views_that_are_right_are_found_equal, 0, 5);
    tcase_add_test(tests, views_behind_the_log_are_compared_where_they_are);
    tcase_add_test(tests, views_ahead_of_the_log_are_not_compared);
    tcase_add_test(tests, missing_views_are_made_anew);
    tcase_add_test(tests, views_that_were_not_closed_are_made_anew);
    tcase_add_test(tests, views_of_another_log_are_made_anew);
    tcase_add_loop_test(tests, views_that_were_changed_are_a_finding, 0,
                        COUNT_OF(tampered));
    tcase_add_test(tests, views_of_a_damaged_log_are_left_alone);
    tcase_add_test(tests, nothing_is_changed_or_left_behind);
    tcase_add_test(tests, no_lock_file_is_made);
    tcase_add_test(tests, place_without_room_is_told);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
