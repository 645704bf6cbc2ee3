/* SPDX-License-Identifier: MIT */
#include "daemon/config.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/options.h"
#include "daemon/tokens.h"
#include "tests/unit/data_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define DEFAULT_FILE "systemd/entented.conf"

static char file[DATA_PATH_SIZE];

static void
write_file(const char *text)
{
    char directory[DATA_PATH_SIZE];
    data_directory(directory);
    data_join(file, directory, "conf");
    data_write(file, text, strlen(text));
    ck_assert_int_eq(chmod(file, 0600), 0);
}

/* What of the reason stands behind the file's name. */
static const char *
reason_behind(const struct diag_reason *reason)
{
    size_t size = strlen(file);
    ck_assert_msg(strncmp(reason->text, file, size) == 0, "%s", reason->text);
    return reason->text + size;
}

/* --- the file -------------------------------------------------------------*/

static const struct {
    const char *text;
    const char *why; /* its beginning, behind the file's name */
    const char *hint;
} bad[] = {
    {"data = /d\n", ":1: data stands in no section", "[daemon]"},
    {"[daemons]\ndata = /d\n", ":2: no section [daemons]", "[daemon]"},
    {"[xyz]\ndata = /d\n", ":2: no section [xyz]", "[limits]"},
    {"[daemon]\n\n# so\ndate = /d\n", ":4: no date in [daemon]", "data"},
    {"[daemon]\nxyzzy = 1\n", ":2: no xyzzy in [daemon]", "entented.conf(5)"},
    {"[daemon]\ntokens = /t\n", ":2: tokens does not belong in [daemon]",
     "[access]"},
    {"[daemon]\ndata\n", ":2: expected", "key = value"},
    {"[daemon\ndata = /d\n", ":1: expected", "[section]"},
    {"[daemon]\ndata = /d\njunk\nlog-level = loud\n", ":3: expected", "key"},
    {"[daemon]\ndata = d\n", ":2: data: \"d\"", "absolute path"},
    {"[daemon]\ndata =\n", ":2: data: \"\"", "path"},
    {"[daemon]\ndata = /d\ndata = /e\n", ":3: data: \"/e\"", "second"},
    {"[daemon]\ndata = /d # mine\n", ":2: data:", ";"},
    {"[daemon]\nlisten = /s\n", ":2: listen: \"/s\"", "unix:/PATH"},
    {"[daemon]\nlog-level = loud\n", ":2: log-level: \"loud\"", "warning"},
    {"[access]\nread = root\n", ":2: read: \"root\"", "user:NAME"},
    {"[access]\nread = user:no-such-user\n", ":2: read:", "nobody of that"},
    {"[tls]\nclient-certificates = yes\n", ":2: client-certificates: \"yes\"",
     "optional or required"},
    {"[limits]\nconnections = 0\n", ":2: connections: \"0\"", "from 1 to"},
    {"[limits]\nconnections = 10x\n", ":2: connections: \"10x\"", "from 1"},
    {"[limits]\nconnections = -1\n", ":2: connections: \"-1\"", "from 1"},
    {"[limits]\nconnections = 18446744073709551617\n",
     ":2: connections:", "from 1"},
    {"[limits]\nmessage-timeout = 5 hours\n", ":2: message-timeout:", "2min"},
    {"[limits]\nmessage-timeout = 0\n", ":2: message-timeout:", "2min"},
    {"[limits]\nmessage-timeout = 9999999min\n",
     ":2: message-timeout:", "86400000"},
};

START_TEST(fault_is_named_with_its_line)
{
    struct settings settings;
    struct diag_reason reason = {""};
    write_file(bad[_i].text);
    settings_init(&settings);
    ck_assert_int_lt(config_read(file, &settings, &reason), 0);
    const char *why = reason_behind(&reason);
    ck_assert_msg(strncmp(why, bad[_i].why, strlen(bad[_i].why)) == 0, "%s",
                  why);
    ck_assert_msg(strstr(why, bad[_i].hint) != NULL, "%s", why);
    settings_deinit(&settings);
}
END_TEST

START_TEST(long_line_is_refused_and_not_cut_in_two)
{
    struct settings settings;
    struct diag_reason reason = {""};
    char text[512];
    int size = snprintf(text, sizeof text, "[daemon]\ndata = /");
    memset(text + size, 'd', sizeof text - (size_t)size);
    text[sizeof text - 1] = '\0';
    write_file(text);
    settings_init(&settings);
    ck_assert_int_lt(config_read(file, &settings, &reason), 0);
    ck_assert_msg(strncmp(reason_behind(&reason), ":2: ", 4) == 0 &&
                      strstr(reason.text, "too long") != NULL,
                  "%s", reason.text);
    settings_deinit(&settings);
}
END_TEST

START_TEST(everything_can_be_set)
{
    struct settings settings;
    struct diag_reason reason = {""};
    write_file("; a comment\n"
               "[daemon]\n"
               "data = /d ; another\n"
               "listen = unix:/s\nlisten = tls://0.0.0.0:7217\n"
               "log-level = warning\n"
               "[access]\ntokens = /t\n"
               "admin = user:0\nappend = group:0\nread = dns:a.example\n"
               "none = uri:x://b:c\n"
               "[tls]\ncertificate = /c\nkey = /k\nclient-ca = /a\n"
               "revoked = /r\nclient-certificates = required\n"
               "[limits]\nconnections = 10\nconnections-per-peer = 9\n"
               "connections-unknown = 8\nhandshake-timeout = 250ms\n"
               "first-request-timeout = 7 s\nmessage-timeout = 2min\n");
    settings_init(&settings);
    ck_assert_msg(config_read(file, &settings, &reason) == 0, "%s",
                  reason.text);
    ck_assert(settings_fit(&settings, &reason));
    ck_assert_str_eq(settings.data, "/d");
    ck_assert_uint_eq(settings.listen_count, 2);
    ck_assert_str_eq(settings.listen[1], "tls://0.0.0.0:7217");
    ck_assert_int_eq(settings.log_level, DIAG_WARNING);
    ck_assert_str_eq(settings.tokens, "/t");
    ck_assert_uint_eq(settings.rules.count, 4);
    ck_assert_int_eq(settings.rules.rules[0].role, SERVICE_ADMIN);
    ck_assert_str_eq(settings.rules.rules[3].name, "x://b:c");
    ck_assert_str_eq(settings.tls_revoked, "/r");
    ck_assert(settings.tls_client_required);
    ck_assert_uint_eq(settings.connections_max, 10);
    ck_assert_uint_eq(settings.connections_per_peer_max, 9);
    ck_assert_uint_eq(settings.connections_unknown_max, 8);
    ck_assert_uint_eq(settings.handshake_ms, 250);
    ck_assert_uint_eq(settings.first_request_ms, 7000);
    ck_assert_uint_eq(settings.message_ms, 120000);
    settings_deinit(&settings);
}
END_TEST

START_TEST(file_that_everybody_could_change_is_refused)
{
    struct settings settings;
    struct diag_reason reason = {""};
    write_file("[daemon]\ndata = /d\n");
    ck_assert_int_eq(chmod(file, 0646), 0);
    settings_init(&settings);
    ck_assert_int_eq(config_read(file, &settings, &reason), -EPERM);
    ck_assert_ptr_nonnull(strstr(reason.text, "0646"));
    settings_deinit(&settings);
}
END_TEST

/* The file that is installed: good as it is, and each of its examples too. */
START_TEST(default_file_explains_everything)
{
    struct settings settings;
    struct diag_reason reason = {""};
    char text[16384] = "";
    FILE *source = fopen(DEFAULT_FILE, "re");
    ck_assert_ptr_nonnull(source);
    size_t size = fread(text, 1, sizeof text - 1, source);
    fclose(source);
    ck_assert_uint_lt(size, sizeof text - 1);
    settings_init(&settings);
    ck_assert_int_eq(config_read(DEFAULT_FILE, &settings, &reason), 0);
    ck_assert_uint_eq(settings.given[SETTINGS_FILE], 0);
    for (char *at = strchr(text, '#'); at != NULL; at = strchr(at + 1, '#'))
        if (at[1] != ' ' && at[1] != '\n')
            memmove(at, at + 1, strlen(at));
    write_file(text);
    ck_assert_msg(config_read(file, &settings, &reason) == 0, "%s",
                  reason.text);
    for (int i = 0; settings_table[i].key != NULL; i++)
        ck_assert_msg(settings.given[SETTINGS_FILE] >> i & 1,
                      "%s is not explained", settings_table[i].key);
    struct settings built_in;
    settings_init(&built_in);
    ck_assert_int_eq(settings.log_level, built_in.log_level);
    ck_assert_uint_eq(settings.connections_max, built_in.connections_max);
    ck_assert_uint_eq(settings.connections_per_peer_max,
                      built_in.connections_per_peer_max);
    ck_assert_uint_eq(settings.connections_unknown_max,
                      built_in.connections_unknown_max);
    ck_assert_uint_eq(settings.handshake_ms, built_in.handshake_ms);
    ck_assert_uint_eq(settings.first_request_ms, built_in.first_request_ms);
    ck_assert_uint_eq(settings.message_ms, built_in.message_ms);
    settings_deinit(&settings);
}
END_TEST

static const struct {
    const char *text;
    const char *why;
} unfit[] = {
    {"[daemon]\nlisten = tls://[::1]:0\n", "certificate and key"},
    {"[tls]\ncertificate = /c\n", "one is missing"},
    {"[tls]\nkey = /k\n", "one is missing"},
    {"[tls]\nclient-certificates = required\n", "client-ca"},
    {"[tls]\nrevoked = /r\n", "client-ca"},
};

START_TEST(settings_have_to_fit_together)
{
    struct settings settings;
    struct diag_reason reason = {""};
    write_file(unfit[_i].text);
    settings_init(&settings);
    ck_assert_int_eq(config_read(file, &settings, &reason), 0);
    ck_assert(!settings_fit(&settings, &reason));
    ck_assert_msg(strstr(reason.text, unfit[_i].why) != NULL, "%s",
                  reason.text);
    settings_deinit(&settings);
}
END_TEST

/* --- where values come from -----------------------------------------------*/

static enum options_result
read_options(struct options *options, const char *const *more, size_t count)
{
    static char *arguments[16] = {(char *)"entented", (char *)"--config", file};
    for (size_t i = 0; i < count; i++)
        arguments[3 + i] = (char *)(uintptr_t)more[i];
    arguments[3 + count] = NULL;
    return options_read(3 + (int)count, arguments, options);
}

START_TEST(command_line_counts_most_then_environment_then_file)
{
    static const char *const more[] = {"--log-level", "error", "--listen",
                                       "unix:/c", "--listen=unix:/d"};
    struct options options;
    write_file("[daemon]\ndata = /f\nlog-level = info\nlisten = unix:/f\n"
               "[limits]\nconnections = 3\n");
    ck_assert_int_eq(read_options(&options, NULL, 0), OPTIONS_RUN);
    ck_assert_str_eq(options.settings.listen[0], "unix:/f");
    ck_assert_uint_eq(options.settings.connections_unknown_max,
                      SETTINGS_CONNECTIONS_UNKNOWN);
    options_deinit(&options);
    setenv("ENTENTED_LOG_LEVEL", "warning", 1);
    setenv("ENTENTED_LISTEN", "unix:/a unix:/b", 1);
    setenv("ENTENTED_DATA", "/e", 1);
    ck_assert_int_eq(read_options(&options, NULL, 0), OPTIONS_RUN);
    ck_assert_int_eq(options.settings.log_level, DIAG_WARNING);
    ck_assert_uint_eq(options.settings.listen_count, 2);
    ck_assert_str_eq(options.settings.listen[1], "unix:/b");
    options_deinit(&options);
    ck_assert_int_eq(read_options(&options, more, COUNT_OF(more)), OPTIONS_RUN);
    ck_assert_int_eq(options.settings.log_level, DIAG_ERROR);
    ck_assert_uint_eq(options.settings.listen_count, 2);
    ck_assert_str_eq(options.settings.listen[0], "unix:/c");
    ck_assert_str_eq(options.settings.listen[1], "unix:/d");
    ck_assert_str_eq(options.settings.data, "/e");
    ck_assert_uint_eq(options.settings.connections_max, 3);
    options_deinit(&options);
}
END_TEST

/* What is overruled must be right all the same. */
START_TEST(overruled_value_is_checked)
{
    static const char *const more[] = {"--log-level", "error", "--data", "/d"};
    struct options options;
    write_file("[daemon]\nlog-level = loud\n");
    ck_assert_int_eq(read_options(&options, more, COUNT_OF(more)),
                     OPTIONS_UNSETTLED);
    options_deinit(&options);
}
END_TEST

static const struct {
    const char *variable, *value;
    const char *arguments[2];
    enum options_result result;
} wrong[] = {
    {NULL, NULL, {"--log-level", "loud"}, OPTIONS_WRONG},
    {NULL, NULL, {"--no-such", "x"}, OPTIONS_WRONG},
    {NULL, NULL, {"--connections", "0"}, OPTIONS_WRONG},
    {NULL, NULL, {"stray", "word"}, OPTIONS_WRONG},
    {NULL, NULL, {"--config", "/no/such/file"}, OPTIONS_UNSETTLED},
    {NULL, NULL, {"--listen", "tls://127.0.0.1:0"}, OPTIONS_UNSETTLED},
    {"ENTENTED_CONNECTIONS", "many", {"--data", "/d"}, OPTIONS_UNSETTLED},
    {"ENTENTED_LISTEN", "unix:/s ftp://x", {"--data", "/d"}, OPTIONS_UNSETTLED},
    {NULL, NULL, {"--check-config", "--data=/d"}, OPTIONS_CHECK},
};

START_TEST(wrong_options_are_told_apart)
{
    struct options options;
    write_file("[daemon]\nlisten = unix:/s\n");
    if (wrong[_i].variable != NULL)
        setenv(wrong[_i].variable, wrong[_i].value, 1);
    ck_assert_int_eq(read_options(&options, wrong[_i].arguments, 2),
                     wrong[_i].result);
    options_deinit(&options);
}
END_TEST

/* --- tokens ---------------------------------------------------------------*/

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

START_TEST(token_gives_its_role)
{
    struct tokens *tokens = NULL;
    struct tokens_proof proof;
    struct diag_reason reason = {""};
    write_file("# tokens\n\nci append " HASH " 2026-11-22T10:00:00Z\n");
    ck_assert_msg(tokens_load(file, &tokens, &reason) == 0, "%s", reason.text);
    ck_assert_uint_eq(tokens_count(tokens), 1);
    ck_assert(tokens_prove(span_of("test"), &proof)); /* that is its SHA-256 */
    ck_assert_int_eq(tokens_role(tokens, &proof), SERVICE_APPEND);
    ck_assert(tokens_prove(span_of("tesu"), &proof));
    ck_assert_int_eq(tokens_role(tokens, &proof), SERVICE_NOBODY);
    ck_assert_int_eq(tokens_role(NULL, &proof), SERVICE_NOBODY);
    tokens_free(tokens);
}
END_TEST

static const struct {
    const char *text;
    const char *why;
} bad_tokens[] = {
    {"ci\n", ":1: "},
    {"\nci owner " HASH " now\n", ":2: behind the name"},
    {"ci append 9f86 now\n", ":1: behind the role"},
    {"ci append g" HASH " now\n", ":1: behind the role"},
    {"CI! append " HASH " now\n", ":1: a line begins"},
    {"ci append " HASH " now then\n", ":1: at the end"},
    {"ci append " HASH " now\nci read " HASH " now\n", ":2: another token"},
    {"# "
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "\n",
     ":1: the line is too long"},
};

START_TEST(token_file_with_a_fault_is_refused)
{
    struct tokens *tokens = NULL;
    struct diag_reason reason = {""};
    write_file(bad_tokens[_i].text);
    ck_assert_int_lt(tokens_load(file, &tokens, &reason), 0);
    ck_assert_ptr_null(tokens);
    const char *why = reason_behind(&reason);
    ck_assert_msg(
        strncmp(why, bad_tokens[_i].why, strlen(bad_tokens[_i].why)) == 0, "%s",
        why);
}
END_TEST

static const struct {
    mode_t mode;
    uid_t owner;
    bool good;
} kept[] = {
    {0600, 0, true},      {0400, 0, true},  {0640, 0, true},
    {0604, 0, false},     {0644, 0, false}, {0660, 0, false},
    {0602, 0, false},     {0601, 0, false}, {0600, 64999, false},
    {0640, 64999, false},
};

START_TEST(token_file_must_be_ours_alone)
{
    struct tokens *tokens = NULL;
    struct diag_reason reason = {""};
    write_file("ci append " HASH " 2026-11-22T10:00:00Z\n");
    ck_assert_int_eq(chmod(file, kept[_i].mode), 0);
    if (kept[_i].owner != 0)
        ck_assert_int_eq(chown(file, kept[_i].owner, (gid_t)-1), 0);
    ck_assert_msg((tokens_load(file, &tokens, &reason) == 0) == kept[_i].good,
                  "mode %o: %s", (unsigned)kept[_i].mode, reason.text);
    tokens_free(tokens);
}
END_TEST

START_TEST(token_file_that_is_missing_holds_none)
{
    struct tokens *tokens = NULL;
    struct diag_reason reason = {""};
    write_file("");
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(tokens_load(file, &tokens, &reason), 0);
    ck_assert_uint_eq(tokens_count(tokens), 0);
    tokens_free(tokens);
}
END_TEST

START_TEST(token_line_is_read_as_it_was_written)
{
    struct token token = {.name = "a.b-c", .role = TOKEN_ADMIN}, again;
    char line[TOKEN_LINE_SIZE];
    snprintf(token.created, sizeof token.created, "2026-11-22T10:00:00Z");
    for (size_t i = 0; i < sizeof token.hash; i++)
        token.hash[i] = (uint8_t)(255 - i * 7);
    token_line_write(&token, line);
    ck_assert_ptr_null(token_line_read(
        (struct span){(uint8_t *)line, strlen(line) - 1}, &again));
    ck_assert_str_eq(again.name, token.name);
    ck_assert_int_eq(again.role, token.role);
    ck_assert_mem_eq(again.hash, token.hash, sizeof token.hash);
    ck_assert_str_eq(again.created, token.created);
}
END_TEST

static void
add_tokens(TCase *tests)
{
    tcase_add_test(tests, token_gives_its_role);
    tcase_add_loop_test(tests, token_file_with_a_fault_is_refused, 0,
                        COUNT_OF(bad_tokens));
    if (geteuid() == 0)
        tcase_add_loop_test(tests, token_file_must_be_ours_alone, 0,
                            COUNT_OF(kept));
    tcase_add_test(tests, token_file_that_is_missing_holds_none);
    tcase_add_test(tests, token_line_is_read_as_it_was_written);
}

int
main(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, fault_is_named_with_its_line, 0, COUNT_OF(bad));
    tcase_add_test(tests, long_line_is_refused_and_not_cut_in_two);
    tcase_add_test(tests, everything_can_be_set);
    tcase_add_test(tests, default_file_explains_everything);
    tcase_add_test(tests, file_that_everybody_could_change_is_refused);
    tcase_add_loop_test(tests, settings_have_to_fit_together, 0,
                        COUNT_OF(unfit));
    tcase_add_test(tests, command_line_counts_most_then_environment_then_file);
    tcase_add_test(tests, overruled_value_is_checked);
    tcase_add_loop_test(tests, wrong_options_are_told_apart, 0,
                        COUNT_OF(wrong));
    add_tokens(tests);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
