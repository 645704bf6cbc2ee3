/* SPDX-License-Identifier: MIT */
/* Clients that go away or do not read harm neither the daemon nor others, and
 * a bad request not those that are flushed with it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/crash/check_log.h"
#include "tests/crash/raw.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50

/* --- peers that reset -----------------------------------------------------*/

static const struct {
    const char *method;
    const char *arguments;
    bool tcp;
} questions[] = {
    {"hello", "{}", true},
    {"get", "{'seq': 1}", true},
    {"replay", "{'limit': 3}", true},
    {"state", "{'partnership': 'p'}", false},
    {"append",
     "{'events': [{'id': 'A', 'type': 'note', 'partnership': 'p', 'parties': "
     "['a'], 'occurred': '2017', 'title': 't'}]}",
     false},
};

static int
open_peer(bool tcp)
{
    return tcp ? raw_open_tcp(process_port(fixture.daemon))
               : raw_open_unix(fixture.socket);
}

/* A Unix socket knows no reset but closing with unread bytes. */
START_TEST(reset_at_each_byte_of_an_answer_ends_that_peer_alone)
{
    for (int i = 0; i < 3; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%c", 'A' + i);
        check_log_store(id, CHECK_LOG_NEW);
    }
    json_auto_t *arguments = json_of(questions[_i].arguments);
    size_t answer =
        raw_answer_size(questions[_i].tcp, questions[_i].method, arguments);
    size_t size;
    char *request =
        wire_request_bytes(1, questions[_i].method, arguments, &size);
    for (size_t read = 0; read <= answer; read++) {
        int fd = open_peer(questions[_i].tcp);
        raw_send(fd, request, size);
        ck_assert(raw_receive(fd, read));
        raw_reset(fd);
        expect_done(fixture.wire, "ping", "{}");
    }
    free(request);
    ck_assert_int_eq(check_log(), 3);
}
END_TEST

static void
append_bulk(int count, int size)
{
    json_t *events = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(
            events,
            json_format("{'type': 'note', 'partnership': 'bulk', 'parties': "
                        "['a'], 'occurred': '2017', 'title': 't', 'summary': "
                        "{'$repeat': ['x', %d]}}",
                        size));
    json_auto_t *arguments = json_pack("{s:o}", "events", events);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
}

/* In the midst of streams, too, and while requests wait. */
START_TEST(reset_within_streams_ends_that_peer_alone)
{
    append_bulk(2000, 2000);
    json_auto_t *arguments = json_of("{'stream': true}");
    size_t size;
    char *request = wire_request_bytes(1, "replay", arguments, &size);
    for (size_t i = 0; i < 120; i++) {
        int fd = open_peer(i % 2 == 0);
        raw_send(fd, request, size);
        for (int j = 0; j < 5; j++)
            (void)raw_send_some(fd, request, size);
        ck_assert(raw_receive(fd, i * 2500));
        raw_reset(fd);
        expect_done(fixture.wire, "ping", "{}");
    }
    free(request);
    ck_assert_int_eq(check_log(), 2000);
}
END_TEST

/* --- clients that do not read ---------------------------------------------*/

#define DEAF_COUNT 40
#define DEAF_COST_KIB                                                          \
    2048L /* the cap of 1 MiB, a chunk, and what is around                     \
           */
#define APPENDS 400
#ifdef ENTENTE_SANITIZED
#define DEAF_SLACK_KIB (400L * 1024) /* freed memory is kept back */
#else
#define DEAF_SLACK_KIB (16L * 1024)
#endif

/* Memory of its own, without the files that it has mapped. */
static long
anonymous_kib(void)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/status",
             (int)process_pid(fixture.daemon));
    FILE *status = fopen(path, "re");
    ck_assert_ptr_nonnull(status);
    char line[256];
    long size = -1;
    while (fgets(line, sizeof(line), status) != NULL)
        (void)sscanf(line, "RssAnon: %ld", &size);
    fclose(status);
    ck_assert_int_ge(size, 0);
    return size;
}

/* Ask for all of it, and read none of it. */
static int
open_deaf(void)
{
    json_auto_t *arguments = json_of("{'stream': true}");
    size_t size;
    char *request = wire_request_bytes(1, "replay", arguments, &size);
    int fd = raw_open_unix(fixture.socket);
    raw_send(fd, request, size);
    free(request);
    return fd;
}

START_TEST(many_clients_that_do_not_read_cost_their_share)
{
    append_bulk(8000, 2000);
    ck_assert_int_eq(check_log(), 8000);
    long before = anonymous_kib();
    int deaf[DEAF_COUNT];
    for (int i = 0; i < DEAF_COUNT; i++)
        deaf[i] = open_deaf();
    /* others are served, and the loop turns until the deaf are stuck */
    for (int i = 0; i < 500; i++)
        expect_done(fixture.wire, "ping", "{}");
    long cost = anonymous_kib() - before;
    printf("%d clients that do not read cost %ld KiB\n", DEAF_COUNT, cost);
    ck_assert_int_lt(cost, DEAF_COUNT * DEAF_COST_KIB + DEAF_SLACK_KIB);
    for (int i = 0; i < DEAF_COUNT; i++)
        close(deaf[i]);
    ck_assert_int_eq(check_log(), 8000);
}
END_TEST

static off_t
file_size(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.data, name);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    return status.st_size;
}

struct growth {
    off_t log;
    off_t views;
};

/* Commits one after the other, with questions between them so that the views
 * commit as often; how the files grow. */
static struct growth
grow(unsigned generation)
{
    struct growth growth = {.log = -file_size("log.mdb"),
                            .views = -file_size("views.mdb")};
    for (unsigned i = 0; i < APPENDS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "g%u.%u", generation, i);
        check_log_store(id, CHECK_LOG_NEW);
        expect_done(fixture.wire, "get", "{'id': '%s'}", id);
    }
    growth.log += file_size("log.mdb");
    growth.views += file_size("views.mdb");
    return growth;
}

START_TEST(clients_that_do_not_read_make_no_file_grow)
{
    append_bulk(3000, 2000);
    (void)grow(0); /* to be past the growth of small files */
    struct growth without = grow(1);
    int deaf[4];
    for (size_t i = 0; i < COUNT(deaf); i++)
        deaf[i] = open_deaf();
    struct growth with = grow(2);
    printf("log.mdb grew by %lld and %lld bytes, views.mdb by %lld and %lld\n",
           (long long)without.log, (long long)with.log,
           (long long)without.views, (long long)with.views);
    /* a quarter MiB is what chance may add: pages come in clusters */
    ck_assert_int_lt(with.log, 2 * without.log + (256 << 10));
    ck_assert_int_lt(with.views, 2 * without.views + (256 << 10));
    for (size_t i = 0; i < COUNT(deaf); i++)
        close(deaf[i]);
}
END_TEST

/* --- good and bad together ------------------------------------------------*/

#define TOGETHER 300

static const struct {
    const char *code; /* NULL: stored */
    const char *text;
} mixed[] = {
    {NULL, "{'events': [{'id': 'n%u', 'type': 'note', 'partnership': 'p', "
           "'parties': ['a'], 'occurred': '2017', 'title': 't'}]}"},
    {"invalid_event", "{'events': [{'id': 'n%u', 'type': 'note'}]}"},
    {"invalid_date",
     "{'events': [{'id': 'n%u', 'type': 'note', 'partnership': 'p', 'parties': "
     "['a'], 'occurred': '2017-13', 'title': 't'}]}"},
    {"duplicate_id",
     "{'events': [{'id': 'n0', 'type': 'note', 'partnership': 'p', 'parties': "
     "['a'], 'occurred': '2017', 'title': 'other %u'}]}"},
    {"conflict",
     "{'expect': {'p': 0}, 'events': [{'id': 'n%u', 'type': 'note', "
     "'partnership': 'p', 'parties': ['a'], 'occurred': '2017', 'title': "
     "'t'}]}"},
    {"unknown_reference",
     "{'events': [{'id': 'n%u', 'type': 'note', 'partnership': 'p', 'parties': "
     "['a'], 'occurred': '2017', 'title': 't', 're': 'nothing'}]}"},
    {"invalid_request", "{'evnts': [%u]}"},
};

/* All of them in one piece, so that they are flushed together. */
START_TEST(bad_request_in_a_group_harms_none_of_the_others)
{
    for (uint32_t i = 0; i < TOGETHER; i++) {
        json_auto_t *arguments =
            json_format(mixed[i % COUNT(mixed)].text, (unsigned)i);
        wire_queue(fixture.wire, i, "append", arguments);
    }
    wire_flush(fixture.wire);
    json_int_t stored = 0;
    for (uint32_t i = 0; i < TOGETHER; i++) {
        json_auto_t *answer = wire_answer(fixture.wire, i);
        const char *code = mixed[i % COUNT(mixed)].code;
        if (code != NULL)
            expect_error_in(answer, code);
        else
            ck_assert_int_eq(check_log_acknowledged(answer), ++stored);
    }
    ck_assert_int_eq(check_log(), stored);
    fixture_kill();
    fixture_start();
    ck_assert_int_eq(check_log(), stored);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("clients");
    TCase *tests = fixture_case(suite, "clients", SECONDS_MAX);
    tcase_add_loop_test(tests,
                        reset_at_each_byte_of_an_answer_ends_that_peer_alone, 0,
                        COUNT(questions));
    tcase_add_test(tests, reset_within_streams_ends_that_peer_alone);
    tcase_add_test(tests, many_clients_that_do_not_read_cost_their_share);
    tcase_add_test(tests, clients_that_do_not_read_make_no_file_grow);
    tcase_add_test(tests, bad_request_in_a_group_harms_none_of_the_others);
    return fixture_run(suite);
}
