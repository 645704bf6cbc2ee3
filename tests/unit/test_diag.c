/* SPDX-License-Identifier: MIT */
/* What the operator is told: escaped, limited for each client, and with fields
 * where the journal reads it. */
#include "daemon/diag.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/diag_limit.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define SAID_SIZE 8192
#define ID_SIZE 32 /* sd-id128(3), as text */

/* --- the journal, as far as we need it ------------------------------------*/

static char sent[SAID_SIZE]; /* the fields of all lines, each with a newline */
static int journal_result;

/* Takes the place of libsystemd's. */
int sd_journal_sendv(const struct iovec *fields, int count);

int
sd_journal_sendv(const struct iovec *fields, int count)
{
    size_t size = strlen(sent);
    for (int i = 0; i < count && journal_result == 0; i++) {
        ck_assert_uint_lt(size + fields[i].iov_len + 2, sizeof(sent));
        memcpy(sent + size, fields[i].iov_base, fields[i].iov_len);
        size += fields[i].iov_len;
        sent[size++] = '\n';
    }
    return journal_result;
}

/* --- standard error -------------------------------------------------------*/

static int said_fd;

/* Standard error goes to a file from now on. */
static void
catch_said(void)
{
    said_fd = memfd_create("said", MFD_CLOEXEC);
    ck_assert_int_ge(said_fd, 0);
    ck_assert_int_ge(dup2(said_fd, STDERR_FILENO), 0);
}

static void
be_the_journal(void)
{
    char stream[64];
    struct stat status;
    ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
             (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
}

static void
expect_said(const char *expected)
{
    char said[SAID_SIZE];
    ssize_t size = pread(said_fd, said, sizeof(said) - 1, 0);
    ck_assert_int_ge(size, 0);
    said[size] = '\0';
    ck_assert_str_eq(said, expected);
}

/* --- escaping -------------------------------------------------------------*/

static const struct {
    const char *text;
    size_t size; /* of the room */
    const char *escaped;
} escape_cases[] = {
    {"plain text: 100 %", 64, "plain text: 100 %"},
    {"", 64, ""},
    {"two\nlines\r\n", 64, "two\\x0alines\\x0d\\x0a"},
    {"\x1b[31mred", 64, "\\x1b[31mred"},
    {"back\\slash", 64, "back\\x5cslash"},
    {"\x7f\xc2\x9b", 64, "\\x7f\\xc2\\x9b"},
    {"\xe2\x80\xae", 64, "\\xe2\\x80\\xae"},
    {"abc", 3, "ab"},
    {"a\nb", 5, "a"},
    {"a\nb", 6, "a\\x0a"},
    {"abc", 1, ""},
};

START_TEST(text_is_escaped)
{
    char escaped[64];
    diag_escape(escaped, escape_cases[_i].size, escape_cases[_i].text);
    ck_assert_str_eq(escaped, escape_cases[_i].escaped);
}
END_TEST

/* --- lines ----------------------------------------------------------------*/

START_TEST(line_goes_to_standard_error)
{
    catch_said();
    diag(DIAG_NOTICE, "one %d", 1);
    diag_of(DIAG_READY, "ready");
    diag(DIAG_ERROR, "from a client: %s", "a\nfaked: line");
    expect_said("one 1\nready\nfrom a client: a\\x0afaked: line\n");
    ck_assert_str_eq(sent, "");
}
END_TEST

START_TEST(line_goes_to_the_journal_with_fields)
{
    catch_said();
    be_the_journal();
    struct diag_peer peer = {
        .name = "uid 7, pid 8\n", .key = "uid 7", .has_uid = true, .uid = 7};
    diag_about(&(struct diag_about){.kind = DIAG_EVENT_CORRUPT,
                                    .position = 42,
                                    .url = "unix:/a\nMESSAGE_ID=b",
                                    .peer = &peer,
                                    .error = 5},
               "event %d\nPRIORITY=0", 42);
    char expected[1024];
    snprintf(expected, sizeof(expected),
             "MESSAGE=event 42\\x0aPRIORITY=0\nPRIORITY=3\nMESSAGE_ID=%s\n"
             "SYSLOG_IDENTIFIER=entented\nENTENTE_POSITION=42\n"
             "ENTENTE_URL=unix:/a\\x0aMESSAGE_ID=b\n"
             "ENTENTE_PEER=uid 7, pid 8\\x0a\nENTENTE_PEER_UID=7\nERRNO=5\n",
             diag_kinds[DIAG_EVENT_CORRUPT].id);
    ck_assert_str_eq(sent, expected);
    expect_said("");
}
END_TEST

START_TEST(line_that_the_journal_refuses_is_said_plainly)
{
    catch_said();
    be_the_journal();
    journal_result = -1;
    diag_of(DIAG_ACCEPT_PAUSED, "waiting");
    expect_said("<4>waiting\n");
}
END_TEST

/* Started by systemd, but redirected since. */
START_TEST(stream_that_is_no_more_is_no_journal)
{
    catch_said();
    setenv("JOURNAL_STREAM", "1:2", 1);
    diag_of(DIAG_READY, "ready");
    ck_assert_str_eq(sent, "");
    expect_said("<5>ready\n");
}
END_TEST

START_TEST(very_long_line_is_cut)
{
    char text[3 * SAID_SIZE];
    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    catch_said();
    be_the_journal();
    struct diag_peer peer = {.name = "p", .key = "p"};
    diag_about(&(struct diag_about){.kind = DIAG_CLIENT_FAULT,
                                    .url = text,
                                    .peer = &peer},
               "%s", text);
    ck_assert_ptr_nonnull(strstr(sent, "MESSAGE=\\x0a"));
    ck_assert_ptr_nonnull(strstr(sent, "ENTENTE_PEER=p\n"));
}
END_TEST

START_TEST(kinds_have_ids_of_their_own)
{
    for (size_t i = 0; i < DIAG_KIND_COUNT; i++) {
        const char *id = diag_kinds[i].id;
        ck_assert_uint_eq(strspn(id, "0123456789abcdef"), ID_SIZE);
        ck_assert_uint_eq(strlen(id), ID_SIZE);
        for (size_t other = 0; other < i; other++)
            ck_assert_str_ne(diag_kinds[other].id, id);
    }
}
END_TEST

/* --- limits ---------------------------------------------------------------*/

static unsigned
passed(struct diag_limit *limit, const char *key, unsigned count,
       uint64_t now_us)
{
    uint64_t suppressed;
    unsigned pass = 0;
    for (unsigned i = 0; i < count; i++)
        pass += diag_limit_pass(limit, key, now_us, &suppressed);
    return pass;
}

START_TEST(client_is_limited_and_others_are_not)
{
    static struct diag_limit limit;
    uint64_t now_us = 1, suppressed;
    ck_assert_uint_eq(passed(&limit, "a", 100, now_us), DIAG_LIMIT_BURST);
    ck_assert_uint_eq(passed(&limit, "b", 1, now_us), 1);
    now_us += DIAG_LIMIT_PERIOD_US;
    ck_assert(diag_limit_pass(&limit, "a", now_us, &suppressed));
    ck_assert_uint_eq(suppressed, 100 - DIAG_LIMIT_BURST);
    ck_assert(!diag_limit_pass(&limit, "a", now_us, &suppressed));
    now_us += DIAG_LIMIT_BURST * DIAG_LIMIT_PERIOD_US;
    ck_assert_uint_eq(passed(&limit, "a", 100, now_us), DIAG_LIMIT_BURST);
}
END_TEST

START_TEST(being_many_does_not_help)
{
    static struct diag_limit limit;
    unsigned pass = 0;
    for (unsigned i = 0; i < 10 * DIAG_LIMIT_ALL_BURST; i++) {
        char key[32];
        snprintf(key, sizeof(key), "client %u", i);
        pass += passed(&limit, key, 1, 1);
    }
    ck_assert_uint_eq(pass, DIAG_LIMIT_ALL_BURST);
}
END_TEST

START_TEST(lines_about_a_client_are_limited)
{
    struct diag_peer peer = {.name = "uid 1, pid 2", .key = "uid 1"};
    catch_said();
    for (unsigned i = 0; i < 3 * DIAG_LIMIT_BURST; i++)
        diag_about(
            &(struct diag_about){.kind = DIAG_CLIENT_FAULT, .peer = &peer},
            "a");
    char expected[2 * DIAG_LIMIT_BURST + 1] = "";
    for (size_t i = 0; i < DIAG_LIMIT_BURST; i++)
        memcpy(expected + 2 * i, "a\n", sizeof("a\n"));
    expect_said(expected);
}
END_TEST

/* --- who it is ------------------------------------------------------------*/

START_TEST(peer_of_a_unix_socket_has_a_user)
{
    struct diag_peer peer;
    char name[64];
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    diag_peer_of(ends[0], &peer);
    snprintf(name, sizeof(name), "uid %u, pid %d", getuid(), (int)getpid());
    ck_assert_str_eq(peer.name, name);
    ck_assert(peer.has_uid);
    ck_assert_uint_eq(peer.uid, getuid());
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(peer_that_is_none_is_unknown)
{
    struct diag_peer peer;
    diag_peer_of(-1, &peer);
    ck_assert_str_eq(peer.name, "unknown");
    ck_assert(!peer.has_uid);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("diag");
    TCase *tests = tcase_create("diag");
    unsetenv("JOURNAL_STREAM");
    tcase_add_loop_test(tests, text_is_escaped, 0, COUNT_OF(escape_cases));
    tcase_add_test(tests, line_goes_to_standard_error);
    tcase_add_test(tests, line_goes_to_the_journal_with_fields);
    tcase_add_test(tests, line_that_the_journal_refuses_is_said_plainly);
    tcase_add_test(tests, stream_that_is_no_more_is_no_journal);
    tcase_add_test(tests, very_long_line_is_cut);
    tcase_add_test(tests, kinds_have_ids_of_their_own);
    tcase_add_test(tests, client_is_limited_and_others_are_not);
    tcase_add_test(tests, being_many_does_not_help);
    tcase_add_test(tests, lines_about_a_client_are_limited);
    tcase_add_test(tests, peer_of_a_unix_socket_has_a_user);
    tcase_add_test(tests, peer_that_is_none_is_unknown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
