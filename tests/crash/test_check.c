/* SPDX-License-Identifier: MIT */
/* `entented --check` on what daemons leave behind, and beside one that works:
 * it finds nothing where nothing is wrong, and is in nobody's way. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crash/bytes.h"
#include "tests/crash/check_data.h"
#include "tests/crash/check_log.h"
#include "tests/crash/dice.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/load.h"
#include "tests/system/model_log.h"

#define SECONDS_MAX 55
#define EVENTS 1500
#define QUESTIONS 60
#define LOOKS 6
#define KILLS 10
#define CONNECTIONS 4
#define ACKNOWLEDGED 150

/* --- what was left in order -----------------------------------------------*/

/* A log of all that events can do to each other, and states folded on the
 * way, which leave checkpoints behind. */
START_TEST(nothing_is_found_in_a_random_log)
{
    struct model_log log;
    model_log_init(&log);
    for (int part = 0; part < 3; part++) {
        model_log_grow(&log, fixture.wire, EVENTS / 3);
        for (int i = 0; i < QUESTIONS; i++) {
            json_auto_t *arguments = json_pack("{s:s}", "partnership",
                                               random_partnership(&log.asked));
            json_auto_t *answer = wire_call(fixture.wire, "state", arguments);
            ck_assert(json_is_array(answer));
        }
        check_data_expect(fixture.data, 0, "no findings");
    }
    fixture_stop();
    char *report;
    ck_assert_int_eq(check_data_run(fixture.data, "", &report), 0);
    ck_assert_msg(strstr(report, "equal to views made anew") != NULL, "%s",
                  report);
    free(report);
    fixture_start();
    model_log_deinit(&log);
}
END_TEST

START_TEST(nothing_is_found_in_an_empty_log)
{
    check_data_expect(fixture.data, 0, "no findings");
    fixture_stop();
    check_data_expect(fixture.data, 0, "0 sound, 0 damaged, 0 missing");
}
END_TEST

/* --- beside a daemon ------------------------------------------------------*/

START_TEST(nothing_is_found_beside_a_daemon_that_works)
{
    struct load *load = load_start(CONNECTIONS, 0);
    for (size_t i = 0; i < LOOKS; i++) {
        load_await(load, ACKNOWLEDGED * (i + 1));
        check_data_expect(fixture.data, 0, "no findings");
    }
    fixture_stop();
    load_await_end(load);
    fixture_start();
    ck_assert_uint_gt(load_check(load), 0);
    load_free(load);
    expect_done(fixture.wire, "state", "{'partnership': 'p'}");
    check_data_expect(fixture.data, 0, "equal to views made anew");
}
END_TEST

/* Whoever only looks keeps no daemon from starting. */
START_TEST(daemons_start_and_stop_while_it_looks)
{
    fixture_log("A note 2017\n");
    for (int i = 0; i < LOOKS; i++) {
        char command[512];
        snprintf(command, sizeof(command),
                 "for i in 1 2 3 4 5; do '%s' --check --data '%s' >/dev/null "
                 "|| exit; "
                 "done",
                 check_data_program(), fixture.data);
        FILE *looking = popen(command, "re");
        ck_assert_ptr_nonnull(looking);
        fixture_stop();
        fixture_start();
        ck_assert_int_eq(pclose(looking), 0);
    }
    ck_assert_int_eq(check_log(), 1);
}
END_TEST

/* --- after a kill ---------------------------------------------------------*/

START_TEST(nothing_is_found_after_a_kill)
{
    dice_begin();
    for (unsigned i = 0; i < KILLS; i++) {
        struct load *load = load_start(CONNECTIONS, i);
        load_await(load, 1 + dice_below(ACKNOWLEDGED));
        fixture_kill();
        load_await_end(load);
        check_data_expect(fixture.data, 0, "no findings");
        fixture_start();
        ck_assert_uint_gt(load_check(load), 0);
        load_free(load);
    }
}
END_TEST

/* --- backups --------------------------------------------------------------*/

START_TEST(nothing_is_found_in_a_backup_nor_are_files_made_in_it)
{
    char copy[SCRATCH_PATH_SIZE], lock[SCRATCH_PATH_SIZE];
    struct load *load = load_start(CONNECTIONS, 0);
    load_await(load, ACKNOWLEDGED);
    scratch_join(copy, fixture.directory, "copy");
    expect_done(fixture.wire, "backup", "{'path': '%s'}", copy);
    fixture_stop();
    load_await_end(load);
    load_free(load);
    check_data_expect(copy, 0, "next start: there are none");
    scratch_join(lock, copy, "log.mdb-lock");
    ck_assert_ptr_null(fopen(lock, "re"));
}
END_TEST

/* --- structure ------------------------------------------------------------*/

/* Whatever bytes of the file are wrong, it ends by itself and says something;
 * what they are of decides whether that is a finding. */
#define FLIPS 60

START_TEST(damage_anywhere_ends_in_an_exit)
{
    struct bytes file, copy;
    char path[SCRATCH_PATH_SIZE];
    dice_begin();
    struct load *load = load_start(CONNECTIONS, 0);
    load_await(load, ACKNOWLEDGED);
    fixture_stop();
    load_await_end(load);
    load_free(load);
    scratch_join(path, fixture.data, "log.mdb");
    bytes_read(&file, path);
    copy = (struct bytes){.data = malloc(file.size), .size = file.size};
    for (int i = 0; i < FLIPS; i++) {
        char *report;
        memcpy(copy.data, file.data, file.size);
        for (int j = 0; j < 8; j++)
            copy.data[dice_below(file.size)] ^= (uint8_t)(1u << dice_below(8));
        bytes_write(&copy, path);
        int status = check_data_run(fixture.data, "", &report);
        ck_assert_msg(status == 0 || status == 1, "exit status %d", status);
        ck_assert_msg((status == 0) == (strstr(report, "no findings") != NULL),
                      "%s", report);
        free(report);
    }
    bytes_write(&file, path);
    bytes_deinit(&file);
    bytes_deinit(&copy);
    check_data_expect(fixture.data, 0, "no findings");
}
END_TEST

/* --- the command line -----------------------------------------------------*/

START_TEST(wrong_usage_is_told)
{
    char *report;
    ck_assert_int_eq(check_data_run(fixture.data, "what", &report), 2);
    free(report);
    ck_assert_int_eq(check_data_run(fixture.data, "--chek", &report), 2);
    free(report);
    check_data_expect("/nowhere", 1, "No such file or directory");
}
END_TEST

/* Who looks needs no place for a socket. */
START_TEST(no_address_is_needed)
{
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
    ck_assert_int_eq(unsetenv("RUNTIME_DIRECTORY"), 0);
    check_data_expect(fixture.data, 0, "no findings");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("check");
    TCase *tests = fixture_case(suite, "check", SECONDS_MAX);
    tcase_add_test(tests, nothing_is_found_in_a_random_log);
    tcase_add_test(tests, nothing_is_found_in_an_empty_log);
    tcase_add_test(tests, nothing_is_found_beside_a_daemon_that_works);
    tcase_add_test(tests, daemons_start_and_stop_while_it_looks);
    tcase_add_test(tests, nothing_is_found_after_a_kill);
    tcase_add_test(tests,
                   nothing_is_found_in_a_backup_nor_are_files_made_in_it);
    tcase_add_test(tests, damage_anywhere_ends_in_an_exit);
    tcase_add_test(tests, wrong_usage_is_told);
    tcase_add_test(tests, no_address_is_needed);
    return fixture_run(suite);
}
