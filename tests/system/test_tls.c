/* SPDX-License-Identifier: MIT */
/* TLS listeners: whose certificate is taken for what, and which files are
 * refused. */
#include <check.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/tls_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50

/* --- certificates of clients ----------------------------------------------*/

static const struct {
    const char *what;
    struct certificate_wish wish; /* no name: no certificate is shown */
    bool foreign;
    bool required;
    int version_max;
    const char *role; /* or the error, or "closed" */
} shown[] = {
    {"none where one is required", {.name = NULL}, false, true, 0, "closed"},
    {"none", {.name = NULL}, false, false, 0, "unauthenticated"},
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
      .begins_s = -2 * TLS_DAY_S,
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
      .ends_s = TLS_DAY_S},
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

START_TEST(certificate_gives_its_role_or_none)
{
    struct certificate mine;
    struct tls_peer_options options = {.version_max = shown[_i].version_max};
    char rules[TLS_CONF_SIZE], outcome[TLS_OUTCOME_SIZE];
    if (shown[_i].wish.name != NULL) {
        certificate_make(shown[_i].foreign ? tls_foreign : tls_authority,
                         &shown[_i].wish, &mine);
        options.cert = mine.path;
        options.key = mine.key;
    }
    authority_write_revoked(tls_authority, tls_revoked);
    tls_rules(rules, shown[_i].required, "");
    tls_start(rules);
    struct tls_peer *peer = tls_peer_open(tls_port(), &options);
    ck_assert_msg(strcmp(tls_outcome(peer, outcome), shown[_i].role) == 0,
                  "%s: %s, not %s", shown[_i].what, outcome, shown[_i].role);
    if (strcmp(outcome, "closed") == 0)
        process_await_line(fixture.daemon, "(1 times)", 1); /* the reason */
    tls_peer_close(peer);
    expect_done(fixture.wire, "ping", "{}");
}
END_TEST

/* What could be replayed is not there: no ticket, no early data. */
START_TEST(nothing_is_given_to_resume_with)
{
    char outcome[TLS_OUTCOME_SIZE];
    tls_start("");
    struct tls_peer *peer = tls_connect_with(NULL);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(tls_outcome(peer, outcome), "unauthenticated");
    ck_assert(!tls_peer_can_resume(peer));
    tls_peer_close(peer);
}
END_TEST

START_TEST(public_key_gives_its_role)
{
    struct certificate mine, other;
    char rules[TLS_CONF_SIZE], rule[128], outcome[TLS_OUTCOME_SIZE];
    certificate_make(
        tls_authority,
        &(struct certificate_wish){.name = "mine", .purpose = "clientAuth"},
        &mine);
    certificate_make(
        tls_authority,
        &(struct certificate_wish){.name = "other", .purpose = "clientAuth"},
        &other);
    snprintf(rule, sizeof(rule), "append = spki:%s", mine.spki);
    tls_rules(rules, false, rule);
    tls_start(rules);
    struct tls_peer *peer = tls_connect_with(&mine);
    ck_assert_str_eq(tls_outcome(peer, outcome), "append");
    tls_peer_close(peer);
    peer = tls_connect_with(&other);
    ck_assert_str_eq(tls_outcome(peer, outcome), "unauthenticated");
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
    char rules[TLS_CONF_SIZE], outcome[TLS_OUTCOME_SIZE];
    certificate_make(tls_authority, &wish, &mine);
    wish.name = "kept";
    wish.revoked = false;
    certificate_make(tls_authority, &wish, &kept);
    tls_rules(rules, false, "");
    tls_start(rules); /* with a list from before */
    struct tls_peer *peer = tls_connect_with(&mine);
    struct tls_peer *other = tls_connect_with(&kept);
    ck_assert_str_eq(tls_outcome(peer, outcome), "append");
    ck_assert_str_eq(tls_outcome(other, outcome), "append");
    authority_write_revoked(tls_authority, tls_revoked);
    process_signal(fixture.daemon, SIGHUP);
    process_await_line(fixture.daemon, "the configuration was read again", 1);
    ck_assert_str_eq(tls_outcome(peer, outcome), "unauthenticated");
    ck_assert_str_eq(tls_outcome(other, outcome), "append");
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
    static const char *check[] = {"--config", access_conf, "--check-config",
                                  NULL};
    static const char *run[] = {"--config", access_conf, NULL};
    struct process_options options = {.data = fixture.data, .more = check};
    tls_configure("");
    ck_assert_int_eq(chmod(tls_server.key, modes[_i].mode), 0);
    struct process *process = process_start(&options);
    int ended = process_await_end(process);
    ck_assert(WIFEXITED(ended));
    ck_assert_int_eq(WEXITSTATUS(ended), modes[_i].good ? 0 : 78);
    ck_assert_int_ne(stat(fixture.data, &status), 0);
    char *output = process_output(process);
    ck_assert((strstr(output, tls_server.key) == NULL) == modes[_i].good);
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
    char text[TLS_CONF_SIZE];
    struct certificate other;
    static const char *arguments[] = {"--config", access_conf, NULL};
    struct process_options options = {.data = fixture.data, .more = arguments};
    certificate_make(
        tls_authority,
        &(struct certificate_wish){.name = "other", .purpose = "serverAuth"},
        &other);
    int size = snprintf(text, sizeof(text),
                        "[daemon]\nlisten = tls://127.0.0.1:0\n[tls]\n"
                        "certificate = %s/%s\nkey = %s/%s\n",
                        fixture.directory, unusable[_i].certificate,
                        fixture.directory, unusable[_i].key);
    ck_assert_uint_lt((size_t)size, sizeof(text));
    access_configure(text);
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

/* ... while somebody may still come through its listener. */
START_TEST(certificate_cannot_go_while_it_is_needed)
{
    char text[TLS_CONF_SIZE], outcome[TLS_OUTCOME_SIZE];
    tls_start("");
    snprintf(text, sizeof(text), "[daemon]\nlisten = unix:%s\n",
             fixture.socket);
    access_configure(text);
    process_signal(fixture.daemon, SIGHUP);
    process_await_line(fixture.daemon, "the configuration stays as it was", 1);
    struct tls_peer *peer = tls_connect_with(NULL);
    ck_assert_str_eq(tls_outcome(peer, outcome), "unauthenticated");
    tls_peer_close(peer);
}
END_TEST

/* A certificate that is renewed is used from SIGHUP on; those who are
 * connected stay. */
START_TEST(renewed_certificate_is_taken_over)
{
    char outcome[TLS_OUTCOME_SIZE];
    tls_start("");
    struct tls_peer *before = tls_connect_with(NULL);
    struct certificate renewed;
    certificate_make(tls_foreign,
                     &(struct certificate_wish){.name = "server",
                                                .san = "DNS:localhost",
                                                .purpose = "serverAuth"},
                     &renewed);
    process_signal(fixture.daemon, SIGHUP);
    process_await_line(fixture.daemon, "the configuration was read again", 1);
    ck_assert_str_eq(tls_outcome(before, outcome), "unauthenticated");
    struct client_run run;
    client_expect(&run, 3, "--ca '%s' --socket tls://localhost:%u ping",
                  authority_path(tls_authority), tls_port());
    client_run_free(&run);
    client_expect(&run, 1, "--ca '%s' --socket tls://localhost:%u ping",
                  authority_path(tls_foreign), tls_port());
    client_run_free(&run);
    tls_peer_close(before);
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
      .begins_s = -2 * TLS_DAY_S,
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
    certificate_make(servers[_i].foreign ? tls_foreign : tls_authority,
                     &servers[_i].wish, &tls_server);
    tls_start("");
    int status = servers[_i].why == NULL ? 1 : 3; /* CN counts without SAN */
    client_expect(&run, status,
                  "--ca '%s' --socket tls://localhost:%u --timeout 5 ping",
                  authority_path(tls_authority), tls_port());
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
    char rules[TLS_CONF_SIZE], good[512];
    tls_append_certificate(&mine);
    tls_rules(rules, true, "");
    tls_start(rules);
    snprintf(good, sizeof(good),
             "--ca '%s' --cert '%s' --key '%s' --socket tls://127.0.0.1:%u",
             authority_path(tls_authority), mine.path, mine.key, tls_port());
    client_expect(&run, 0, "%s ping", good);
    client_run_free(&run);
    client_expect(&run, 0,
                  "%s append --type note --partnership p --party a --occurred "
                  "2017 --title t",
                  good);
    client_run_free(&run);
    client_expect(&run, 3, "--ca '%s' --socket tls://127.0.0.1:%u ping",
                  authority_path(tls_authority), tls_port());
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

int
main(void)
{
    Suite *suite = suite_create("tls");
    TCase *tests = tcase_create("tls");
    tcase_add_checked_fixture(tests, tls_begin, tls_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_loop_test(tests, certificate_gives_its_role_or_none, 0,
                        COUNT(shown));
    tcase_add_test(tests, nothing_is_given_to_resume_with);
    tcase_add_test(tests, public_key_gives_its_role);
    tcase_add_test(tests, revoked_certificate_loses_its_role_at_hangup);
    tcase_add_loop_test(tests, key_that_others_can_read_is_refused, 0,
                        COUNT(modes));
    tcase_add_loop_test(tests, files_that_do_not_fit_are_refused, 0,
                        COUNT(unusable));
    tcase_add_test(tests, certificate_cannot_go_while_it_is_needed);
    tcase_add_test(tests, renewed_certificate_is_taken_over);
    tcase_add_loop_test(tests, client_refuses_a_daemon_that_it_cannot_trust, 0,
                        COUNT(servers));
    tcase_add_test(tests, client_shows_its_certificate_and_appends);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
