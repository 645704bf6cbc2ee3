/* SPDX-License-Identifier: MIT */
#include "daemon/check.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_fixture.h"

/* Each kind of finding in a log, and none where there is none. */

#define EVENT(id, type, partnership, more)                                     \
    "'id':'" id "','type':'" type "','partnership':'" partnership              \
    "','parties':['a'],'occurred':'2017','title':'t'" more

/* --- logs -----------------------------------------------------------------*/

struct stored {
    uint64_t rev;
    int64_t recorded_ms;
    const char *pairs;
};

#define EVENTS_MAX 4

static const struct {
    const char *name;
    struct stored events[EVENTS_MAX];
    const char *finding; /* or NULL */
} logs[] = {
    {"empty", {{0}}, NULL},
    {"two partnerships",
     {{1, 5, EVENT("a", "offer", "p", "")},
      {1, 5, EVENT("b", "note", "q", "")},
      {2, 6, EVENT("c", "acceptance", "p", ",'re':'a'")},
      {3, 6, EVENT("d", "note", "p", ",'corrects':'a','disclosed_by':'b'")}},
     NULL},
    {"revision too high",
     {{1, 5, EVENT("a", "note", "p", "")}, {3, 5, EVENT("b", "note", "p", "")}},
     "position 2, b: revision 3 of p, where 2 is due"},
    {"revision twice",
     {{1, 5, EVENT("a", "note", "p", "")}, {1, 5, EVENT("b", "note", "p", "")}},
     "position 2, b: revision 1 of p, where 2 is due"},
    {"recorded goes back",
     {{1, 5, EVENT("a", "note", "p", "")}, {2, 4, EVENT("b", "note", "p", "")}},
     "position 2, b: recorded at 4"},
    {"id twice",
     {{1, 5, EVENT("a", "note", "p", "")}, {1, 5, EVENT("a", "note", "q", "")}},
     "position 2, a: position 1 has the same id"},
    {"re to nothing",
     {{1, 5, EVENT("a", "note", "p", ",'re':'none'")}},
     "position 1, a: re names none, which is no event in front of it"},
    {"re to itself",
     {{1, 5, EVENT("a", "note", "p", ",'re':'a'")}},
     "position 1, a: re names a,"},
    {"corrects what comes later",
     {{1, 5, EVENT("a", "note", "p", ",'corrects':'b'")},
      {2, 5, EVENT("b", "note", "p", "")}},
     "position 1, a: corrects names b,"},
    {"disclosed by nothing",
     {{1, 5, EVENT("a", "note", "p", ",'disclosed_by':'b'")}},
     "position 1, a: disclosed_by names b,"},
    {"accepts a note",
     {{1, 5, EVENT("a", "note", "p", "")},
      {2, 5, EVENT("b", "acceptance", "p", ",'re':'a'")}},
     "position 2, b: re names position 1, whose type it may not"},
    {"accepts another partnership's offer",
     {{1, 5, EVENT("a", "offer", "p", "")},
      {1, 5, EVENT("b", "acceptance", "q", ",'re':'a'")}},
     "position 2, b: re names position 1 of another partnership"},
    {"corrects another partnership's",
     {{1, 5, EVENT("a", "note", "p", "")},
      {1, 5, EVENT("b", "note", "q", ",'corrects':'a'")}},
     "position 2, b: corrects names position 1 of another partnership"},
    {"a field that there is not",
     {{1, 5, EVENT("a", "note", "p", ",'colour':'red'")}},
     "position 1"},
    {"a title of two lines",
     {{1, 5,
       "'id':'a','type':'note','partnership':'p','parties':['a'],"
       "'occurred':'2017','title':<a10a>"}},
     "position 1, a: "},
    {"a party twice",
     {{1, 5,
       "'id':'a','type':'note','partnership':'p','parties':['a','a'],"
       "'occurred':'2017','title':'t'"}},
     "position 1, a: "},
    {"a rejection of nothing",
     {{1, 5, EVENT("a", "rejection", "p", "")}},
     "position 1, a: "},
};

static void
make_log(struct data *data, const struct stored *events)
{
    data_directory(data->path);
    data_open_log(data);
    for (int i = 0; i < EVENTS_MAX && events[i].pairs != NULL; i++)
        stored_append(data, events[i].rev, events[i].recorded_ms,
                      events[i].pairs);
    data_close(data);
}

START_TEST(what_is_wrong_with_a_log_is_a_finding)
{
    struct data data = {0};
    make_log(&data, logs[_i].events);
    if (logs[_i].finding != NULL)
        check_expect_finding(data.path, logs[_i].finding);
    else
        check_expect(data.path, EXIT_SUCCESS, "no findings");
}
END_TEST

/* Each of many is told, the first hundred in full. */
START_TEST(many_findings_are_counted)
{
    struct data data = {0};
    data_directory(data.path);
    data_open_log(&data);
    for (int i = 0; i < 250; i++)
        stored_append(&data, 1, 5, EVENT("a", "note", "p", ""));
    data_close(&data);
    check_expect(data.path, EXIT_FAILURE, "398 more that are not shown");
    check_expect(data.path, EXIT_FAILURE, "498 findings");
}
END_TEST

/* --- damage ---------------------------------------------------------------*/

START_TEST(damaged_event_is_one_finding)
{
    struct data data = {0};
    check_make_chain(&data);
    uint64_t seq = 1 + (uint64_t)_i * 13 % CHECK_CHAIN_EVENTS;
    size_t size = stored_size(data.path, seq);
    stored_damage(data.path, seq, (size_t)_i * 31 % size, 4);
    char part[64];
    snprintf(part, sizeof part, "position %" PRIu64, seq);
    check_expect_finding(data.path, part);
    check_expect(data.path, EXIT_FAILURE, "39 sound, 1 damaged, 0 missing");
    check_expect(data.path, EXIT_FAILURE, " 1 finding\n");
}
END_TEST

static void
delete_key(const char *directory, uint64_t seq)
{
    struct stored_raw raw;
    uint8_t bytes[8];
    MDB_val key = stored_key(bytes, seq);
    stored_raw_open(&raw, directory, "log.mdb", "log");
    ck_assert_int_eq(mdb_del(raw.txn, raw.dbi, &key, NULL), 0);
    stored_raw_close(&raw);
}

START_TEST(missing_positions_are_one_finding)
{
    struct data data = {0};
    check_make_chain(&data);
    for (uint64_t seq = 7; seq <= 9; seq++)
        delete_key(data.path, seq);
    check_expect_finding(data.path, "positions 7 to 9");
    check_expect(data.path, EXIT_FAILURE, "37 sound, 0 damaged, 3 missing");
}
END_TEST

/* The key of one event becomes one far away. */
START_TEST(position_out_of_reach_is_found)
{
    struct data data = {0};
    struct stored_raw raw;
    uint8_t bytes[8];
    check_make_chain(&data);
    stored_raw_open(&raw, data.path, "log.mdb", "log");
    MDB_val key = stored_key(bytes, UINT64_MAX - 1);
    MDB_val value = {.mv_size = 3, .mv_data = "abc"};
    ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
    stored_raw_close(&raw);
    check_expect(data.path, EXIT_FAILURE, "41 entries up to position");
}
END_TEST

START_TEST(key_that_is_no_position_is_found)
{
    struct data data = {0};
    struct stored_raw raw;
    check_make_chain(&data);
    stored_raw_open(&raw, data.path, "log.mdb", "log");
    MDB_val key = {.mv_size = 3, .mv_data = (char[]){"\0\0a"}};
    MDB_val value = {.mv_size = 3, .mv_data = "abc"};
    ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
    stored_raw_close(&raw);
    check_expect_finding(data.path, "41 entries up to position 40");
}
END_TEST

/* A checksum that is right of an event that is another position's. */
START_TEST(event_of_another_position_is_found)
{
    struct data data = {0};
    data_directory(data.path);
    data_open_log(&data);
    struct mp_buf event = stored_event(9, 1, 5, EVENT("a", "note", "p", ""));
    struct span bytes = mp_buf_span(&event);
    ck_assert_int_eq(log_append(data.log, &bytes, 1, NULL, 0), LOG_OK);
    mp_buf_deinit(&event);
    data_close(&data);
    check_expect_finding(data.path, "position 1: is no event of that position");
}
END_TEST

/* --- what is no log -------------------------------------------------------*/

static void
write_file(const char *directory, const void *bytes, size_t size)
{
    char path[DATA_PATH_SIZE];
    data_join(path, directory, "log.mdb");
    data_write(path, bytes, size);
}

START_TEST(what_is_no_log_is_told)
{
    static const char text[8192] = "To whom it may concern";
    struct data data = {0};
    check_expect("/nowhere/at/all", EXIT_FAILURE, "No such file or directory");
    data_directory(data.path);
    check_expect(data.path, EXIT_FAILURE, "No such file or directory");
    write_file(data.path, text, 0);
    check_expect(data.path, EXIT_FAILURE, "is empty");
    write_file(data.path, text, sizeof text);
    check_expect(data.path, EXIT_FAILURE, "failed");
}
END_TEST

START_TEST(truncated_log_is_told)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    check_make_chain(&data);
    data_join(path, data.path, "log.mdb");
    ck_assert_int_eq(truncate(path, 12288), 0);
    check_expect(data.path, EXIT_FAILURE, "is truncated");
}
END_TEST

START_TEST(mark_of_another_log_is_a_finding)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    check_make_chain(&data);
    data_join(path, data.path, "log.id");
    data_write(path, "00000000000000000000000000000000\n", 33);
    check_expect_finding(data.path, "names another log");
}
END_TEST

/* --- consumers ------------------------------------------------------------*/

START_TEST(consumers_are_looked_at)
{
    struct data data = {0};
    struct stored_raw raw;
    check_make_chain(&data);
    data_open_log(&data);
    const struct log_consumer good[] = {{.name = span_of("a"), .position = 3},
                                        {.name = span_of("b"), .position = 40}};
    ck_assert_int_eq(log_append(data.log, NULL, 0, good, 2), LOG_OK);
    data_close(&data);
    check_expect(data.path, EXIT_SUCCESS, "consumers   2");
    stored_raw_open(&raw, data.path, "log.mdb", "consumers");
    MDB_val key = {.mv_size = 1, .mv_data = (char[]){"b"}}, value;
    ck_assert_int_eq(mdb_get(raw.txn, raw.dbi, &key, &value), 0);
    uint8_t bytes[16];
    ck_assert_uint_eq(value.mv_size, sizeof bytes);
    memcpy(bytes, value.mv_data, sizeof bytes);
    bytes[15] ^= 1;
    value.mv_data = bytes;
    ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
    stored_raw_close(&raw);
    check_expect_finding(data.path, "consumer b: ");
}
END_TEST

START_TEST(consumer_beyond_the_log_is_a_finding)
{
    struct data data = {0};
    check_make_chain(&data);
    data_open_log(&data);
    const struct log_consumer far = {.name = span_of("a"), .position = 41};
    ck_assert_int_eq(log_append(data.log, NULL, 0, &far, 1), LOG_OK);
    data_close(&data);
    check_expect_finding(data.path, "consumer a: its position 41 is beyond");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("check");
    TCase *tests = tcase_create("check");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, what_is_wrong_with_a_log_is_a_finding, 0,
                        COUNT_OF(logs));
    tcase_add_test(tests, many_findings_are_counted);
    tcase_add_loop_test(tests, damaged_event_is_one_finding, 0,
                        CHECK_CHAIN_EVENTS);
    tcase_add_test(tests, missing_positions_are_one_finding);
    tcase_add_test(tests, position_out_of_reach_is_found);
    tcase_add_test(tests, key_that_is_no_position_is_found);
    tcase_add_test(tests, event_of_another_position_is_found);
    tcase_add_test(tests, what_is_no_log_is_told);
    tcase_add_test(tests, truncated_log_is_told);
    tcase_add_test(tests, mark_of_another_log_is_a_finding);
    tcase_add_test(tests, consumers_are_looked_at);
    tcase_add_test(tests, consumer_beyond_the_log_is_a_finding);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
