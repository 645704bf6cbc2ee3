/* SPDX-License-Identifier: MIT */
/* TLS listeners: whose certificate is taken for what, and peers that stall. */
#include <check.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/certificates.h"
#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"
#include "tests/system/tls_peer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50
#define CONF_SIZE 4096
#define DAY_S (24L * 3600)

static struct authority *authority, *foreign;
static struct certificate server;
static char conf[SCRATCH_PATH_SIZE], revoked[SCRATCH_PATH_SIZE];

/* --- the daemon -----------------------------------------------------------*/

static void
begin(void)
{
    fixture_begin_stopped();
    authority = authority_new(fixture.directory, "ca");
    foreign = authority_new(fixture.directory, "foreign");
    certificate_make(authority,
                     &(struct certificate_wish){.name = "server",
                                                .san = "DNS:localhost,"
                                                       "IP:127.0.0.1",
                                                .purpose = "serverAuth"},
                     &server);
    scratch_join(conf, fixture.directory, "conf");
    scratch_join(revoked, fixture.directory, "crl.pem");
    authority_write_revoked(authority, revoked);
}

static void
end(void)
{
    fixture_end();
    authority_free(authority);
    authority_free(foreign);
}

/* What a TLS listener needs, and `more` of the configuration. */
static void
write_conf(const char *more)
{
    char text[CONF_SIZE];
    int size = snprintf(text, sizeof(text),
                        "[daemon]\nlisten = tls://127.0.0.1:0\n"
                        "listen = unix:%s\n[tls]\ncertificate = %s\n"
                        "key = %s\n%s\n",
                        fixture.socket, server.path, server.key, more);
    ck_assert_int_lt(size, CONF_SIZE);
    client_file(conf, "conf", text, (size_t)size);
}

static void
start(const char *more)
{
    static const char *arguments[] = {"--config", conf, NULL};
    struct process_options options = {.data = fixture.data, .more = arguments};
    write_conf(more);
    fixture.daemon = process_start(&options);
    if (!process_await_ready(fixture.daemon))
        ck_abort_msg("not ready: %s", process_output(fixture.daemon));
    fixture.wire = wire_open_unix(fixture.socket);
}

static uint16_t
port(void)
{
    return process_tls_port(fixture.daemon);
}

static struct tls_peer *
open_peer(void)
{
    struct tls_peer *peer =
        tls_peer_open(port(), &(struct tls_peer_options){0});
    ck_assert_ptr_nonnull(peer);
    return peer;
}

/* --- certificates of clients ----------------------------------------------*/

static const struct {
    const char *what;
    struct certificate_wish wish; /* no name: no certificate is shown */
    bool foreign;
    bool required;
    int version_max;
    const char *role; /* or the error, or "closed" */
} shown[] = {
    {"none where one is required", {NULL}, false, true, 0, "closed"},
    {"none", {NULL}, false, false, 0, "unauthenticated"},
    {"one of a foreign authority",
     {.name = "x", .san = "DNS:append.example", .purpose = "clientAuth"},
     true,
     false,
     0,
     "closed"},
    {"an expired one",
     {.name = "x",
      .san = "DNS:append.example",
      .purpose = "clientAuth",
      .begins_s = -2 * DAY_S,
      .ends_s = -60},
     false,
     false,
     0,
     "closed"},
    {"one that is not valid yet",
     {.name = "x",
      .san = "DNS:append.example",
      .purpose = "clientAuth",
      .begins_s = 3600,
      .ends_s = DAY_S},
     false,
     false,
     0,
     "closed"},
    {"one of a server",
     {.name = "x", .san = "DNS:append.example", .purpose = "serverAuth"},
     false,
     false,
     0,
     "closed"},
    {"a revoked one",
     {.name = "x",
      .san = "DNS:append.example",
      .purpose = "clientAuth",
      .revoked = true},
     false,
     false,
     0,
     "closed"},
    {"one with another name",
     {.name = "append.example",
      .san = "DNS:append.example.org,DNS:x.append.example",
      .purpose = "clientAuth"},
     false,
     false,
     0,
     "unauthenticated"},
    {"one without a name",
     {.name = "append.example", .purpose = "clientAuth"},
     false,
     false,
     0,
     "unauthenticated"},
    {"one with the name of another kind",
     {.name = "x", .san = "URI:append.example", .purpose = "clientAuth"},
     false,
     false,
     0,
     "unauthenticated"},
    {"a denied name beside a good one",
     {.name = "x",
      .san = "DNS:append.example,DNS:lost.example",
      .purpose = "clientAuth"},
     false,
     false,
     0,
     "unauthenticated"},
    {"a good one over TLS 1.2",
     {.name = "x", .san = "DNS:append.example", .purpose = "clientAuth"},
     false,
     false,
     TLS1_2_VERSION,
     "closed"},
    {"a DNS name",
     {.name = "x", .san = "DNS:append.example", .purpose = "clientAuth"},
     false,
     true,
     0,
     "append"},
    {"a URI",
     {.name = "x",
      .san = "URI:spiffe://example/reader",
      .purpose = "clientAuth"},
     false,
     false,
     0,
     "read"},
    {"two names, the higher role",
     {.name = "x",
      .san = "URI:spiffe://example/reader,email:a@example",
      .purpose = "clientAuth"},
     false,
     false,
     0,
     "admin"},
};

/* What comes of a call: a role, an error's code, or "closed". */
static const char *
outcome_of(struct tls_peer *peer, char outcome[64])
{
    json_auto_t *answer =
        peer == NULL ? NULL : tls_peer_call(peer, "hello", "{}");
    const json_t *error = json_array_get(answer, 2);
    const char *text = json_is_object(error)
                           ? json_string_value(json_object_get(error, "code"))
                           : json_string_value(json_object_get(
                                 json_array_get(answer, 3), "role"));
    snprintf(outcome, 64, "%s", answer == NULL ? "closed" : text);
    return outcome;
}

static void
write_rules(char rules[CONF_SIZE], bool required, const char *more)
{
    int size =
        snprintf(rules, CONF_SIZE,
                 "client-ca = %s\nrevoked = %s\nclient-certificates = %s\n"
                 "[access]\nappend = dns:append.example\n"
                 "read = uri:spiffe://example/reader\n"
                 "admin = email:a@example\nnone = dns:lost.example\n%s\n",
                 authority_path(authority), revoked,
                 required ? "required" : "optional", more);
    ck_assert_int_lt(size, CONF_SIZE);
}

START_TEST(certificate_gives_its_role_or_none)
{
    struct certificate mine;
    struct tls_peer_options options = {.version_max = shown[_i].version_max};
    char rules[CONF_SIZE], outcome[64];
    if (shown[_i].wish.name != NULL) {
        certificate_make(shown[_i].foreign ? foreign : authority,
                         &shown[_i].wish, &mine);
        options.cert = mine.path;
        options.key = mine.key;
    }
    authority_write_revoked(authority, revoked);
    write_rules(rules, shown[_i].required, "");
    start(rules);
    struct tls_peer *peer = tls_peer_open(port(), &options);
    ck_assert_msg(strcmp(outcome_of(peer, outcome), shown[_i].role) == 0,
                  "%s: %s, not %s", shown[_i].what, outcome, shown[_i].role);
    tls_peer_close(peer);
    expect_done(fixture.wire, "ping", "{}");
}
END_TEST

START_TEST(public_key_gives_its_role)
{
    struct certificate mine, other;
    char rules[CONF_SIZE], rule[128], outcome[64];
    certificate_make(
        authority,
        &(struct certificate_wish){.name = "mine", .purpose = "clientAuth"},
        &mine);
    certificate_make(
        authority,
        &(struct certificate_wish){.name = "other", .purpose = "clientAuth"},
        &other);
    snprintf(rule, sizeof(rule), "append = spki:%s", mine.spki);
    write_rules(rules, false, rule);
    start(rules);
    struct tls_peer *peer = tls_peer_open(
        port(), &(struct tls_peer_options){.cert = mine.path, .key = mine.key});
    ck_assert_str_eq(outcome_of(peer, outcome), "append");
    tls_peer_close(peer);
    peer = tls_peer_open(port(), &(struct tls_peer_options){.cert = other.path,
                                                            .key = other.key});
    ck_assert_str_eq(outcome_of(peer, outcome), "unauthenticated");
    tls_peer_close(peer);
}
END_TEST

/* Revoked while it is connected: SIGHUP takes its role. */
START_TEST(revoked_certificate_loses_its_role_at_hangup)
{
    struct certificate mine, kept;
    struct certificate_wish wish = {.name = "mine",
                                    .san = "DNS:append.example",
                                    .purpose = "clientAuth",
                                    .revoked = true};
    char rules[CONF_SIZE], outcome[64];
    certificate_make(authority, &wish, &mine);
    wish.name = "kept";
    wish.revoked = false;
    certificate_make(authority, &wish, &kept);
    write_rules(rules, false, "");
    start(rules); /* with a list from before */
    struct tls_peer *peer = tls_peer_open(
        port(), &(struct tls_peer_options){.cert = mine.path, .key = mine.key});
    struct tls_peer *other = tls_peer_open(
        port(), &(struct tls_peer_options){.cert = kept.path, .key = kept.key});
    ck_assert_str_eq(outcome_of(peer, outcome), "append");
    ck_assert_str_eq(outcome_of(other, outcome), "append");
    authority_write_revoked(authority, revoked);
    process_signal(fixture.daemon, SIGHUP);
    process_await_line(fixture.daemon, "the configuration was read again", 1);
    ck_assert_str_eq(outcome_of(peer, outcome), "unauthenticated");
    ck_assert_str_eq(outcome_of(other, outcome), "append");
    tls_peer_close(peer);
    tls_peer_close(other);
}
END_TEST

/* --- files ----------------------------------------------------------------*/

static const struct {
    mode_t mode;
    bool good;
} modes[] = {{0600, true},  {0400, true},  {0640, true},
             {0644, false}, {0604, false}, {0660, false}};

/* Both by --check-config and at a start, which leaves no log behind. */
START_TEST(key_that_others_can_read_is_refused)
{
    struct stat status;
    static const char *check[] = {"--config", conf, "--check-config", NULL};
    static const char *run[] = {"--config", conf, NULL};
    struct process_options options = {.data = fixture.data, .more = check};
    write_conf("");
    ck_assert_int_eq(chmod(server.key, modes[_i].mode), 0);
    struct process *process = process_start(&options);
    int ended = process_await_end(process);
    ck_assert(WIFEXITED(ended));
    ck_assert_int_eq(WEXITSTATUS(ended), modes[_i].good ? 0 : 78);
    ck_assert_int_ne(stat(fixture.data, &status), 0);
    char *output = process_output(process);
    ck_assert((strstr(output, server.key) == NULL) == modes[_i].good);
    free(output);
    process_free(process);
    options.more = run;
    process = process_start(&options);
    ck_assert(process_await_ready(process) == modes[_i].good);
    if (!modes[_i].good)
        ck_assert_int_eq(WEXITSTATUS(process_await_end(process)), 78);
    process_free(process);
}
END_TEST

static const struct {
    const char *certificate, *key; /* files of the directory, or texts */
    const char *why;
} unusable[] = {
    {"server.pem", "foreign.pem", "no private key"},
    {"server.key", "server.key", "no certificate"},
    {"server.pem", "other.key", "not the key"},
    {"none.pem", "server.key", "no certificate"},
    {"server.pem", "none.key", "No such file"},
};

START_TEST(files_that_do_not_fit_are_refused)
{
    char text[CONF_SIZE];
    struct certificate other;
    static const char *arguments[] = {"--config", conf, NULL};
    struct process_options options = {.data = fixture.data, .more = arguments};
    certificate_make(
        authority,
        &(struct certificate_wish){.name = "other", .purpose = "serverAuth"},
        &other);
    int size = snprintf(text, sizeof(text),
                        "[daemon]\nlisten = tls://127.0.0.1:0\n[tls]\n"
                        "certificate = %s/%s\nkey = %s/%s\n",
                        fixture.directory, unusable[_i].certificate,
                        fixture.directory, unusable[_i].key);
    client_file(conf, "conf", text, (size_t)size);
    char pem[SCRATCH_PATH_SIZE];
    scratch_join(pem, fixture.directory, "foreign.pem");
    ck_assert_int_eq(chmod(pem, 0600), 0);
    struct process *process = process_start(&options);
    ck_assert(!process_await_ready(process));
    ck_assert_int_eq(WEXITSTATUS(process_await_end(process)), 78);
    char *output = process_output(process);
    ck_assert_msg(strstr(output, unusable[_i].why) != NULL, "%s", output);
    free(output);
    process_free(process);
}
END_TEST

/* A certificate that is renewed is used from SIGHUP on; those who are
 * connected stay. */
START_TEST(renewed_certificate_is_taken_over)
{
    char outcome[64];
    start("");
    struct tls_peer *before = open_peer();
    struct certificate renewed;
    certificate_make(foreign,
                     &(struct certificate_wish){.name = "server",
                                                .san = "DNS:localhost",
                                                .purpose = "serverAuth"},
                     &renewed);
    process_signal(fixture.daemon, SIGHUP);
    process_await_line(fixture.daemon, "the configuration was read again", 1);
    ck_assert_str_eq(outcome_of(before, outcome), "unauthenticated");
    struct client_run run;
    client_expect(&run, 3, "--ca '%s' --socket tls://localhost:%u ping",
                  authority_path(authority), port());
    client_run_free(&run);
    client_expect(&run, 1, "--ca '%s' --socket tls://localhost:%u ping",
                  authority_path(foreign), port());
    client_run_free(&run);
    tls_peer_close(before);
}
END_TEST

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
    start(QUICK);
    struct wire *raw = wire_open_tcp(port());
    int fd = wire_fd(raw);
    ck_assert_int_eq(send(fd, beginning, sizeof(beginning), MSG_NOSIGNAL),
                     sizeof(beginning));
    drip_until_closed(drip_plain, &fd);
    wire_close(raw);
}
END_TEST

START_TEST(silent_peers_are_dropped_while_others_are_served)
{
    start(QUICK);
    struct wire *raw = wire_open_tcp(port());
    struct tls_peer *silent = open_peer();
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
    char outcome[64];
    struct certificate mine;
    char rules[CONF_SIZE];
    certificate_make(authority,
                     &(struct certificate_wish){.name = "mine",
                                                .san = "DNS:append.example",
                                                .purpose = "clientAuth"},
                     &mine);
    write_rules(rules, false, QUICK);
    start(rules);
    json_auto_t *arguments =
        json_of("{'partnership': {'$repeat': ['x', 100000]}}");
    char *request = wire_request_bytes(1, "state", arguments, &size);
    struct dripper dripper = {.bytes = request, .size = size};
    dripper.peer = tls_peer_open(
        port(), &(struct tls_peer_options){.cert = mine.path, .key = mine.key});
    ck_assert_ptr_nonnull(dripper.peer);
    if (_i == 1)
        ck_assert_str_eq(outcome_of(dripper.peer, outcome), "append");
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
    char rules[CONF_SIZE], outcome[64];
    certificate_make(authority,
                     &(struct certificate_wish){.name = "mine",
                                                .san = "DNS:append.example",
                                                .purpose = "clientAuth"},
                     &mine);
    write_rules(rules, false, QUICK);
    start(rules);
    struct tls_peer *idle = tls_peer_open(
        port(), &(struct tls_peer_options){.cert = mine.path, .key = mine.key});
    ck_assert_str_eq(outcome_of(idle, outcome), "append");
    for (int i = 0; i < 3; i++) {
        struct tls_peer *silent = open_peer();
        ck_assert(tls_peer_await_close(silent));
        tls_peer_cut(silent);
    }
    ck_assert_str_eq(outcome_of(idle, outcome), "append");
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
    char tokens[SCRATCH_PATH_SIZE], more[CONF_SIZE];
    scratch_join(tokens, fixture.directory, "tokens");
    client_expect(&run, 0, "token new --role append --name ci --file '%s'",
                  tokens);
    snprintf(more, sizeof(more), "[access]\ntokens = %s\n", tokens);
    start(more);
    struct tls_peer *peer = open_peer();
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
    char rules[CONF_SIZE], outcome[64];
    struct certificate mine;
    certificate_make(authority,
                     &(struct certificate_wish){.name = "mine",
                                                .san = "DNS:append.example",
                                                .purpose = "clientAuth"},
                     &mine);
    write_rules(rules, false, "");
    start(rules);
    struct tls_peer *peer = tls_peer_open(
        port(), &(struct tls_peer_options){.cert = mine.path, .key = mine.key});
    ck_assert_str_eq(outcome_of(peer, outcome), "append");
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

/* --- the client -----------------------------------------------------------*/

static const struct {
    const char *what;
    struct certificate_wish wish;
    bool foreign;
    const char *why;
} servers[] = {
    {"another name",
     {.name = "bad", .san = "DNS:other.example", .purpose = "serverAuth"},
     false,
     "ostname mismatch"},
    {"no name", {.name = "localhost", .purpose = "serverAuth"}, false, NULL},
    {"a foreign authority",
     {.name = "bad", .san = "DNS:localhost", .purpose = "serverAuth"},
     true,
     "certificate"},
    {"no longer valid",
     {.name = "bad",
      .san = "DNS:localhost",
      .purpose = "serverAuth",
      .begins_s = -2 * DAY_S,
      .ends_s = -60},
     false,
     "expired"},
    {"a client's",
     {.name = "bad", .san = "DNS:localhost", .purpose = "clientAuth"},
     false,
     "purpose"},
};

START_TEST(client_refuses_a_daemon_that_it_cannot_trust)
{
    struct client_run run;
    certificate_make(servers[_i].foreign ? foreign : authority,
                     &servers[_i].wish, &server);
    start("");
    int status = servers[_i].why == NULL ? 1 : 3; /* CN counts without SAN */
    client_expect(&run, status,
                  "--ca '%s' --socket tls://localhost:%u --timeout 5 ping",
                  authority_path(authority), port());
    if (servers[_i].why != NULL)
        ck_assert_msg(strstr(run.errors, servers[_i].why) != NULL, "%s: %s",
                      servers[_i].what, run.errors);
    client_run_free(&run);
}
END_TEST

START_TEST(client_shows_its_certificate_and_appends)
{
    struct client_run run;
    struct certificate mine;
    char rules[CONF_SIZE], good[512];
    certificate_make(authority,
                     &(struct certificate_wish){.name = "mine",
                                                .san = "DNS:append.example",
                                                .purpose = "clientAuth"},
                     &mine);
    write_rules(rules, true, "");
    start(rules);
    snprintf(good, sizeof(good),
             "--ca '%s' --cert '%s' --key '%s' --socket tls://127.0.0.1:%u",
             authority_path(authority), mine.path, mine.key, port());
    client_expect(&run, 0, "%s ping", good);
    client_run_free(&run);
    client_expect(&run, 0,
                  "%s append --type note --partnership p --party a --occurred "
                  "2017 --title t",
                  good);
    client_run_free(&run);
    client_expect(&run, 3, "--ca '%s' --socket tls://127.0.0.1:%u ping",
                  authority_path(authority), port());
    ck_assert_msg(strstr(run.errors, "certificate required") != NULL, "%s",
                  run.errors);
    client_run_free(&run);
    ck_assert_int_eq(chmod(mine.key, 0644), 0);
    client_expect(&run, 2, "%s ping", good);
    ck_assert_msg(strstr(run.errors, "0644") != NULL, "%s", run.errors);
    client_run_free(&run);
    expect_in(fixture.wire, "{'tip': 1}", "hello", "{}");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, certificate_gives_its_role_or_none, 0,
                        COUNT(shown));
    tcase_add_test(tests, public_key_gives_its_role);
    tcase_add_test(tests, revoked_certificate_loses_its_role_at_hangup);
    tcase_add_loop_test(tests, key_that_others_can_read_is_refused, 0,
                        COUNT(modes));
    tcase_add_loop_test(tests, files_that_do_not_fit_are_refused, 0,
                        COUNT(unusable));
    tcase_add_test(tests, renewed_certificate_is_taken_over);
    tcase_add_test(tests,
                   dripping_handshake_is_dropped_while_others_are_served);
    tcase_add_test(tests, silent_peers_are_dropped_while_others_are_served);
    tcase_add_loop_test(
        tests, dripping_request_is_dropped_while_others_are_served, 0, 2);
    tcase_add_test(tests, idle_peer_is_kept);
    tcase_add_loop_test(tests, large_messages_pass_in_records_of_any_size, 0,
                        COUNT(pieces));
    tcase_add_loop_test(tests, cut_request_is_not_carried_out, 0, 2);
    tcase_add_loop_test(tests, client_refuses_a_daemon_that_it_cannot_trust, 0,
                        COUNT(servers));
    tcase_add_test(tests, client_shows_its_certificate_and_appends);
}

int
main(void)
{
    Suite *suite = suite_create("tls");
    TCase *tests = tcase_create("tls");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, SECONDS_MAX);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
