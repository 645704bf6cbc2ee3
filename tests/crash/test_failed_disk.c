/* SPDX-License-Identifier: MIT */
/* A flush of the journal, or a write of log.mdb behind it, that fails: nothing
 * is acknowledged that may be lost, the daemon ends with 74, and the next one
 * finds a whole log, in which the same ids are stored once. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/crash/check_log.h"
#include "tests/crash/preload/control.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"
#include "tests/system/load.h"

#define SECONDS_MAX 40
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID_SIZE 32
#define EVENTS 12
#define FLUSHES 6       /* each of the first so many fails once */
#define START_FLUSHES 2 /* those of a start's thread, which may not fail */
#define METAS 5
#define BEHIND_MAX 20000 /* events until log.mdb is written so often */
#define CONNECTIONS 4

/* --- one event after the other --------------------------------------------*/

struct outcome {
    json_int_t seq[EVENTS]; /* as acknowledged, or 0 */
    size_t acknowledged;
    size_t failed; /* the first that was not; EVENTS if none */
};

static void
id_of(size_t index, char id[ID_SIZE])
{
    snprintf(id, ID_SIZE, "event%zu", index);
}

/* What an append that was hit may be answered, and what comes later. */
static void
check_refused(const json_t *answer, bool first)
{
    const char *code =
        json_string_value(json_object_get(json_array_get(answer, 2), "code"));
    ck_assert_ptr_nonnull(code);
    if (strcmp(code, "indeterminate") == 0 && first)
        return;
    ck_assert_msg(!first && strcmp(code, "unavailable") == 0, "refused with %s",
                  code);
}

/* Send until the daemon closes; after the first failure nothing is ok. */
static void
send_all(struct outcome *outcome)
{
    *outcome = (struct outcome){.failed = EVENTS};
    bool open = true;
    for (size_t i = 0; i < EVENTS && open; i++) {
        char id[ID_SIZE];
        id_of(i, id);
        json_auto_t *answer = check_log_send(id);
        open = answer != NULL;
        outcome->seq[i] = check_log_acknowledged(answer);
        bool first = outcome->failed == EVENTS;
        if (outcome->seq[i] != 0) {
            ck_assert_msg(first, "%s is acknowledged behind a failure", id);
            outcome->acknowledged++;
            continue;
        }
        if (first)
            outcome->failed = i;
        if (open)
            check_refused(answer, first);
    }
    ck_assert_uint_lt(outcome->failed, EVENTS);
}

/* The next daemon: what was acknowledged is there, and all can be sent again.
 */
static void
check_restarted(const struct outcome *outcome)
{
    fixture_start();
    json_int_t tip = check_log();
    ck_assert_int_ge(tip, (json_int_t)outcome->acknowledged);
    ck_assert_int_le(tip, (json_int_t)outcome->acknowledged + 1);
    for (size_t i = 0; i < EVENTS; i++) {
        char id[ID_SIZE];
        id_of(i, id);
        enum check_log_novelty wanted = i < outcome->failed ? CHECK_LOG_AGAIN
                                        : i == outcome->failed
                                            ? CHECK_LOG_EITHER
                                            : CHECK_LOG_NEW;
        json_int_t seq = check_log_store(id, wanted);
        ck_assert_int_eq(seq, (json_int_t)i + 1);
        ck_assert_int_eq(check_log_store(id, CHECK_LOG_AGAIN), seq);
    }
    ck_assert_int_eq(check_log(), EVENTS);
    fixture_stop();
    fixture_start();
    ck_assert_int_eq(check_log(), EVENTS);
}

static void
check_failure(void)
{
    struct outcome outcome;
    send_all(&outcome);
    under_expect_exit(EX_IOERR);
    check_restarted(&outcome);
}

/* --- the flush ------------------------------------------------------------*/

static struct control_disk *
start_with_disk(void)
{
    char command[UNDER_COMMAND_SIZE];
    under_preload(command, "disk");
    struct control_disk *disk = under_control(sizeof(*disk));
    under_start("%s", command);
    return disk;
}

/* strace counts the calls of each thread: the start flushes log.mdb twice, the
 * writer the journal once an append, the log's own thread log.mdb behind it. */
static void
start_with_failing_flush(const char *when)
{
    fixture_start();
    fixture_stop();
    under_start(UNDER_STRACE "-o '%s/trace' -e trace=fdatasync "
                             "-e inject=fdatasync:error=EIO:when=%s",
                fixture.directory, when);
}

START_TEST(flush_that_fails_once_ends_all)
{
    struct control_disk *disk = start_with_disk();
    atomic_store(&disk->flush_at, _i);
    check_failure();
}
END_TEST

START_TEST(flush_that_fails_in_the_kernel_ends_all)
{
    char when[16];
    snprintf(when, sizeof(when), "%d", _i);
    start_with_failing_flush(when);
    check_failure();
}
END_TEST

START_TEST(flush_that_fails_from_now_on_ends_all)
{
    char when[16];
    snprintf(when, sizeof(when), "%d+", _i);
    start_with_failing_flush(when);
    check_failure();
}
END_TEST

/* What a start finds may be in the page cache alone: it is no log before it is
 * flushed. */
START_TEST(start_that_cannot_flush_is_refused)
{
    fixture_start();
    check_log_store("A", CHECK_LOG_NEW);
    fixture_kill();
    ck_assert_msg(!under_try(UNDER_STRACE
                             "-o '%s/trace' -e trace=fdatasync,fsync "
                             "-e inject=fdatasync,fsync:error=EIO",
                             fixture.directory),
                  "it serves what it could not flush");
    int status = under_await_end();
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) != 0,
                  "it ended with %#x", (unsigned)status);
    fixture_start();
    ck_assert_int_eq(check_log(), 1);
}
END_TEST

/* Whatever shared the flush is refused with it. */
START_TEST(flush_that_fails_under_load_acknowledges_nothing)
{
    start_with_failing_flush("25");
    struct load *load = load_start(CONNECTIONS, 0);
    load_await_end(load);
    under_expect_exit(EX_IOERR);
    fixture_start();
    json_int_t tip = check_log();
    size_t count = load_check(load);
    ck_assert_uint_gt(count, 0);
    ck_assert_int_ge(tip, (json_int_t)count);
    ck_assert_int_eq(check_log(), tip);
    load_free(load);
}
END_TEST

/* --- behind the acknowledgement -------------------------------------------*/

static bool
is_unavailable(const json_t *answer)
{
    const char *code =
        json_string_value(json_object_get(json_array_get(answer, 2), "code"));
    return code != NULL && strcmp(code, "unavailable") == 0;
}

/* The disk fails when what was acknowledged is moved into log.mdb: all of it is
 * in the journal still. */
static void
check_failure_behind(void)
{
    json_int_t acknowledged = 0;
    bool open = true;
    for (size_t i = 0; i < BEHIND_MAX && open; i++) {
        char id[ID_SIZE];
        id_of(i, id);
        json_auto_t *answer = check_log_send(id);
        json_int_t seq = check_log_acknowledged(answer);
        open = seq != 0;
        acknowledged += open;
        ck_assert_int_eq(seq, open ? acknowledged : 0);
        if (answer != NULL && !open) /* noticed before it was written, or not */
            check_refused(answer, !is_unavailable(answer));
    }
    ck_assert_msg(!open, "it went on after %d events", BEHIND_MAX);
    under_expect_exit(EX_IOERR);
    fixture_start();
    json_int_t tip = check_log();
    ck_assert_int_ge(tip, acknowledged);
    ck_assert_int_le(tip, acknowledged + 1);
    for (json_int_t i = 0; i < acknowledged; i += 1 + acknowledged / 50) {
        char id[ID_SIZE];
        id_of((size_t)i, id);
        ck_assert_int_eq(check_log_store(id, CHECK_LOG_AGAIN), i + 1);
    }
    check_log_store("last", CHECK_LOG_NEW);
    fixture_stop();
    fixture_start();
    ck_assert_int_eq(check_log(), tip + 1);
}

static void
fail_meta(enum control_meta how, int at)
{
    struct control_disk *disk = start_with_disk();
    atomic_store(&disk->meta_how, how);
    atomic_store(&disk->meta_at, at);
    check_failure_behind();
}

START_TEST(meta_page_that_is_lost_loses_nothing)
{
    fail_meta(CONTROL_META_LOST, _i);
}
END_TEST

/* It failed, and is there all the same: what it holds is in the journal, too,
 * and is stored once. */
START_TEST(meta_page_that_is_there_all_the_same_doubles_nothing)
{
    fail_meta(CONTROL_META_GHOST, _i);
}
END_TEST

/* Questions that come while it ends get a definite answer, or none. */
START_TEST(questions_behind_a_failure_are_answered_definitely)
{
    struct control_disk *disk = start_with_disk();
    struct wire *other = wire_open_unix(fixture.socket);
    fixture_log("A note 2017\n");
    atomic_store(&disk->flush_at, 1);
    json_auto_t *arguments =
        json_pack("{s:[o]}", "events", check_log_event("B"));
    json_auto_t *question = json_of("{'seq': 1}");
    wire_queue(other, 1, "append", arguments);
    for (uint32_t i = 2; i < 50; i++)
        wire_queue(other, i, "get", question);
    wire_flush(other);
    json_t *message = NULL;
    while (wire_read(other, WIRE_PATIENCE_MS, &message) == WIRE_MESSAGE) {
        const json_t *error = json_array_get(message, 2);
        if (json_is_null(error))
            expect_includes(json_array_get(message, 3), "{'id': 'A'}");
        else
            ck_assert(json_is_string(json_object_get(error, "code")));
        json_decref(message);
    }
    wire_close(other);
    under_expect_exit(EX_IOERR);
    fixture_start();
    check_log_store("B", CHECK_LOG_EITHER);
    ck_assert_int_eq(check_log(), 2);
}
END_TEST

/* --- ids ------------------------------------------------------------------*/

START_TEST(same_id_is_stored_once_whatever_the_end)
{
    static void (*const ends[])(void) = {fixture_stop, fixture_kill};
    fixture_start();
    json_int_t seq = check_log_store("A", CHECK_LOG_NEW);
    for (int i = 0; i < 6; i++) {
        ends[(size_t)i % COUNT(ends)]();
        fixture_start();
        ck_assert_int_eq(check_log_store("A", CHECK_LOG_AGAIN), seq);
    }
    ck_assert_int_eq(check_log(), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("failed disk");
    TCase *tests = tcase_create("failed disk");
    tcase_add_checked_fixture(tests, fixture_begin_stopped, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_loop_test(tests, flush_that_fails_once_ends_all, 1, FLUSHES);
    tcase_add_loop_test(tests, flush_that_fails_in_the_kernel_ends_all,
                        START_FLUSHES + 1, START_FLUSHES + FLUSHES);
    tcase_add_loop_test(tests, flush_that_fails_from_now_on_ends_all,
                        START_FLUSHES + 1, START_FLUSHES + FLUSHES);
    tcase_add_test(tests, start_that_cannot_flush_is_refused);
    tcase_add_test(tests, flush_that_fails_under_load_acknowledges_nothing);
    tcase_add_loop_test(tests, meta_page_that_is_lost_loses_nothing, 1, METAS);
    tcase_add_loop_test(
        tests, meta_page_that_is_there_all_the_same_doubles_nothing, 1, METAS);
    tcase_add_test(tests, questions_behind_a_failure_are_answered_definitely);
    tcase_add_test(tests, same_id_is_stored_once_whatever_the_end);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
