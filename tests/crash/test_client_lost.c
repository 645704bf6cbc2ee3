/* SPDX-License-Identifier: MIT */
/* A replay that the client reads goes on where it was when the daemon was
 * killed and is there again. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 120

/* More than all buffers between the daemon and a reader that waits. */
#define EVENT_COUNT 4000
#define BATCH_COUNT 250
#define SUMMARY_SIZE 12000

static void
append_events(void)
{
    for (int first = 0; first < EVENT_COUNT; first += BATCH_COUNT) {
        json_t *events = json_array();
        for (int i = 0; i < BATCH_COUNT; i++)
            json_array_append_new(
                events,
                json_format("{'id': 'e%d', 'type': 'note', 'partnership': "
                            "'p%d', 'parties': ['a'], 'occurred': '2017', "
                            "'title': 'T', 'summary': {'$repeat': ['x', %d]}}",
                            first + i, i % 2, SUMMARY_SIZE));
        json_auto_t *arguments = json_pack("{s:o}", "events", events);
        json_decref(expect_ok_json(fixture.wire, "append", arguments));
    }
}

/* The next line of a stream must be the event of that position. */
static void
expect_line(FILE *stream, char **line, size_t *size, json_int_t seq)
{
    ck_assert_msg(getline(line, size, stream) > 0,
                  "the end instead of %" JSON_INTEGER_FORMAT, seq);
    json_auto_t *event = json_loads(*line, 0, NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(event, "seq")), seq);
}

static const struct {
    const char *line;
    json_int_t first, step, last;
    int status;
} cases[] = {
    {"export", 1, 1, EVENT_COUNT, 0},
    {"export --closed --partnership p1", 2, 2, EVENT_COUNT, 0},
    {"replay --from 3 --to 3900 --partnership p0", 3, 2, 3899, 0},
    {"search xx --limit 3500", 1, 1, 3500, 0},
};

START_TEST(stream_goes_on_behind_what_it_has)
{
    int ends[2];
    char *line = NULL;
    size_t size = 0;
    append_events();
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid = client_start(cases[_i].line, nothing, ends[1], nothing);
    close(ends[1]);
    FILE *stream = fdopen(ends[0], "re");
    json_int_t seq = cases[_i].first;
    /* it has begun; nobody reads on until the daemon was away */
    expect_line(stream, &line, &size, seq);
    fixture_kill();
    fixture_start();
    for (seq += cases[_i].step; seq <= cases[_i].last; seq += cases[_i].step)
        expect_line(stream, &line, &size, seq);
    ck_assert_int_eq(getline(&line, &size, stream), -1);
    ck_assert_int_eq(client_await(pid), cases[_i].status);
    fclose(stream);
    close(nothing);
    free(line);
}
END_TEST

/* In another order there is no place to go on from: it is told. */
START_TEST(stream_in_another_order_ends)
{
    int ends[2];
    char *line = NULL;
    size_t size = 0, count = 1;
    append_events();
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid = client_start("replay --reverse", nothing, ends[1], nothing);
    close(ends[1]);
    FILE *stream = fdopen(ends[0], "re");
    expect_line(stream, &line, &size, EVENT_COUNT);
    fixture_kill();
    fixture_start();
    while (getline(&line, &size, stream) > 0)
        count++;
    ck_assert_uint_lt(count, EVENT_COUNT);
    ck_assert_int_eq(client_await(pid), 3);
    fclose(stream);
    close(nothing);
    free(line);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client lost");
    TCase *tcase = fixture_case(suite, "lost", SECONDS_MAX);
    tcase_add_loop_test(tcase, stream_goes_on_behind_what_it_has, 0,
                        COUNT(cases));
    tcase_add_test(tcase, stream_in_another_order_ends);
    return fixture_run(suite);
}
