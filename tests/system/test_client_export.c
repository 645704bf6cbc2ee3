/* SPDX-License-Identifier: MIT */
/* An export is the log: imported, it is the same log again. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/client_run.h"
#include "tests/system/corpus.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/varied_log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 120

/* Random events of a log; enough that all kinds refer to all. */
#define RANDOM_COUNT 1500

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

/* A daemon on an empty log. */
static void
start_afresh(void)
{
    fixture_stop();
    scratch_join(fixture.data, fixture.directory, "other");
    fixture_start();
}

/* Where the value of a key ends that begins with `"key":`. */
static const char *
value_end(const char *value)
{
    if (*value != '"')
        return value + strspn(value, "0123456789");
    return strchr(value + 1, '"') + 1;
}

/*
 * A copy of lines of JSON in which the first value of this key is left out on
 * each.  What stands before it there has no such text.
 */
static char *
without(const char *lines, const char *key)
{
    char *copy = calloc(1, strlen(lines) + 1), *to = copy;
    ck_assert_ptr_nonnull(copy);
    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n") + 1;
        const char *at = memmem(lines, size, key, strlen(key));
        ck_assert_msg(at != NULL, "%s is missing", key);
        const char *value = at + strlen(key), *end = value_end(value);
        to = mempcpy(to, lines, (size_t)(value - lines));
        to = mempcpy(to, end, size - (size_t)(end - lines));
        lines += size;
    }
    return copy;
}

static void
expect_same_lines(const char *actual, const char *expected)
{
    size_t same = 0, line = 1;
    for (; actual[same] == expected[same]; same++) {
        if (actual[same] == '\0')
            return;
        line += actual[same] == '\n';
    }
    size_t from = same > 40 ? same - 40 : 0;
    ck_abort_msg("line %zu: \"%.80s\" instead of \"%.80s\"", line,
                 actual + from, expected + from);
}

static char *
export_of(const char *options)
{
    struct client_run run;
    client_expect(&run, 0, "export %s", options);
    ck_assert_str_eq(run.errors, "");
    char *lines = strdup(run.output);
    client_run_free(&run);
    return lines;
}

static void
import(const char *lines, const char *options)
{
    struct client_run run;
    char path[SCRATCH_PATH_SIZE];
    client_file(path, "exported", lines, strlen(lines));
    client_expect(&run, 0, "append %s %s", options, path);
    client_run_free(&run);
}

/* --- the whole log --------------------------------------------------------*/

static const struct {
    void (*fill)(void);
    const char *export, *append; /* options */
} logs[] = {
    {fill_corpus, "", ""},
    {fill_corpus, "--as jsonl", "--from jsonl --batch 7"},
    {fill_corpus, "--as cloudevents", "--from cloudevents"},
    {fill_corpus, "--closed", "--atomic"},
    {fill_varied, "", ""},
    {fill_varied, "--as cloudevents", "--from cloudevents"},
};

START_TEST(imported_export_is_the_same_log)
{
    logs[_i].fill();
    char *before = export_of("");
    char *exported = export_of(logs[_i].export);
    ck_assert_uint_gt(strlen(before), 0);
    start_afresh();
    import(exported, logs[_i].append);
    char *after = export_of("");
    char *plain_after = without(after, "\"recorded\":");
    char *plain_before = without(before, "\"recorded\":");
    expect_same_lines(plain_after, plain_before);
    free(after);
    free(plain_after);
    free(plain_before);
    free(before);
    free(exported);
}
END_TEST

START_TEST(cloudevents_come_back_as_they_were)
{
    fill_varied();
    char *first = export_of("--as cloudevents");
    start_afresh();
    import(first, "--from cloudevents");
    char *second = export_of("--as cloudevents");
    static const char *const differ[] = {"\"source\":", "\"recordedtime\":"};
    for (size_t i = 0; i < COUNT(differ); i++) {
        char *left = without(first, differ[i]);
        char *right = without(second, differ[i]);
        free(first);
        free(second);
        first = left;
        second = right;
    }
    expect_same_lines(second, first);
    free(first);
    free(second);
}
END_TEST

/* An import of what is there already stores nothing. */
START_TEST(import_into_the_same_log_changes_nothing)
{
    fill_varied();
    char *before = export_of("");
    char *cloudevents = export_of("--as cloudevents");
    import(before, "");
    import(cloudevents, "--from cloudevents");
    char *after = export_of("");
    expect_same_lines(after, before);
    free(before);
    free(cloudevents);
    free(after);
}
END_TEST

START_TEST(empty_log_has_an_empty_export)
{
    char *lines = export_of("");
    ck_assert_str_eq(lines, "");
    free(lines);
    lines = export_of("--closed --as cloudevents");
    ck_assert_str_eq(lines, "");
    free(lines);
    lines = export_of("--as timelinejs");
    ck_assert_str_eq(lines, "{\"events\":[\n]}\n");
    free(lines);
}
END_TEST

/* --- a part of it, closed -------------------------------------------------*/

static json_t *
events_of(const char *lines)
{
    json_t *events = json_array();
    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n");
        json_t *event = json_loadb(lines, size, 0, NULL);
        ck_assert_ptr_nonnull(event);
        json_array_append_new(events, event);
        lines += size + (lines[size] == '\n');
    }
    return events;
}

/* From the last to the first: what is named by an event that is in is in. */
static json_t *
close_over(const json_t *all, const json_t *chosen)
{
    static const char *const names[] = {"re", "corrects", "disclosed_by"};
    json_auto_t *in = json_object();
    json_t *closed = json_array();
    size_t index;
    json_t *event;
    json_array_foreach(chosen, index, event)
    {
        json_object_set_new(in, json_string_value(json_object_get(event, "id")),
                            json_true());
    }
    for (index = json_array_size(all); index-- > 0;) {
        event = json_array_get(all, index);
        if (json_object_get(
                in, json_string_value(json_object_get(event, "id"))) == NULL)
            continue;
        json_array_insert(closed, 0, event);
        for (size_t i = 0; i < COUNT(names); i++) {
            json_t *id = json_object_get(event, names[i]);
            if (id != NULL)
                json_object_set_new(in, json_string_value(id), json_true());
        }
    }
    return closed;
}

static const char *const filters[] = {
    "--partnership alpha",
    "--partnership beta --type amendment",
    "--party echo --at 2016 --no-superseded",
    "--type retraction",
    "--person ada --known 2018",
    "--from 700 --to 720",
    "--source nowhere",
    "--recorded 800 --partnership gamma-2",
};

START_TEST(closed_export_has_all_that_it_refers_to)
{
    struct client_run run;
    varied_log_append(RANDOM_COUNT);
    char *options = NULL;
    ck_assert_int_gt(asprintf(&options, "--closed %s", filters[_i]), 0);
    char *all_lines = export_of("--from 1 --to 1500");
    char *chosen_lines = export_of(filters[_i]);
    char *closed_lines = export_of(options);
    json_auto_t *all = events_of(all_lines);
    json_auto_t *chosen = events_of(chosen_lines);
    json_auto_t *closed = events_of(closed_lines);
    json_auto_t *expected = close_over(all, chosen);
    expect_same_json(closed, expected, filters[_i]);
    start_afresh();
    import(closed_lines, "");
    client_expect(&run, 0, "export --format json");
    json_auto_t *stored = json_loads(run.output, 0, NULL);
    json_auto_t *stored_ids = expect_ids(stored);
    json_auto_t *closed_ids = expect_ids(closed);
    expect_same_json(stored_ids, closed_ids, "the order");
    client_run_free(&run);
    free(options);
    free(all_lines);
    free(chosen_lines);
    free(closed_lines);
}
END_TEST

/* --- wrong usage, and lines that are no CloudEvents -----------------------*/

static const struct {
    const char *line, *said;
} wrong[] = {
    {"export --as ics --format csv", "--as or --format, not both"},
    {"export --as pdf", "--as: not pdf, but one of jsonl"},
    {"export --as dot --closed", "which has no --closed"},
    {"export --as dot --person ada", "which has no --person"},
    {"export x", "x is one too many"},
    {"append --from xml", "--from: not xml, but one of jsonl"},
    {"append --from cloudevents --type note", "are for lines of files"},
};

START_TEST(wrong_usage_is_told)
{
    struct client_run run;
    client_expect(&run, 2, "%s", wrong[_i].line);
    ck_assert_msg(strstr(run.errors, wrong[_i].said) != NULL, "%s", run.errors);
    ck_assert_str_eq(run.output, "");
    client_run_free(&run);
}
END_TEST

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"a\",\"type\":\"note\","
#define DATA                                                                   \
    "\"data\":{\"parties\":[\"a\"],\"occurred\":\"2017\",\"title\":\"T\""

static const struct {
    const char *line, *said; /* behind "FILE:1: " */
} faults[] = {
    {"[]", "each line must be one event, a JSON object"},
    {"{}", "specversion: must be \"1.0\""},
    {"{\"specversion\":\"0.3\"}", "specversion: must be \"1.0\""},
    {"{\"specversion\":\"1.0\",\"id\":7}", "id: must be a string"},
    {"{\"specversion\":\"1.0\",\"id\":\"a\"}", "type: must be a string"},
    {HEAD "\"subject\":\"p\"}", "data: must be an object"},
    {HEAD "\"data_base64\":\"AA==\"}", "data_base64: an event stands in data"},
    {HEAD "\"datacontenttype\":\"text/xml\",\"data\":{}}",
     "datacontenttype: must be application/json"},
    {HEAD "\"subject\":\"p\"," DATA ",\"id\":\"b\"}}",
     "data.id: is given twice; it is the attribute id"},
    {HEAD "\"subject\":\"p\"," DATA ",\"partnership\":\"q\"}}",
     "data.partnership: is given twice; it is the attribute subject"},
    {HEAD "\"subject\":\"p\",\"data\":{\"title\":\"T\"}}",
     "parties: parties is missing: the org"},
    {HEAD DATA "}}", "partnership: partnership is missing: the"},
    {HEAD "\"subject\":\"p\",\"keyorder\":\"title title\"," DATA "}}",
     "title: title is given twice"},
    {HEAD "\"keyorder\":\"a a a a a a a a a a a a a a a a a a a\"," DATA "}}",
     "keyorder: has more names than an event keys"},
};

START_TEST(line_that_is_no_cloudevent_is_named)
{
    struct client_run run;
    char path[SCRATCH_PATH_SIZE];
    client_file(path, "lines", faults[_i].line, strlen(faults[_i].line));
    client_expect(&run, 1, "append --from cloudevents %s", path);
    ck_assert_msg(strstr(run.errors, ":1: ") != NULL &&
                      strstr(run.errors, faults[_i].said) != NULL,
                  "%s: %s", faults[_i].line, run.errors);
    client_run_free(&run);
}
END_TEST

/* Of other programs: attributes in any order, none that need not be. */
START_TEST(cloudevent_of_another_program_is_taken)
{
    struct client_run run;
    char path[SCRATCH_PATH_SIZE];
    static const char line[] =
        "{" DATA ",\"partnership\":\"p\"},\"type\":\"note\",\"source\":\"x\","
        "\"extra\":1,\"id\":\"a\",\"specversion\":\"1.0\","
        "\"datacontenttype\":\"application/vnd.x+json\"}\n";
    client_file(path, "lines", line, strlen(line));
    client_expect(&run, 0, "append --from cloudevents %s", path);
    client_run_free(&run);
    expect_in(fixture.wire,
              "{'seq': 1, 'id': 'a', 'type': 'note', 'partnership': 'p', "
              "'parties': ['a'], 'occurred': '2017', 'title': 'T'}",
              "get", "{'seq': 1}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client export");
    TCase *tcase = fixture_case(suite, "export", SECONDS_MAX);
    tcase_add_loop_test(tcase, imported_export_is_the_same_log, 0, COUNT(logs));
    tcase_add_test(tcase, cloudevents_come_back_as_they_were);
    tcase_add_test(tcase, import_into_the_same_log_changes_nothing);
    tcase_add_test(tcase, empty_log_has_an_empty_export);
    tcase_add_loop_test(tcase, closed_export_has_all_that_it_refers_to, 0,
                        COUNT(filters));
    tcase_add_loop_test(tcase, wrong_usage_is_told, 0, COUNT(wrong));
    tcase_add_loop_test(tcase, line_that_is_no_cloudevent_is_named, 0,
                        COUNT(faults));
    tcase_add_test(tcase, cloudevent_of_another_program_is_taken);
    return fixture_run(suite);
}
