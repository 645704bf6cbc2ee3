/* SPDX-License-Identifier: MIT */
/* entente watch: events as they come, through crashes of either side. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define SECONDS_MAX 120
#define LINE_MAX_SIZE 1024

/* A watch that runs, and the ends of its pipes that are ours. */
struct watch {
    pid_t pid;
    FILE *output, *errors;
};

static void
watch_start(struct watch *watch, const char *line)
{
    int output[2], errors[2];
    ck_assert_int_eq(pipe2(output, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(errors, O_CLOEXEC), 0);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(nothing, 0);
    watch->pid = client_start(line, nothing, output[1], errors[1]);
    close(nothing);
    close(output[1]);
    close(errors[1]);
    watch->output = fdopen(output[0], "r");
    watch->errors = fdopen(errors[0], "r");
    ck_assert_ptr_nonnull(watch->output);
    ck_assert_ptr_nonnull(watch->errors);
    /* so that what was read and what poll sees are the same */
    ck_assert_int_eq(setvbuf(watch->output, NULL, _IONBF, 0), 0);
    ck_assert_int_eq(setvbuf(watch->errors, NULL, _IONBF, 0), 0);
}

static void
watch_close(struct watch *watch)
{
    (void)fclose(watch->output);
    (void)fclose(watch->errors);
}

/* By a signal; its exit status. */
static int
watch_end(struct watch *watch, int number)
{
    ck_assert_int_eq(kill(watch->pid, number), 0);
    int status = client_await(watch->pid);
    watch_close(watch);
    return status;
}

static void
read_line(FILE *file, char line[LINE_MAX_SIZE])
{
    struct pollfd place = {.fd = fileno(file), .events = POLLIN};
    ck_assert_msg(poll(&place, 1, WIRE_PATIENCE_MS) == 1, "it says nothing");
    ck_assert_msg(fgets(line, LINE_MAX_SIZE, file) != NULL, "it ended");
    size_t size = strlen(line);
    ck_assert(size > 0 && line[size - 1] == '\n');
    line[size - 1] = '\0';
}

/* The next lines are events with these ids, in order. */
static void
expect_events(struct watch *watch, const char *ids)
{
    json_auto_t *wanted = json_of(ids);
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        char line[LINE_MAX_SIZE];
        read_line(watch->output, line);
        json_auto_t *event = json_loads(line, 0, NULL);
        const char *id = json_string_value(json_object_get(event, "id"));
        const char *expected = json_string_value(json_array_get(wanted, i));
        ck_assert_msg(id != NULL && strcmp(id, expected) == 0, "not %s but: %s",
                      expected, line);
    }
}

static void
expect_remark(struct watch *watch, const char *part)
{
    char line[LINE_MAX_SIZE];
    read_line(watch->errors, line);
    ck_assert_msg(strstr(line, part) != NULL, "not \"%s\" but: %s", part, line);
}

static void
await_subscription(void)
{
    json_int_t count = 0;
    while (count == 0) {
        json_auto_t *stats = expect_ok(fixture.wire, "stats", "{}");
        count = json_integer_value(json_object_get(stats, "subscriptions"));
    }
}

static void
expect_position(json_int_t position)
{
    json_auto_t *list = expect_ok(fixture.wire, "consumers", "{}");
    ck_assert_int_eq(json_integer_value(
                         json_object_get(json_array_get(list, 0), "position")),
                     position);
}

static const char small_log[] =
    "A note 2017-03\n"
    "B offer 2017-01 'parties': ['a', 'c'], 'people': ['Ada Lovelace']\n"
    "C note 2016 'partnership': 'q', 'parties': ['z']\n";

static void
begin(void)
{
    fixture_begin();
    fixture_log(small_log);
}

/* --- what it shows --------------------------------------------------------*/

static const struct {
    const char *line;
    const char *stored, *live;
} rows[] = {
    {"watch", "[]", "['D', 'E', 'F']"},
    {"watch --after 0", "['A', 'B', 'C']", "['D', 'E', 'F']"},
    {"watch --after 2", "['C']", "['D', 'E', 'F']"},
    {"watch --after 3", "[]", "['D', 'E', 'F']"},
    {"watch --after 0 --partnership p", "['A', 'B']", "['D', 'F']"},
    {"watch --after 0 --party c --type offer", "['B']", "[]"},
    {"watch --after 0 --type note --type meeting", "['A', 'C']",
     "['D', 'E', 'F']"},
    {"watch --after 0 --person ada", "['B']", "['F']"},
    {"watch --after 0 --consumer new", "['A', 'B', 'C']", "['D', 'E', 'F']"},
    {"watch --consumer new --partnership q", "[]", "['E']"},
    {"watch --after 0 --format jsonl", "['A', 'B', 'C']", "['D', 'E', 'F']"},
};

START_TEST(watch_shows_what_is_stored_and_what_comes)
{
    struct watch watch;
    watch_start(&watch, rows[_i].line);
    expect_events(&watch, rows[_i].stored);
    await_subscription();
    fixture_log("D note 2018\n");
    fixture_log("E meeting 2018 'partnership': 'q'\n"
                "F note 2018 'people': ['Adam']\n");
    expect_events(&watch, rows[_i].live);
    ck_assert_int_eq(watch_end(&watch, SIGINT), 130);
}
END_TEST

START_TEST(text_is_a_line_an_event)
{
    struct watch watch;
    char line[LINE_MAX_SIZE];
    watch_start(&watch, "watch --after 0 --format text");
    read_line(watch.output, line);
    ck_assert_str_eq(line, "     1  2017-03       note         A  (a, b)  A");
    read_line(watch.output, line);
    read_line(watch.output, line);
    fixture_log("D meeting 2018 'title': 'A title that is so long that a "
                "terminal of eighty columns has to wrap it\\u202e', "
                "'amount': {'value': '5', 'currency': 'EUR'}, "
                "'certainty': 'disputed'\n");
    read_line(watch.output, line);
    ck_assert_str_eq(line,
                     "     4  2018          meeting      A title that is so "
                     "long that a terminal of eighty columns has to wrap "
                     "it\xef\xbf\xbd  EUR 5  (a, b)  disputed  D");
    ck_assert_int_eq(watch_end(&watch, SIGTERM), 130);
}
END_TEST

/* An interrupt ends the document, too. */
START_TEST(json_is_whole_when_interrupted)
{
    struct watch watch;
    char line[LINE_MAX_SIZE], text[8 * LINE_MAX_SIZE] = "";
    watch_start(&watch, "watch --after 1 --format json");
    read_line(watch.output, line); /* "[" */
    for (int i = 0; i < 2; i++) {
        strncat(text, line, sizeof(text) - strlen(text) - 1);
        if (i == 0)
            read_line(watch.output, line);
    }
    await_subscription();
    ck_assert_int_eq(kill(watch.pid, SIGINT), 0);
    while (fgets(line, sizeof(line), watch.output) != NULL)
        strncat(text, line, sizeof(text) - strlen(text) - 1);
    ck_assert_int_eq(client_await(watch.pid), 130);
    json_auto_t *list = json_loads(text, 0, NULL);
    ck_assert_msg(json_array_size(list) == 2, "%s", text);
    watch_close(&watch);
}
END_TEST

static const struct {
    const char *line;
    int status;
    const char *message;
} refused[] = {
    {"watch --after 4", 1, "last position"},
    {"watch --after 2017-01", 2, "position"},
    {"watch --after x", 2, "position"},
    {"watch --after 1 --consumer known", 1, "known"},
    {"watch --consumer 'a b'", 1, "consumer"},
    {"watch --type meting", 1, "meeting"},
    {"watch --socket unix:/nonexistent/x", 3, "no connection"},
    {"watch microsoft", 2, "too many"},
};

START_TEST(watch_that_cannot_be_says_why)
{
    struct client_run run;
    expect_done(fixture.wire, "subscribe", "{'consumer': 'known'}");
    client_expect(&run, refused[_i].status, "%s", refused[_i].line);
    ck_assert_msg(strstr(run.errors, refused[_i].message) != NULL, "%s",
                  run.errors);
    ck_assert_str_eq(run.output, "");
    client_run_free(&run);
}
END_TEST

/* --- its end --------------------------------------------------------------*/

/* Seen though there is nothing to write. */
START_TEST(closed_pipe_ends_it_quietly)
{
    struct watch watch;
    char line[LINE_MAX_SIZE];
    watch_start(&watch, "watch --after 0");
    read_line(watch.output, line);
    (void)fclose(watch.output);
    ck_assert_int_eq(client_await(watch.pid), 0);
    ck_assert_ptr_null(fgets(line, sizeof(line), watch.errors));
    (void)fclose(watch.errors);
}
END_TEST

START_TEST(full_disk_is_no_acknowledgement)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(full, 0);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid =
        client_start("watch --after 0 --consumer m", nothing, full, nothing);
    ck_assert_int_eq(client_await(pid), 1);
    expect_position(0);
    close(full);
    close(nothing);
}
END_TEST

/* --- consumers ------------------------------------------------------------*/

/* What was printed before the interrupt is acknowledged with it. */
START_TEST(consumer_goes_on_behind_what_was_printed)
{
    struct watch watch;
    watch_start(&watch, "watch --after 0 --consumer m");
    expect_events(&watch, "['A', 'B', 'C']");
    ck_assert_int_eq(watch_end(&watch, SIGINT), 130);
    expect_position(3);
    fixture_log("D note 2018\nE note 2018\n");
    watch_start(&watch, "watch --consumer m");
    expect_events(&watch, "['D', 'E']");
    fixture_log("F note 2018\n");
    expect_events(&watch, "['F']");
    ck_assert_int_eq(watch_end(&watch, SIGINT), 130);
    expect_position(6);
}
END_TEST

/* Killed, it has acknowledged nothing that it did not print. */
START_TEST(killed_consumer_misses_nothing)
{
    struct watch watch;
    int last = 0;
    expect_done(fixture.wire, "subscribe", "{'consumer': 'm', 'after': 3}");
    fixture_stop();
    fixture_start();
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 5; i++)
            json_decref(fixture_event(
                "{'id': 'n%d', 'type': 'note', 'partnership': 'p', "
                "'parties': ['a'], 'occurred': '2017', 'title': 't'}",
                5 * round + i));
        watch_start(&watch, "watch --consumer m");
        for (int wanted = 5 * round + 4; last < wanted + 4;) {
            char line[LINE_MAX_SIZE];
            read_line(watch.output, line);
            json_auto_t *event = json_loads(line, 0, NULL);
            int seq = (int)json_integer_value(json_object_get(event, "seq"));
            ck_assert_msg(seq <= (last < 3 ? 4 : last + 1), "after %d: %s",
                          last, line);
            last = seq > last ? seq : last;
        }
        ck_assert_int_eq(kill(watch.pid, SIGKILL), 0);
        watch_close(&watch);
    }
}
END_TEST

START_TEST(name_is_watched_once_at_a_time)
{
    struct watch watch;
    struct client_run run;
    watch_start(&watch, "watch --consumer m");
    await_subscription();
    client_expect(&run, 1, "watch --consumer m");
    ck_assert_ptr_nonnull(strstr(run.errors, "connected"));
    client_run_free(&run);
    ck_assert_int_eq(watch_end(&watch, SIGINT), 130);
}
END_TEST

/* --- a daemon that comes and goes -----------------------------------------*/

static const char *const lasting[] = {
    "watch --after 0 --partnership p",
    "watch --after 0 --partnership p --consumer m",
};

START_TEST(watch_goes_on_when_the_daemon_is_back)
{
    struct watch watch;
    watch_start(&watch, lasting[_i]);
    expect_events(&watch, "['A', 'B']");
    for (int round = 0; round < 3; round++) {
        char ids[32];
        fixture_kill();
        expect_remark(&watch, "trying again");
        fixture_start();
        /* before it is connected, and after */
        fixture_log(round == 0   ? "k0 note 2018\nz0 note 2018 'partnership': "
                                   "'q'\n"
                    : round == 1 ? "k1 note 2018\n"
                                 : "k2 note 2018\n");
        expect_remark(&watch, "connected again");
        snprintf(ids, sizeof(ids), "['k%d']", round);
        expect_events(&watch, ids);
    }
    ck_assert_int_eq(watch_end(&watch, SIGINT), 130);
    if (_i == 1)
        expect_position((json_int_t)3 + 4);
}
END_TEST

START_TEST(watch_of_another_log_ends)
{
    struct watch watch;
    char old[SCRATCH_PATH_SIZE + 8];
    watch_start(&watch, "watch --after 0");
    expect_events(&watch, "['A', 'B', 'C']");
    fixture_stop();
    snprintf(old, sizeof(old), "%s.old", fixture.data);
    ck_assert_int_eq(rename(fixture.data, old), 0);
    fixture_start();
    ck_assert_int_eq(client_await(watch.pid), 3);
    expect_remark(&watch, "trying again");
    expect_remark(&watch, "another log");
    watch_close(&watch);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = tcase_create("watch");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_loop_test(tests, watch_shows_what_is_stored_and_what_comes, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tests, text_is_a_line_an_event);
    tcase_add_test(tests, json_is_whole_when_interrupted);
    tcase_add_loop_test(tests, watch_that_cannot_be_says_why, 0,
                        (int)(sizeof(refused) / sizeof(refused[0])));
    tcase_add_test(tests, closed_pipe_ends_it_quietly);
    tcase_add_test(tests, full_disk_is_no_acknowledgement);
    tcase_add_test(tests, consumer_goes_on_behind_what_was_printed);
    tcase_add_test(tests, killed_consumer_misses_nothing);
    tcase_add_test(tests, name_is_watched_once_at_a_time);
    tcase_add_loop_test(tests, watch_goes_on_when_the_daemon_is_back, 0, 2);
    tcase_add_test(tests, watch_of_another_log_ends);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
