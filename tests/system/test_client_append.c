/* SPDX-License-Identifier: MIT */
/* The client's appends, and its manners towards terminals, pipes and
 * signals. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/client_run.h"
#include "tests/system/corpus.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 120

/* Lines in a file, in apostrophes instead of quotation marks. */
static void
file_of(char *path, const char *name, const char *lines)
{
    char *text = strdup(lines);
    for (char *at = text; (at = strchr(at, '\'')) != NULL;)
        *at = '"';
    client_file(path, name, text, strlen(text));
    free(text);
}

/* How many events the log has. */
static json_int_t
tip(void)
{
    json_auto_t *stats = expect_ok(fixture.wire, "stats", "{}");
    return json_integer_value(json_object_get(stats, "tip"));
}

static size_t
lines_with(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

static bool
has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

#define EVENT(id)                                                              \
    "{'id': '" id "', 'type': 'note', 'partnership': 'p', 'parties': ['a'], "  \
    "'occurred': '2017', 'title': 'T'}\n"

/* --- files ----------------------------------------------------------------*/

START_TEST(examples_are_stored_once)
{
    struct client_run run;
    const char *examples = getenv("ENTENTE_EXAMPLES");
    if (examples == NULL)
        examples = "client/examples";
    client_expect(&run, 0,
                  "append %s/microsoft-openai.jsonl %s/amazon-openai.jsonl",
                  examples, examples);
    ck_assert_uint_eq(lines_with(run.output, "\"duplicate\":false}\n"), 143);
    client_run_free(&run);
    client_expect(&run, 0,
                  "append %s/microsoft-openai.jsonl %s/amazon-openai.jsonl",
                  examples, examples);
    ck_assert_uint_eq(lines_with(run.output, "\"duplicate\":true}\n"), 143);
    client_run_free(&run);
    client_expect(&run, 0, "append %s/amazon-openai.jsonl --format text",
                  examples);
    ck_assert_str_eq(run.output, "0 events stored; 24 duplicates, which were "
                                 "there already\n");
    client_run_free(&run);
    ck_assert_int_eq(tip(), 143);
}
END_TEST

START_TEST(replay_can_be_appended_again)
{
    struct client_run replay, append;
    char path[SCRATCH_PATH_SIZE];
    corpus_append(fixture.wire);
    client_expect(&replay, 0, "replay");
    client_file(path, "export.jsonl", replay.output, replay.output_size);
    client_expect(&append, 0, "append %s", path);
    ck_assert_uint_eq(lines_with(append.output, "\"duplicate\":true}\n"), 143);
    ck_assert_int_eq(tip(), 143);
    client_run_free(&replay);
    client_run_free(&append);
}
END_TEST

START_TEST(lines_come_from_standard_input)
{
    struct client_run run;
    char path[SCRATCH_PATH_SIZE];
    file_of(path, "lines", EVENT("a") "\n" EVENT("b"));
    client_run(&run, path, "append --format csv");
    ck_assert_int_eq(run.status, 0);
    ck_assert_str_eq(run.output, "id,seq,rev,duplicate\n"
                                 "a,1,1,false\nb,2,2,false\n");
    client_run_free(&run);
    client_run(&run, path, "append --format json -");
    ck_assert_int_eq(run.status, 0);
    json_auto_t *stored = json_loads(run.output, 0, NULL);
    expect_same(stored, "[{'id': 'a', 'seq': 1, 'rev': 1, 'duplicate': true}, "
                        "{'id': 'b', 'seq': 2, 'rev': 2, 'duplicate': true}]");
    client_run_free(&run);
}
END_TEST

START_TEST(line_without_an_id_is_stored_once)
{
    struct client_run first, second;
    char path[SCRATCH_PATH_SIZE];
    file_of(path, "lines",
            "{'type': 'note', 'partnership': 'p', 'parties': ['a'], "
            "'occurred': '2017', 'title': 'T'}\n"
            "{'title': 'T2', 'type': 'note', 'partnership': 'p', 'parties': "
            "['a'], 'occurred': '2017'}\n");
    client_expect(&first, 0, "append %s", path);
    client_expect(&second, 0, "append %s", path);
    ck_assert_uint_eq(lines_with(first.output, "{\"id\":\"sha256-"), 2);
    ck_assert_uint_eq(lines_with(second.output, "\"duplicate\":true}\n"), 2);
    ck_assert_int_eq(tip(), 2);
    client_run_free(&first);
    client_run_free(&second);
}
END_TEST

/* --- what is refused ------------------------------------------------------*/

#define FAULTY                                                                 \
    "{'id': 'x', 'type': 'note', 'partnership': 'p', 'parties': ['a'], "       \
    "'occurred': '2017-13', 'title': 'T'}\n"

static const struct {
    const char *lines;
    const char *options;
    const char *said; /* behind the name of the file */
    json_int_t stored;
} refusals[] = {
    {EVENT("a") FAULTY EVENT("b"), "", ":2: occurred: ", 0},
    {EVENT("a") FAULTY EVENT("b"), "--batch 1", ":2: occurred: ", 1},
    {EVENT("a") EVENT("b") EVENT("c") FAULTY, "--batch 2", ":4: occurred: ", 2},
    {EVENT("a") FAULTY EVENT("b"), "--atomic", ":2: occurred: ", 0},
    {EVENT("a") EVENT("b") "{'id': }\n", "", ":3:8: ", 0},
    {EVENT("a") "[]\n", "", ":2", 0},
    {"{'type': 'note'}\n", "", ":1: ", 0},
    {EVENT("a") "{'id': 'b', 'type': 'note', 'partnership': 'p', 'parties': "
                "['a'], 'occurred': '2017', 'title': 'T', 're': 'none'}\n",
     "", ":2: re: ", 0},
};

START_TEST(refused_line_is_named_and_its_batch_not_stored)
{
    struct client_run run;
    char path[SCRATCH_PATH_SIZE], said[SCRATCH_PATH_SIZE + 32];
    file_of(path, "lines.jsonl", refusals[_i].lines);
    snprintf(said, sizeof(said), "%s%s", path, refusals[_i].said);
    client_expect(&run, 1, "append %s %s", path, refusals[_i].options);
    ck_assert_msg(strncmp(run.errors, said, strlen(said)) == 0, "%s",
                  run.errors);
    ck_assert_int_eq(tip(), refusals[_i].stored);
    ck_assert_uint_eq(lines_with(run.output, "\"id\""),
                      (size_t)refusals[_i].stored);
    client_run_free(&run);
}
END_TEST

START_TEST(file_that_is_not_there_is_named)
{
    struct client_run run;
    client_expect(&run, 1, "append %s/none", fixture.directory);
    ck_assert_msg(has(run.errors, "/none: No such file"), "%s", run.errors);
    client_run_free(&run);
}
END_TEST

START_TEST(dry_run_checks_and_stores_nothing)
{
    struct client_run run;
    char path[SCRATCH_PATH_SIZE];
    file_of(path, "lines.jsonl", EVENT("a") EVENT("b"));
    fixture_stop(); /* it needs no daemon */
    client_expect(&run, 0, "append --dry-run %s", path);
    ck_assert_str_eq(run.output, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
    client_run_free(&run);
    file_of(path, "lines.jsonl", FAULTY EVENT("a") "{\n" FAULTY);
    client_expect(&run, 1, "append --dry-run --format text %s", path);
    ck_assert_uint_eq(lines_with(run.errors, "lines.jsonl:"), 3);
    ck_assert_msg(has(run.errors, ":1: occurred: ") &&
                      has(run.errors, "jsonl:3:") &&
                      has(run.errors, ":4: occurred: "),
                  "%s", run.errors);
    ck_assert_str_eq(run.output, "1 event good, 3 events faulty; nothing was "
                                 "sent\n");
    client_run_free(&run);
    fixture_start();
    ck_assert_int_eq(tip(), 0);
}
END_TEST

START_TEST(no_daemon_is_no_connection)
{
    struct client_run run;
    char path[SCRATCH_PATH_SIZE];
    file_of(path, "lines.jsonl", EVENT("a"));
    fixture_stop();
    client_expect(&run, 3, "--timeout 1 append %s", path);
    ck_assert_str_eq(run.output, "");
    ck_assert_str_ne(run.errors, "");
    client_run_free(&run);
    client_expect(&run, 3, "--timeout 1 ping");
    client_run_free(&run);
}
END_TEST

/* --- one event from options -----------------------------------------------*/

#define OPTIONS                                                                \
    "--type offer --partnership p --party a --party b --occurred 2017-08 "     \
    "--title 'An offer, made' --amount 1000000000:USD"

START_TEST(event_from_options_prints_its_id_and_position)
{
    struct client_run run;
    client_expect(&run, 0, "append " OPTIONS);
    json_auto_t *stored = json_loads(run.output, 0, NULL);
    expect_includes(stored, "{'seq': 1, 'rev': 1, 'duplicate': false}");
    const char *id = json_string_value(json_object_get(stored, "id"));
    ck_assert_uint_eq(strlen(id), 36);
    expect_in(fixture.wire,
              "{'type': 'offer', 'partnership': 'p', 'parties': ['a', 'b'], "
              "'occurred': '2017-08', 'title': 'An offer, made', 'amount': "
              "{'value': '1000000000', 'currency': 'USD'}}",
              "get", "{'id': '%s'}", id);
    client_run_free(&run);
    client_expect(&run, 0,
                  "append --format text --type acceptance --id yes --re %s "
                  "--partnership p --party b --occurred 2017-09 --title Yes",
                  id);
    ck_assert_str_eq(run.output, "yes: 1 event stored at position 2\n");
    client_run_free(&run);
}
END_TEST

static const struct {
    const char *options;
    int status;
    const char *said;
} option_faults[] = {
    {"--type offer", 2, "--partnership"},
    {OPTIONS " --occurred 2017-13", 2, "\n  2017-13\n       ^\n"},
    {OPTIONS " --amount 5", 2, "--amount"},
    {OPTIONS " file.jsonl", 2, "not both"},
    {OPTIONS " --batch 5", 2, "--batch"},
    {OPTIONS " --batch 0", 2, "--batch"},
    {"--batch 10001", 2, "--batch"},
    {OPTIONS " --re nothing", 1, "re: "},
    {OPTIONS " --party a", 1, "parties"},
    {OPTIONS " --type offr", 1, "type: "},
    {OPTIONS " --dry-run --type offr", 1, "type: "},
};

START_TEST(event_from_wrong_options_is_refused)
{
    struct client_run run;
    client_expect(&run, option_faults[_i].status, "append %s",
                  option_faults[_i].options);
    ck_assert_msg(has(run.errors, option_faults[_i].said), "%s", run.errors);
    ck_assert_int_eq(tip(), 0);
    client_run_free(&run);
}
END_TEST

START_TEST(dry_run_of_options_stores_nothing)
{
    struct client_run run;
    client_expect(&run, 0, "append --dry-run --id one " OPTIONS);
    ck_assert_str_eq(run.output, "{\"id\":\"one\"}\n");
    ck_assert_int_eq(tip(), 0);
    client_run_free(&run);
}
END_TEST

/* --- text of events is no command for a terminal --------------------------*/

START_TEST(hostile_text_is_shown_harmless)
{
    struct client_run run;
    json_auto_t *stored = fixture_event(
        "{'id': 'evil', 'type': 'note', 'partnership': 'p', 'parties': ['a'], "
        "'occurred': '2017', 'title': 'a\\u202eb', 'ext': {'k': 'x\\ty'}}");
    (void)stored;
    client_expect(&run, 0, "show evil --format text");
    ck_assert_msg(!has(run.output, "\u202e"), "%s", run.output);
    ck_assert_msg(has(run.output, "a\ufffd"
                                  "b"),
                  "%s", run.output);
    client_run_free(&run);
}
END_TEST

/* --- terminals, pipes, signals --------------------------------------------*/

/* What it writes to a terminal. */
static char *
terminal_output(const char *line)
{
    char *text = calloc(1, 1 << 16);
    size_t size = 0;
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(master, 0);
    ck_assert_int_eq(grantpt(master), 0);
    ck_assert_int_eq(unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(slave, 0);
    pid_t pid = client_start(line, nothing, slave, nothing);
    close(slave);
    for (ssize_t more = 1; more > 0 && size < (1 << 16) - 1;) {
        more = read(master, text + size, (1 << 16) - 1 - size);
        size += more > 0 ? (size_t)more : 0;
    }
    ck_assert_int_eq(client_await(pid), 0);
    close(master);
    close(nothing);
    return text;
}

START_TEST(terminal_gets_text_in_colour)
{
    corpus_append(fixture.wire);
    char *text = terminal_output("list --at 2020");
    ck_assert_msg(has(text, "\x1b[2mpartnership\x1b[0m"), "%s", text);
    free(text);
    text = terminal_output("list --at 2020 --color never");
    ck_assert_msg(has(text, "partnership") && !has(text, "\x1b"), "%s", text);
    free(text);
    text = terminal_output("list --at 2020 --format jsonl");
    ck_assert_msg(text[0] == '{' && !has(text, "\x1b"), "%s", text);
    free(text);
}
END_TEST

static const char *const piped[] = {
    "replay",
    "replay --format text",
    "timeline microsoft-openai",
    "list",
    "revelations",
    "revelations --format text",
    "state microsoft-openai",
};

START_TEST(closed_pipe_is_quiet)
{
    char path[SCRATCH_PATH_SIZE];
    int ends[2];
    corpus_append(fixture.wire);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    client_file(path, "errors", "", 0);
    int errors = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(errors, 0);
    pid_t pid = client_start(piped[_i], nothing, ends[1], errors);
    ck_assert_int_eq(client_await(pid), 0);
    ck_assert_int_eq(lseek(errors, 0, SEEK_END), 0);
    close(errors);
    close(nothing);
    close(ends[1]);
}
END_TEST

START_TEST(interrupted_append_says_so)
{
    int input[2], output[2];
    char byte;
    static const char event[] =
        "{\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\",\"parties\":"
        "[\"a\"],\"occurred\":\"2017\",\"title\":\"T\"}\n";
    ck_assert_int_eq(pipe2(input, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(output, O_CLOEXEC), 0);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid = client_start("append --batch 1", input[0], output[1], nothing);
    /* the second line makes it send the first */
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(write(input[1], event, sizeof(event) - 1),
                         (ssize_t)sizeof(event) - 1);
    ck_assert_int_eq(read(output[0], &byte, 1), 1);
    ck_assert_int_eq(kill(pid, SIGINT), 0);
    ck_assert_int_eq(client_await(pid), 130);
    ck_assert_int_eq(tip(), 1);
    close(input[0]);
    close(input[1]);
    close(output[0]);
    close(output[1]);
    close(nothing);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client_append");
    TCase *tests = fixture_case(suite, "client_append", SECONDS_MAX);
    tcase_add_test(tests, examples_are_stored_once);
    tcase_add_test(tests, replay_can_be_appended_again);
    tcase_add_test(tests, lines_come_from_standard_input);
    tcase_add_test(tests, line_without_an_id_is_stored_once);
    tcase_add_loop_test(tests, refused_line_is_named_and_its_batch_not_stored,
                        0, COUNT(refusals));
    tcase_add_test(tests, file_that_is_not_there_is_named);
    tcase_add_test(tests, dry_run_checks_and_stores_nothing);
    tcase_add_test(tests, no_daemon_is_no_connection);
    tcase_add_test(tests, event_from_options_prints_its_id_and_position);
    tcase_add_loop_test(tests, event_from_wrong_options_is_refused, 0,
                        COUNT(option_faults));
    tcase_add_test(tests, dry_run_of_options_stores_nothing);
    tcase_add_test(tests, hostile_text_is_shown_harmless);
    tcase_add_test(tests, terminal_gets_text_in_colour);
    tcase_add_loop_test(tests, closed_pipe_is_quiet, 0, COUNT(piped));
    tcase_add_test(tests, interrupted_append_says_so);
    return fixture_run(suite);
}
