/* SPDX-License-Identifier: MIT */
/* What `export --as` writes, read by the programs that it is for. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/client_run.h"
#include "tests/system/corpus.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/varied_log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 200 /* npm may install something */
#define RANDOM_COUNT 800
#define COMMAND_SIZE 2048
#define SAID_SIZE 4096

/* --- other programs -------------------------------------------------------*/

static const char *
from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value != NULL ? value : otherwise;
}

/* Run a shell command, which must succeed; `said` is what it prints. */
static void run_tool(char said[SAID_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
run_tool(char said[SAID_SIZE], const char *format, ...)
{
    char command[COMMAND_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    ck_assert_int_lt(size, COMMAND_SIZE);
    FILE *pipe = popen(command, "re");
    ck_assert_ptr_nonnull(pipe);
    size_t length = fread(said, 1, SAID_SIZE - 1, pipe);
    said[length] = '\0';
    char rest[SAID_SIZE]; /* so that it does not die of a closed pipe */
    while (fread(rest, 1, sizeof(rest), pipe) > 0)
        ;
    ck_assert_msg(pclose(pipe) == 0, "%s: %s", command, said);
}

/* Write what the client says into a file. */
static void
export_to(char path[SCRATCH_PATH_SIZE], const char *name, const char *options)
{
    struct client_run run;
    client_expect(&run, 0, "export %s", options);
    client_file(path, name, run.output, run.output_size);
    client_run_free(&run);
}

static void
fill_corpus(void)
{
    corpus_append(fixture.wire);
}

static void
fill_varied(void)
{
    varied_log_append(RANDOM_COUNT);
}

static void (*const fills[])(void) = {fill_corpus, fill_varied};

/* --- events ---------------------------------------------------------------*/

START_TEST(cloudevents_takes_them)
{
    char said[SAID_SIZE], cloudevents[SCRATCH_PATH_SIZE];
    char events[SCRATCH_PATH_SIZE];
    const char *tests = from_environment("ENTENTE_TESTS", "tests");
    const char *node = from_environment("ENTENTE_NODE", "build/node");
    fills[_i]();
    export_to(cloudevents, "cloudevents", "--as cloudevents");
    export_to(events, "events", "");
    run_tool(said, "%s/forms/cloudevents.sh %s 2>&1", tests, node);
    run_tool(said, "node %s/forms/cloudevents.mjs %s %s %s 2>&1", tests, node,
             cloudevents, events);
    ck_assert_int_ge(atoi(said), 143);
}
END_TEST

/* Forms that a script of Python reads, and the fewest events of a log. */
static const struct {
    const char *form;
    int least[COUNT(fills)];
} read_forms[] = {
    {"ics", {130, 300}},
    {"timelinejs", {130, 300}},
};

START_TEST(reader_finds_every_event)
{
    char said[SAID_SIZE], options[64], exported[SCRATCH_PATH_SIZE];
    char events[SCRATCH_PATH_SIZE];
    const char *form = read_forms[_i / 2].form;
    fills[_i % 2]();
    snprintf(options, sizeof(options), "--as %s", form);
    export_to(exported, "exported", options);
    export_to(events, "events", "--no-superseded");
    run_tool(said, "%s %s/forms/%s.py %s %s 2>&1",
             from_environment("PYTHON", "python3"),
             from_environment("ENTENTE_TESTS", "tests"), form, exported,
             events);
    ck_assert_int_ge(atoi(said), read_forms[_i / 2].least[_i % 2]);
}
END_TEST

START_TEST(superseded_events_are_shown_on_demand)
{
    struct client_run run;
    fixture_log("a note 2016\nb note 2017 'corrects': 'a'\n");
    client_expect(&run, 0, "export --as ics");
    ck_assert_ptr_null(strstr(run.output, "UID:a@"));
    ck_assert_ptr_nonnull(strstr(run.output, "UID:b@"));
    client_run_free(&run);
    client_expect(&run, 0, "export --as ics --superseded");
    ck_assert_ptr_nonnull(strstr(run.output, "UID:a@"));
    client_run_free(&run);
}
END_TEST

START_TEST(event_of_any_time_is_counted_as_left_out)
{
    struct client_run run;
    fixture_log("a note ../..\nb note 2017\n");
    client_expect(&run, 0, "export --as timelinejs");
    ck_assert_str_eq(run.errors, "1 event left out, without a date that has a "
                                 "place in it\n");
    ck_assert_ptr_nonnull(strstr(run.output, "\"unique_id\":\"b\"}\n]}\n"));
    client_run_free(&run);
}
END_TEST

/* --- agreements -----------------------------------------------------------*/

/* {id: [title, parties]} of what is in force in a partnership. */
static json_t *
in_force(const char *slug, const char *at, const char *party)
{
    json_t *found = json_object();
    json_auto_t *state = expect_ok(
        fixture.wire, "state", "{'partnership': '%s', 'at': '%s'}", slug, at);
    size_t index, place;
    json_t *agreement, *name;
    json_array_foreach(json_object_get(state, "agreements"), index, agreement)
    {
        const char *id = json_string_value(json_object_get(agreement, "id"));
        const char *status =
            json_string_value(json_object_get(agreement, "status"));
        json_auto_t *event = expect_ok(fixture.wire, "get", "{'id': '%s'}", id);
        json_t *parties = json_object_get(event, "parties");
        bool named = party == NULL;
        json_array_foreach(parties, place, name)
        {
            named = named || strcmp(json_string_value(name), party) == 0;
        }
        if (named && strcmp(status, "in_force") == 0)
            json_object_set_new(found, id,
                                json_pack("[O, O]",
                                          json_object_get(agreement, "title"),
                                          parties));
    }
    return found;
}

static const struct {
    void (*fill)(void);
    const char *at, *party; /* NULL: every one */
    const char *partnership;
    int least; /* agreements */
} graphs[] = {
    {fill_corpus, "2023-06", NULL, NULL, 4},
    {fill_corpus, "2025-11", "openai", NULL, 7},
    {fill_corpus, "2025-11", NULL, "microsoft-openai", 7},
    {fill_corpus, "1900", NULL, NULL, 0},
    {fill_varied, "2030", NULL, NULL, 1}, /* odd:4 */
    {fill_varied, "2018-06", "echo", NULL, 0},
};

START_TEST(graphviz_draws_what_is_in_force)
{
    char said[SAID_SIZE], options[256], graph[SCRATCH_PATH_SIZE];
    char wanted[SCRATCH_PATH_SIZE];
    const char *at = graphs[_i].at, *party = graphs[_i].party;
    const char *only = graphs[_i].partnership;
    graphs[_i].fill();
    json_auto_t *expected = json_object();
    json_auto_t *list =
        expect_ok(fixture.wire, "portfolio", "{'at': '%s'}", at);
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(list, "partnerships"), index, row)
    {
        const char *slug =
            json_string_value(json_object_get(row, "partnership"));
        json_t *agreements = in_force(slug, at, party);
        if (json_object_size(agreements) > 0 &&
            (only == NULL || strcmp(only, slug) == 0))
            json_object_set(expected, slug, agreements);
        json_decref(agreements);
    }
    char *text = json_dumps(expected, 0);
    client_file(wanted, "wanted", text, strlen(text));
    free(text);
    snprintf(options, sizeof(options), "--as dot --at %s %s %s %s %s", at,
             party != NULL ? "--party" : "", party != NULL ? party : "",
             only != NULL ? "--partnership" : "", only != NULL ? only : "");
    export_to(graph, "graph", options);
    run_tool(said, "%s %s/forms/dot.py %s %s 2>&1",
             from_environment("PYTHON", "python3"),
             from_environment("ENTENTE_TESTS", "tests"), graph, wanted);
    ck_assert_int_ge(atoi(said), graphs[_i].least);
}
END_TEST

START_TEST(graph_says_what_was_asked)
{
    struct client_run run;
    fixture_log("a agreement 2017\n");
    client_expect(&run, 0, "export --as dot --at 2018 --then");
    ck_assert_ptr_nonnull(
        strstr(run.output, "label=\"Agreements in force as of 2018, by what "
                           "was public on 2018\""));
    client_run_free(&run);
    client_expect(&run, 4, "export --as dot --partnership nowhere");
    ck_assert_str_eq(run.output, "");
    client_run_free(&run);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client forms");
    TCase *tcase = fixture_case(suite, "forms", SECONDS_MAX);
    tcase_add_loop_test(tcase, cloudevents_takes_them, 0, COUNT(fills));
    tcase_add_loop_test(tcase, reader_finds_every_event, 0,
                        COUNT(read_forms) * 2);
    tcase_add_test(tcase, superseded_events_are_shown_on_demand);
    tcase_add_test(tcase, event_of_any_time_is_counted_as_left_out);
    tcase_add_loop_test(tcase, graphviz_draws_what_is_in_force, 0,
                        COUNT(graphs));
    tcase_add_test(tcase, graph_says_what_was_asked);
    return fixture_run(suite);
}
