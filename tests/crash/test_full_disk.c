/* SPDX-License-Identifier: MIT */
/* A full disk: appends are refused with `storage_full`, nothing else is, and
 * they work again when there is room, without a restart. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/crash/check_log.h"
#include "tests/crash/preload/control.h"
#include "tests/crash/small_disk.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50
#define DISK_MIB 16
#define TRIES_MAX 4000 /* events until a disk or a limit is full */
#define SUMMARY_SIZE 16000
#define LIMIT_SIZE ((rlim_t)1 << 20)

/* --- appending until it is full -------------------------------------------*/

/* Append a big event; its answer, which must come: NULL for stored, else the
 * code of the error, a new reference. */
static json_t *
append_big(size_t index)
{
    json_auto_t *event = json_format(
        "{'id': 'big%zu', 'type': 'note', 'partnership': 'p', 'parties': "
        "['a'], 'occurred': '2017', 'title': 't', 'summary': {'$repeat': "
        "['x', %d]}}",
        index, SUMMARY_SIZE);
    json_auto_t *arguments = json_pack("{s:[O]}", "events", event);
    json_auto_t *message = wire_call(fixture.wire, "append", arguments);
    const json_t *error = json_array_get(message, 2);
    return json_is_null(error) ? NULL
                               : json_incref(json_object_get(error, "code"));
}

/* Append from `index` on until that is refused, for want of room; the index of
 * the event that was. */
static size_t
append_until_full(size_t index)
{
    for (size_t end = index + TRIES_MAX; index < end; index++) {
        json_auto_t *code = append_big(index);
        if (code == NULL)
            continue;
        ck_assert_str_eq(json_string_value(code), "storage_full");
        return index;
    }
    ck_abort_msg("never full");
}

/* All that does not append goes on, and the log is what was acknowledged. */
static void
check_reads(size_t stored)
{
    ck_assert_int_eq(check_log(), (json_int_t)stored);
    expect_done(fixture.wire, "ping", "{}");
    expect_done(fixture.wire, "state", "{'partnership': 'p'}");
    expect_done(fixture.wire, "timeline", "{'partnership': 'p'}");
    expect_in(fixture.wire, "{'seq': 1}", "get", "{'id': 'big0'}");
    expect_in(fixture.wire, "{'seq': 1}", "get", "{'seq': 1}");
    struct wire *other = wire_open_unix(fixture.socket);
    expect_done(other, "hello", "{}");
    wire_close(other);
}

static void
check_resumed(size_t stored)
{
    json_auto_t *code = append_big(stored);
    ck_assert_msg(code == NULL, "still refused: %s", json_string_value(code));
    check_reads(stored + 1);
    fixture_stop();
    fixture_start();
    check_reads(stored + 1);
}

/* --- a small file system --------------------------------------------------*/

/* The journal is small, too, or there would be no room for anything else. */
static void
begin_small(void)
{
    if (!small_disk(fixture.directory, DISK_MIB))
        ck_abort_msg("no file system can be mounted (%s): run this as root, "
                     "or where user namespaces are allowed",
                     strerror(errno));
    ck_assert_int_eq(setenv("ENTENTED_JOURNAL_SIZE", "1M", 1), 0);
    fixture_start();
}

/* Fill what is left but so much; the path of what fills it. */
static void
fill(char path[SCRATCH_PATH_SIZE], size_t left)
{
    static const char block[4096] = {1};
    scratch_join(path, fixture.directory, "filler");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    struct statvfs space;
    do {
        ck_assert_int_eq(fstatvfs(fd, &space), 0);
    } while ((size_t)space.f_bavail * space.f_frsize > left &&
             write(fd, block, sizeof(block)) > 0);
    close(fd);
}

static void
check_full_disk(size_t left)
{
    begin_small();
    size_t stored = 3;
    for (size_t i = 0; i < stored; i++)
        ck_assert_ptr_null(append_big(i));
    check_reads(stored); /* or the views might have no room for them */
    char filler[SCRATCH_PATH_SIZE];
    fill(filler, left);
    stored = append_until_full(stored);
    check_reads(stored);
    ck_assert_uint_eq(append_until_full(stored), stored);
    check_reads(stored);
    ck_assert_int_eq(unlink(filler), 0);
    check_resumed(stored);
}

START_TEST(full_file_system_refuses_appends_until_there_is_room)
{
    check_full_disk((size_t)4 << 20);
}
END_TEST

START_TEST(file_system_without_a_byte_left_refuses_appends)
{
    check_full_disk(0);
}
END_TEST

/* A daemon that starts on a full disk serves what there is.  The reads before
 * the kill see to it that the views hold the event: to bring them up to date
 * they would need room. */
START_TEST(start_on_a_full_file_system_serves)
{
    begin_small();
    ck_assert_ptr_null(append_big(0));
    check_reads(1);
    fixture_kill();
    char filler[SCRATCH_PATH_SIZE];
    fill(filler, 0);
    fixture_start();
    check_reads(1);
    ck_assert_uint_eq(append_until_full(1), 1);
    ck_assert_int_eq(unlink(filler), 0);
    check_resumed(1);
}
END_TEST

/* --- writes that find no space --------------------------------------------*/

/* Space that is gone between the look at it and the write.  The daemon may try
 * again; what it acknowledges is stored, and what it refuses is not. */
START_TEST(commit_that_finds_no_space_stores_nothing)
{
    char command[UNDER_COMMAND_SIZE];
    under_preload(command, "disk");
    struct control_disk *disk = under_control(sizeof(*disk));
    under_start("%s", command);
    ck_assert_ptr_null(append_big(0));
    size_t stored = 1;
    size_t refused = 0;
    for (int round = 0; round < 24; round++) {
        atomic_store(&disk->data_full, 1 + round % 4);
        while (atomic_load(&disk->data_full) > 0) {
            json_auto_t *code = append_big(stored);
            if (code != NULL)
                ck_assert_str_eq(json_string_value(code), "storage_full");
            refused += code != NULL;
            stored += code == NULL;
            check_reads(stored);
        }
    }
    ck_assert_uint_gt(refused, 0);
    check_resumed(stored);
}
END_TEST

/* --- a limit on the size of files -----------------------------------------*/

static void
limit_set(rlim_t size)
{
    struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
    ck_assert_int_eq(
        prlimit(process_pid(fixture.daemon), RLIMIT_FSIZE, &limit, NULL), 0);
}

/* Where within a write the limit cuts: at a page's edge, within a page. */
static const rlim_t cuts[] = {0, 4096, 12288, 2048, 4097, 8191};

START_TEST(limit_on_file_sizes_refuses_appends_until_it_is_raised)
{
    fixture_start();
    ck_assert_ptr_null(append_big(0));
    limit_set(LIMIT_SIZE + cuts[_i]);
    size_t stored = append_until_full(1);
    check_reads(stored);
    ck_assert_uint_eq(append_until_full(stored), stored);
    limit_set(RLIM_INFINITY);
    check_resumed(stored);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("full disk");
    TCase *tests = tcase_create("full disk");
    tcase_add_checked_fixture(tests, fixture_begin_stopped, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, full_file_system_refuses_appends_until_there_is_room);
    tcase_add_test(tests, file_system_without_a_byte_left_refuses_appends);
    tcase_add_test(tests, start_on_a_full_file_system_serves);
    tcase_add_test(tests, commit_that_finds_no_space_stores_nothing);
    tcase_add_loop_test(tests,
                        limit_on_file_sizes_refuses_appends_until_it_is_raised,
                        0, COUNT(cuts));
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
