/* SPDX-License-Identifier: MIT */
/* Nothing is acknowledged, nor shown, before it is on stable storage: seen in
 * the daemon's system calls, and with a disk that hangs.  Who is slow to flush
 * lets many share it. */
#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/preload/control.h"
#include "tests/crash/trace.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"
#include "tests/system/subscriber.h"

#define SECONDS_MAX 60
#define TRACED                                                                 \
    "open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,write,writev,"  \
    "pwrite64,pwritev,pwritev2,fsync,fdatasync,sendto,sendmsg"

/* What tells the acknowledgement's line from all others. */
#define MARK "traced-event"
#define TO_SOCKET "<socket:"
#define TO_LOG "/data/log.mdb>"
#define TO_JOURNAL "/data/log.journal>"
#define APPENDS 8 /* one after the other */

/* --- what the daemon asks of the kernel -----------------------------------*/

static char trace_path[SCRATCH_PATH_SIZE];

static void
traced_start(void)
{
    scratch_join(trace_path, fixture.directory, "trace");
    under_start(UNDER_STRACE "-y -s 400 -o '%s' -e trace=" TRACED, trace_path);
}

static void
traced_stop(struct trace *trace)
{
    under_stop();
    trace_read(trace, trace_path);
}

/* Where the answer to the append of MARK begins to leave. */
static size_t
acknowledgement(const struct trace *trace)
{
    size_t line = trace_find(trace, 0, TO_SOCKET, MARK, "duplicate");
    ck_assert_msg(line != TRACE_NONE, "no acknowledgement in the trace");
    return line;
}

/* "7</path": the descriptor through which LMDB writes meta pages. */
static void
find_meta(const struct trace *trace, char meta[32])
{
    size_t line = trace_find(trace, 0, "openat(", "/data/log.mdb\"", "O_DSYNC");
    ck_assert_msg(line != TRACE_NONE, "no descriptor with O_DSYNC");
    const char *number = strrchr(trace->lines[line], '=');
    int fd = -1;
    ck_assert_int_eq(sscanf(number, "= %d<", &fd), 1);
    snprintf(meta, 32, "pwrite64(%d<", fd);
}

/* A write to the log that is not the meta page's. */
static size_t
find_data_write(const struct trace *trace, size_t from, const char *meta)
{
    for (size_t i = from; i < trace->count; i++) {
        i = trace_find(trace, i, "write", TO_LOG);
        if (i == TRACE_NONE || strstr(trace->lines[i], meta) == NULL)
            return i;
    }
    return TRACE_NONE;
}

/* Which thread a line is about. */
static int
task_of(const char *line)
{
    int task = 0;
    ck_assert_int_eq(sscanf(line, "%d", &task), 1);
    return task;
}

/* Who has been the only client for a while is answered by the thread that
 * reads, once there is another that could go on with reading: that takes an
 * append or two, and more where the machine is busy. */
#define ALONE_US 150000
#define ALONE_APPENDS 10

/* The n-th such append: one write of the group, one flush of it, and then the
 * acknowledgement.  Did the thread write it that answered? */
static bool
check_order(const struct trace *trace, int n)
{
    char mark[sizeof(MARK) + 16];
    snprintf(mark, sizeof(mark), MARK "-%d-", n);
    size_t ack = trace_find(trace, 0, TO_SOCKET, mark, "duplicate");
    ck_assert_uint_ne(ack, TRACE_NONE);
    size_t write = trace_find(trace, 0, "pwrite64(", TO_JOURNAL, mark);
    ck_assert_msg(write < ack, "the group was not written before");
    size_t sync = trace_find(trace, write, "fdatasync(", TO_JOURNAL);
    ck_assert_msg(sync < ack, "the group was not flushed before");
    ck_assert_uint_gt(sync, trace_returned(trace, write, ""));
    ck_assert_uint_gt(ack, trace_returned(trace, sync, "0"));
    ck_assert_msg(trace_find(trace, write + 1, "write", TO_JOURNAL, mark) ==
                      TRACE_NONE,
                  "a group was written twice");
    return task_of(trace->lines[write]) == task_of(trace->lines[ack]);
}

START_TEST(acknowledgement_follows_the_flush_of_the_journal)
{
    traced_start();
    for (int i = 0; i < ALONE_APPENDS; i++) {
        char line[64];
        snprintf(line, sizeof(line), MARK "-%d- note 2017\n", i);
        fixture_log(line);
        usleep(ALONE_US);
    }
    struct trace trace;
    traced_stop(&trace);
    ck_assert(!check_order(&trace, 0)); /* there was only the writer for it */
    int alone = 0;
    for (int i = 1; i < ALONE_APPENDS; i++)
        alone += check_order(&trace, i);
    ck_assert_int_gt(alone, 0);
    trace_deinit(&trace);
}
END_TEST

static size_t
count_lines(const struct trace *trace, size_t from,
            struct trace_strings strings)
{
    size_t count = 0;
    for (size_t i = from; i < trace->count; i++, count++) {
        i = trace_find_all(trace, i, strings);
        if (i == TRACE_NONE)
            break;
    }
    return count;
}

/* The thread of a line flushes the journal somewhere in [from, to). */
static bool
is_of_a_writer(const struct trace *trace, size_t from, size_t to, size_t line)
{
    int task = task_of(trace->lines[line]);
    for (size_t i = from; i < to; i++) {
        i = trace_find(trace, i, "fdatasync(", TO_JOURNAL);
        if (i == TRACE_NONE)
            return false;
        if (task_of(trace->lines[i]) == task)
            return true;
    }
    return false;
}

/* An append costs one flush: whatever else is flushed is so by other threads,
 * which no acknowledgement waits for. */
START_TEST(acknowledgement_costs_one_flush)
{
    traced_start();
    for (int i = 0; i < APPENDS; i++)
        json_decref(fixture_event("{'id': 'e%d', 'type': 'note', "
                                  "'partnership': 'p', 'parties': ['a'], "
                                  "'occurred': '2017', 'title': 't'}",
                                  i));
    struct trace trace;
    traced_stop(&trace);
    size_t ready = trace_find(&trace, 0, "\"ready\\n\"");
    ck_assert_uint_ne(ready, TRACE_NONE);
    size_t first = trace_find(&trace, ready, "fdatasync(", TO_JOURNAL);
    ck_assert_uint_ne(first, TRACE_NONE);
    const struct trace_strings journal = {{"fdatasync(", TO_JOURNAL}};
    const struct trace_strings any = {{"sync("}};
    ck_assert_uint_eq(count_lines(&trace, ready, journal), APPENDS);
    size_t flushes = 0, stop = trace_find(&trace, ready, "SIGTERM");
    ck_assert_uint_ne(stop, TRACE_NONE);
    for (size_t i = ready; i < stop; i++)
        flushes += strstr(trace.lines[i], any.all[0]) != NULL &&
                   is_of_a_writer(&trace, ready, stop, i);
    ck_assert_uint_eq(flushes, APPENDS);
    trace_deinit(&trace);
}
END_TEST

/* Behind it LMDB flushes its pages, and then alone writes the meta page. */
START_TEST(what_is_acknowledged_is_moved_on_with_both_flushes)
{
    traced_start();
    fixture_log(MARK " note 2017\n");
    struct trace trace;
    traced_stop(&trace);
    char meta[32];
    find_meta(&trace, meta);
    size_t ready = trace_find(&trace, 0, "\"ready\\n\"");
    ck_assert_uint_ne(ready, TRACE_NONE);
    size_t data = find_data_write(&trace, ready, meta);
    ck_assert_msg(data != TRACE_NONE, "no page was written");
    size_t sync = trace_find(&trace, data, "fdatasync(", TO_LOG);
    ck_assert_msg(sync != TRACE_NONE, "no page was flushed");
    ck_assert_uint_gt(sync, trace_returned(&trace, data, ""));
    size_t page = trace_find(&trace, sync, meta);
    ck_assert_msg(page != TRACE_NONE, "no meta page was written");
    ck_assert_uint_gt(page, trace_returned(&trace, sync, "0"));
    trace_returned(&trace, page, "120");
    size_t more = find_data_write(&trace, sync, meta);
    ck_assert_msg(more > page, "a page was written behind the flush");
    trace_deinit(&trace);
}
END_TEST

START_TEST(directory_is_flushed_before_the_first_acknowledgement)
{
    traced_start();
    fixture_log(MARK " note 2017\n");
    struct trace trace;
    traced_stop(&trace);
    size_t made = trace_find(&trace, 0, "rename", "log.mdb.new", "\"log.mdb\"");
    if (made == TRACE_NONE)
        made = trace_find(&trace, 0, "open", "/data/log.mdb\"", "O_CREAT");
    ck_assert_uint_ne(made, TRACE_NONE);
    size_t sync = trace_find(&trace, made, "fsync(", "/data>");
    ck_assert_msg(sync < acknowledgement(&trace), "not flushed");
    ck_assert_uint_lt(trace_returned(&trace, sync, "0"),
                      acknowledgement(&trace));
    trace_deinit(&trace);
}
END_TEST

/* The directory that was made is an entry too. */
START_TEST(parent_is_flushed_when_the_directory_is_made)
{
    traced_start();
    fixture_log(MARK " note 2017\n");
    struct trace trace;
    traced_stop(&trace);
    size_t made = trace_find(&trace, 0, "mkdir", "/data\"");
    ck_assert_uint_ne(made, TRACE_NONE);
    char parent[SCRATCH_PATH_SIZE + 2];
    snprintf(parent, sizeof(parent), "<%s>", fixture.directory);
    size_t sync = trace_find(&trace, made, "sync(", parent);
    ck_assert_msg(sync < acknowledgement(&trace),
                  "the new data directory may be gone after a power loss");
    trace_deinit(&trace);
}
END_TEST

/* A killed daemon may leave in the page cache what never was acknowledged.
 * The next one counts it as stored, shows it, and acknowledges it when it is
 * sent again: so it must be flushed before. */
START_TEST(what_a_start_finds_is_flushed_before_it_is_acknowledged)
{
    fixture_start();
    fixture_log(MARK " note 2017\n");
    fixture_kill();
    traced_start();
    fixture_log(MARK " note 2017\n");
    struct trace trace;
    traced_stop(&trace);
    size_t ack = acknowledgement(&trace);
    size_t sync = trace_find(&trace, 0, "sync(", TO_LOG);
    ck_assert_msg(sync < ack, "the log is never flushed");
    ck_assert_uint_lt(trace_returned(&trace, sync, "0"), ack);
    trace_deinit(&trace);
}
END_TEST

/* --- a disk that hangs ----------------------------------------------------*/

#define PINGS 200

static struct control_disk *
hanging_start(void)
{
    char command[UNDER_COMMAND_SIZE];
    under_preload(command, "disk");
    struct control_disk *disk = under_control(sizeof(*disk));
    ck_assert_int_eq(sem_init(&disk->held, 1, 0), 0);
    ck_assert_int_eq(sem_init(&disk->go_on, 1, 0), 0);
    under_start("%s", command);
    return disk;
}

static void
await_held(struct control_disk *disk)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PROCESS_PATIENCE_MS / 1000;
    ck_assert_msg(sem_timedwait(&disk->held, &end) == 0,
                  "the daemon flushes nothing");
}

static void
let_go(struct control_disk *disk)
{
    atomic_store(&disk->hold, 0);
    sem_post(&disk->go_on);
}

/* Append until another thread than the last one writes; which. */
static int
await_another_writer(struct control_disk *disk)
{
    int before = atomic_load(&disk->flusher);
    for (int i = 0; i < PINGS && atomic_load(&disk->flusher) == before; i++) {
        usleep(ALONE_US);
        json_decref(fixture_event("{'type': 'note', 'partnership': 'p', "
                                  "'parties': ['a'], 'occurred': '2017', "
                                  "'title': 't'}"));
    }
    ck_assert_int_ne(atomic_load(&disk->flusher), before);
    return atomic_load(&disk->flusher);
}

/* Nobody is answered by a thread that waits for the disk: another has gone on
 * with reading, and takes what is appended then. */
static void
check_answered_meanwhile(struct control_disk *disk, const char *first,
                         const char *second)
{
    json_auto_t *arguments =
        json_pack("{s:o}", "events", fixture_events_of(first));
    json_auto_t *later =
        json_pack("{s:o}", "events", fixture_events_of(second));
    atomic_store(&disk->hold, 1);
    wire_queue(fixture.wire, 100, "append", arguments);
    wire_flush(fixture.wire);
    await_held(disk);
    struct wire *other = wire_open_unix(fixture.socket);
    wire_queue(other, 1, "append", later);
    wire_flush(other);
    for (int i = 0; i < PINGS; i++)
        expect_in(other, "{'protocol': 1}", "hello", "{}");
    json_t *early = NULL;
    ck_assert_int_eq(wire_read(fixture.wire, 0, &early), WIRE_SILENCE);
    let_go(disk);
    json_decref(wire_answer(fixture.wire, 100));
    json_decref(wire_answer(other, 1));
    wire_close(other);
}

/* The writer's thread, the main one, and that which takes over from it; then
 * the main one again. */
START_TEST(while_the_disk_hangs_under_who_reads_another_reads)
{
    struct control_disk *disk = hanging_start();
    fixture_log("A note 2017\n");
    int writer = atomic_load(&disk->flusher);
    ck_assert_int_eq(await_another_writer(disk), process_pid(fixture.daemon));
    check_answered_meanwhile(disk, "B note 2017\n", "C note 2017\n");
    int follower = await_another_writer(disk);
    if (follower == writer)
        follower = await_another_writer(disk);
    ck_assert_int_ne(follower, process_pid(fixture.daemon));
    ck_assert_int_ne(follower, writer);
    check_answered_meanwhile(disk, "D note 2017\n", "E note 2017\n");
}
END_TEST

/* Appends, duplicates and refusals wait alike; questions do not, and do not
 * see what waits. */
START_TEST(while_the_disk_hangs_nothing_is_acknowledged_or_shown)
{
    struct control_disk *disk = hanging_start();
    fixture_log("A note 2017\n");
    struct wire *writer = wire_open_unix(fixture.socket);
    json_auto_t *arguments =
        json_pack("{s:o}", "events", fixture_events_of("B note 2017\n"));
    atomic_store(&disk->hold, 1);
    wire_queue(writer, 1, "append", arguments);
    wire_queue(writer, 2, "append", arguments);
    wire_flush(writer);
    await_held(disk);
    for (int i = 0; i < PINGS; i++) {
        expect_in(fixture.wire, "{'tip': 1}", "hello", "{}");
        expect_refusal(fixture.wire, "not_found", "get", "{'seq': 2}");
        expect_refusal(fixture.wire, "not_found", "get", "{'id': 'B'}");
    }
    json_t *early = NULL;
    ck_assert_int_eq(wire_read(writer, 0, &early), WIRE_SILENCE);
    let_go(disk);
    json_auto_t *stored = wire_answer(writer, 1);
    expect_includes(json_array_get(stored, 3), "{'first': 2, 'last': 2}");
    json_auto_t *again = wire_answer(writer, 2);
    expect_includes(json_array_get(again, 3), "{'first': 2, 'last': 2}");
    expect_in(fixture.wire, "{'id': 'B'}", "get", "{'seq': 2}");
    wire_close(writer);
}
END_TEST

/* A subscriber is told when the flush has returned, not when the bytes are
 * there to be read; a consumer's name and position are answered then, too. */
START_TEST(while_the_disk_hangs_no_subscriber_is_told)
{
    struct control_disk *disk = hanging_start();
    fixture_log("A note 2017\n");
    struct wire *writer = wire_open_unix(fixture.socket);
    struct wire *reader = wire_open_unix(fixture.socket);
    json_auto_t *arguments =
        json_pack("{s:o}", "events", fixture_events_of("B note 2017\n"));
    subscriber_begin(reader, 7, "{'after': 0, 'consumer': 'm'}");
    subscriber_expect(reader, 7, "['A']");
    subscriber_caught_up(reader, 7, 1);
    atomic_store(&disk->hold, 1);
    wire_queue(writer, 1, "append", arguments);
    wire_flush(writer);
    await_held(disk);
    json_auto_t *ack = json_of("{'consumer': 'm', 'position': 1}");
    json_auto_t *name = json_of("{'consumer': 'n', 'after': 0}");
    wire_queue(writer, 2, "ack", ack);
    wire_queue(writer, 3, "subscribe", name);
    wire_flush(writer);
    for (int i = 0; i < PINGS; i++) {
        expect_in(fixture.wire, "{'tip': 1}", "hello", "{}");
        subscriber_silent(reader);
    }
    json_auto_t *list = expect_ok(fixture.wire, "consumers", "{}");
    expect_same(list, "[{'consumer': 'm', 'position': 0, 'lag': 1, "
                      "'connected': true}]");
    json_t *early = NULL;
    ck_assert_int_eq(wire_read(writer, 0, &early), WIRE_SILENCE);
    let_go(disk);
    subscriber_expect(reader, 7, "['B']");
    json_decref(wire_answer(writer, 1));
    json_auto_t *acked = wire_answer(writer, 2);
    expect_includes(json_array_get(acked, 3), "{'position': 1}");
    json_auto_t *begun = wire_answer(writer, 3);
    expect_includes(json_array_get(begun, 3), "{'subscription': 3}");
    subscriber_expect(writer, 3, "['A', 'B']");
    wire_close(reader);
    wire_close(writer);
}
END_TEST

/* What a client sent and the daemon holds is bounded, and all of it answered
 * in the end. */
#define IN_FLIGHT_MAX 1024
#define REQUESTS 20000
#define SOCKET_SIZE_MAX                                                        \
    ((size_t)1 << 20) /* what the kernel holds, and a read */
#define PINGS_UNTIL_STUCK 50

/* Copies of one request, so that all but the first are duplicates. */
static size_t
send_until_stuck(struct wire *wire, const char *request, size_t size)
{
    size_t sent = 0;
    int idle = 0;
    while (idle < PINGS_UNTIL_STUCK && sent < size * REQUESTS) {
        size_t at = sent % size;
        size_t more = wire_send_some(wire, request + at, size - at);
        sent += more;
        idle = more > 0 ? 0 : idle + 1;
        if (more == 0)
            expect_done(fixture.wire, "ping", "{}");
    }
    return sent;
}

START_TEST(while_the_disk_hangs_reading_pauses_and_nothing_is_dropped)
{
    struct control_disk *disk = hanging_start();
    json_auto_t *arguments =
        json_of("{'events': [{'id': 'A', 'type': 'note', 'partnership': 'p', "
                "'parties': ['a'], 'occurred': '2017', 'title': 't', "
                "'summary': {'$repeat': "
                "['t', 400]}}]}");
    size_t size;
    char *request = wire_request_bytes(7, "append", arguments, &size);
    struct wire *eager = wire_open_unix(fixture.socket);
    atomic_store(&disk->hold, 1);
    wire_send(eager, request, size);
    await_held(disk);
    size_t sent = send_until_stuck(eager, request, size);
    ck_assert_uint_lt(sent, IN_FLIGHT_MAX * size + SOCKET_SIZE_MAX);
    ck_assert_uint_gt(sent, IN_FLIGHT_MAX * size);
    let_go(disk);
    if (sent % size != 0)
        wire_send(eager, request + sent % size, size - sent % size);
    size_t count = 1 + (sent + size - 1) / size;
    for (size_t i = 0; i < count; i++)
        json_decref(wire_answer(eager, 7));
    expect_in(fixture.wire, "{'tip': 1}", "hello", "{}");
    wire_close(eager);
    free(request);
}
END_TEST

/* --- a disk that is slow --------------------------------------------------*/

#define CLIENTS 4
#define CLIENT_APPENDS 200
#define SLOW_US 2000
#define TRIES 20 /* on a busy machine clients do not come back at once */

static void *
append_one_by_one(void *unused)
{
    struct wire *wire = wire_open_unix(fixture.socket);
    json_auto_t *arguments =
        json_of("{'events': [{'type': 'note', 'partnership': 'p', "
                "'parties': ['a'], 'occurred': '2017', 'title': 't'}]}");
    for (uint32_t i = 0; i < CLIENT_APPENDS; i++) {
        wire_queue(wire, i, "append", arguments);
        wire_flush(wire);
        json_decref(wire_answer(wire, i));
    }
    wire_close(wire);
    return unused;
}

/* How often the journal was flushed for them. */
static int
flushes_of_clients(struct control_disk *disk)
{
    pthread_t threads[CLIENTS];
    int before = atomic_load(&disk->flushes);
    for (size_t i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, append_one_by_one, NULL), 0);
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    return atomic_load(&disk->flushes) - before;
}

/* Those who each wait for an answer share a flush, all of them.  Were nobody
 * waited for, they would fall into two halves, with a flush for each. */
START_TEST(who_append_again_at_once_share_a_flush)
{
    struct control_disk *disk = hanging_start();
    atomic_store(&disk->slow_us, SLOW_US);
    int flushes = flushes_of_clients(disk);
    for (int i = 1; i < TRIES && flushes >= CLIENT_APPENDS * 5 / 4; i++)
        flushes = flushes_of_clients(disk);
    ck_assert_int_ge(flushes, CLIENT_APPENDS);
    ck_assert_int_lt(flushes, CLIENT_APPENDS * 5 / 4);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sync");
    TCase *tests = tcase_create("sync");
    tcase_add_checked_fixture(tests, fixture_begin_stopped, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, acknowledgement_follows_the_flush_of_the_journal);
    tcase_add_test(tests, acknowledgement_costs_one_flush);
    tcase_add_test(tests, what_is_acknowledged_is_moved_on_with_both_flushes);
    tcase_add_test(tests,
                   directory_is_flushed_before_the_first_acknowledgement);
    tcase_add_test(tests, parent_is_flushed_when_the_directory_is_made);
    tcase_add_test(tests,
                   what_a_start_finds_is_flushed_before_it_is_acknowledged);
    tcase_add_test(tests,
                   while_the_disk_hangs_nothing_is_acknowledged_or_shown);
    tcase_add_test(tests, while_the_disk_hangs_no_subscriber_is_told);
    tcase_add_test(tests, while_the_disk_hangs_under_who_reads_another_reads);
    tcase_add_test(tests,
                   while_the_disk_hangs_reading_pauses_and_nothing_is_dropped);
    tcase_add_test(tests, who_append_again_at_once_share_a_flush);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
