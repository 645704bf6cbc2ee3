/* SPDX-License-Identifier: MIT */
/* Memory that runs out at the n-th allocation of a handshake with TLS and of
 * the call behind it, for every n: that connection is dropped at most, and the
 * daemon goes on.
 *
 * Before that, libevent 2.1 makes its bufferevent for TLS; when memory runs out
 * half way through, it frees what it has not made yet, and dies of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/crash/preload/control.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/tls_fixture.h"

#define SECONDS_MAX 58
#define ROUNDS_S 8

/* Far more than a handshake and a call take. */
#define ALLOCATIONS_MAX 20000

/* Far more turns than a connection takes to come or go. */
#define TURNS_MAX 100000

static struct control_memory *memory;

/* Put the library that fails in front of $ENTENTED. */
static void
begin(void)
{
    char command[UNDER_COMMAND_SIZE];
    tls_begin();
    under_preload(command, "memory");
    memory = under_control(sizeof(*memory));
    under_wrap("%s", command);
}

/* Until the daemon has so many connections. */
static void
await_connections(json_int_t count)
{
    json_int_t seen = -1;
    for (int i = 0; i < TURNS_MAX && seen != count; i++) {
        json_auto_t *stats = expect_ok(fixture.wire, "stats", "{}");
        seen = json_integer_value(json_object_get(stats, "connections"));
    }
    ck_assert_int_eq(seen, count);
}

/* Connect, and, when the n-th allocation from then on fails, ask and go; true
 * when all of it went well. */
static bool
visit(const struct certificate *mine, int64_t n)
{
    char outcome[TLS_OUTCOME_SIZE];
    await_connections(1);
    int fd = tls_peer_socket(tls_port());
    await_connections(2);
    atomic_store(&memory->armed, n);
    struct tls_peer *peer = tls_peer_begin(
        fd, &(struct tls_peer_options){.cert = mine->path, .key = mine->key});
    bool good =
        peer != NULL && strcmp(tls_outcome(peer, outcome), "append") == 0;
    atomic_store(&memory->armed, 0);
    tls_peer_close(peer);
    return good;
}

/* False when there were not as many. */
static bool
run_round(const struct certificate *mine, int64_t n, int64_t burst)
{
    int64_t failed = atomic_load(&memory->failed);
    atomic_store(&memory->burst, burst);
    (void)visit(mine, n);
    expect_done(fixture.wire, "ping", "{}");
    ck_assert_msg(visit(mine, 0), "nobody is let in after allocation %lld",
                  (long long)n);
    return atomic_load(&memory->failed) > failed;
}

/* All, where there is time for it; else evenly many of them. */
static void
run_rounds(const struct certificate *mine, int64_t burst)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t last = now.tv_sec + ROUNDS_S;
    int64_t rounds = 0;
    for (int64_t step = 31, from = 1; from <= step && now.tv_sec < last; from++)
        for (int64_t n = from; n < ALLOCATIONS_MAX && now.tv_sec < last;
             n += step) {
            if (!run_round(mine, n, burst))
                break;
            rounds++;
            clock_gettime(CLOCK_MONOTONIC, &now);
        }
    printf("%lld rounds in which an allocation failed\n", (long long)rounds);
    ck_assert_int_gt(rounds, 0);
}

static const int64_t bursts[] = {0, 20};

START_TEST(allocation_that_fails_costs_one_connection_at_most)
{
    struct certificate mine;
    char rules[TLS_CONF_SIZE];
    tls_append_certificate(&mine);
    tls_rules(rules, false, "[limits]\nhandshake-timeout = 300ms\n");
    tls_start(rules);
    ck_assert(visit(&mine, 0));
    run_rounds(&mine, bursts[_i]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("memory_tls");
    TCase *tests = tcase_create("memory_tls");
    tcase_add_checked_fixture(tests, begin, tls_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_loop_test(tests,
                        allocation_that_fails_costs_one_connection_at_most, 0,
                        (int)(sizeof(bursts) / sizeof(bursts[0])));
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
