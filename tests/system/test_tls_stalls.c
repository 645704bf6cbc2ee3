/* SPDX-License-Identifier: MIT */
/* TLS peers that stall, send in pieces, or are cut off. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"
#include "tests/system/tls_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50

/* --- peers that stall -----------------------------------------------------*/

#define QUICK                                                                  \
    "[limits]\nhandshake-timeout = 300ms\nfirst-request-timeout = 300ms\n"     \
    "message-timeout = 300ms\n"

/* Far more drips than fit into any of the deadlines. */
#define DRIPS_MAX 100000

/* Ask and drip by turns, until the daemon closes the dripping one. */
static void
drip_until_closed(bool (*drip)(void *context), void *context)
{
    for (int i = 0; i < DRIPS_MAX; i++) {
        json_t *message = NULL;
        expect_done(fixture.wire, "ping", "{}");
        if (!drip(context))
            return;
        /* a pause in which nothing may come */
        ck_assert_int_eq(wire_read(fixture.wire, 20, &message), WIRE_SILENCE);
    }
    ck_abort_msg("the daemon lets it drip on");
}

static bool
drip_plain(void *context)
{
    char byte = '\0';
    int fd = *(int *)context;
    /* the beginning of a record of 16 KiB, in which a handshake never ends */
    return send(fd, "\x16", 1, MSG_NOSIGNAL) == 1 &&
           recv(fd, &byte, 1, MSG_DONTWAIT) < 0;
}

static bool
is_open(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) < 0;
}

START_TEST(dripping_handshake_is_dropped_while_others_are_served)
{
    static const unsigned char beginning[] = {0x16, 0x03, 0x01, 0x3f, 0xff};
    tls_start(QUICK);
    struct wire *raw = wire_open_tcp(tls_port());
    int fd = wire_fd(raw);
    ck_assert_int_eq(send(fd, beginning, sizeof(beginning), MSG_NOSIGNAL),
                     sizeof(beginning));
    drip_until_closed(drip_plain, &fd);
    wire_close(raw);
}
END_TEST

START_TEST(silent_peers_are_dropped_while_others_are_served)
{
    tls_start(QUICK);
    struct wire *raw = wire_open_tcp(tls_port());
    struct tls_peer *silent = tls_connect_with(NULL);
    expect_done(fixture.wire, "ping", "{}");
    wire_await_close(raw);
    ck_assert(tls_peer_await_close(silent));
    expect_done(fixture.wire, "ping", "{}");
    wire_close(raw);
    tls_peer_cut(silent);
}
END_TEST

struct dripper {
    struct tls_peer *peer;
    const char *bytes;
    size_t size, at;
};

/* A byte in a record of its own; never the last one. */
static bool
drip_record(void *context)
{
    struct dripper *dripper = context;
    size_t at = dripper->at < dripper->size - 1 ? dripper->at++ : 0;
    return tls_peer_try(dripper->peer, dripper->bytes + at, 1) &&
           is_open(tls_peer_fd(dripper->peer));
}

/* A request that never ends: the first one, and one after a whole one. */
START_TEST(dripping_request_is_dropped_while_others_are_served)
{
    size_t size;
    char outcome[TLS_OUTCOME_SIZE];
    struct certificate mine;
    char rules[TLS_CONF_SIZE];
    tls_append_certificate(&mine);
    tls_rules(rules, false, QUICK);
    tls_start(rules);
    json_auto_t *arguments =
        json_of("{'partnership': {'$repeat': ['x', 100000]}}");
    char *request = wire_request_bytes(1, "state", arguments, &size);
    struct dripper dripper = {.bytes = request, .size = size};
    dripper.peer = tls_connect_with(&mine);
    ck_assert_ptr_nonnull(dripper.peer);
    if (_i == 1)
        ck_assert_str_eq(tls_outcome(dripper.peer, outcome), "append");
    drip_until_closed(drip_record, &dripper);
    tls_peer_cut(dripper.peer);
    free(request);
}
END_TEST

/* One that has asked something may be silent for longer than others who came
 * later have. */
START_TEST(idle_peer_is_kept)
{
    struct certificate mine;
    char rules[TLS_CONF_SIZE], outcome[TLS_OUTCOME_SIZE];
    tls_append_certificate(&mine);
    tls_rules(rules, false, QUICK);
    tls_start(rules);
    struct tls_peer *idle = tls_connect_with(&mine);
    ck_assert_str_eq(tls_outcome(idle, outcome), "append");
    for (int i = 0; i < 3; i++) {
        struct tls_peer *silent = tls_connect_with(NULL);
        ck_assert(tls_peer_await_close(silent));
        tls_peer_cut(silent);
    }
    ck_assert_str_eq(tls_outcome(idle, outcome), "append");
    tls_peer_close(idle);
}
END_TEST

/* --- bytes ----------------------------------------------------------------*/

#define EVENT_COUNT 200

static json_t *
big_batch(void)
{
    json_t *events = json_array();
    for (int i = 0; i < EVENT_COUNT; i++)
        json_array_append_new(
            events, json_format("{'id': 'e%d', 'type': 'note', 'partnership': "
                                "'p', 'parties': ['a'], 'occurred': '2017', "
                                "'title': 't', 'summary': {'$repeat': ['x', "
                                "4000]}}",
                                i));
    return json_pack("{s:o}", "events", events);
}

/* In records of one byte (the first 2 KiB), of 16 KiB, and of what comes. */
static const size_t pieces[] = {1, 16384, 0};

/* Large requests and answers, read late, so that both sides stop and go on. */
START_TEST(large_messages_pass_in_records_of_any_size)
{
    size_t size;
    char text[128];
    struct client_run run;
    char tokens[SCRATCH_PATH_SIZE], more[TLS_CONF_SIZE];
    scratch_join(tokens, fixture.directory, "tokens");
    client_expect(&run, 0, "token new --role append --name ci --file '%s'",
                  tokens);
    snprintf(more, sizeof(more), "[access]\ntokens = %s\n", tokens);
    tls_start(more);
    struct tls_peer *peer = tls_connect_with(NULL);
    snprintf(text, sizeof(text), "{'token': '%.*s'}",
             (int)strcspn(run.output, "\n"), run.output);
    json_auto_t *role = tls_peer_call(peer, "auth", text);
    expect_includes(json_array_get(role, 3), "{'role': 'append'}");
    json_auto_t *batch = big_batch();
    char *request = wire_request_bytes(1, "append", batch, &size);
    size_t first = pieces[_i] == 1 ? 2048 : size;
    tls_peer_send(peer, request, first, pieces[_i]);
    tls_peer_send(peer, request + first, size - first, 0);
    free(request);
    json_auto_t *stored = tls_peer_message(peer);
    ck_assert(json_is_null(json_array_get(stored, 2)));
    json_auto_t *all = json_of("{'limit': 1000}");
    request = wire_request_bytes(2, "replay", all, &size);
    for (int i = 0; i < 20; i++) /* 16 MB of answers, none of them read yet */
        tls_peer_send(peer, request, size, 0);
    free(request);
    for (int i = 0; i < 20; i++) {
        json_auto_t *page = tls_peer_message(peer);
        ck_assert_uint_eq(
            json_array_size(json_object_get(json_array_get(page, 3), "events")),
            EVENT_COUNT);
    }
    tls_peer_close(peer);
    client_run_free(&run);
}
END_TEST

/* Cut in the middle of a request: nothing of it is done. */
START_TEST(cut_request_is_not_carried_out)
{
    size_t size;
    char rules[TLS_CONF_SIZE], outcome[TLS_OUTCOME_SIZE];
    struct certificate mine;
    tls_append_certificate(&mine);
    tls_rules(rules, false, "");
    tls_start(rules);
    struct tls_peer *peer = tls_connect_with(&mine);
    ck_assert_str_eq(tls_outcome(peer, outcome), "append");
    json_auto_t *batch = big_batch();
    char *request = wire_request_bytes(1, "append", batch, &size);
    tls_peer_send(peer, request, size - 1, 0);
    if (_i == 0)
        tls_peer_cut(peer);
    else
        tls_peer_close(peer);
    free(request);
    for (int i = 0; i < DRIPS_MAX; i++) { /* until it is gone */
        json_auto_t *stats = expect_ok(fixture.wire, "stats", "{}");
        if (json_integer_value(json_object_get(stats, "connections")) == 1)
            break;
    }
    expect_in(fixture.wire, "{'tip': 0}", "hello", "{}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("tls_stalls");
    TCase *tests = tcase_create("tls_stalls");
    tcase_add_checked_fixture(tests, tls_begin, tls_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests,
                   dripping_handshake_is_dropped_while_others_are_served);
    tcase_add_test(tests, silent_peers_are_dropped_while_others_are_served);
    tcase_add_loop_test(
        tests, dripping_request_is_dropped_while_others_are_served, 0, 2);
    tcase_add_test(tests, idle_peer_is_kept);
    tcase_add_loop_test(tests, large_messages_pass_in_records_of_any_size, 0,
                        COUNT(pieces));
    tcase_add_loop_test(tests, cut_request_is_not_carried_out, 0, 2);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
