/* SPDX-License-Identifier: MIT */
/* Memory that runs out at the n-th allocation, for every n: the daemon refuses
 * or drops what it was for, never dies of it, and never acknowledges what is
 * not stored.
 *
 * Each round has a daemon of its own; the next one, on the same data, is asked
 * for all that the one before has acknowledged. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

#include "tests/crash/check_log.h"
#include "tests/crash/preload/control.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"

#define SECONDS_MAX 58
#define ROUNDS_S 20
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID_SIZE 32

/* An answer that never comes is a fault too; under a sanitizer it is slow. */
#define ANSWER_MS 20000

static struct control_memory *memory;
static char command[UNDER_COMMAND_SIZE];

/* The event that a round appends, and what it was told. */
static char id[ID_SIZE];
static json_int_t acknowledged;

static void
begin(void)
{
    fixture_begin_stopped();
    under_preload(command, "memory");
    memory = under_control(sizeof(*memory));
}

/* --- work -----------------------------------------------------------------*/

/* Send, and take what comes until the answer; NULL when the daemon closed. */
static json_t *
ask(struct wire *wire, const char *method, const json_t *arguments)
{
    json_t *message = NULL;
    wire_queue(wire, 1, method, arguments);
    wire_flush(wire);
    for (;;) {
        enum wire_event event = wire_read(wire, ANSWER_MS, &message);
        ck_assert_msg(event != WIRE_SILENCE, "%s: no answer to %s", id, method);
        if (event == WIRE_CLOSED)
            return NULL;
        if (json_integer_value(json_array_get(message, 0)) == 1)
            return message;
        json_decref(message); /* of a stream */
    }
}

static const struct {
    const char *method;
    const char *arguments;
} questions[] = {
    {"hello", "{}"},
    {"get", "{'id': 'A0', 'context': true}"},
    {"state", "{'partnership': 'p'}"},
    {"timeline", "{'partnership': 'p'}"},
    {"replay", "{'order': 'occurred', 'limit': 3}"},
    {"replay", "{'stream': true}"},
    {"portfolio", "{}"},
    {"party", "{'party': 'a'}"},
    {"gap", "{'at': '2018'}"},
    {"diff", "{'partnership': 'p', 'before': {'at': '2016'}, 'after': "
             "{'at': '2018'}}"},
    {"stats", "{}"},
};

/* A refusal is an answer; a result must be of the question. */
static void
ask_all(struct wire *wire)
{
    for (size_t i = 0; i < COUNT(questions); i++) {
        json_auto_t *arguments = json_of(questions[i].arguments);
        json_auto_t *answer = ask(wire, questions[i].method, arguments);
        if (answer == NULL)
            return;
        const json_t *error = json_array_get(answer, 2);
        ck_assert(json_is_null(error) ||
                  json_is_string(json_object_get(error, "code")));
    }
}

static void
append_one(struct wire *wire)
{
    json_auto_t *arguments =
        json_pack("{s:[o]}", "events", check_log_event(id));
    json_auto_t *answer = ask(wire, "append", arguments);
    json_int_t seq = check_log_acknowledged(answer);
    if (seq != 0)
        acknowledged = seq;
}

/* All that allocates: connections, appends, questions. */
static void
work(void)
{
    struct wire *wire = wire_open_unix(fixture.socket);
    append_one(wire);
    ask_all(wire);
    append_one(wire);
    wire_close(wire);
    append_one(fixture.wire);
    ask_all(fixture.wire);
}

/* --- rounds ---------------------------------------------------------------*/

/* What the round before has acknowledged is there; what it has not may be. */
static void
check_last(void)
{
    check_log();
    if (acknowledged == 0)
        return;
    json_auto_t *event = expect_ok(fixture.wire, "get", "{'id': '%s'}", id);
    ck_assert_msg(json_integer_value(json_object_get(event, "seq")) ==
                      acknowledged,
                  "%s was acknowledged at another position", id);
}

/* Status 0, or 74 after a commit of which nobody knows: no other. */
static void
check_end(int64_t n)
{
    process_await_end(fixture.daemon);
    char *output = process_output(fixture.daemon);
    int status = under_await_end();
    ck_assert_msg(WIFEXITED(status) && (WEXITSTATUS(status) == 0 ||
                                        WEXITSTATUS(status) == EX_IOERR),
                  "allocation %lld: ended with %#x and said: %s", (long long)n,
                  (unsigned)status, output);
    free(output);
}

/* Let the n-th allocation fail, and `burst` behind it; false when there were
 * not as many. */
static bool
run_round(int64_t n, int64_t burst)
{
    under_start("%s", command);
    check_last();
    snprintf(id, sizeof(id), "A%lld.%lld", (long long)burst, (long long)n);
    acknowledged = 0;
    int64_t failed = atomic_load(&memory->failed);
    atomic_store(&memory->burst, burst);
    atomic_store(&memory->armed, n);
    work();
    atomic_store(&memory->armed, 0);
    process_signal(fixture.daemon, SIGTERM);
    check_end(n);
    return atomic_load(&memory->failed) > failed;
}

/* All, where there is time for it; else evenly many of them. */
static void
run_rounds(int64_t burst)
{
    under_start("%s", command);
    check_log_store("A0", CHECK_LOG_NEW);
    int64_t seen = atomic_load(&memory->seen);
    ck_assert_msg(seen > 0, "the library that fails is not in the daemon");
    snprintf(id, sizeof(id), "A0");
    work();
    int64_t all = atomic_load(&memory->seen) - seen;
    under_stop();
    acknowledged = 1;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t last = now.tv_sec + ROUNDS_S;
    /* in passes, so that little time reaches late ones too */
    int64_t rounds = 0;
    for (int64_t step = 7, from = 1; from <= step && now.tv_sec < last; from++)
        for (int64_t n = from; n <= all && now.tv_sec < last; n += step) {
            rounds += run_round(n, burst);
            clock_gettime(CLOCK_MONOTONIC, &now);
        }
    printf("%lld allocations, %lld rounds in which one failed\n",
           (long long)all, (long long)rounds);
    ck_assert_int_gt(rounds, 0);
    fixture_start();
    check_last();
}

START_TEST(allocation_that_fails_is_survived)
{
    run_rounds(0);
}
END_TEST

START_TEST(allocations_that_fail_in_a_row_are_survived)
{
    run_rounds(20);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, allocation_that_fails_is_survived);
    tcase_add_test(tests, allocations_that_fail_in_a_row_are_survived);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
