/* SPDX-License-Identifier: MIT */
/* Signs of life: a slow disk does not end them, a thread that is stuck does,
 * whichever it is. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"
#include "tests/system/notify_socket.h"

#define SECONDS_MAX 120

/* Slow is more than this, stuck four times as much. */
#define INTERVAL_MS 1000
#define SLOW_US 2500000
#define STUCK_US 600000000

/* What waits for a disk. */
#define DISK_CALLS "fdatasync,fsync,pwrite64,pwritev"

#define EXIT_NO_PROGRAM 127 /* as a shell says it */

static const char event[] =
    "{'events': [{'type': 'note', 'partnership': 'p', 'parties': ['a'], "
    "'occurred': '2020', 'title': 'one'}]}";

static pid_t tracer;

static void
begin(void)
{
    fixture_begin_stopped();
    notify_socket_open();
    notify_socket_watchdog(INTERVAL_MS);
    fixture_start();
    notify_socket_await("READY=1", NULL);
}

/* --- holding it up --------------------------------------------------------*/

static bool
is_traced(void)
{
    char path[64];
    char line[256];
    int found = 0;
    snprintf(path, sizeof(path), "/proc/%d/status",
             (int)process_pid(fixture.daemon));
    FILE *status = fopen(path, "re");
    ck_assert_ptr_nonnull(status);
    while (fgets(line, sizeof(line), status) != NULL)
        (void)sscanf(line, "TracerPid: %d", &found);
    fclose(status);
    return found != 0;
}

/* From now on delay each of these system calls of the daemon. */
static void
delay(const char *calls, int delay_us)
{
    char pid[16];
    char inject[128];
    snprintf(pid, sizeof(pid), "%d", (int)process_pid(fixture.daemon));
    snprintf(inject, sizeof(inject), "inject=%s:delay_enter=%d", calls,
             delay_us);
    tracer = fork();
    ck_assert_int_ge(tracer, 0);
    if (tracer == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("strace", "strace", "-f", "-qq", "-o", "/dev/null", "-p", pid,
               "-e", inject, (char *)NULL);
        _exit(EXIT_NO_PROGRAM);
    }
    struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < PROCESS_PATIENCE_MS / 10 && !is_traced(); i++)
        nanosleep(&pause, NULL);
    ck_assert_msg(is_traced(), "strace does not trace; is ptrace forbidden?");
}

/* A tracer that is killed lets go, in the middle of a delay too. */
static void
release(void)
{
    ck_assert_int_eq(kill(tracer, SIGKILL), 0);
    ck_assert_int_eq(waitpid(tracer, NULL, 0), tracer);
}

/* --- what is said then ----------------------------------------------------*/

static void
await_stuck(const char *who)
{
    char line[NOTIFY_LINE_SIZE];
    do
        notify_socket_next(line);
    while (strncmp(line, "STATUS=stuck", strlen("STATUS=stuck")) != 0);
    ck_assert_msg(strstr(line, who) != NULL, "%s", line);
    ck_assert_msg(!notify_socket_within("WATCHDOG=1", 3 * INTERVAL_MS),
                  "signs of life although the %s is stuck", who);
}

static void
send_append(void)
{
    json_auto_t *arguments = json_format("%s", event);
    wire_queue(fixture.wire, 1, "append", arguments);
    wire_flush(fixture.wire);
}

START_TEST(slow_disk_does_not_end_the_signs_of_life)
{
    delay(DISK_CALLS, SLOW_US);
    send_append();
    notify_socket_await("STATUS=slow disk", NULL);
    size_t pings = notify_socket_await("STATUS=serving", "WATCHDOG=1");
    ck_assert_uint_gt(pings, 0);
    json_decref(wire_answer(fixture.wire, 1));
    notify_socket_await("WATCHDOG=1", NULL);
    release();
}
END_TEST

START_TEST(writer_that_is_stuck_ends_the_signs_of_life)
{
    delay(DISK_CALLS, STUCK_US);
    send_append();
    await_stuck("writer");
    release();
}
END_TEST

START_TEST(reactor_that_is_stuck_ends_the_signs_of_life)
{
    delay("epoll_wait", STUCK_US);
    await_stuck("reactor");
    release();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("watchdog");
    TCase *tests = tcase_create("watchdog");
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_add_test(tests, slow_disk_does_not_end_the_signs_of_life);
    tcase_add_test(tests, writer_that_is_stuck_ends_the_signs_of_life);
    tcase_add_test(tests, reactor_that_is_stuck_ends_the_signs_of_life);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
