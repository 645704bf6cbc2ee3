/* SPDX-License-Identifier: MIT */
/* A backup holds all that was acknowledged before it was asked for, or there
 * is none: whatever is appended, and wherever it is cut short. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/bytes.h"
#include "tests/crash/check_log.h"
#include "tests/crash/preload/control.h"
#include "tests/crash/small_disk.h"
#include "tests/crash/trace.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"
#include "tests/system/load.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50
#define CONNECTIONS 4
#define ACKNOWLEDGED 400 /* before the first backup under load */
#define BACKUPS 3        /* under one load */

static char target[SCRATCH_PATH_SIZE];
static char partial[SCRATCH_PATH_SIZE];

static void
begin(void)
{
    fixture_begin_stopped();
    scratch_join(target, fixture.directory, "copy");
    scratch_join(partial, fixture.directory, "copy.partial");
}

/* --- asking ---------------------------------------------------------------*/

static json_t *
backup_to(const char *path)
{
    return expect_ok(fixture.wire, "backup", "{'path': '%s'}", path);
}

/* Ask, and do not wait. */
static void
request_backup(struct wire *wire)
{
    json_auto_t *arguments = json_format("{'path': '%s'}", target);
    wire_queue(wire, 1, "backup", arguments);
    wire_flush(wire);
}

static bool
exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static void
expect_nothing_left(void)
{
    ck_assert_msg(!exists(target), "%s was made", target);
    ck_assert_msg(!exists(partial), "%s was left behind", partial);
}

/* Serve the copy in place of what it is one of. */
static void
serve(const char *copy)
{
    snprintf(fixture.data, sizeof(fixture.data), "%s", copy);
    fixture_start();
}

/* --- what it holds --------------------------------------------------------*/

static json_int_t
tip_of(const json_t *made)
{
    return json_integer_value(json_object_get(made, "tip"));
}

/* The copies are beginnings of the log that is there now. */
static void
check_copies(const json_t *tips)
{
    json_auto_t *events = check_log_events();
    fixture_stop();
    for (size_t i = 0; i < json_array_size(tips); i++) {
        size_t tip = (size_t)json_integer_value(json_array_get(tips, i));
        char copy[SCRATCH_PATH_SIZE], name[32];
        snprintf(name, sizeof(name), "copy%zu", i);
        scratch_join(copy, fixture.directory, name);
        serve(copy);
        json_auto_t *copied = check_log_events();
        ck_assert_uint_eq(json_array_size(copied), tip);
        ck_assert_uint_le(tip, json_array_size(events));
        for (size_t at = 0; at < tip; at++)
            ck_assert_msg(json_equal(json_array_get(copied, at),
                                     json_array_get(events, at)),
                          "event %zu of %s is another", at + 1, name);
        expect_done(fixture.wire, "state", "{'partnership': 'p'}");
        fixture_stop();
    }
}

START_TEST(backups_under_load_hold_all_that_was_acknowledged)
{
    json_auto_t *tips = json_array();
    fixture_start();
    struct load *load = load_start(CONNECTIONS, 0);
    for (int i = 0; i < BACKUPS; i++) {
        char name[32], path[SCRATCH_PATH_SIZE], id[32];
        load_await(load, ACKNOWLEDGED);
        snprintf(id, sizeof(id), "before%d", i);
        json_int_t before = check_log_store(id, CHECK_LOG_NEW);
        snprintf(name, sizeof(name), "copy%d", i);
        scratch_join(path, fixture.directory, name);
        json_auto_t *made = backup_to(path);
        json_array_append_new(tips, json_integer(tip_of(made)));
        ck_assert_msg(tip_of(made) >= before, "event %s is not in it", id);
    }
    fixture_stop();
    load_await_end(load);
    load_free(load);
    fixture_start();
    check_copies(tips);
}
END_TEST

START_TEST(backup_of_an_empty_log_is_one)
{
    fixture_start();
    json_auto_t *made = backup_to(target);
    ck_assert_int_eq(tip_of(made), 0);
    fixture_stop();
    serve(target);
    ck_assert_int_eq(check_log(), 0);
    ck_assert_int_eq(check_log_store("first", CHECK_LOG_NEW), 1);
}
END_TEST

static unsigned
mode_of(const char *directory, const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat status;
    scratch_join(path, directory, name);
    ck_assert_int_eq(stat(path, &status), 0);
    return status.st_mode & 07777;
}

START_TEST(nobody_else_can_read_it)
{
    struct process_options options = {
        .data = fixture.data, .socket = fixture.socket, .mask_open = true};
    fixture.daemon = process_start(&options);
    ck_assert(process_await_ready(fixture.daemon));
    fixture.wire = wire_open_unix(fixture.socket);
    json_auto_t *made = backup_to(target);
    char log[SCRATCH_PATH_SIZE];
    struct stat status;
    scratch_join(log, target, "log.mdb");
    ck_assert_int_eq(stat(log, &status), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(made, "bytes")),
                     (json_int_t)status.st_size);
    ck_assert_uint_eq(mode_of(target, "."), 0700);
    ck_assert_uint_eq(mode_of(target, "log.mdb"), 0600);
    ck_assert_uint_eq(mode_of(target, "log.id"), 0600);
}
END_TEST

/* --- what is refused ------------------------------------------------------*/

/* Something stands under the name already. */
static void
make_directory(void)
{
    ck_assert_int_eq(mkdir(target, 0700), 0);
}

static void
make_file(void)
{
    ck_assert_int_eq(mknod(target, S_IFREG | 0600, 0), 0);
}

static void
make_dangling_link(void)
{
    ck_assert_int_eq(symlink("nowhere", target), 0);
}

static void
make_backup(void)
{
    json_decref(backup_to(target));
}

static void (*const obstacles[])(void) = {make_directory, make_file,
                                          make_dangling_link, make_backup};

START_TEST(target_that_exists_is_refused_and_stays)
{
    struct stat before, after;
    fixture_start();
    obstacles[_i]();
    ck_assert_int_eq(lstat(target, &before), 0);
    json_auto_t *error = expect_error(fixture.wire, "invalid_request", "backup",
                                      "{'path': '%s'}", target);
    const char *message = json_string_value(json_object_get(error, "message"));
    ck_assert_msg(strstr(message, "exists already") != NULL, "%s", message);
    ck_assert_int_eq(lstat(target, &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert(!exists(partial));
}
END_TEST

/* %s is the scratch directory. */
static const char *const unfit[] = {
    "",
    "copy",
    "./copy",
    "/",
    "%s/.",
    "%s/..",
    "%s/copy/..",
    "%s/missing/copy",
    "%s/data/log.mdb/copy",
    "%s/copy.partial",
    "/proc/copy",
};

START_TEST(path_that_cannot_be_made_is_refused)
{
    char path[2 * SCRATCH_PATH_SIZE];
    fixture_start();
    const char *directory = strstr(unfit[_i], "%s");
    snprintf(path, sizeof(path), "%s%s",
             directory == NULL ? unfit[_i] : fixture.directory,
             directory == NULL ? "" : directory + 2);
    expect_refusal(fixture.wire, "invalid_request", "backup", "{'path': '%s'}",
                   path);
    expect_nothing_left();
}
END_TEST

START_TEST(names_that_are_too_long_are_refused)
{
    fixture_start();
    expect_refusal(fixture.wire, "invalid_request", "backup",
                   "{'path': {'$repeat': ['/x', %d]}}", PATH_MAX / 2 - 1);
    expect_refusal(fixture.wire, "invalid_request", "backup",
                   "{'path': {'$repeat': ['/x', %d]}}", PATH_MAX);
    expect_refusal(fixture.wire, "invalid_request", "backup", "{}");
    expect_refusal(fixture.wire, "invalid_request", "backup", "{'path': 7}");
}
END_TEST

/* Flip a bit of a stored event. */
static void
damage(const char *title)
{
    struct bytes file;
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.data, "log.mdb");
    bytes_read(&file, path);
    size_t at = bytes_find(&file, 0, title, strlen(title));
    ck_assert_uint_lt(at, file.size);
    for (; at < file.size; at = bytes_find(&file, at + 1, title, strlen(title)))
        file.data[at + 1] ^= 4;
    bytes_write(&file, path);
    bytes_deinit(&file);
}

START_TEST(damaged_log_is_not_taken_for_a_backup)
{
    fixture_start();
    fixture_log("A note 2017\nDamaged note 2017\nB note 2017\n");
    fixture_stop();
    damage("Damaged");
    fixture_start();
    json_auto_t *error = expect_error(fixture.wire, "corrupt", "backup",
                                      "{'path': '%s'}", target);
    expect_includes(error, "{'seq': 2}");
    expect_nothing_left();
}
END_TEST

/* --- one that stands still ------------------------------------------------*/

static struct control_backup *
held_start(void)
{
    char command[UNDER_COMMAND_SIZE];
    under_preload(command, "backup");
    struct control_backup *control = under_control(sizeof(*control));
    ck_assert_int_eq(sem_init(&control->held, 1, 0), 0);
    ck_assert_int_eq(sem_init(&control->go_on, 1, 0), 0);
    under_start("%s", command);
    fixture_log("A note 2017\n");
    atomic_store(&control->hold, 1);
    return control;
}

static void
await_held(struct control_backup *control)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PROCESS_PATIENCE_MS / 1000;
    ck_assert_msg(sem_timedwait(&control->held, &end) == 0,
                  "no backup is flushed");
    ck_assert_msg(exists(partial) && !exists(target),
                  "it has its name before it is durable");
}

static void
let_go(struct control_backup *control)
{
    atomic_store(&control->hold, 0);
    sem_post(&control->go_on);
}

/* Nobody waits for a backup but who asked for it, and another one is
 * refused. */
START_TEST(while_one_is_made_all_else_goes_on)
{
    struct control_backup *control = held_start();
    struct wire *patient = wire_open_unix(fixture.socket);
    request_backup(patient);
    await_held(control);
    expect_refusal(fixture.wire, "overloaded", "backup", "{'path': '%s/other'}",
                   fixture.directory);
    fixture_log("B note 2017\n");
    expect_done(fixture.wire, "state", "{'partnership': 'p'}");
    expect_done(patient, "ping", "{}");
    let_go(control);
    json_auto_t *answer = wire_answer(patient, 1);
    ck_assert_int_eq(tip_of(json_array_get(answer, 3)), 1);
    json_auto_t *made = expect_ok(fixture.wire, "backup",
                                  "{'path': '%s/other'}", fixture.directory);
    ck_assert_int_eq(tip_of(made), 2);
    wire_close(patient);
}
END_TEST

START_TEST(it_is_finished_for_a_client_that_went_away)
{
    struct control_backup *control = held_start();
    struct wire *hasty = wire_open_unix(fixture.socket);
    request_backup(hasty);
    await_held(control);
    wire_close(hasty);
    expect_done(fixture.wire, "ping", "{}");
    let_go(control);
    process_await_line(fixture.daemon, "up to position 1", 1);
    ck_assert(exists(target) && !exists(partial));
    expect_done(fixture.wire, "backup", "{'path': '%s/other'}",
                fixture.directory);
}
END_TEST

START_TEST(stop_abandons_it_and_leaves_nothing)
{
    struct control_backup *control = held_start();
    struct wire *patient = wire_open_unix(fixture.socket);
    request_backup(patient);
    await_held(control);
    process_signal(fixture.daemon, SIGTERM);
    wire_await_close(fixture.wire); /* idle ones go at once */
    let_go(control);
    json_auto_t *answer = wire_answer(patient, 1);
    expect_error_in(answer, "unavailable");
    wire_close(patient);
    under_expect_exit(0);
    expect_nothing_left();
}
END_TEST

START_TEST(kill_leaves_nothing_under_the_final_name)
{
    struct control_backup *control = held_start();
    request_backup(fixture.wire);
    await_held(control);
    fixture_kill();
    ck_assert(!exists(target) && exists(partial));
    fixture_start();
    json_auto_t *made = backup_to(target);
    ck_assert_int_eq(tip_of(made), 1);
    ck_assert(exists(target) && !exists(partial));
    fixture_stop();
    serve(target);
    ck_assert_int_eq(check_log(), 1);
}
END_TEST

/* Two daemons that make a backup of the same name do not get into each other's
 * way: the second is refused. */
START_TEST(what_another_daemon_is_making_is_left_alone)
{
    char other[SCRATCH_PATH_SIZE], socket[SCRATCH_PATH_SIZE];
    struct control_backup *control = held_start();
    struct wire *patient = wire_open_unix(fixture.socket);
    request_backup(patient);
    await_held(control);
    scratch_join(other, fixture.directory, "other");
    scratch_join(socket, fixture.directory, "socket2");
    struct process_options options = {.data = other, .socket = socket};
    struct process *second = process_start(&options);
    ck_assert(process_await_ready(second));
    struct wire *wire = wire_open_unix(socket);
    expect_refusal(wire, "invalid_request", "backup", "{'path': '%s'}", target);
    wire_close(wire);
    process_signal(second, SIGTERM);
    ck_assert_int_eq(process_await_end(second), 0);
    process_free(second);
    let_go(control);
    json_auto_t *answer = wire_answer(patient, 1);
    ck_assert_int_eq(tip_of(json_array_get(answer, 3)), 1);
    wire_close(patient);
}
END_TEST

/* What stands there under the other name and is not a backup's is nobody's to
 * remove. */
START_TEST(strange_things_in_the_way_stay)
{
    char strange[SCRATCH_PATH_SIZE];
    fixture_start();
    ck_assert_int_eq(mkdir(partial, 0700), 0);
    scratch_join(strange, partial, "letters");
    ck_assert_int_eq(mkdir(strange, 0700), 0);
    expect_refusal(fixture.wire, "invalid_request", "backup", "{'path': '%s'}",
                   target);
    ck_assert(exists(strange) && !exists(target));
}
END_TEST

/* --- no room --------------------------------------------------------------*/

/* A log of 10 MiB has room on it, a copy beside it has not. */
#define DISK_MIB 24
#define BIG_BATCHES 10
#define BIG_EVENTS 64
#define BIG_SIZE 16000

static void
append_big(int batch)
{
    json_t *events = json_array();
    for (int i = 0; i < BIG_EVENTS; i++)
        json_array_append_new(
            events,
            json_format("{'id': 'big%d.%d', 'type': 'note', 'partnership': "
                        "'p', 'parties': ['a'], 'occurred': '2017', 'title': "
                        "'t', 'summary': {'$repeat': ['x', %d]}}",
                        batch, i, BIG_SIZE));
    json_auto_t *arguments = json_pack("{s:o}", "events", events);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
}

START_TEST(full_disk_leaves_nothing_and_appends_go_on)
{
    if (!small_disk(fixture.directory, DISK_MIB))
        ck_abort_msg("no file system can be mounted (%s): run this as root, "
                     "or where user namespaces are allowed",
                     strerror(errno));
    const char *const small[] = {"--journal-size", "1M", NULL};
    fixture_start_with(small);
    for (int batch = 0; batch < BIG_BATCHES; batch++)
        append_big(batch);
    expect_refusal(fixture.wire, "storage_full", "backup", "{'path': '%s'}",
                   target);
    expect_nothing_left();
    ck_assert_int_eq(check_log_store("small", CHECK_LOG_NEW),
                     BIG_BATCHES * BIG_EVENTS + 1);
}
END_TEST

START_TEST(limit_on_file_sizes_leaves_nothing)
{
    fixture_start();
    fixture_log("A note 2017\n");
    struct rlimit limit = {.rlim_cur = 5000, .rlim_max = RLIM_INFINITY};
    ck_assert_int_eq(
        prlimit(process_pid(fixture.daemon), RLIMIT_FSIZE, &limit, NULL), 0);
    expect_refusal(fixture.wire, "storage_full", "backup", "{'path': '%s'}",
                   target);
    expect_nothing_left();
    limit.rlim_cur = RLIM_INFINITY;
    ck_assert_int_eq(
        prlimit(process_pid(fixture.daemon), RLIMIT_FSIZE, &limit, NULL), 0);
    json_decref(backup_to(target));
}
END_TEST

/* --- what it asks of the kernel -------------------------------------------*/

#define TRACED                                                                 \
    "open,openat,mkdirat,renameat,renameat2,write,fsync,sendto,sendmsg,writev"

static size_t
find_next(const struct trace *trace, size_t from, const char *what,
          const char *call, const char *where)
{
    size_t line = trace_find(trace, from, call, where);
    ck_assert_msg(line != TRACE_NONE, "%s is missing or too early", what);
    return trace_returned(trace, line, "");
}

START_TEST(it_is_durable_before_it_has_its_name_and_that_before_the_answer)
{
    char path[SCRATCH_PATH_SIZE], parent[SCRATCH_PATH_SIZE + 2];
    struct trace trace;
    scratch_join(path, fixture.directory, "trace");
    snprintf(parent, sizeof(parent), "<%s>", fixture.directory);
    under_start(UNDER_STRACE "-y -s 400 -o '%s' -e trace=" TRACED, path);
    fixture_log("A note 2017\n");
    json_decref(backup_to(target));
    under_stop();
    trace_read(&trace, path);
    size_t at =
        find_next(&trace, 0, "the directory", "mkdirat(", "copy.partial");
    at = find_next(&trace, at, "a write", "write(", "/copy.partial/log.mdb>");
    at = find_next(&trace, at, "the log's flush", "fsync(",
                   "/copy.partial/log.mdb>");
    ck_assert_uint_eq(
        trace_find(&trace, at, "write(", "/copy.partial/log.mdb>"), TRACE_NONE);
    at = find_next(&trace, at, "the mark's flush", "fsync(",
                   "/copy.partial/log.id.new>");
    at = find_next(&trace, at, "the directory's flush", "fsync(",
                   "/copy.partial>");
    at = find_next(&trace, at, "the name", "renameat2(", "\"copy\"");
    at = find_next(&trace, at, "the parent's flush", "fsync(", parent);
    (void)find_next(&trace, at, "the answer", "<socket:", "bytes");
    trace_deinit(&trace);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("backup");
    TCase *tests = tcase_create("backup");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, backups_under_load_hold_all_that_was_acknowledged);
    tcase_add_test(tests, backup_of_an_empty_log_is_one);
    tcase_add_test(tests, nobody_else_can_read_it);
    tcase_add_loop_test(tests, target_that_exists_is_refused_and_stays, 0,
                        COUNT(obstacles));
    tcase_add_loop_test(tests, path_that_cannot_be_made_is_refused, 0,
                        COUNT(unfit));
    tcase_add_test(tests, names_that_are_too_long_are_refused);
    tcase_add_test(tests, damaged_log_is_not_taken_for_a_backup);
    tcase_add_test(tests, while_one_is_made_all_else_goes_on);
    tcase_add_test(tests, it_is_finished_for_a_client_that_went_away);
    tcase_add_test(tests, stop_abandons_it_and_leaves_nothing);
    tcase_add_test(tests, kill_leaves_nothing_under_the_final_name);
    tcase_add_test(tests, what_another_daemon_is_making_is_left_alone);
    tcase_add_test(tests, strange_things_in_the_way_stay);
    tcase_add_test(tests, full_disk_leaves_nothing_and_appends_go_on);
    tcase_add_test(tests, limit_on_file_sizes_leaves_nothing);
    tcase_add_test(
        tests, it_is_durable_before_it_has_its_name_and_that_before_the_answer);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
