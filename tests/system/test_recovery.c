/* SPDX-License-Identifier: MIT */
/* What was acknowledged stays, whatever way the daemon ends and whatever is
 * done to its files; a damaged log is refused, never made anew. */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/corpus.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"
#include "tests/system/load.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 300
#define CONNECTIONS 4
#define KILLS 8
#define PAGE_MAX 1000

/* --- ends under load ------------------------------------------------------*/

/* Positions of the whole log are 1, 2, 3, ..., revisions too, as there is one
 * partnership; how many there are. */
static json_int_t
check_contiguous(void)
{
    json_int_t seq = 0;
    json_auto_t *arguments = json_format("{'limit': %d}", PAGE_MAX);
    bool more = true;
    while (more) {
        json_auto_t *page = expect_ok_json(fixture.wire, "replay", arguments);
        const json_t *events = json_object_get(page, "events");
        for (size_t i = 0; i < json_array_size(events); i++) {
            const json_t *event = json_array_get(events, i);
            seq++;
            ck_assert_int_eq(json_integer_value(json_object_get(event, "seq")),
                             seq);
            ck_assert_int_eq(json_integer_value(json_object_get(event, "rev")),
                             seq);
        }
        json_t *cursor = json_object_get(page, "cursor");
        more = !json_is_null(cursor);
        json_object_set(arguments, "cursor", cursor);
    }
    json_auto_t *tip = json_format("{'tip': %lld}", (long long)seq);
    json_auto_t *hello = expect_ok(fixture.wire, "hello", "{}");
    ck_assert(json_includes(hello, tip));
    return seq;
}

/* So many acknowledged that the end comes at another moment each time. */
static size_t
moment_of(int round)
{
    static const size_t moments[] = {1, 7, 40, 3, 150, 400, 20, 90};
    return moments[(size_t)round % COUNT(moments)];
}

static void
end_under_load(int rounds, void (*end)(void))
{
    for (int round = 0; round < rounds; round++) {
        struct load *load = load_start(CONNECTIONS, (unsigned)round);
        load_await(load, moment_of(round));
        end();
        load_await_end(load);
        fixture_start();
        json_int_t tip = check_contiguous();
        ck_assert_uint_ge((size_t)tip, load_check(load));
        ck_assert_int_eq(check_contiguous(), tip);
        load_free(load);
    }
}

START_TEST(kill_under_load_loses_nothing_acknowledged)
{
    end_under_load(KILLS, fixture_kill);
}
END_TEST

START_TEST(stop_under_load_loses_nothing_acknowledged)
{
    end_under_load(KILLS / 2, fixture_stop);
}
END_TEST

/* --- views are remade -----------------------------------------------------*/

static void
file_remove(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
}

static void
file_empty(const char *path)
{
    ck_assert_int_eq(truncate(path, 0), 0);
}

static void
file_halve(const char *path)
{
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(truncate(path, status.st_size / 2), 0);
}

static void
file_cut_odd(const char *path)
{
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(truncate(path, 4096 + 77), 0);
}

static void
file_scramble(const char *path)
{
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    FILE *file = fopen(path, "r+e");
    ck_assert_ptr_nonnull(file);
    uint32_t state = 2463534242u; /* xorshift32, Marsaglia 2003 */
    for (off_t i = 0; i < status.st_size; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        fputc((int)(state & 0xff), file);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static void
file_zero(const char *path)
{
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_int_eq(truncate(path, status.st_size), 0);
}

static const struct {
    const char *name;
    void (*damage)(const char *path);
} damages[] = {
    {"removed", file_remove},     {"emptied", file_empty},
    {"halved", file_halve},       {"cut", file_cut_odd},
    {"scrambled", file_scramble}, {"zeroed", file_zero},
};

/* States and timelines of all partnerships, to compare. */
static json_t *
answers(void)
{
    static const char *const methods[] = {"state", "timeline", "gap"};
    json_t *all = json_array();
    for (size_t m = 0; m < COUNT(methods); m++) {
        json_auto_t *golden = corpus_golden(methods[m]);
        for (size_t i = 0; i < json_array_size(golden); i += 7)
            json_array_append_new(
                all, expect_ok_json(
                         fixture.wire, methods[m],
                         json_object_get(json_array_get(golden, i), "params")));
    }
    return all;
}

static void
check_rebuilt(void (*damage)(const char *path), void (*end)(void))
{
    corpus_append(fixture.wire);
    json_auto_t *before = answers();
    end();
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.data, "views.mdb");
    damage(path);
    fixture_start();
    json_auto_t *after = answers();
    ck_assert(json_same(after, before));
    json_auto_t *events = corpus_events();
    json_auto_t *again = json_pack("{s:O}", "events", events);
    json_auto_t *result = expect_ok_json(fixture.wire, "append", again);
    ck_assert_int_eq(json_integer_value(json_object_get(result, "last")),
                     (json_int_t)json_array_size(events));
    expect_in(fixture.wire, "{'tip': 143}", "hello", "{}");
}

START_TEST(views_are_remade_after_a_stop)
{
    check_rebuilt(damages[_i].damage, fixture_stop);
}
END_TEST

START_TEST(views_are_remade_after_a_kill)
{
    check_rebuilt(damages[_i].damage, fixture_kill);
}
END_TEST

/* --- the log is not -------------------------------------------------------*/

/* Start a daemon that must refuse: it says why and ends with an error. */
static void
expect_refused_start(const char *socket)
{
    struct process_options options = {.data = fixture.data, .socket = socket};
    struct process *process = process_start(&options);
    bool ready = process_await_ready(process);
    ck_assert_msg(!ready, "the daemon serves");
    int status = process_await_end(process);
    ck_assert_msg(WIFEXITED(status), "the daemon died: %#x", (unsigned)status);
    ck_assert_int_ne(WEXITSTATUS(status), 0);
    char *output = process_output(process);
    ck_assert_uint_gt(strlen(output), 0);
    free(output);
    process_free(process);
}

/* The bytes of a file; NULL where it is missing.  The caller frees them. */
static char *
file_read(const char *path, size_t *size_out)
{
    *size_out = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    struct stat status;
    ck_assert_int_eq(fstat(fileno(file), &status), 0);
    char *bytes = malloc((size_t)status.st_size + 1);
    ck_assert_ptr_nonnull(bytes);
    *size_out = fread(bytes, 1, (size_t)status.st_size, file);
    fclose(file);
    return bytes;
}

START_TEST(damaged_log_is_refused_and_left_alone)
{
    corpus_append(fixture.wire);
    fixture_stop();
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.data, "log.mdb");
    damages[_i].damage(path);
    size_t before_size;
    char *before = file_read(path, &before_size);
    expect_refused_start(fixture.socket);
    expect_refused_start(fixture.socket);
    size_t after_size;
    char *after = file_read(path, &after_size);
    ck_assert_msg((before == NULL) == (after == NULL), "%s: made anew",
                  damages[_i].name);
    ck_assert_uint_eq(after_size, before_size);
    if (before != NULL)
        ck_assert_int_eq(memcmp(before, after, before_size), 0);
    free(before);
    free(after);
}
END_TEST

START_TEST(second_daemon_is_refused)
{
    fixture_log("A note 2017\n");
    char other[SCRATCH_PATH_SIZE];
    scratch_join(other, fixture.directory, "other");
    expect_refused_start(other);
    /* LMDB's own lock file does not decide it */
    char lock[SCRATCH_PATH_SIZE];
    scratch_join(lock, fixture.data, "log.mdb-lock");
    (void)unlink(lock);
    expect_refused_start(other);
    fixture_log("B note 2017\n");
    expect_in(fixture.wire, "{'tip': 2}", "hello", "{}");
}
END_TEST

START_TEST(socket_of_a_killed_daemon_is_taken_over)
{
    fixture_kill();
    struct stat status;
    ck_assert_int_eq(stat(fixture.socket, &status), 0);
    fixture_start();
    expect_done(fixture.wire, "ping", "{}");
}
END_TEST

/* --- modes ----------------------------------------------------------------*/

static int
check_mode(const char *path, const struct stat *status, int kind,
           struct FTW *place)
{
    (void)kind;
    (void)place;
    mode_t wanted = S_ISDIR(status->st_mode) ? 0700 : 0600;
    ck_assert_msg((status->st_mode & 07777) == wanted, "%s has mode %o", path,
                  status->st_mode & 07777);
    return 0;
}

START_TEST(files_are_private_whatever_the_umask)
{
    struct process_options options = {
        .data = fixture.data,
        .socket = fixture.socket,
        .mask_open = true,
    };
    fixture.daemon = process_start(&options);
    ck_assert(process_await_ready(fixture.daemon));
    fixture.wire = wire_open_unix(fixture.socket);
    fixture_log("A note 2017\n");
    expect_done(fixture.wire, "state", "{'partnership': 'p'}");
    ck_assert_int_eq(nftw(fixture.data, check_mode, 8, FTW_PHYS), 0);
    fixture_stop();
    ck_assert_int_eq(nftw(fixture.data, check_mode, 8, FTW_PHYS), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("recovery");
    TCase *tests = fixture_case(suite, "ends", SECONDS_MAX);
    tcase_add_test(tests, kill_under_load_loses_nothing_acknowledged);
    tcase_add_test(tests, stop_under_load_loses_nothing_acknowledged);
    tcase_add_loop_test(tests, views_are_remade_after_a_stop, 0,
                        COUNT(damages));
    tcase_add_loop_test(tests, views_are_remade_after_a_kill, 0,
                        COUNT(damages));
    tcase_add_loop_test(tests, damaged_log_is_refused_and_left_alone, 0,
                        COUNT(damages));
    tcase_add_test(tests, second_daemon_is_refused);
    tcase_add_test(tests, socket_of_a_killed_daemon_is_taken_over);
    TCase *modes = tcase_create("modes");
    tcase_add_checked_fixture(modes, fixture_begin_stopped, fixture_end);
    tcase_add_test(modes, files_are_private_whatever_the_umask);
    suite_add_tcase(suite, modes);
    return fixture_run(suite);
}
