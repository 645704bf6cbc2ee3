/* SPDX-License-Identifier: MIT */
/* Starts: what is no log, or an other daemon's, is refused and left alone; a
 * clock that was set back changes no order; files are private. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/bytes.h"
#include "tests/crash/check_log.h"
#include "tests/crash/preload/control.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50

static char log_path[SCRATCH_PATH_SIZE];

/* --- files that are no log ------------------------------------------------*/

/* A start must fail and say something that contains `said`; the log is as
 * before. */
static void
expect_refused(const char *said)
{
    struct bytes before;
    bytes_read(&before, log_path);
    ck_assert_msg(!under_try("env"), "the daemon serves");
    int status = process_await_end(fixture.daemon);
    char *output = process_output(fixture.daemon);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) != 0,
                  "it ended with %#x and said: %s", (unsigned)status, output);
    ck_assert_msg(strstr(output, said) != NULL, "it said: %s", output);
    free(output);
    under_await_end();
    struct bytes after;
    bytes_read(&after, log_path);
    ck_assert_uint_eq(before.size, after.size);
    ck_assert_int_eq(memcmp(before.data, after.data, before.size), 0);
    bytes_deinit(&before);
    bytes_deinit(&after);
}

static void
begin_with_log(struct bytes *file)
{
    fixture_start();
    for (int i = 0; i < 40; i++) {
        char id[32];
        snprintf(id, sizeof(id), "event%d", i);
        check_log_store(id, CHECK_LOG_NEW);
    }
    fixture_stop();
    scratch_join(log_path, fixture.data, "log.mdb");
    bytes_read(file, log_path);
}

START_TEST(log_of_another_version_is_refused)
{
    static const uint8_t entry[] = "format\0\0\0\2";
    struct bytes file;
    begin_with_log(&file);
    size_t count = 0;
    size_t size = sizeof(entry) - 1;
    for (size_t at = 0; (at = bytes_find(&file, at, entry, size)) < file.size;
         at += size, count++)
        file.data[at + size - 1] = 3;
    ck_assert_msg(count > 0, "no version in log.mdb where it used to be");
    bytes_write(&file, log_path);
    bytes_deinit(&file);
    expect_refused("format 3");
}
END_TEST

START_TEST(database_of_something_else_is_refused)
{
    struct bytes file;
    begin_with_log(&file);
    bytes_deinit(&file);
    char views[SCRATCH_PATH_SIZE];
    scratch_join(views, fixture.data, "views.mdb");
    bytes_read(&file, views);
    bytes_write(&file, log_path);
    bytes_deinit(&file);
    expect_refused("log.mdb");
}
END_TEST

/* However little is missing: nothing less than all of it is served. */
START_TEST(log_cut_anywhere_is_refused)
{
    struct bytes file;
    begin_with_log(&file);
    struct bytes cut = file;
    for (cut.size = 0; cut.size < file.size; cut.size += 2048 + 1) {
        bytes_write(&cut, log_path);
        expect_refused("log.mdb");
    }
    cut.size = file.size - 1;
    bytes_write(&cut, log_path);
    expect_refused("truncated");
    bytes_write(&file, log_path);
    fixture_start();
    ck_assert_int_eq(check_log(), 40);
    bytes_deinit(&file);
}
END_TEST

START_TEST(log_that_is_gone_is_not_begun_anew)
{
    struct bytes file;
    begin_with_log(&file);
    ck_assert_int_eq(unlink(log_path), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert(!under_try("env"));
        ck_assert_int_ne(under_await_end(), 0);
        ck_assert_int_ne(access(log_path, F_OK), 0);
    }
    bytes_write(&file, log_path);
    bytes_deinit(&file);
    fixture_start();
    ck_assert_int_eq(check_log(), 40);
}
END_TEST

/* --- one daemon -----------------------------------------------------------*/

#define RIVALS 6

/* So many at once on a directory that none has made yet: one serves, the
 * others say why not. */
START_TEST(of_daemons_that_start_at_once_one_serves)
{
    struct process *rivals[RIVALS];
    char sockets[RIVALS][SCRATCH_PATH_SIZE];
    for (int i = 0; i < RIVALS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "socket%d", i);
        scratch_join(sockets[i], fixture.directory, name);
        struct process_options options = {.data = fixture.data,
                                          .socket = sockets[i]};
        rivals[i] = process_start(&options);
    }
    int serving = 0;
    for (int i = 0; i < RIVALS; i++) {
        if (process_await_ready(rivals[i])) {
            serving++;
            fixture.wire = wire_open_unix(sockets[i]);
            continue;
        }
        ck_assert_int_ne(process_await_end(rivals[i]), 0);
        char *output = process_output(rivals[i]);
        ck_assert_msg(strstr(output, "another entented") != NULL, "it said: %s",
                      output);
        free(output);
    }
    ck_assert_int_eq(serving, 1);
    check_log_store("A", CHECK_LOG_NEW);
    ck_assert_int_eq(check_log(), 1);
    wire_close(fixture.wire);
    fixture.wire = NULL;
    for (int i = 0; i < RIVALS; i++)
        process_free(rivals[i]);
}
END_TEST

static const char *const locks[] = {"log.mdb-lock", "views.mdb-lock"};

START_TEST(lock_file_that_is_gone_lets_no_second_in)
{
    fixture_start();
    check_log_store("A", CHECK_LOG_NEW);
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.data, locks[_i]);
    ck_assert_int_eq(unlink(path), 0);
    scratch_join(path, fixture.directory, "other");
    struct process_options options = {.data = fixture.data, .socket = path};
    struct process *second = process_start(&options);
    ck_assert_msg(!process_await_ready(second), "a second daemon serves");
    ck_assert_int_ne(process_await_end(second), 0);
    process_free(second);
    check_log_store("B", CHECK_LOG_NEW);
    fixture_kill();
    fixture_start();
    ck_assert_int_eq(check_log(), 2);
}
END_TEST

/* --- the clock ------------------------------------------------------------*/

#define HOUR_S INT64_C(3600)

static json_int_t
store_recorded(const char *id)
{
    json_auto_t *event =
        expect_ok(fixture.wire, "get", "{'seq': %lld}",
                  (long long)check_log_store(id, CHECK_LOG_NEW));
    return json_integer_value(json_object_get(event, "recorded"));
}

static struct control_clock *control;
static char under_clock[UNDER_COMMAND_SIZE];

static void
clock_begin(void)
{
    fixture_begin_stopped();
    under_preload(under_clock, "clock");
    control = under_control(sizeof(*control));
    atomic_store(&control->offset_s, 2 * HOUR_S);
    under_start("%s", under_clock);
}

START_TEST(recorded_never_decreases_when_the_clock_is_set_back)
{
    static const char *const before[] = {"A", "B"};
    static const char *const after[] = {"C", "D", "E"};
    json_int_t last = 0;
    for (size_t i = 0; i < COUNT(before); i++)
        last = store_recorded(before[i]);
    json_int_t now = (json_int_t)time(NULL) * 1000;
    ck_assert_msg(last > now + HOUR_S * 1000, "the clock was not set");
    for (size_t i = 0; i < COUNT(after); i++) {
        atomic_store(&control->offset_s, -(int64_t)i * HOUR_S);
        json_int_t recorded = store_recorded(after[i]);
        ck_assert_int_ge(recorded, last);
        last = recorded;
    }
}
END_TEST

/* A stop, a kill, and a daemon that began with the clock set back. */
START_TEST(recorded_never_decreases_when_the_clock_is_set_back_between_runs)
{
    static void (*const ends[])(void) = {fixture_stop, fixture_kill};
    json_int_t last = store_recorded("A");
    ends[_i]();
    atomic_store(&control->offset_s, HOUR_S);
    under_start("%s", under_clock);
    json_int_t recorded = store_recorded("B");
    ck_assert_int_ge(recorded, last);
    ends[_i]();
    fixture_start();
    ck_assert_int_ge(store_recorded("C"), recorded);
    json_auto_t *all = check_log_events();
    ck_assert_uint_eq(json_array_size(all), 3);
    /* all that is recorded is recorded by then, whatever the clock says */
    json_auto_t *page =
        expect_ok(fixture.wire, "replay", "{'recorded': '2999'}");
    ck_assert_uint_eq(json_array_size(json_object_get(page, "events")), 3);
}
END_TEST

/* The clock goes on from where the log is: later events are not stuck. */
START_TEST(recorded_goes_on_when_the_clock_has_caught_up)
{
    json_int_t last = store_recorded("A");
    atomic_store(&control->offset_s, HOUR_S);
    ck_assert_int_ge(store_recorded("B"), last);
    atomic_store(&control->offset_s, 3 * HOUR_S);
    ck_assert_int_gt(store_recorded("C"), last + HOUR_S * 500);
}
END_TEST

/* --- modes ----------------------------------------------------------------*/

static void
check_mode(const char *directory, const char *name, mode_t wanted)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, directory, name);
    struct stat status;
    ck_assert_msg(stat(path, &status) == 0, "%s is missing", path);
    ck_assert_msg((status.st_mode & 07777) == wanted, "%s has mode %o", path,
                  status.st_mode & 07777);
}

START_TEST(files_are_private_under_any_umask)
{
    static const char *const names[] = {"log.mdb", "log.mdb-lock", "views.mdb",
                                        "views.mdb-lock", "entented.lock"};
    /* also those that a restart makes again */
    for (int i = 0; i < 2; i++) {
        under_start("sh -c 'umask %s; exec \"$0\" \"$@\"'",
                    _i == 0 ? "000" : "077");
        check_log_store("A", CHECK_LOG_EITHER);
        expect_done(fixture.wire, "state", "{'partnership': 'p'}");
        check_mode(fixture.directory, "data", 0700);
        check_mode(fixture.directory, "socket", 0660);
        for (size_t j = 0; j < COUNT(names); j++)
            check_mode(fixture.data, names[j], 0600);
        fixture_kill();
        char views[SCRATCH_PATH_SIZE];
        scratch_join(views, fixture.data, "views.mdb");
        ck_assert_int_eq(unlink(views), 0);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("start");
    TCase *tests = tcase_create("start");
    tcase_add_checked_fixture(tests, fixture_begin_stopped, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, log_of_another_version_is_refused);
    tcase_add_test(tests, database_of_something_else_is_refused);
    tcase_add_test(tests, log_cut_anywhere_is_refused);
    tcase_add_test(tests, log_that_is_gone_is_not_begun_anew);
    tcase_add_test(tests, of_daemons_that_start_at_once_one_serves);
    tcase_add_loop_test(tests, lock_file_that_is_gone_lets_no_second_in, 0,
                        COUNT(locks));
    tcase_add_loop_test(tests, files_are_private_under_any_umask, 0, 2);
    suite_add_tcase(suite, tests);
    TCase *clock = tcase_create("clock");
    tcase_add_checked_fixture(clock, clock_begin, fixture_end);
    tcase_set_timeout(clock, SECONDS_MAX);
    tcase_add_test(clock, recorded_never_decreases_when_the_clock_is_set_back);
    tcase_add_loop_test(
        clock, recorded_never_decreases_when_the_clock_is_set_back_between_runs,
        0, 2);
    tcase_add_test(clock, recorded_goes_on_when_the_clock_has_caught_up);
    suite_add_tcase(suite, clock);
    return fixture_run(suite);
}
