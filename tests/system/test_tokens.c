/* SPDX-License-Identifier: MIT */
/* Tokens: made by the client, shown to the daemon, revoked. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/access_fixture.h"
#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 50

static char tokens[SCRATCH_PATH_SIZE];

static void
begin(void)
{
    access_begin();
    scratch_join(tokens, fixture.directory, "tokens");
}

/* Make a token by the client and return it; the caller frees it. */
static char *
new_token(const char *role, const char *name)
{
    struct client_run run;
    client_expect(&run, 0, "token new --role %s --name %s --file '%s'", role,
                  name, tokens);
    char *token = strndup(run.output, strcspn(run.output, "\n"));
    client_run_free(&run);
    return token;
}

static void
start_with_tokens(const char *more)
{
    char text[512];
    snprintf(text, sizeof(text), "[access]\ntokens = %s\n%s", tokens, more);
    access_start(text);
}

/* --- tokens ---------------------------------------------------------------*/

START_TEST(token_is_printed_once_and_kept_as_its_hash)
{
    struct client_run run;
    struct stat status;
    char kept[1024] = "";
    client_file(tokens, "tokens", "# mine\n", 7);
    ck_assert_int_eq(chmod(tokens, 0600), 0);
    char *one = new_token("append", "ci"), *two = new_token("admin", "ops");
    ck_assert_uint_eq(strlen(one), strlen("entente-") + 64);
    ck_assert_str_ne(one, two);
    FILE *file = fopen(tokens, "re");
    ck_assert_uint_gt(fread(kept, 1, sizeof(kept) - 1, file), 0);
    fclose(file);
    ck_assert_ptr_null(strstr(kept, one + strlen("entente-")));
    ck_assert_int_eq(strncmp(kept, "# mine\nci append ", 17), 0);
    ck_assert_int_eq(stat(tokens, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
    client_expect(&run, 0, "token list --file '%s'", tokens);
    ck_assert_ptr_nonnull(strstr(run.output, "ops "));
    ck_assert_ptr_null(strstr(run.output, one));
    client_run_free(&run);
    client_expect(&run, 1, "token new --role read --name ci --file '%s'",
                  tokens);
    ck_assert_ptr_nonnull(strstr(run.errors, "already"));
    client_run_free(&run);
    client_expect(&run, 0, "token revoke ci --file '%s'", tokens);
    client_run_free(&run);
    client_expect(&run, 4, "token revoke ci --file '%s'", tokens);
    client_run_free(&run);
    client_expect(&run, 0, "token list --file '%s'", tokens);
    ck_assert_ptr_null(strstr(run.output, "ci "));
    ck_assert_ptr_nonnull(strstr(run.output, "ops "));
    client_run_free(&run);
    free(one);
    free(two);
}
END_TEST

/* A new file is for the group of its directory to read: the daemon's. */
START_TEST(new_file_is_readable_to_the_group_of_its_directory)
{
    struct stat status;
    gid_t group = geteuid() == 0 ? 64999 : getegid();
    ck_assert_int_eq(chown(fixture.directory, (uid_t)-1, group), 0);
    free(new_token("read", "a"));
    ck_assert_int_eq(stat(tokens, &status), 0);
    ck_assert_uint_eq(status.st_gid, group);
    ck_assert_uint_eq(status.st_mode & 07777, 0640);
    free(new_token("read", "b")); /* and the one that replaces it */
    ck_assert_int_eq(stat(tokens, &status), 0);
    ck_assert_uint_eq(status.st_gid, group);
    ck_assert_uint_eq(status.st_mode & 07777, 0640);
}
END_TEST

#define AT_ONCE 8

/* None of those that are made at the same time is lost. */
START_TEST(tokens_made_at_once_are_all_kept)
{
    pid_t clients[AT_ONCE];
    struct client_run run;
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(nowhere, 0);
    for (int i = 0; i < AT_ONCE; i++) {
        char line[256];
        snprintf(line, sizeof(line),
                 "token new --role read --name t%d --file '%s'", i, tokens);
        clients[i] = client_start(line, nowhere, nowhere, nowhere);
    }
    for (int i = 0; i < AT_ONCE; i++)
        ck_assert_int_eq(client_await(clients[i]), 0);
    close(nowhere);
    client_expect(&run, 0, "token list --file '%s'", tokens);
    size_t lines = 0;
    for (const char *at = run.output; *at != '\0'; at++)
        lines += *at == '\n';
    ck_assert_uint_eq(lines, AT_ONCE);
    client_run_free(&run);
}
END_TEST

static const char *const wrong_lines[] = {
    "token new --role owner --name a --file '%s'",
    "token new --role read --file '%s'",
    "token new --name a --file '%s'",
    "token new --role read --name 'A b' --file '%s'",
    "token revoke --file '%s'",
    "token lists --file '%s'",
    "token list --config '%s'",
    "token --file '%s'",
};

START_TEST(wrong_use_of_tokens_is_told)
{
    struct client_run run;
    struct stat status;
    char line[256];
    snprintf(line, sizeof(line), wrong_lines[_i], tokens);
    client_expect(&run, 2, "%s", line);
    client_run_free(&run);
    ck_assert_int_ne(stat(tokens, &status), 0);
}
END_TEST

START_TEST(configuration_says_where_tokens_are)
{
    struct client_run run;
    char text[256];
    snprintf(text, sizeof(text), "[access]\ntokens = %s\n", tokens);
    access_configure(text);
    client_expect(&run, 0, "token new --role read --name a --config '%s'",
                  access_conf);
    client_run_free(&run);
    client_expect(&run, 0, "token list --file '%s'", tokens);
    ck_assert_ptr_nonnull(strstr(run.output, "a "));
    client_run_free(&run);
}
END_TEST

/* Every method, by the role that it needs; PROTOCOL.md. */
static const char *const by_role[][12] = {
    {"hello", "ping", "get", "replay", "state", "timeline", "portfolio",
     "party", "diff", "gap", "revelations", "stats"},
    {"append"},
    {"rebuild"},
};

static bool
is_refused(struct wire *wire, const char *method)
{
    json_auto_t *nothing = json_object();
    json_auto_t *answer = wire_call(wire, method, nothing);
    const char *code =
        json_string_value(json_object_get(json_array_get(answer, 2), "code"));
    ck_assert_msg(code == NULL || strcmp(code, "unknown_method") != 0, "%s",
                  method);
    return code != NULL && (strcmp(code, "unauthenticated") == 0 ||
                            strcmp(code, "forbidden") == 0);
}

static void
check_methods(struct wire *wire, size_t roles)
{
    for (size_t role = 0; role < COUNT(by_role); role++)
        for (size_t i = 0; i < 12 && by_role[role][i] != NULL; i++)
            ck_assert_msg(is_refused(wire, by_role[role][i]) == (role >= roles),
                          "%s with %zu roles", by_role[role][i], roles);
}

/* Over TCP the role is `read`, and that of a token behind `auth`. */
START_TEST(token_opens_what_its_role_allows)
{
    static const char *const names[] = {"read", "append", "admin"};
    char *shown[COUNT(names)];
    for (size_t i = 0; i < COUNT(names); i++)
        shown[i] = new_token(names[i], names[i]);
    start_with_tokens("");
    for (size_t i = 0; i < COUNT(names); i++) {
        struct wire *wire = access_open_tcp();
        check_methods(wire, 1);
        expect_in(wire,
                  i == 0   ? "{'role': 'read'}"
                  : i == 1 ? "{'role': 'append'}"
                           : "{'role': 'admin'}",
                  "auth", "{'token': '%s'}", shown[i]);
        check_methods(wire, i + 1);
        wire_close(wire);
        free(shown[i]);
    }
}
END_TEST

START_TEST(revoked_token_loses_its_role_at_hangup)
{
    struct client_run run;
    char *token = new_token("append", "ci");
    start_with_tokens("");
    struct wire *wire = access_open_tcp();
    expect_in(wire, "{'role': 'append'}", "auth", "{'token': '%s'}", token);
    client_expect(&run, 0, "token revoke ci --file '%s'", tokens);
    client_run_free(&run);
    expect_in(wire, "{'role': 'append'}", "hello", "{}"); /* not read yet */
    access_reload(1);
    expect_in(wire, "{'role': 'read'}", "hello", "{}");
    expect_refusal(wire, "unauthenticated", "auth", "{'token': '%s'}", token);
    wire_close(wire);
    free(token);
}
END_TEST

START_TEST(client_shows_its_token)
{
    struct client_run run;
    char *token = new_token("append", "ci");
    char line[256];
    snprintf(line, sizeof(line),
             "append --type note --partnership p --party a --occurred 2017 "
             "--title t");
    start_with_tokens("");
    uint16_t port = process_port(fixture.daemon);
    client_expect(&run, 1, "--socket tcp://127.0.0.1:%u %s", port, line);
    client_run_free(&run);
    setenv("ENTENTE_TOKEN", token, 1);
    client_expect(&run, 0, "--socket tcp://127.0.0.1:%u %s", port, line);
    client_run_free(&run);
    setenv("ENTENTE_TOKEN", "entente-00", 1);
    client_expect(&run, 1, "--socket tcp://127.0.0.1:%u %s", port, line);
    ck_assert_ptr_nonnull(strstr(run.errors, "no such token"));
    client_run_free(&run);
    unsetenv("ENTENTE_TOKEN");
    expect_in(fixture.wire, "{'tip': 1}", "hello", "{}");
    char *said = process_output(fixture.daemon);
    ck_assert_ptr_null(strstr(said, token));
    free(said);
    free(token);
}
END_TEST

#define FAILURES 5
#define TURNS_MAX 100000

/* The more failures, the later the answer; nobody else waits. */
START_TEST(failed_attempts_are_answered_late)
{
    struct wire *wires[FAILURES];
    json_auto_t *wrong = json_of("{'token': 'entente-00'}");
    json_auto_t *none = json_object();
    json_t *message = NULL;
    start_with_tokens("");
    for (int i = 0; i < FAILURES; i++) {
        wires[i] = access_open_tcp();
        wire_queue(wires[i], 1, "auth", wrong);
        wire_queue(wires[i], 2, "ping", none);
        wire_flush(wires[i]);
        /* one after the other, whatever the kernel makes of it */
        json_int_t failed = 0;
        for (int turn = 0; failed <= i && turn < TURNS_MAX; turn++) {
            json_auto_t *stats = expect_ok(fixture.wire, "stats", "{}");
            failed = json_integer_value(
                json_object_get(stats, "auth_failures_total"));
        }
    }
    struct wire *other = access_open_tcp();
    expect_done(other, "ping", "{}");
    ck_assert_int_eq(wire_read(wires[FAILURES - 1], 0, &message), WIRE_SILENCE);
    for (int i = 0; i < FAILURES; i++) {
        json_auto_t *answer = wire_answer(wires[i], 1);
        expect_error_in(answer, "unauthenticated");
        json_decref(wire_answer(wires[i], 2));
        wire_close(wires[i]);
    }
    wire_close(other);
    process_await_line(
        fixture.daemon,
        "127.0.0.1 showed a token that is none of ours (4 times)", 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("tokens");
    TCase *tests = tcase_create("tokens");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, token_is_printed_once_and_kept_as_its_hash);
    tcase_add_test(tests, new_file_is_readable_to_the_group_of_its_directory);
    tcase_add_test(tests, tokens_made_at_once_are_all_kept);
    tcase_add_loop_test(tests, wrong_use_of_tokens_is_told, 0,
                        COUNT(wrong_lines));
    tcase_add_test(tests, configuration_says_where_tokens_are);
    tcase_add_test(tests, token_opens_what_its_role_allows);
    tcase_add_test(tests, revoked_token_loses_its_role_at_hangup);
    tcase_add_test(tests, client_shows_its_token);
    tcase_add_test(tests, failed_attempts_are_answered_late);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
