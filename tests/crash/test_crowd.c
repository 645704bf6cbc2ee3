/* SPDX-License-Identifier: MIT */
/* Clients that come in crowds, or ask without end, keep nobody out for good
 * and cost the daemon next to nothing while they wait. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/crash/check_log.h"
#include "tests/crash/raw.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50

/* --- crowds ---------------------------------------------------------------*/

#define DESCRIPTORS 64
#define DESCRIPTORS_MANY 1024
#define CROWD 300
#define IDLE_MS 2000
#define IDLE_CPU_MAX 4 /* of the time, one part in */

static long
cpu_ticks(void)
{
    char path[64];
    char text[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat",
             (int)process_pid(fixture.daemon));
    FILE *stat = fopen(path, "re");
    ck_assert_ptr_nonnull(stat);
    size_t size = fread(text, 1, sizeof(text) - 1, stat);
    fclose(stat);
    text[size] = '\0';
    long user = 0;
    long kernel = 0;
    ck_assert_int_eq(sscanf(strrchr(text, ')'),
                            ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                            "%ld %ld",
                            &user, &kernel),
                     2);
    return user + kernel;
}

static size_t
lines_said(void)
{
    char *output = process_output(fixture.daemon);
    size_t lines = 0;
    for (const char *at = output; *at != '\0'; at++)
        lines += *at == '\n';
    free(output);
    return lines;
}

/* What the daemon does while there is nothing that it could do: the time is
 * what is measured. */
static void
check_idle(void)
{
    long ticks = cpu_ticks();
    size_t lines = lines_said();
    json_t *nothing = NULL;
    ck_assert_int_eq(wire_read(fixture.wire, IDLE_MS, &nothing), WIRE_SILENCE);
    ticks = cpu_ticks() - ticks;
    lines = lines_said() - lines;
    printf("out of descriptors: %ld ticks and %zu lines in %d ms\n", ticks,
           lines, IDLE_MS);
    ck_assert_int_lt(ticks * IDLE_CPU_MAX * 1000,
                     sysconf(_SC_CLK_TCK) * IDLE_MS);
    ck_assert_msg(lines <= 1 + IDLE_MS / 1000, "%zu lines in %d ms", lines,
                  IDLE_MS);
}

/* Descriptors may be few from the start, or taken away later, so that it is
 * accept(2) that fails. */
static void
start_with_few_descriptors(bool late)
{
    struct rlimit limit = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS};
    under_start("prlimit --nofile=%d", late ? DESCRIPTORS_MANY : DESCRIPTORS);
    if (late)
        ck_assert_int_eq(
            prlimit(process_pid(fixture.daemon), RLIMIT_NOFILE, &limit, NULL),
            0);
}

START_TEST(crowd_that_takes_all_descriptors_keeps_nobody_out_for_good)
{
    start_with_few_descriptors(_i == 1);
    int crowd[CROWD];
    for (int i = 0; i < CROWD; i++)
        crowd[i] = raw_open_unix(fixture.socket);
    for (int i = 0; i < 100; i++) {
        char id[32];
        snprintf(id, sizeof(id), "event%d", i);
        check_log_store(id, CHECK_LOG_NEW);
    }
    check_idle();
    ck_assert_int_eq(check_log(), 100);
    for (int i = 0; i < CROWD; i++)
        close(crowd[i]);
    struct wire *late = wire_open_unix(fixture.socket);
    expect_in(late, "{'tip': 100}", "hello", "{}");
    wire_close(late);
}
END_TEST

/* Those who waited are let in when others leave. */
START_TEST(who_waits_for_a_descriptor_is_served_in_the_end)
{
    start_with_few_descriptors(_i == 1);
    json_auto_t *none = json_object();
    size_t size;
    char *request = wire_request_bytes(1, "ping", none, &size);
    size_t answer = raw_answer_size(false, "ping", none);
    int crowd[CROWD];
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = raw_open_unix(fixture.socket);
        raw_send(crowd[i], request, size);
    }
    for (int i = 0; i < CROWD; i++) {
        ck_assert(raw_receive(crowd[i], answer));
        close(crowd[i]);
    }
    free(request);
}
END_TEST

/* --- fairness -------------------------------------------------------------*/

#define EAGER_REQUESTS 100000
#define POLITE_REQUESTS 20

struct eager {
    int fd;
    char *request;
    size_t request_size;
    size_t answer_size;
    _Atomic size_t answered;
};

static void *
eager_read(void *argument)
{
    struct eager *eager = argument;
    for (size_t i = 0; i < EAGER_REQUESTS; i++) {
        if (!raw_receive(eager->fd, eager->answer_size))
            break;
        atomic_fetch_add(&eager->answered, 1);
    }
    return NULL;
}

static void *
eager_write(void *argument)
{
    struct eager *eager = argument;
    enum { TOGETHER = 100 };
    size_t size = eager->request_size * TOGETHER;
    char *requests = malloc(size);
    for (size_t i = 0; i < TOGETHER; i++)
        memcpy(requests + i * eager->request_size, eager->request,
               eager->request_size);
    for (size_t i = 0; i < EAGER_REQUESTS / TOGETHER; i++) {
        for (size_t sent = 0; sent < size;) {
            ssize_t some =
                send(eager->fd, requests + sent, size - sent, MSG_NOSIGNAL);
            if (some <= 0)
                goto out;
            sent += (size_t)some;
        }
    }
out:
    free(requests);
    return NULL;
}

static const struct {
    const char *method;
    const char *arguments;
} hard[] = {
    {"get", "{'seq': 1, 'context': true}"},
    {"state", "{'partnership': 'p'}"},
    {"append",
     "{'events': [{'id': 'A', 'type': 'note', 'partnership': 'p', 'parties': "
     "['a'], 'occurred': '2017', 'title': 't'}]}"},
};

/* One that asks without end, and reads as fast as it can: others come in
 * between. */
START_TEST(others_are_answered_before_a_hundred_thousand_requests_are)
{
    check_log_store("A", CHECK_LOG_NEW);
    json_auto_t *arguments = json_of(hard[_i].arguments);
    struct eager eager = {.fd = raw_open_unix(fixture.socket)};
    eager.answer_size = raw_answer_size(false, hard[_i].method, arguments);
    eager.request =
        wire_request_bytes(1, hard[_i].method, arguments, &eager.request_size);
    pthread_t reading;
    pthread_t writing;
    pthread_create(&reading, NULL, eager_read, &eager);
    pthread_create(&writing, NULL, eager_write, &eager);
    while (atomic_load(&eager.answered) == 0)
        expect_done(fixture.wire, "ping", "{}");
    for (int i = 0; i < POLITE_REQUESTS; i++)
        expect_done(fixture.wire, "ping", "{}");
    ck_assert_uint_lt(atomic_load(&eager.answered), EAGER_REQUESTS);
    struct wire *other = wire_open_unix(fixture.socket);
    expect_done(other, "ping", "{}");
    wire_close(other);
    ck_assert_uint_lt(atomic_load(&eager.answered), EAGER_REQUESTS);
    pthread_join(writing, NULL);
    pthread_join(reading, NULL);
    ck_assert_uint_eq(atomic_load(&eager.answered), EAGER_REQUESTS);
    close(eager.fd);
    free(eager.request);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("crowd");
    TCase *tests = fixture_case(suite, "fairness", SECONDS_MAX);
    tcase_add_loop_test(
        tests, others_are_answered_before_a_hundred_thousand_requests_are, 0,
        COUNT(hard));
    TCase *crowds = tcase_create("crowds");
    tcase_add_checked_fixture(crowds, fixture_begin_stopped, fixture_end);
    tcase_set_timeout(crowds, SECONDS_MAX);
    tcase_add_loop_test(
        crowds, crowd_that_takes_all_descriptors_keeps_nobody_out_for_good, 0,
        2);
    tcase_add_loop_test(crowds, who_waits_for_a_descriptor_is_served_in_the_end,
                        0, 2);
    suite_add_tcase(suite, crowds);
    return fixture_run(suite);
}
