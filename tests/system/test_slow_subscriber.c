/* SPDX-License-Identifier: MIT */
/* A subscriber that stops reading costs a position: the daemon's memory and
 * files grow as they do without it, and it misses nothing when it reads on. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"
#include "tests/system/subscriber.h"

#define SECONDS_MAX 240
#define EVENTS 200000
#define BATCH 2000
#define S 7u

/* What may differ from one run to the next, and what a chunk and the buffers
 * of a connection take: a few MiB. */
#define DIFFERENCE_MAX_KIB 4096

struct figures {
    long anonymous_kib, resident_kib, log_kib, views_kib;
    double seconds;
};

static long
status_kib(const char *name)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof(path), "/proc/%d/status",
             (int)process_pid(fixture.daemon));
    FILE *file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    while (kib < 0 && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name) + 1, NULL, 10);
    (void)fclose(file);
    ck_assert_int_ge(kib, 0);
    return kib;
}

static long
file_kib(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat status;
    scratch_join(path, fixture.data, name);
    ck_assert_int_eq(stat(path, &status), 0);
    return (long)(status.st_blocks / 2);
}

static double
now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What the views do not hold yet is in memory, as much as there happens to be:
 * so they are waited for, by a question that needs them. */
static void
await_views(void)
{
    json_auto_t *state =
        expect_ok(fixture.wire, "state", "{'partnership': 'p'}");
    ck_assert_ptr_nonnull(state);
}

static void
append_all(void)
{
    json_auto_t *arguments = json_of(
        "{'events': {'$many': [{'type': 'note', 'partnership': 'p', "
        "'parties': ['a', 'b'], 'occurred': '2017-03', 'title': 'A title of a "
        "usual length, as it were', 'summary': {'$repeat': ['x', 200]}}, "
        "2000]}}");
    size_t size;
    void *request = wire_request_bytes(1, "append", arguments, &size);
    for (int i = 0; i < EVENTS / BATCH; i++) {
        wire_send(fixture.wire, request, size);
        const msgpack_object *answer = wire_object(fixture.wire);
        ck_assert_int_eq(answer->via.array.ptr[2].type, MSGPACK_OBJECT_NIL);
        await_views();
    }
    free(request);
}

static struct figures
measure(void)
{
    double start = now_s();
    append_all();
    double seconds = now_s() - start;
    return (struct figures){
        .anonymous_kib = status_kib("RssAnon:"),
        .resident_kib = status_kib("VmRSS:"),
        .log_kib = file_kib("log.mdb"),
        .views_kib = file_kib("views.mdb"),
        .seconds = seconds,
    };
}

static void
show(const char *what, const struct figures *figures)
{
    printf("%s: anonymous memory %ld KiB, resident %ld KiB, log.mdb %ld KiB, "
           "views.mdb %ld KiB, %.1f s\n",
           what, figures->anonymous_kib, figures->resident_kib,
           figures->log_kib, figures->views_kib, figures->seconds);
}

static void
begin_anew(void)
{
    fixture_stop();
    scratch_remove(fixture.data);
    fixture_start();
}

static void
read_all(struct wire *slow)
{
    uint64_t next = 1;
    while (next <= EVENTS) {
        const msgpack_object *parts = wire_object(slow)->via.array.ptr;
        ck_assert_uint_eq(parts[0].via.u64, 2);
        const msgpack_object *events = &parts[2].via.array.ptr[1];
        ck_assert_int_eq(events->type, MSGPACK_OBJECT_ARRAY);
        for (uint32_t i = 0; i < events->via.array.size; i++) {
            const msgpack_object *pairs = &events->via.array.ptr[i];
            ck_assert_uint_eq(pairs->via.map.ptr[0].val.via.u64, next);
            next++;
        }
    }
}

START_TEST(subscriber_that_does_not_read_costs_a_position)
{
    struct figures without = measure();
    begin_anew();
    struct wire *slow = wire_open_unix(fixture.socket);
    subscriber_begin(slow, S, "{}");
    subscriber_caught_up(slow, S, 0);
    struct figures with = measure();
    show("without", &without);
    show("with a subscriber that does not read", &with);
    ck_assert_int_le(with.anonymous_kib,
                     without.anonymous_kib + DIFFERENCE_MAX_KIB);
    ck_assert_int_le(with.log_kib, without.log_kib + DIFFERENCE_MAX_KIB);
    ck_assert_int_le(with.views_kib, without.views_kib + DIFFERENCE_MAX_KIB);
    read_all(slow);
    subscriber_silent(slow);
    wire_close(slow);
}
END_TEST

/* Many of them share what may be written and not taken. */
#define CROWD 1000
#define CROWD_DIFFERENCE_MAX_KIB 98304

START_TEST(thousand_subscribers_that_do_not_read_are_bounded)
{
    static struct wire *slow[CROWD];
    for (int i = 0; i < CROWD; i++) {
        slow[i] = wire_open_unix(fixture.socket);
        subscriber_begin(slow[i], S, "{}");
        subscriber_caught_up(slow[i], S, 0);
    }
    long before_kib = status_kib("RssAnon:");
    struct figures with = measure();
    show("with a thousand that do not read", &with);
    ck_assert_int_le(with.anonymous_kib, before_kib + CROWD_DIFFERENCE_MAX_KIB);
    expect_in(fixture.wire, "{'subscriptions': 1000}", "stats", "{}");
    for (int i = 0; i < CROWD; i += CROWD / 4)
        read_all(slow[i]);
    for (int i = 0; i < CROWD; i++)
        wire_close(slow[i]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("slow_subscriber");
    TCase *tests = fixture_case(suite, "slow_subscriber", SECONDS_MAX);
    tcase_add_test(tests, subscriber_that_does_not_read_costs_a_position);
    tcase_add_test(tests, thousand_subscribers_that_do_not_read_are_bounded);
    return fixture_run(suite);
}
