/* SPDX-License-Identifier: MIT */
#include "daemon/views_trust.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/unit/stored_fixture.h"

/* Which views.mdb are believed at a start, and which are made anew. */

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static void
append(struct data *data, const char *prefix, int count)
{
    char pairs[200];
    for (int i = 0; i < count; i++) {
        uint64_t seq = log_tip(data->log) + 1;
        snprintf(pairs, sizeof pairs, "'id':'%s%d'," BASE, prefix, (int)seq);
        stored_append(data, seq, (int64_t)seq, pairs);
    }
}

/* A directory with views of that many events, stopped in order. */
static void
make(struct data *data, int count)
{
    data_directory(data->path);
    data_open(data);
    append(data, "e", count);
    data_apply(data, 1000);
    data_close(data);
}

/* Open, say where the views stand, and prove that they can be used. */
static uint64_t
position_at_start(struct data *data)
{
    uint64_t seq;
    data_open(data);
    uint64_t position = views_position(data->views);
    data_apply(data, 2);
    data_read_begin(data);
    ck_assert_uint_eq(views_read_position(data->views_reader),
                      log_tip(data->log));
    ck_assert_int_eq(views_find_id(data->views_reader, data->log_reader,
                                   span_of("e1"), &seq),
                     VIEWS_OK);
    ck_assert_uint_eq(seq, 1);
    data_read_end(data);
    data_close(data);
    return position;
}

/* --- believed -------------------------------------------------------------*/

START_TEST(views_are_kept_after_a_clean_stop)
{
    struct data data = {0};
    make(&data, 5);
    ck_assert_uint_eq(position_at_start(&data), 5);
    ck_assert_uint_eq(position_at_start(&data), 5);
}
END_TEST

START_TEST(views_behind_the_log_are_kept_and_caught_up)
{
    struct data data = {0};
    make(&data, 5);
    data_open(&data);
    append(&data, "e", 3);
    data_close(&data);
    ck_assert_uint_eq(position_at_start(&data), 5);
    ck_assert_uint_eq(position_at_start(&data), 8);
}
END_TEST

/* A start in a process that dies without a stop. */
static void
start_and_die(struct data *data, bool serving)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        data_open(data);
        if (serving)
            views_serving(data->views);
        append(data, "e", 1);
        data_apply(data, 1);
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(views_are_kept_when_only_the_process_died)
{
    struct data data = {0};
    make(&data, 5);
    for (int i = 0; i < 4; i++)
        start_and_die(&data, true);
    ck_assert_uint_eq(position_at_start(&data), 9);
}
END_TEST

START_TEST(views_that_kill_two_starts_are_discarded)
{
    struct data data = {0};
    make(&data, 5);
    start_and_die(&data, false);
    start_and_die(&data, true);
    start_and_die(&data, false);
    ck_assert_uint_eq(position_at_start(&data), 8);
    start_and_die(&data, false);
    start_and_die(&data, false);
    ck_assert_uint_eq(position_at_start(&data), 0);
}
END_TEST

/* --- the mark -------------------------------------------------------------*/

static const struct {
    const char *mark; /* NULL for none */
    bool believed;
} marks[] = {
    {"clean\n", false},
    {"clean 0 0.000000000\n", false},
    {NULL, false},
    {"", false},
    {"clean", false},
    {"clean\nmore", false},
    {"open", false},
    {"open 00000000-0000-4000-8000-000000000000 0\n", false},
    {"open - 0\n", false},
    {"\n\n\n", false},
};

START_TEST(views_are_believed_by_their_mark)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    make(&data, 5);
    data_join(path, data.path, "views.state");
    ck_assert_int_eq(unlink(path), 0);
    if (marks[_i].mark != NULL)
        data_write(path, marks[_i].mark, strlen(marks[_i].mark));
    ck_assert_uint_eq(position_at_start(&data), marks[_i].believed ? 5 : 0);
    ck_assert_uint_eq(position_at_start(&data), 5);
}
END_TEST

START_TEST(mark_is_taken_away_before_anything_is_written)
{
    struct data data = {0};
    make(&data, 5);
    data_open(&data);
    struct views_trust trust = views_trust_read(&data.datadir);
    ck_assert_uint_eq(trust.starts, 1);
    views_serving(data.views);
    trust = views_trust_read(&data.datadir);
    ck_assert(trust.believed);
    ck_assert_uint_eq(trust.starts, 0);
    data_close(&data);
    data_open_log(&data);
    trust = views_trust_read(&data.datadir);
    ck_assert(trust.believed);
    ck_assert_uint_eq(trust.starts, 0);
    data_close(&data);
}
END_TEST

/* --- files that do not belong ---------------------------------------------*/

static void
copy_between(const char *from, const char *to, const char *name)
{
    char source[DATA_PATH_SIZE], target[DATA_PATH_SIZE];
    data_join(source, from, name);
    data_join(target, to, name);
    data_copy(source, target);
}

/* Whoever changed the views says that a clean stop left them so: then what is
 * in them has to show it. */
static void
mark_clean(struct data *data)
{
    struct diag_reason reason = {""};
    ck_assert_int_eq(datadir_open(&data->datadir, data->path, &reason), 0);
    ck_assert_int_eq(views_trust_clean(&data->datadir), 0);
    datadir_close(&data->datadir);
}

START_TEST(views_that_somebody_wrote_to_are_discarded)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    make(&data, 5);
    data_join(path, data.path, "views.mdb");
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 5 * 4096 + 100, SEEK_SET), 0);
    ck_assert_int_eq(fputc('x', file), 'x');
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_uint_eq(position_at_start(&data), 0);
    ck_assert_uint_eq(position_at_start(&data), 5);
}
END_TEST

START_TEST(views_of_another_log_are_discarded)
{
    struct data data = {0}, other = {0};
    make(&data, 5);
    make(&other, 5);
    copy_between(other.path, data.path, "views.mdb");
    mark_clean(&data);
    ck_assert_uint_eq(position_at_start(&data), 0);
}
END_TEST

/* The log came from an older backup of the same one. */
START_TEST(views_ahead_of_the_log_are_discarded)
{
    struct data data = {0};
    char aside[DATA_PATH_SIZE];
    make(&data, 5);
    data_directory(aside);
    copy_between(data.path, aside, "log.mdb");
    data_open(&data);
    append(&data, "e", 2);
    data_apply(&data, 1000);
    data_close(&data);
    copy_between(aside, data.path, "log.mdb");
    ck_assert_uint_eq(position_at_start(&data), 0);
}
END_TEST

/* The same, and then the log went another way. */
START_TEST(views_of_another_history_are_discarded)
{
    struct data data = {0};
    char aside[DATA_PATH_SIZE];
    make(&data, 5);
    data_directory(aside);
    copy_between(data.path, aside, "log.mdb");
    data_open(&data);
    append(&data, "e", 2);
    data_apply(&data, 1000);
    data_close(&data);
    copy_between(aside, data.path, "log.mdb");
    data_open_log(&data);
    append(&data, "other", 3);
    data_close(&data);
    ck_assert_uint_eq(position_at_start(&data), 0);
}
END_TEST

static void
damage_garbage(const char *path)
{
    static char garbage[20000];
    memset(garbage, 'x', sizeof garbage);
    data_write(path, garbage, sizeof garbage);
}

static void
damage_empty(const char *path)
{
    ck_assert_int_eq(truncate(path, 0), 0);
}

static void
damage_truncated(const char *path)
{
    ck_assert_int_eq(truncate(path, (off_t)3 * 4096), 0);
}

static void
damage_missing(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
}

static void (*const damages[])(const char *path) = {
    damage_garbage, damage_empty, damage_truncated, damage_missing};

START_TEST(views_that_cannot_be_read_are_made_anew)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    make(&data, 5);
    data_join(path, data.path, "views.mdb");
    damages[_i](path);
    if (damages[_i] != damage_missing)
        mark_clean(&data);
    ck_assert_uint_eq(position_at_start(&data), 0);
    ck_assert_uint_eq(position_at_start(&data), 5);
}
END_TEST

/* Its first two numbers are the versions of the file and of the fold. */
static const size_t versions[] = {3, 7};

START_TEST(views_of_another_version_are_discarded)
{
    struct data data = {0};
    struct stored_raw raw;
    uint8_t head[256];
    make(&data, 5);
    stored_raw_open(&raw, data.path, "views.mdb", "meta");
    MDB_val key = {.mv_size = 4, .mv_data = (char[]){"head"}}, value;
    ck_assert_int_eq(mdb_get(raw.txn, raw.dbi, &key, &value), 0);
    ck_assert_uint_le(value.mv_size, sizeof head);
    memcpy(head, value.mv_data, value.mv_size);
    head[versions[_i]]++;
    value.mv_data = head;
    ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
    stored_raw_close(&raw);
    mark_clean(&data);
    ck_assert_uint_eq(position_at_start(&data), 0);
}
END_TEST

START_TEST(views_without_their_head_are_discarded)
{
    struct data data = {0};
    struct stored_raw raw;
    make(&data, 5);
    stored_raw_open(&raw, data.path, "views.mdb", "meta");
    MDB_val key = {.mv_size = 4, .mv_data = (char[]){"head"}};
    ck_assert_int_eq(mdb_del(raw.txn, raw.dbi, &key, NULL), 0);
    stored_raw_close(&raw);
    mark_clean(&data);
    ck_assert_uint_eq(position_at_start(&data), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("views_trust");
    TCase *tests = tcase_create("views_trust");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, views_are_kept_after_a_clean_stop);
    tcase_add_test(tests, views_behind_the_log_are_kept_and_caught_up);
    tcase_add_test(tests, views_are_kept_when_only_the_process_died);
    tcase_add_test(tests, views_that_kill_two_starts_are_discarded);
    tcase_add_loop_test(tests, views_are_believed_by_their_mark, 0,
                        COUNT_OF(marks));
    tcase_add_test(tests, mark_is_taken_away_before_anything_is_written);
    tcase_add_test(tests, views_that_somebody_wrote_to_are_discarded);
    tcase_add_test(tests, views_of_another_log_are_discarded);
    tcase_add_test(tests, views_ahead_of_the_log_are_discarded);
    tcase_add_test(tests, views_of_another_history_are_discarded);
    tcase_add_loop_test(tests, views_that_cannot_be_read_are_made_anew, 0,
                        COUNT_OF(damages));
    tcase_add_loop_test(tests, views_of_another_version_are_discarded, 0,
                        COUNT_OF(versions));
    tcase_add_test(tests, views_without_their_head_are_discarded);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
