/* SPDX-License-Identifier: MIT */
#include "daemon/log_create.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/log.h"
#include "tests/unit/random_fixture.h"
#include "tests/unit/stored_fixture.h"

/* Which files a start takes for its log, and how a new one is made. */

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Bytes of any kind: the log does not look into events. */
static void
append_text(struct log *log, const char *text)
{
    struct span bytes = span_of(text);
    ck_assert_int_eq(log_append(log, &bytes, 1, NULL, 0), LOG_OK);
}

/* A closed log of that many events "event 1", ... */
static void
make_log(struct data *data, int count)
{
    char text[32];
    data_directory(data->path);
    data_open_log(data);
    for (int i = 1; i <= count; i++) {
        snprintf(text, sizeof text, "event %d", i);
        append_text(data->log, text);
    }
    data_close(data);
}

/* --- files that are refused -----------------------------------------------*/

/* The log of a directory is refused, with a reason, and left as it is. */
static void
assert_refused(const char *directory, const char *says)
{
    char path[DATA_PATH_SIZE];
    struct datadir datadir;
    struct log *log = NULL;
    struct diag_reason reason = {""};
    struct stat before = {0}, after = {0};
    data_join(path, directory, "log.mdb");
    int missing = stat(path, &before);
    ck_assert_int_eq(datadir_open(&datadir, directory, &reason), 0);
    ck_assert_int_lt(log_open(&datadir, &DATA_LOG_OPTIONS, &log, &reason), 0);
    ck_assert_ptr_null(log);
    ck_assert_msg(strstr(reason.text, says) != NULL, "%s", reason.text);
    ck_assert_int_eq(stat(path, &after), missing);
    ck_assert_int_eq(before.st_size, after.st_size);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    datadir_close(&datadir);
}

START_TEST(log_that_is_empty_is_refused)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    make_log(&data, 3);
    data_join(path, data.path, "log.mdb");
    ck_assert_int_eq(truncate(path, 0), 0);
    assert_refused(data.path, "empty");
}
END_TEST

START_TEST(log_that_is_truncated_is_refused)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE], whole[DATA_PATH_SIZE];
    struct stat status;
    make_log(&data, 200);
    data_join(path, data.path, "log.mdb");
    data_join(whole, data.path, "whole");
    data_copy(path, whole);
    ck_assert_int_eq(stat(path, &status), 0);
    for (off_t size = status.st_size - 1; size > 0;
         size -= size > 9000 ? 2777 : 311) {
        data_copy(whole, path);
        ck_assert_int_eq(truncate(path, size), 0);
        assert_refused(data.path, "log.mdb");
    }
    data_copy(whole, path);
    data_open_log(&data);
    ck_assert_uint_eq(log_tip(data.log), 200);
    data_close(&data);
}
END_TEST

START_TEST(log_of_garbage_is_refused)
{
    static const size_t sizes[] = {1, 100, 4096, 8192, 65536};
    uint64_t dice = random_seed("garbage");
    static uint8_t garbage[65536];
    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (uint8_t)random_next(&dice);
    for (int i = 0; i < 2 * COUNT_OF(sizes); i++) {
        char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
        if (i == COUNT_OF(sizes))
            memset(garbage, 0, sizeof garbage);
        data_directory(directory);
        data_join(path, directory, "log.mdb");
        data_write(path, garbage, sizes[i % COUNT_OF(sizes)]);
        assert_refused(directory, "log.mdb");
    }
}
END_TEST

START_TEST(log_of_another_format_is_refused)
{
    static const uint8_t formats[][5] = {
        {0, 0, 0, LOG_FORMAT + 1}, {0, 0, 0, 0}, {0xff, 0, 0, LOG_FORMAT}};
    for (int i = 0; i < COUNT_OF(formats) + 1; i++) {
        struct data data = {0};
        struct stored_raw raw;
        make_log(&data, 1);
        stored_raw_open(&raw, data.path, "log.mdb", "meta");
        MDB_val key = {.mv_size = 6, .mv_data = (char[]){"format"}};
        MDB_val value = {.mv_size = 4};
        uint8_t bytes[5] = {0, 0, 0, LOG_FORMAT, 0};
        if (i < COUNT_OF(formats))
            memcpy(bytes, formats[i], sizeof bytes);
        else
            value.mv_size = 5;
        value.mv_data = bytes;
        ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
        stored_raw_close(&raw);
        assert_refused(data.path, "log.mdb");
    }
}
END_TEST

/* An LMDB file, but none of ours. */
START_TEST(log_of_another_program_is_refused)
{
    char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    data_directory(directory);
    data_join(path, directory, "log.mdb");
    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    MDB_val key = {.mv_size = 1, .mv_data = (char[]){"k"}}, value = key;
    ck_assert_int_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_refused(directory, "not an entente log");
}
END_TEST

START_TEST(log_that_lacks_a_position_is_refused)
{
    for (uint64_t seq = 1; seq <= 2; seq++) {
        struct data data = {0};
        struct stored_raw raw;
        uint8_t position[8];
        make_log(&data, 3);
        stored_raw_open(&raw, data.path, "log.mdb", "log");
        MDB_val key = stored_key(position, seq);
        ck_assert_int_eq(mdb_del(raw.txn, raw.dbi, &key, NULL), 0);
        stored_raw_close(&raw);
        assert_refused(data.path, "last position");
    }
}
END_TEST

START_TEST(log_that_is_missing_is_not_made_anew)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    make_log(&data, 3);
    data_join(path, data.path, "log.mdb");
    ck_assert_int_eq(unlink(path), 0);
    assert_refused(data.path, "missing");
    data_join(path, data.path, "log.id");
    ck_assert_int_eq(unlink(path), 0);
    data_open_log(&data);
    ck_assert_uint_eq(log_tip(data.log), 0);
    data_close(&data);
}
END_TEST

START_TEST(log_of_another_directory_is_refused)
{
    struct data data = {0}, other = {0};
    char path[DATA_PATH_SIZE], from[DATA_PATH_SIZE];
    make_log(&data, 3);
    make_log(&other, 3);
    data_join(path, data.path, "log.mdb");
    data_join(from, other.path, "log.mdb");
    data_copy(from, path);
    assert_refused(data.path, "another log");
}
END_TEST

static const char *const marks[] = {"", "x", "\n", "0123456789abcdef\n"};

START_TEST(log_with_a_strange_mark_is_refused)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    make_log(&data, 3);
    data_join(path, data.path, "log.id");
    data_write(path, marks[_i], strlen(marks[_i]));
    assert_refused(data.path, "log.id");
}
END_TEST

/* --- starts that were cut short -------------------------------------------*/

START_TEST(log_without_its_mark_gets_it)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    make_log(&data, 3);
    data_join(path, data.path, "log.id");
    ck_assert_int_eq(unlink(path), 0);
    data_open_log(&data);
    ck_assert_uint_eq(log_tip(data.log), 3);
    ck_assert_int_eq(access(path, F_OK), 0);
    data_close(&data);
}
END_TEST

START_TEST(log_that_was_half_made_is_made)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    data_directory(data.path);
    data_join(path, data.path, "log.mdb.new");
    data_write(path, "half", 4);
    data_open_log(&data);
    ck_assert_uint_eq(log_tip(data.log), 0);
    append_text(data.log, "event 1");
    ck_assert_int_ne(access(path, F_OK), 0);
    data_close(&data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log_create");
    TCase *tests = tcase_create("log_create");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, log_that_is_empty_is_refused);
    tcase_add_test(tests, log_that_is_truncated_is_refused);
    tcase_add_test(tests, log_of_garbage_is_refused);
    tcase_add_test(tests, log_of_another_format_is_refused);
    tcase_add_test(tests, log_of_another_program_is_refused);
    tcase_add_test(tests, log_that_lacks_a_position_is_refused);
    tcase_add_test(tests, log_that_is_missing_is_not_made_anew);
    tcase_add_test(tests, log_of_another_directory_is_refused);
    tcase_add_loop_test(tests, log_with_a_strange_mark_is_refused, 0,
                        COUNT_OF(marks));
    tcase_add_test(tests, log_without_its_mark_gets_it);
    tcase_add_test(tests, log_that_was_half_made_is_made);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
