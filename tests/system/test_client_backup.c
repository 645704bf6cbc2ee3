/* SPDX-License-Identifier: MIT */
/* `entente backup` as a person meets it. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"

#define SECONDS_MAX 60

static char target[SCRATCH_PATH_SIZE];

static void
begin(void)
{
    fixture_begin();
    scratch_join(target, fixture.directory, "copy");
    fixture_log("A note 2017\nB note 2018\n");
}

START_TEST(backup_says_what_was_made)
{
    struct client_run run;
    client_expect(&run, 0, "backup %s", target);
    json_auto_t *made = json_loads(run.output, 0, NULL);
    ck_assert_msg(made != NULL, "not JSON: %s", run.output);
    expect_includes(made, "{'tip': 2}");
    ck_assert_int_gt(json_integer_value(json_object_get(made, "bytes")), 0);
    client_run_free(&run);
    snprintf(fixture.data, sizeof(fixture.data), "%s", target);
    fixture_stop();
    fixture_start();
    expect_in(fixture.wire, "{'seq': 2}", "get", "{'id': 'B'}");
}
END_TEST

START_TEST(backup_is_shown_in_each_format)
{
    struct client_run run;
    client_expect(&run, 0, "backup %s1 --format text", target);
    ck_assert_msg(strstr(run.output, "tip") != NULL, "%s", run.output);
    client_run_free(&run);
    client_expect(&run, 0, "backup %s2 --format csv", target);
    ck_assert_msg(strstr(run.output, "\ntip,2\n") != NULL, "%s", run.output);
    client_run_free(&run);
    client_expect(&run, 0, "backup %s3 --format json", target);
    ck_assert_int_eq(run.output[0], '{');
    client_run_free(&run);
}
END_TEST

START_TEST(backup_that_exists_is_refused)
{
    struct client_run run;
    client_expect(&run, 0, "backup %s", target);
    client_run_free(&run);
    client_expect(&run, 1, "backup %s", target);
    ck_assert_str_eq(run.output, "");
    ck_assert_msg(strstr(run.errors, "exists already") != NULL, "%s",
                  run.errors);
    client_run_free(&run);
}
END_TEST

static const char *const wrong[] = {"backup", "backup copy", "backup /a /b",
                                    "backup ''"};

START_TEST(wrong_usage_is_told_without_asking)
{
    struct client_run run;
    client_expect(&run, 2, "--socket unix:/nowhere %s", wrong[_i]);
    client_run_free(&run);
}
END_TEST

START_TEST(who_may_not_make_one_is_told)
{
    struct client_run run;
    client_expect(&run, 1, "--socket tcp://127.0.0.1:%u backup %s",
                  process_port(fixture.daemon), target);
    ck_assert_msg(strstr(run.errors, "admin") != NULL, "%s", run.errors);
    client_run_free(&run);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client backup");
    TCase *tests = tcase_create("client backup");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, backup_says_what_was_made);
    tcase_add_test(tests, backup_is_shown_in_each_format);
    tcase_add_test(tests, backup_that_exists_is_refused);
    tcase_add_loop_test(tests, wrong_usage_is_told_without_asking, 0,
                        sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_test(tests, who_may_not_make_one_is_told);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
