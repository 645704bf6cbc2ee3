/* SPDX-License-Identifier: MIT */
/* Under a service manager: what it is told and when, and sockets that it has
 * opened for the daemon. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"
#include "tests/system/notify_socket.h"

#define SECONDS_MAX 120

/* More than the daemon makes views of before it serves, in whole batches. */
#define EVENTS_MANY 70000
#define BATCH_MAX 10000

/* --- what is told ---------------------------------------------------------*/

static void
begin_notified(void)
{
    fixture_begin_stopped();
    notify_socket_open();
}

START_TEST(ready_is_told_when_it_serves)
{
    char line[NOTIFY_LINE_SIZE];
    fixture_start();
    ck_assert_uint_eq(notify_socket_await("STATUS=opening", "READY=1"), 0);
    ck_assert_uint_eq(notify_socket_await("STATUS=serving", "READY=1"), 0);
    notify_socket_next(line);
    ck_assert_str_eq(line, "READY=1");
    expect_done(fixture.wire, "ping", "{}");
}
END_TEST

START_TEST(stop_is_told_once)
{
    fixture_start();
    notify_socket_await("READY=1", NULL);
    fixture_stop();
    ck_assert_uint_eq(notify_socket_await("STOPPING=1", "READY=1"), 0);
    ck_assert(!notify_socket_within("STOPPING=1", 1));
}
END_TEST

START_TEST(start_that_fails_is_never_ready)
{
    struct process_options options = {
        .data = "/proc/nothing",
        .socket = fixture.socket,
    };
    fixture.daemon = process_start(&options);
    int status = process_await_end(fixture.daemon);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    ck_assert(!notify_socket_within("READY=1", 1));
    process_free(fixture.daemon);
    fixture.daemon = NULL;
}
END_TEST

static void
append_many(void)
{
    for (int first = 0; first < EVENTS_MANY; first += BATCH_MAX) {
        json_auto_t *arguments = json_object();
        json_t *events = json_array();
        json_object_set_new(arguments, "events", events);
        for (int i = first; i < first + BATCH_MAX; i++)
            json_array_append_new(
                events, json_format("{'type': 'note', 'partnership': 'p', "
                                    "'parties': ['a'], 'occurred': '2020', "
                                    "'title': 'event %d'}",
                                    i));
        json_decref(expect_ok_json(fixture.wire, "append", arguments));
    }
}

START_TEST(rebuild_is_told_and_given_time)
{
    char views[SCRATCH_PATH_SIZE];
    fixture_start();
    append_many();
    fixture_kill(); /* an end in order would make the views first */
    scratch_join(views, fixture.data, "views.mdb");
    ck_assert_int_eq(unlink(views), 0);
    notify_socket_drop();
    fixture_start();
    size_t early = notify_socket_await("EXTEND_TIMEOUT_USEC=", "READY=1");
    early += notify_socket_await("STATUS=rebuilding the views: ", "READY=1");
    ck_assert_uint_eq(early, 0);
    notify_socket_await("READY=1", NULL);
    expect_in(fixture.wire, "{'tip': 70000}", "hello", "{}");
}
END_TEST

START_TEST(nothing_is_told_where_nobody_listens)
{
    unsetenv("NOTIFY_SOCKET");
    fixture_start();
    expect_done(fixture.wire, "ping", "{}");
    fixture_stop();
    ck_assert(!notify_socket_within("", 1));
}
END_TEST

/* --- sockets that are passed ----------------------------------------------*/

/* Start the daemon with what systemd-socket-activate passes it; it opens the
 * sockets and becomes the daemon once somebody connects. */
static void
start_activated(const char *options)
{
    char path[SCRATCH_PATH_SIZE];
    char program[4096];
    const char *daemon = getenv("ENTENTED");
    struct process_options bare = {.data = fixture.data};
    scratch_join(path, fixture.directory, "activate");
    snprintf(program, sizeof(program), "%s",
             daemon == NULL ? "build/gcc/entented" : daemon);
    FILE *script = fopen(path, "we");
    ck_assert_ptr_nonnull(script);
    fprintf(script,
            "#!/bin/sh\nexec systemd-socket-activate -E ASAN_OPTIONS "
            "-E TSAN_OPTIONS %s '%s' \"$@\"\n",
            options, program);
    ck_assert_int_eq(fclose(script), 0);
    ck_assert_int_eq(chmod(path, 0700), 0);
    setenv("ENTENTED", path, 1);
    fixture.daemon = process_start(&bare);
    setenv("ENTENTED", program, 1);
}

/* Wait for something that it says; the caller frees all that was said. */
static char *
await_said(const char *wanted)
{
    struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < PROCESS_PATIENCE_MS / 10; i++) {
        char *output = process_output(fixture.daemon);
        if (strstr(output, wanted) != NULL)
            return output;
        free(output);
        nanosleep(&pause, NULL);
    }
    ck_abort_msg("it never said \"%s\", but: %s", wanted,
                 process_output(fixture.daemon));
}

START_TEST(unix_socket_that_is_passed_is_served)
{
    struct stat status;
    char options[2 * SCRATCH_PATH_SIZE];
    snprintf(options, sizeof(options), "--fdname=unix -l %s", fixture.socket);
    start_activated(options);
    free(await_said("Listening on"));
    fixture.wire = wire_open_unix(fixture.socket);
    expect_in(fixture.wire, "{'role': 'admin'}", "hello", "{}");
    free(await_said("listening on unix:/"));
    fixture_stop();
    ck_assert_msg(stat(fixture.socket, &status) == 0,
                  "the service manager's socket was removed");
}
END_TEST

/* A free port, as systemd-socket-activate cannot say which one it got. */
static uint16_t
free_port(void)
{
    struct process_options options = {.data = fixture.data, .tcp = true};
    fixture.daemon = process_start(&options);
    ck_assert(process_await_ready(fixture.daemon));
    uint16_t port = process_port(fixture.daemon);
    fixture_stop();
    return port;
}

START_TEST(tcp_socket_that_is_passed_is_for_reading)
{
    char options[2 * SCRATCH_PATH_SIZE];
    uint16_t port = free_port();
    snprintf(options, sizeof(options), "--fdname=tcp -l 127.0.0.1:%u", port);
    start_activated(options);
    free(await_said("Listening on"));
    fixture.wire = wire_open_tcp(port);
    expect_in(fixture.wire, "{'role': 'read'}", "hello", "{}");
}
END_TEST

static void
expect_refused(const char *said)
{
    int status = process_await_end(fixture.daemon);
    /* What it said last may not have been collected yet. */
    char *output = await_said(said);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE,
                  "it ended with %#x and said: %s", (unsigned)status, output);
    free(output);
    process_free(fixture.daemon);
    fixture.daemon = NULL;
}

START_TEST(tcp_socket_beyond_loopback_is_refused)
{
    char options[2 * SCRATCH_PATH_SIZE];
    uint16_t port = free_port();
    snprintf(options, sizeof(options), "-l 0.0.0.0:%u", port);
    start_activated(options);
    free(await_said("Listening on"));
    fixture.wire = wire_open_tcp(port);
    expect_refused("TCP without TLS is for loopback addresses only");
}
END_TEST

START_TEST(socket_that_is_no_stream_is_refused)
{
    char options[2 * SCRATCH_PATH_SIZE];
    char command[4 * SCRATCH_PATH_SIZE];
    snprintf(options, sizeof(options), "--seqpacket -l %s", fixture.socket);
    start_activated(options);
    free(await_said("Listening on"));
    snprintf(command, sizeof(command),
             "exec \"${PYTHON:-python3}\" -c 'import socket; s = "
             "socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); "
             "s.connect(\"%s\")'",
             fixture.socket);
    /* NOLINTNEXTLINE(cert-env33-c): nothing of it comes from outside */
    ck_assert_int_eq(system(command), 0);
    expect_refused("is no listening stream socket");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("service");
    TCase *told = tcase_create("told");
    tcase_set_timeout(told, SECONDS_MAX);
    tcase_add_checked_fixture(told, begin_notified, fixture_end);
    tcase_add_test(told, ready_is_told_when_it_serves);
    tcase_add_test(told, stop_is_told_once);
    tcase_add_test(told, start_that_fails_is_never_ready);
    tcase_add_test(told, rebuild_is_told_and_given_time);
    tcase_add_test(told, nothing_is_told_where_nobody_listens);
    suite_add_tcase(suite, told);
    TCase *passed = tcase_create("passed");
    tcase_set_timeout(passed, SECONDS_MAX);
    tcase_add_checked_fixture(passed, fixture_begin_stopped, fixture_end);
    tcase_add_test(passed, unix_socket_that_is_passed_is_served);
    tcase_add_test(passed, tcp_socket_that_is_passed_is_for_reading);
    tcase_add_test(passed, tcp_socket_beyond_loopback_is_refused);
    tcase_add_test(passed, socket_that_is_no_stream_is_refused);
    suite_add_tcase(suite, passed);
    return fixture_run(suite);
}
