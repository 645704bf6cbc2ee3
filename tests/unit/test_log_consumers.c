/* SPDX-License-Identifier: MIT */
/* Durable cursors in the log: stored with the events, found again, clamped. */
#include "daemon/log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/env.h"
#include "tests/unit/data_fixture.h"

/* What log_consumers hands out, as "name=position " each. */
struct found {
    char text[512];
    size_t room; /* how many are taken before it says no */
};

static bool
note(const struct log_consumer *consumer, void *context)
{
    struct found *found = context;
    size_t size = strlen(found->text);
    if (found->room-- == 0)
        return false;
    ck_assert(!consumer->removed);
    snprintf(found->text + size, sizeof found->text - size, "%.*s=%llu ",
             (int)consumer->name.size, (const char *)consumer->name.data,
             (unsigned long long)consumer->position);
    return true;
}

static void
assert_consumers(struct data *data, const char *expected)
{
    struct found found = {.room = 100};
    ck_assert_int_eq(log_consumers(data->log, note, &found), LOG_OK);
    ck_assert_str_eq(found.text, expected);
}

static struct log_consumer
at(const char *name, uint64_t position)
{
    return (struct log_consumer){.name = span_of(name), .position = position};
}

static struct log_consumer
gone(const char *name)
{
    return (struct log_consumer){.name = span_of(name), .removed = true};
}

static void
setup(struct data *data)
{
    *data = (struct data){0};
    data_directory(data->path);
    data_open_log(data);
    assert_consumers(data, "");
}

static void
reopen(struct data *data)
{
    data_close(data);
    data_open_log(data);
}

START_TEST(consumers_are_stored_with_events_and_without)
{
    struct data data;
    const struct span events[] = {span_of("one"), span_of("two")};
    const struct log_consumer first[] = {at("mail", 2), at("b", 0)};
    const struct log_consumer second[] = {at("mail", 1), at("B", 1), gone("b")};
    setup(&data);
    ck_assert_int_eq(log_append(data.log, events, 2, first, 2), LOG_OK);
    ck_assert_uint_eq(log_tip(data.log), 2);
    assert_consumers(&data, "b=0 mail=2 ");
    reopen(&data);
    assert_consumers(&data, "b=0 mail=2 ");
    ck_assert_int_eq(log_append(data.log, NULL, 0, second, 3), LOG_OK);
    ck_assert_uint_eq(log_tip(data.log), 2);
    reopen(&data);
    ck_assert_uint_eq(log_tip(data.log), 2);
    assert_consumers(&data, "B=1 mail=1 ");
    data_close(&data);
}
END_TEST

START_TEST(one_that_is_not_there_may_be_removed)
{
    struct data data;
    const struct log_consumer changes[] = {gone("nobody")};
    setup(&data);
    ck_assert_int_eq(log_append(data.log, NULL, 0, changes, 1), LOG_OK);
    assert_consumers(&data, "");
    data_close(&data);
}
END_TEST

START_TEST(longest_name_and_highest_position_are_kept)
{
    struct data data;
    char name[65], expected[96];
    memset(name, 'n', 64);
    name[64] = '\0';
    const struct span event = span_of("one");
    const struct log_consumer changes[] = {at(name, 1)};
    setup(&data);
    ck_assert_int_eq(log_append(data.log, &event, 1, changes, 1), LOG_OK);
    reopen(&data);
    snprintf(expected, sizeof expected, "%s=1 ", name);
    assert_consumers(&data, expected);
    data_close(&data);
}
END_TEST

/* A log that was restored from a backup may end before what was read. */
START_TEST(position_beyond_the_tip_is_the_tip)
{
    struct data data;
    const struct span event = span_of("one");
    const struct log_consumer changes[] = {at("ahead", UINT64_MAX), at("b", 1)};
    setup(&data);
    ck_assert_int_eq(log_append(data.log, &event, 1, changes, 2), LOG_OK);
    assert_consumers(&data, "ahead=1 b=1 ");
    data_close(&data);
}
END_TEST

START_TEST(reading_ends_when_the_reader_says_so)
{
    struct data data;
    struct found found = {.room = 1};
    const struct log_consumer changes[] = {at("a", 0), at("b", 0)};
    setup(&data);
    ck_assert_int_eq(log_append(data.log, NULL, 0, changes, 2), LOG_OK);
    ck_assert_int_eq(log_consumers(data.log, note, &found), LOG_FAILED);
    ck_assert_str_eq(found.text, "a=0 ");
    data_close(&data);
}
END_TEST

/* --- what is on disk ------------------------------------------------------*/

static MDB_env *
open_raw(const struct data *data)
{
    char path[DATA_PATH_SIZE];
    MDB_env *env = NULL;
    struct diag_reason reason = {""};
    data_join(path, data->path, "log.mdb");
    ck_assert_int_eq(env_open(path, 0, 3, &env, &reason), 0);
    return env;
}

/* Change a stored value behind the log's back: flip a bit, or cut it. */
static void
damage(const struct data *data, const char *name, size_t byte, size_t size)
{
    MDB_env *env = open_raw(data);
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    uint8_t bytes[16];
    MDB_val key = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};
    MDB_val value;
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, "consumers", 0, &dbi), 0);
    ck_assert_int_eq(mdb_get(txn, dbi, &key, &value), 0);
    ck_assert_uint_eq(value.mv_size, sizeof bytes);
    memcpy(bytes, value.mv_data, sizeof bytes);
    bytes[byte] ^= 1;
    value = (MDB_val){.mv_size = size, .mv_data = bytes};
    ck_assert_int_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* Events that come once more can be told from new ones; missing ones cannot. */
START_TEST(damaged_position_begins_at_0)
{
    struct data data;
    const struct span events[] = {span_of("one"), span_of("two")};
    const struct log_consumer changes[] = {at("a", 2), at("b", 2)};
    setup(&data);
    ck_assert_int_eq(log_append(data.log, events, 2, changes, 2), LOG_OK);
    data_close(&data);
    damage(&data, "a", (size_t)_i % 16, _i < 16 ? 16 : 15);
    data_open_log(&data);
    assert_consumers(&data, "a=0 b=2 ");
    data_close(&data);
}
END_TEST

/* Logs of the first versions hold no such database. */
START_TEST(log_without_consumers_gets_some)
{
    struct data data;
    const struct log_consumer changes[] = {at("a", 0)};
    setup(&data);
    data_close(&data);
    MDB_env *env = open_raw(&data);
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, "consumers", 0, &dbi), 0);
    ck_assert_int_eq(mdb_drop(txn, dbi, 1), 0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    data_open_log(&data);
    assert_consumers(&data, "");
    ck_assert_int_eq(log_append(data.log, NULL, 0, changes, 1), LOG_OK);
    reopen(&data);
    assert_consumers(&data, "a=0 ");
    data_close(&data);
}
END_TEST

/* Nobody adds events over the quota; who reads them goes on. */
START_TEST(consumers_change_when_events_no_longer_fit)
{
    struct data data = {0};
    struct diag_reason reason = {""};
    static uint8_t bytes[(size_t)512 << 10];
    const struct span event = {bytes, sizeof bytes};
    const struct log_consumer changes[] = {at("a", 0)};
    struct log_options options = DATA_LOG_OPTIONS;
    options.quota = 4096;
    data_directory(data.path);
    ck_assert_int_eq(datadir_open(&data.datadir, data.path, &reason), 0);
    ck_assert_int_eq(log_open(&data.datadir, &options, &data.log, &reason), 0);
    ck_assert_int_eq(log_append(data.log, &event, 1, changes, 1), LOG_FULL);
    assert_consumers(&data, "");
    ck_assert_int_eq(log_append(data.log, NULL, 0, changes, 1), LOG_OK);
    assert_consumers(&data, "a=0 ");
    data_close(&data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log_consumers");
    TCase *tests = tcase_create("log_consumers");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, consumers_are_stored_with_events_and_without);
    tcase_add_test(tests, one_that_is_not_there_may_be_removed);
    tcase_add_test(tests, longest_name_and_highest_position_are_kept);
    tcase_add_test(tests, position_beyond_the_tip_is_the_tip);
    tcase_add_test(tests, reading_ends_when_the_reader_says_so);
    tcase_add_loop_test(tests, damaged_position_begins_at_0, 0, 17);
    tcase_add_test(tests, log_without_consumers_gets_some);
    tcase_add_test(tests, consumers_change_when_events_no_longer_fit);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
