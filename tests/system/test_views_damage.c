/* SPDX-License-Identifier: MIT */
/*
 * views.mdb is derived: whatever is put in its place, and whatever the mark
 * beside it says, no answer may be another one than the model's.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/model_ask.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 300
#define PAGE_SIZE ((size_t)4096)
#define EVENTS 300
#define ANSWERS 400

static struct model_log random_log;
static struct model_asker asker;

static void
begin(void)
{
    fixture_begin();
    model_log_init(&random_log);
    model_asker_init(&asker, &random_log);
    asker.rebuilding = true;
    model_log_grow(&random_log, fixture.wire, EVENTS);
    model_ask(&asker, fixture.wire, ANSWERS); /* makes views of all sorts */
}

static void
end(void)
{
    model_asker_deinit(&asker);
    model_log_deinit(&random_log);
    fixture_end();
}

/* Start on what is there; answers and appends go on. */
static void
check_answers(void)
{
    fixture_start();
    model_ask(&asker, fixture.wire, ANSWERS);
    model_log_grow(&random_log, fixture.wire, 20);
    model_ask(&asker, fixture.wire, ANSWERS);
}

static void (*const ends[])(void) = {fixture_stop, fixture_kill};

/* --- files ----------------------------------------------------------------*/

static int
file_open(const char *directory, const char *name, int flags, size_t *size_out)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat status;
    scratch_join(path, directory, name);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    ck_assert_msg(fd >= 0, "%s cannot be opened", path);
    ck_assert_int_eq(fstat(fd, &status), 0);
    *size_out = (size_t)status.st_size;
    return fd;
}

static void
file_copy(const char *from, const char *to, const char *name)
{
    size_t size, old_size;
    int in = file_open(from, name, O_RDONLY, &size);
    int out = file_open(to, name, O_WRONLY | O_CREAT | O_TRUNC, &old_size);
    while (size > 0) {
        ssize_t sent = sendfile(out, in, NULL, size);
        ck_assert_int_gt(sent, 0);
        size -= (size_t)sent;
    }
    close(in);
    close(out);
}

/* A directory beside the data for files that are put back later. */
static void
make_beside(char path[SCRATCH_PATH_SIZE], const char *name)
{
    scratch_join(path, fixture.directory, name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

/* --- truncation -----------------------------------------------------------*/

START_TEST(truncated_views_are_never_believed)
{
    size_t size;
    ends[_i % 2]();
    int fd = file_open(fixture.data, "views.mdb", O_WRONLY, &size);
    size_t rest = random_below(&random_log.dice, size);
    if (_i % 4 < 2)
        rest -= rest % PAGE_SIZE;
    ck_assert_int_eq(ftruncate(fd, (off_t)rest), 0);
    close(fd);
    check_answers();
}
END_TEST

/* --- another log's --------------------------------------------------------*/

/* A data directory in which a daemon that is stopped has another log, with
 * the same events or with others. */
static void
make_other_log(char data[SCRATCH_PATH_SIZE], bool same_events)
{
    struct fixture first = fixture;
    struct model_log other;
    scratch_join(fixture.data, fixture.directory, "other");
    scratch_join(fixture.socket, fixture.directory, "other.socket");
    fixture_start();
    if (same_events) {
        json_auto_t *arguments =
            json_pack("{s:O}", "events", random_log.dice.events);
        json_decref(expect_ok_json(fixture.wire, "append", arguments));
    } else {
        model_log_init(&other);
        (void)random_chance(&other.dice, 50); /* not the seed's log again */
        model_log_grow(&other, fixture.wire, EVENTS);
        model_log_deinit(&other);
    }
    expect_done(fixture.wire, "state", "{'partnership': 'alpha'}");
    fixture_stop();
    snprintf(data, SCRATCH_PATH_SIZE, "%s", fixture.data);
    fixture = first;
}

START_TEST(views_of_another_log_are_never_believed)
{
    char other[SCRATCH_PATH_SIZE];
    bool with_marks = _i % 4 < 2;
    make_other_log(other, _i < 4);
    ends[_i % 2]();
    file_copy(other, fixture.data, "views.mdb");
    if (with_marks)
        file_copy(other, fixture.data, "views.state");
    check_answers();
}
END_TEST

/* --- the same log's, at another time --------------------------------------*/

/* An older copy may be believed: what is missing in it is in the log. */
START_TEST(older_copy_of_views_is_caught_up)
{
    char copy[SCRATCH_PATH_SIZE];
    bool with_marks = _i % 4 < 2;
    make_beside(copy, "copy");
    if (_i < 4)
        fixture_stop(); /* else a copy of what a daemon has open */
    file_copy(fixture.data, copy, "views.mdb");
    file_copy(fixture.data, copy, "views.state");
    if (_i < 4)
        fixture_start();
    model_log_grow(&random_log, fixture.wire, 100);
    model_ask(&asker, fixture.wire, ANSWERS);
    ends[_i % 2]();
    file_copy(copy, fixture.data, "views.mdb");
    if (with_marks)
        file_copy(copy, fixture.data, "views.state");
    check_answers();
}
END_TEST

/* Views that know more than a log that was restored from an older copy. */
START_TEST(views_ahead_of_the_log_are_never_believed)
{
    char copy[SCRATCH_PATH_SIZE];
    make_beside(copy, "copy");
    fixture_stop();
    file_copy(fixture.data, copy, "log.mdb");
    fixture_start();
    for (int i = 0; i < 30; i++)
        json_decref(fixture_event("{'type': 'meeting', 'partnership': 'alpha', "
                                  "'parties': ['acme', 'ahead'], 'occurred': "
                                  "'2015-0%d', 'title': 'forgotten'}",
                                  1 + i % 9));
    expect_done(fixture.wire, "state", "{'partnership': 'alpha'}");
    ends[_i]();
    file_copy(copy, fixture.data, "log.mdb");
    check_answers();
    expect_refusal(fixture.wire, "not_found", "party", "{'party': 'ahead'}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("damaged views");
    TCase *tests = tcase_create("damaged views");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_loop_test(tests, truncated_views_are_never_believed, 0, 8);
    tcase_add_loop_test(tests, views_of_another_log_are_never_believed, 0, 8);
    tcase_add_loop_test(tests, older_copy_of_views_is_caught_up, 0, 8);
    tcase_add_loop_test(tests, views_ahead_of_the_log_are_never_believed, 0,
                        COUNT(ends));
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
