/* SPDX-License-Identifier: MIT */
/* What was acknowledged and is in the journal alone: a start has it, or refuses
 * to serve without it. */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/crash/bytes.h"
#include "tests/crash/check_data.h"
#include "tests/crash/check_log.h"
#include "tests/crash/dice.h"
#include "tests/crash/preload/control.h"
#include "tests/crash/trace.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"
#include "tests/system/load.h"
#include "tests/system/subscriber.h"

#define SECONDS_MAX 55
#define EVENTS 8 /* each a group of its own */
#define BLOCK ((size_t)4096)
#define S 7u /* a subscription */

static void
store_new(int from, int to)
{
    for (int i = from; i <= to; i++) {
        char id[32];
        snprintf(id, sizeof(id), "event%d.", i);
        ck_assert_int_eq(check_log_store(id, CHECK_LOG_NEW), i);
    }
}

static struct control_disk *
start_with_disk(void)
{
    char command[UNDER_COMMAND_SIZE];
    under_preload(command, "disk");
    struct control_disk *disk = under_control(sizeof(*disk));
    under_start("%s", command);
    return disk;
}

/* Kill a daemon that has acknowledged events which are in the journal alone:
 * its disk gets stuck behind them. */
static void
leave_events(int from, int to)
{
    struct control_disk *disk = start_with_disk();
    atomic_store(&disk->stuck, 1);
    store_new(from, to);
    fixture_kill();
}

START_TEST(what_is_in_the_journal_alone_is_there_after_a_kill)
{
    for (int round = 0; round < 4; round++) {
        leave_events(1 + round * EVENTS, (1 + round) * EVENTS);
        if (round % 2 == 0)
            continue;
        check_data_expect(fixture.data, 0, "no findings");
        fixture_start();
        ck_assert_int_eq(check_log(), (json_int_t)(1 + round) * EVENTS);
        fixture_stop();
    }
}
END_TEST

/* --- what is missing ------------------------------------------------------*/

/* It does not get ready, says this, and exits. */
static void
expect_refused(const char *position, const char *says)
{
    const char *const more[] = {"--accept-loss", position, NULL};
    struct process_options options = {
        .data = fixture.data,
        .socket = fixture.socket,
        .more = position == NULL ? NULL : more,
    };
    struct process *daemon = process_start(&options);
    ck_assert_msg(!process_await_ready(daemon), "the daemon serves");
    int status = process_await_end(daemon);
    char *output = process_output(daemon);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) != 0,
                  "it ended with %#x and said: %s", (unsigned)status, output);
    ck_assert_msg(strstr(output, says) != NULL, "it said: %s", output);
    free(output);
    process_free(daemon);
}

/* Whoever gives up what is behind a position gets a log that goes on there. */
static void
expect_accepted(int position)
{
    char text[32];
    snprintf(text, sizeof(text), "%d", position);
    const char *const more[] = {"--accept-loss", text, NULL};
    fixture_start_with(more);
    ck_assert_int_eq(check_log(), position);
    store_new(position + 1, position + 3);
    fixture_stop();
    fixture_start();
    ck_assert_int_eq(check_log(), position + 3);
}

static void
flip_bit(const char *path, const char *near)
{
    struct bytes file;
    bytes_read(&file, path);
    size_t at = bytes_find(&file, BLOCK, near, strlen(near));
    ck_assert_msg(at < file.size, "%s is not in the journal", near);
    file.data[at + dice_below(strlen(near))] ^= (uint8_t)(1 << dice_below(8));
    bytes_write(&file, path);
    bytes_deinit(&file);
}

START_TEST(damage_before_sound_groups_is_refused_until_it_is_accepted)
{
    char path[SCRATCH_PATH_SIZE];
    dice_begin();
    leave_events(1, EVENTS);
    scratch_join(path, fixture.data, "log.journal");
    flip_bit(path, "event6.");
    expect_refused(NULL, "sound up to position 5");
    expect_refused(NULL, "--accept-loss 5");
    expect_refused("4", "sound up to position 5");
    expect_refused("8", "sound up to position 5");
    check_data_expect(fixture.data, 1, "sound up to position 5");
    expect_accepted(5);
    fixture_stop();
    check_data_expect(fixture.data, 0, "no findings");
}
END_TEST

START_TEST(missing_journal_is_refused_until_its_loss_is_accepted)
{
    char path[SCRATCH_PATH_SIZE];
    fixture_start();
    store_new(1, 2);
    fixture_stop();
    leave_events(3, EVENTS);
    scratch_join(path, fixture.data, "log.journal");
    ck_assert_int_eq(unlink(path), 0);
    expect_refused(NULL, "--accept-loss 2");
    expect_refused("1", "--accept-loss 2");
    check_data_expect(fixture.data, 1, "log.journal");
    ck_assert_msg(access(path, F_OK) != 0, "it was made in silence");
    expect_accepted(2);
}
END_TEST

START_TEST(position_that_is_no_number_is_wrong_usage)
{
    expect_refused("some", "--accept-loss takes a position");
    expect_refused("", "--accept-loss takes a position");
    expect_refused("-1", "--accept-loss takes a position");
    expect_refused("99999999999999999999", "--accept-loss takes a position");
}
END_TEST

/* --- a start without room -------------------------------------------------*/

#define FULL 1000000 /* writes that find no space: all */

static void
expect_consumer(json_int_t position)
{
    json_auto_t *list = expect_ok(fixture.wire, "consumers", "{}");
    ck_assert_uint_eq(json_array_size(list), 1);
    const json_t *consumer = json_array_get(list, 0);
    ck_assert_int_eq(json_integer_value(json_object_get(consumer, "position")),
                     position);
}

/* Events, and the position of a consumer, that are in the journal alone. */
static struct control_disk *
leave_consumer(void)
{
    struct control_disk *disk = start_with_disk();
    store_new(1, 2);
    subscriber_begin(fixture.wire, S, "{'consumer': 'c', 'after': 0}");
    subscriber_expect(fixture.wire, S, "['event1.', 'event2.']");
    subscriber_caught_up(fixture.wire, S, 2);
    expect_in(fixture.wire, "{'position': 1}", "ack",
              "{'consumer': 'c', 'position': 1}");
    atomic_store(&disk->stuck, 1);
    expect_in(fixture.wire, "{'position': 2}", "ack",
              "{'consumer': 'c', 'position': 2}");
    subscriber_cancel(fixture.wire, S);
    wire_close(fixture.wire);
    fixture.wire = wire_open_unix(fixture.socket);
    store_new(3, EVENTS);
    fixture_kill();
    atomic_store(&disk->stuck, 0);
    return disk;
}

/* What cannot be moved on stays in the journal, is served from there, and is
 * durable before that: a killed daemon may not have flushed it. */
START_TEST(start_without_room_serves_what_the_journal_holds)
{
    struct control_disk *disk = leave_consumer();
    char command[UNDER_COMMAND_SIZE], path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.directory, "trace");
    under_preload(command, "disk");
    atomic_store(&disk->data_full, FULL);
    under_start(UNDER_STRACE
                "-y -s 100 -o '%s' -e trace=fdatasync,fsync,write %s",
                path, command);
    ck_assert_int_eq(check_log(), EVENTS);
    expect_consumer(2);
    expect_in(fixture.wire, "{'id': 'event4.'}", "get", "{'seq': 4}");
    expect_in(fixture.wire, "{'seq': 4}", "get", "{'id': 'event4.'}");
    expect_done(fixture.wire, "state", "{'partnership': 'p'}");
    json_auto_t *answer = check_log_send("another");
    expect_error_in(answer, "storage_full");
    atomic_store(&disk->data_full, 0);
    store_new(EVENTS + 1, EVENTS + 3);
    expect_consumer(2);
    under_stop();
    struct trace trace;
    trace_read(&trace, path);
    size_t ready = trace_find(&trace, 0, "\"ready\\n\"");
    size_t sync = trace_find(&trace, 0, "sync(", "/data/log.journal>");
    ck_assert_uint_ne(ready, TRACE_NONE);
    ck_assert_msg(sync < ready, "the journal is served before it is flushed");
    ck_assert_uint_lt(trace_returned(&trace, sync, "0"), ready);
    trace_deinit(&trace);
    fixture_start();
    ck_assert_int_eq(check_log(), EVENTS + 3);
    expect_consumer(2);
}
END_TEST

/* Killed again while there is no room: nothing changes. */
START_TEST(starts_without_room_may_be_killed)
{
    struct control_disk *disk = leave_consumer();
    char command[UNDER_COMMAND_SIZE];
    under_preload(command, "disk");
    atomic_store(&disk->data_full, FULL);
    for (int i = 0; i < 4; i++) {
        under_start("%s", command);
        ck_assert_int_eq(check_log(), EVENTS);
        expect_consumer(2);
        fixture_kill();
    }
    atomic_store(&disk->data_full, 0);
    fixture_start();
    ck_assert_int_eq(check_log(), EVENTS);
    expect_consumer(2);
}
END_TEST

/* --- a journal that goes round --------------------------------------------*/

#define ROUNDS 4
#define CONNECTIONS 5
#define ACKNOWLEDGED 1500

/* The smallest journal holds 255 groups. */
START_TEST(journal_that_went_round_loses_nothing)
{
    dice_begin();
    fixture_start();
    for (unsigned round = 0; round < ROUNDS; round++) {
        json_int_t before = check_log();
        struct load *load = load_start(CONNECTIONS, round);
        load_await(load, ACKNOWLEDGED + dice_below(200));
        fixture_kill();
        load_await_end(load);
        fixture_start();
        ck_assert_uint_ge(load_check(load), ACKNOWLEDGED);
        ck_assert_int_ge(check_log(), before + ACKNOWLEDGED);
        load_free(load);
    }
}
END_TEST

/* --- what no journal holds ------------------------------------------------*/

#define LARGE_ROUNDS 6
#define LARGE_EVENTS 80 /* more than the smallest journal together */
#define LARGE_SIZE 16000

static json_t *
large_batch(int first)
{
    json_t *events = json_array();
    for (int i = first; i < first + LARGE_EVENTS; i++)
        json_array_append_new(
            events, json_format("{'id': 'event%d.', 'type': 'note', "
                                "'partnership': 'p', 'parties': ['a'], "
                                "'occurred': '2017', 'title': 't', 'summary': "
                                "{'$repeat': ['x', %d]}}",
                                i, LARGE_SIZE));
    return json_pack("{s:o}", "events", events);
}

/* Such a batch waits for log.mdb instead: it has its place between the others
 * whenever the daemon is killed, whole or not at all. */
START_TEST(batches_larger_than_the_journal_are_there_whole)
{
    int tip = 0;
    dice_begin();
    fixture_start();
    for (int round = 0; round < LARGE_ROUNDS; round++) {
        json_auto_t *stored = large_batch(tip + 1);
        json_auto_t *torn = large_batch(tip + LARGE_EVENTS + 3);
        struct timespec moment = {.tv_nsec = (long)dice_below(30000000)};
        json_decref(expect_ok_json(fixture.wire, "append", stored));
        store_new(tip + LARGE_EVENTS + 1, tip + LARGE_EVENTS + 2);
        tip += LARGE_EVENTS + 2;
        wire_queue(fixture.wire, 1, "append", torn);
        wire_flush(fixture.wire);
        (void)ppoll(NULL, 0, &moment, NULL); /* it is what is tested */
        fixture_kill();
        fixture_start();
        int found = (int)check_log();
        ck_assert_msg(found == tip || found == tip + LARGE_EVENTS,
                      "%d events, of %d acknowledged", found, tip);
        tip = found;
    }
}
END_TEST

/* --- starts that are killed -----------------------------------------------*/

#define STARTS 40
#define START_MAX_NS 60000000

START_TEST(starts_that_are_killed_lose_nothing)
{
    dice_begin();
    leave_events(1, 4 * EVENTS);
    for (int i = 0; i < STARTS; i++) {
        struct process_options options = {.data = fixture.data,
                                          .socket = fixture.socket};
        struct timespec moment = {.tv_nsec = (long)dice_below(START_MAX_NS)};
        struct process *daemon = process_start(&options);
        (void)ppoll(NULL, 0, &moment, NULL); /* it is what is tested */
        process_free(daemon);
    }
    fixture_start();
    ck_assert_int_eq(check_log(), (json_int_t)4 * EVENTS);
    store_new(4 * EVENTS + 1, 4 * EVENTS + 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("journal");
    TCase *tests = tcase_create("journal");
    tcase_add_checked_fixture(tests, fixture_begin_stopped, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, what_is_in_the_journal_alone_is_there_after_a_kill);
    tcase_add_test(tests,
                   damage_before_sound_groups_is_refused_until_it_is_accepted);
    tcase_add_test(tests,
                   missing_journal_is_refused_until_its_loss_is_accepted);
    tcase_add_test(tests, position_that_is_no_number_is_wrong_usage);
    tcase_add_test(tests, start_without_room_serves_what_the_journal_holds);
    tcase_add_test(tests, starts_without_room_may_be_killed);
    tcase_add_test(tests, journal_that_went_round_loses_nothing);
    tcase_add_test(tests, batches_larger_than_the_journal_are_there_whole);
    tcase_add_test(tests, starts_that_are_killed_lose_nothing);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
