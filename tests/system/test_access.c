/* SPDX-License-Identifier: MIT */
/* Who is let in, with which role, how many at a time and for how long. */
#include <check.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/access_fixture.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"
#include "tests/system/load.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50

/* Users that are nobody here. */
#define READER 64999u
#define STRANGER 64998u
#define OTHER_STRANGER 64997u
#define OVERFLOW_ID 65534u

/* Let everybody reach the socket, so that roles alone decide. */
static void
open_path(void)
{
    char path[SCRATCH_PATH_SIZE];
    snprintf(path, sizeof(path), "%s", fixture.socket);
    ck_assert_int_eq(chmod(path, 0666), 0);
    for (char *slash; (slash = strrchr(path, '/')) != path;) {
        struct stat status;
        *slash = '\0';
        if (strcmp(path, "/tmp") == 0)
            break;
        ck_assert_int_eq(stat(path, &status), 0);
        ck_assert_int_eq(chmod(path, status.st_mode | 0711), 0);
    }
}

/* Connect as somebody else: what counts is who connects. */
static struct wire *
open_as(uid_t uid)
{
    ck_assert_int_eq(setgroups(0, NULL), 0);
    ck_assert_int_eq(setegid(uid), 0);
    ck_assert_int_eq(seteuid(uid), 0);
    struct wire *wire = wire_open_unix(fixture.socket);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(setegid(0), 0);
    return wire;
}

/* --- users ----------------------------------------------------------------*/

static const struct {
    uid_t uid;
    const char *role; /* or the error */
} users[] = {
    {0, "admin"},
    {READER, "read"},
    {STRANGER, "forbidden"},
    {OVERFLOW_ID, "forbidden"},
};

static void
expect_role(struct wire *wire, const char *role)
{
    char pattern[64];
    snprintf(pattern, sizeof(pattern), "{'role': '%s'}", role);
    if (strcmp(role, "forbidden") == 0)
        expect_refusal(wire, role, "hello", "{}");
    else
        expect_in(wire, pattern, "hello", "{}");
}

START_TEST(user_has_the_role_of_the_map)
{
    access_start("[access]\nread = user:64999\n");
    open_path();
    struct wire *wire = open_as(users[_i].uid);
    expect_role(wire, users[_i].role);
    wire_close(wire);
}
END_TEST

/* All of a new configuration is taken over, or none; and at once. */
START_TEST(hangup_takes_over_a_good_file_and_no_broken_one)
{
    static const char broken[] =
        "[access]\nappend = user:64999\n[limits]\nconnections = none\n";
    static const char better[] = "[access]\nappend = user:64999\n";
    static const char other[] =
        "[daemon]\ndata = /elsewhere\nlog-level = warning\n";
    access_start("[access]\nread = user:64999\n");
    open_path();
    struct wire *wire = open_as(READER);
    expect_role(wire, "read");
    access_configure(broken);
    process_signal(fixture.daemon, SIGHUP);
    process_await_line(fixture.daemon, "the configuration stays as it was", 1);
    char *said = process_output(fixture.daemon);
    ck_assert_msg(strstr(said, "conf:4: connections: \"none\"") != NULL, "%s",
                  said);
    free(said);
    expect_role(wire, "read");
    access_configure(better);
    access_reload(1);
    expect_role(wire, "append");
    access_configure(other);
    access_reload(2); /* said before the level changes */
    expect_role(wire, "forbidden");
    wire_close(wire);
}
END_TEST

#define HANGUPS ((size_t)20)
#define LOADERS 4

/* Half of them with a file that is broken. */
START_TEST(hangups_under_load_lose_nothing)
{
    static const char good[] = "[limits]\nconnections = 100\n";
    static const char bad[] = "[limits]\nconnections = 0\n";
    access_start(good);
    struct load *load = load_start(LOADERS, 1);
    for (size_t i = 1; i <= HANGUPS; i++) {
        load_await(load, i * 20);
        access_configure(bad);
        process_signal(fixture.daemon, SIGHUP);
        process_await_line(fixture.daemon, "the configuration stays as it was",
                           (int)i);
        access_configure(good);
        access_reload((int)i);
    }
    load_await(load, (HANGUPS + 1) * 20);
    process_signal(fixture.daemon, SIGTERM);
    load_await_end(load);
    int status = process_await_end(fixture.daemon);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    wire_close(fixture.wire);
    process_free(fixture.daemon);
    access_start(good);
    ck_assert_uint_gt(load_check(load), HANGUPS * 20);
    load_free(load);
}
END_TEST

/* --- how many -------------------------------------------------------------*/

START_TEST(one_user_cannot_take_all_places)
{
    struct wire *wires[3];
    access_start(
        "[access]\nread = user:64999\n[limits]\nconnections-per-peer = 3\n");
    open_path();
    for (int i = 0; i < 3; i++) {
        wires[i] = open_as(READER);
        expect_done(wires[i], "ping", "{}");
    }
    struct wire *more = open_as(READER);
    json_auto_t *message = wire_message(more);
    expect_error_in(message, "overloaded");
    wire_await_close(more);
    wire_close(more);
    for (int i = 0; i < 5; i++) { /* root has no such limit */
        struct wire *wire = wire_open_unix(fixture.socket);
        expect_done(wire, "ping", "{}");
        wire_close(wire);
    }
    wire_close(wires[0]);
    bool served = false;
    for (int i = 0; i < 1000 && !served;
         i++) { /* until it is seen to be gone */
        json_t *answer = NULL;
        struct wire *wire = open_as(READER);
        json_auto_t *none = json_object();
        wire_queue(wire, 7, "ping", none);
        wire_flush(wire);
        served = wire_read(wire, WIRE_PATIENCE_MS, &answer) == WIRE_MESSAGE &&
                 json_is_null(json_array_get(answer, 2));
        json_decref(answer);
        wire_close(wire);
    }
    ck_assert(served);
    wire_close(wires[1]);
    wire_close(wires[2]);
}
END_TEST

START_TEST(oldest_stranger_makes_room)
{
    struct wire *strangers[4];
    access_start("[limits]\nconnections-unknown = 3\n");
    open_path();
    for (int i = 0; i < 4; i++) {
        strangers[i] = open_as(STRANGER);
        if (i < 3)
            expect_role(strangers[i], "forbidden");
    }
    wire_await_close(strangers[0]);
    for (int i = 1; i < 4; i++)
        expect_role(strangers[i], "forbidden");
    expect_in(fixture.wire, "{'connections_unknown': 3}", "stats", "{}");
    for (int i = 0; i < 4; i++)
        wire_close(strangers[i]);
}
END_TEST

/* A crowd of one user drives out its own. */
START_TEST(crowd_of_strangers_makes_its_own_room)
{
    struct wire *crowd[20];
    access_start("[limits]\nconnections-unknown = 3\n");
    open_path();
    struct wire *alone = open_as(STRANGER);
    expect_role(alone, "forbidden");
    for (size_t i = 0; i < COUNT(crowd); i++)
        crowd[i] = open_as(OTHER_STRANGER);
    wire_await_close(crowd[0]);
    wire_await_close(crowd[COUNT(crowd) - 4]);
    expect_role(alone, "forbidden");
    expect_role(crowd[COUNT(crowd) - 1], "forbidden");
    for (size_t i = 0; i < COUNT(crowd); i++)
        wire_close(crowd[i]);
    wire_close(alone);
}
END_TEST

START_TEST(connection_over_the_limit_waits_for_a_place)
{
    json_t *message = NULL;
    json_auto_t *none = json_object();
    access_start("[limits]\nconnections = 2\n");
    struct wire *second = wire_open_unix(fixture.socket);
    expect_done(second, "ping", "{}");
    struct wire *third = wire_open_unix(fixture.socket);
    wire_queue(third, 1, "ping", none);
    wire_flush(third);
    expect_done(second, "ping", "{}");
    ck_assert_int_eq(wire_read(third, 0, &message), WIRE_SILENCE);
    wire_close(second);
    json_decref(wire_answer(third, 1));
    /* and SIGHUP makes more places */
    struct wire *fourth = wire_open_unix(fixture.socket);
    static const char more[] = "[limits]\nconnections = 3\n";
    access_configure(more);
    access_reload(1);
    expect_done(fourth, "ping", "{}");
    wire_close(third);
    wire_close(fourth);
}
END_TEST

#define IDLE 4000

static long
resident_kib(void)
{
    char path[64], line[256];
    long resident = 0;
    snprintf(path, sizeof(path), "/proc/%d/status",
             (int)process_pid(fixture.daemon));
    FILE *status = fopen(path, "re");
    ck_assert_ptr_nonnull(status);
    while (fgets(line, sizeof(line), status) != NULL)
        (void)sscanf(line, "VmRSS: %ld", &resident);
    fclose(status);
    return resident;
}

START_TEST(four_thousand_idle_ones_and_a_busy_one)
{
    static struct wire *idle[IDLE];
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_msg(limit.rlim_max > IDLE + 100, "too few descriptors here");
    access_start("");
    long before = resident_kib();
    for (int i = 0; i < IDLE; i++)
        idle[i] = wire_open_unix(fixture.socket);
    for (int i = 0; i < 200; i++)
        json_decref(fixture_event("{'id': 'e%d', 'type': 'note', 'partnership':"
                                  " 'p', 'parties': ['a'], 'occurred': '2017',"
                                  " 'title': 't'}",
                                  i));
    expect_in(fixture.wire, "{'connections': 4001, 'tip': 200}", "stats", "{}");
    printf("%ld bytes for an idle connection\n",
           (resident_kib() - before) * 1024 / IDLE);
    for (int i = 0; i < IDLE; i += 97)
        expect_done(idle[i], "ping", "{}");
    for (int i = 0; i < IDLE; i++)
        wire_close(idle[i]);
}
END_TEST

/* --- how long -------------------------------------------------------------*/

#define QUICK                                                                  \
    "[limits]\nfirst-request-timeout = 300ms\nmessage-timeout = 300ms\n"

START_TEST(silent_client_of_tcp_is_dropped_and_idle_ones_are_kept)
{
    access_start(QUICK);
    open_path();
    struct wire *idle = access_open_tcp(),
                *known = wire_open_unix(fixture.socket);
    expect_done(idle, "ping", "{}");
    for (int i = 0; i < 3; i++) {
        struct wire *silent = access_open_tcp();
        wire_await_close(silent);
        wire_close(silent);
    }
    expect_done(idle, "ping", "{}");
    expect_done(known, "ping", "{}"); /* its first */
    wire_close(idle);
    wire_close(known);
}
END_TEST

/* Asking is not enough for whoever has no role. */
START_TEST(stranger_is_dropped_whatever_it_asks)
{
    json_auto_t *none = json_object();
    access_start(QUICK);
    open_path();
    struct wire *stranger = open_as(STRANGER);
    enum wire_event event = WIRE_MESSAGE;
    for (int i = 0; i < 100000 && event == WIRE_MESSAGE; i++) {
        json_t *message = NULL;
        wire_queue(stranger, 1, "ping", none);
        wire_flush(stranger);
        event = wire_read(stranger, WIRE_PATIENCE_MS, &message);
        json_decref(message);
    }
    ck_assert_int_eq(event, WIRE_CLOSED);
    wire_close(stranger);
}
END_TEST

START_TEST(half_a_message_is_dropped_though_it_drips)
{
    size_t size;
    access_start(QUICK);
    struct wire *slow = wire_open_unix(fixture.socket);
    json_auto_t *arguments =
        json_of("{'partnership': {'$repeat': ['x', 60000]}}");
    char *request = wire_request_bytes(1, "state", arguments, &size);
    enum wire_event event = WIRE_SILENCE;
    expect_done(slow, "ping", "{}");
    for (size_t i = 0; i < size - 1 && event == WIRE_SILENCE; i++) {
        json_t *message = NULL;
        wire_send(slow, request + i, 1);
        expect_done(fixture.wire, "ping", "{}");
        event = wire_read(slow, 10, &message);
    }
    ck_assert_int_eq(event, WIRE_CLOSED);
    wire_close(slow);
    free(request);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, hangups_under_load_lose_nothing);
    tcase_add_test(tests, connection_over_the_limit_waits_for_a_place);
    tcase_add_test(tests, four_thousand_idle_ones_and_a_busy_one);
    tcase_add_test(tests,
                   silent_client_of_tcp_is_dropped_and_idle_ones_are_kept);
    tcase_add_test(tests, half_a_message_is_dropped_though_it_drips);
}

/* Only root can be somebody else. */
static void
add_tests_of_root(TCase *tests)
{
    tcase_add_loop_test(tests, user_has_the_role_of_the_map, 0, COUNT(users));
    tcase_add_test(tests, hangup_takes_over_a_good_file_and_no_broken_one);
    tcase_add_test(tests, one_user_cannot_take_all_places);
    tcase_add_test(tests, oldest_stranger_makes_room);
    tcase_add_test(tests, crowd_of_strangers_makes_its_own_room);
    tcase_add_test(tests, stranger_is_dropped_whatever_it_asks);
}

int
main(void)
{
    Suite *suite = suite_create("access");
    TCase *tests = tcase_create("access");
    tcase_add_checked_fixture(tests, access_begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    add_tests(tests);
    if (geteuid() == 0)
        add_tests_of_root(tests);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
