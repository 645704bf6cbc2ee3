/* SPDX-License-Identifier: MIT */
/* The client appends events from CSV. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/varied_log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60
#define RANDOM_COUNT 600

#define NAMES "type,partnership,parties,occurred,title"

static void
append_csv(struct client_run *run, int status, const char *text,
           const char *options)
{
    char path[SCRATCH_PATH_SIZE];
    client_file(path, "events.csv", text, strlen(text));
    client_expect(run, status, "append --from csv %s %s", options, path);
}

START_TEST(each_record_is_an_event)
{
    struct client_run run;
    static const char text[] =
        "id," NAMES ",people,amount.value,amount.currency,sources[0].url,"
        "terms.scope,terms.years,summary\r\n"
        "a,agreement,p,x;y,2017-08,\"One, \"\"two\"\"\",Ada;Bo,5,USD,"
        "https://example.org/,cloud,5,\"Lines\r\nof it\"\r\n"
        "\r\n"
        "b,note,p,x,2018,T,,,,,,,\r\n";
    append_csv(&run, 0, text, "");
    ck_assert_str_eq(
        run.output, "{\"id\":\"a\",\"seq\":1,\"rev\":1,\"duplicate\":false}\n"
                    "{\"id\":\"b\",\"seq\":2,\"rev\":2,\"duplicate\":false}\n");
    client_run_free(&run);
    json_auto_t *event = expect_ok(fixture.wire, "get", "{'seq': 1}");
    json_object_del(event, "recorded");
    expect_same(event,
                "{'seq': 1, 'rev': 1, 'id': 'a', 'type': 'agreement', "
                "'partnership': 'p', 'parties': ['x', 'y'], 'occurred': "
                "'2017-08', 'title': 'One, \\u0022two\\u0022', 'people': "
                "['Ada', 'Bo'], 'amount': {'value': '5', 'currency': 'USD'}, "
                "'sources': [{'url': 'https://example.org/'}], 'terms': "
                "{'scope': 'cloud', 'years': 5}, 'summary': 'Lines\\nof it'}");
    append_csv(&run, 0, text, "--format text");
    ck_assert_str_eq(run.output, "0 events stored; 2 duplicates, which were "
                                 "there already\n");
    client_run_free(&run);
}
END_TEST

START_TEST(record_without_an_id_is_stored_once)
{
    struct client_run run;
    static const char text[] = NAMES "\nnote,p,x,2017,T\n";
    append_csv(&run, 0, text, "");
    client_run_free(&run);
    append_csv(&run, 0, text, "");
    ck_assert_ptr_nonnull(strstr(run.output, "\"id\":\"sha256-"));
    ck_assert_ptr_nonnull(strstr(run.output, "\"duplicate\":true"));
    client_run_free(&run);
}
END_TEST

static const struct {
    const char *text, *options;
    const char *said; /* behind "FILE:", or the whole */
} faults[] = {
    {NAMES "\nnote,p,x,2017,T\nnote,p,x,2017-13,T\n", "",
     ":3: occurred: \"2017-13\""},
    {NAMES ",summary\nnote,p,x,2017,T,\"a\nb\"\nnote,p,X,2017,T,\n", "",
     ":4: parties[0]: \"X\" is not a slug"},
    {NAMES "\nnote,p,x,2017,\"T\nu\"\n", "",
     ":2: title: title has a control character"},
    {NAMES "\nnote,p,,2017,T\n", "", ":2: parties: parties is missing"},
    {NAMES ",amount\nnote,p,x,2017,T,5\n", "",
     ":2: amount: must be VALUE:CURRENCY[:KIND]"},
    {NAMES ",sources\nnote,p,x,2017,T,news\n", "", ":2: sources: must be JSON"},
    {NAMES "\nnote,p,x,2017\n", "", ":2: has 4 fields; the first line names 5"},
    {NAMES "\nnote,p,x,2017,\"T\n", "",
     ":2: a quotation mark that is not closed"},
    {"type,titel\nnote,T\n", "", ":1: titel: is no field of an event"},
    {"type,titel\nnote,T\n", "--dry-run", ":1: titel: is no field of an event"},
    {NAMES "\nnote,p,x,2017\nnote,p,x,2017-13,T\n", "--dry-run",
     ":3: occurred: "},
};

START_TEST(wrong_record_is_named_by_line_and_field)
{
    struct client_run run;
    append_csv(&run, 1, faults[_i].text, faults[_i].options);
    ck_assert_msg(strstr(run.errors, faults[_i].said) != NULL, "%s",
                  run.errors);
    client_run_free(&run);
    expect_in(fixture.wire, "{'tip': 0}", "stats", "{}");
}
END_TEST

/* An empty list has no form in CSV; it is not there any more. */
static void
remove_empty(json_t *event)
{
    static const char *const lists[] = {"people", "sources"};
    for (size_t i = 0; i < COUNT(lists); i++)
        if (json_array_size(json_object_get(event, lists[i])) == 0)
            json_object_del(event, lists[i]);
    json_object_del(event, "recorded");
}

/* All events in order.  Integers are read as reals: jansson has none beyond 63
 * bits. */
static json_t *
stored(void)
{
    struct client_run run;
    json_t *all = json_array();
    client_expect(&run, 0, "export");
    for (const char *line = run.output; *line != '\0';) {
        size_t size = strcspn(line, "\n") + 1;
        json_t *event = json_loadb(line, size, JSON_DECODE_INT_AS_REAL, NULL);
        ck_assert_ptr_nonnull(event);
        remove_empty(event);
        json_array_append_new(all, event);
        line += size;
    }
    client_run_free(&run);
    return all;
}

START_TEST(csv_of_a_replay_is_the_same_events)
{
    struct client_run run;
    varied_log_append(RANDOM_COUNT);
    client_expect(&run, 0, "replay --format csv");
    json_auto_t *before = stored();
    fixture_stop();
    scratch_join(fixture.data, fixture.directory, "other");
    fixture_start();
    struct client_run append;
    append_csv(&append, 0, run.output, "");
    json_auto_t *after = stored();
    ck_assert_uint_ge(json_array_size(after), RANDOM_COUNT);
    for (size_t i = 0; i < json_array_size(before); i++)
        ck_assert_msg(
            json_equal(json_array_get(after, i), json_array_get(before, i)),
            "event %zu: %s, not %s", i, json_dumps(json_array_get(after, i), 0),
            json_dumps(json_array_get(before, i), 0));
    client_run_free(&append);
    client_run_free(&run);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client csv");
    TCase *tcase = fixture_case(suite, "csv", SECONDS_MAX);
    tcase_add_test(tcase, each_record_is_an_event);
    tcase_add_test(tcase, record_without_an_id_is_stored_once);
    tcase_add_loop_test(tcase, wrong_record_is_named_by_line_and_field, 0,
                        COUNT(faults));
    tcase_add_test(tcase, csv_of_a_replay_is_the_same_events);
    return fixture_run(suite);
}
