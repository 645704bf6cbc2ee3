/* SPDX-License-Identifier: MIT */
/* The client's questions: every command in every format on the example logs,
 * exit statuses and help. */
#include <check.h>
#include <string.h>
#include <time.h>

#include "tests/system/client_run.h"
#include "tests/system/corpus.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 120

static void
begin(void)
{
    fixture_begin();
    corpus_append(fixture.wire);
}

static bool
has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* --- reading what it wrote ------------------------------------------------*/

/* Each line as one JSON value. */
static json_t *
lines_of(const struct client_run *run)
{
    json_t *values = json_array();
    const char *at = run->output;
    while (*at != '\0') {
        const char *end = strchr(at, '\n');
        ck_assert_msg(end != NULL, "the last line has no end: %.200s", at);
        json_t *value =
            json_loadb(at, (size_t)(end - at), JSON_DECODE_ANY, NULL);
        ck_assert_msg(value != NULL, "not JSON: %.200s", at);
        json_array_append_new(values, value);
        at = end + 1;
    }
    return values;
}

/* Each MessagePack value. */
static json_t *
values_of(const struct client_run *run)
{
    json_t *values = json_array();
    size_t at = 0;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    while (at < run->output_size) {
        msgpack_unpack_return result =
            msgpack_unpack_next(&unpacked, run->output, run->output_size, &at);
        ck_assert_int_eq(result, MSGPACK_UNPACK_SUCCESS);
        json_array_append_new(values, json_of_msgpack(&unpacked.data));
    }
    msgpack_unpacked_destroy(&unpacked);
    return values;
}

/* The values that a command writes as jsonl. */
static json_t *
ask(const char *line)
{
    struct client_run run;
    client_expect(&run, 0, "%s --format jsonl", line);
    json_t *values = lines_of(&run);
    client_run_free(&run);
    return values;
}

/* The value of a command that writes one. */
static json_t *
ask_one(const char *line)
{
    json_auto_t *values = ask(line);
    ck_assert_uint_eq(json_array_size(values), 1);
    return json_incref(json_array_get(values, 0));
}

/* --- every command in every format ----------------------------------------*/

#define EVENT_COLUMNS                                                          \
    "seq,rev,recorded,id,type,partnership,parties,people,occurred,disclosed,"  \
    "disclosed_by,title,summary,amount,terms,re,corrects,sources,certainty,"   \
    "quote,ext"

static const struct {
    const char *line;
    size_t count;      /* values of jsonl */
    bool list;         /* json is an array of them */
    const char *csv;   /* its head, or NULL: wrong usage */
    const char *text;  /* is in the text */
    bool not_the_same; /* says something else every time */
} questions[] = {
    {"ping", 1, false, "answer", "pong", false},
    {"stats", 1, false, "name,value", "tip             143", true},
    {"state microsoft-openai --at 2023", 1, false, NULL, "Agreements in force",
     false},
    {"timeline microsoft-openai --at 2018", 20, true, EVENT_COLUMNS ",lag_days",
     "became public 8 years later", false},
    {"gap microsoft-openai --at 2018", 17, true, EVENT_COLUMNS ",lag_days",
     "17 events had happened that the public did not know of.", false},
    {"replay", 143, true, EVENT_COLUMNS, "143 events.", false},
    {"list --at 2026", 6, true,
     "partnership,stage,disputed,events,last,agreements,offers,totals",
     "6 partnerships.", false},
    {"party microsoft --at 2019", 1, false, "name,value",
     "  google          microsoft-openai\n", false},
    {"diff microsoft-openai 2018 2020", 1, false, NULL, "9 events added",
     false},
    {"revelations", 9, true, "id,seq,occurred,title,discloses,longest_lag_days",
     "9 revelations.", false},
    {"show msft-openai-2016-09-azure-60m-offer", 1, false, NULL,
     "  answered by     2016-09, Musk refuses the promotion clause", false},
};

START_TEST(text_is_for_people)
{
    struct client_run run;
    client_expect(&run, 0, "%s --format text", questions[_i].line);
    ck_assert_msg(has(run.output, questions[_i].text), "%s", run.output);
    ck_assert(!has(run.output, "\x1b"));
    client_run_free(&run);
    client_expect(&run, 0, "--color always %s --format text",
                  questions[_i].line);
    ck_assert_uint_gt(run.output_size, 0);
    client_run_free(&run);
}
END_TEST

START_TEST(jsonl_is_a_value_a_line)
{
    json_auto_t *values = ask(questions[_i].line);
    ck_assert_uint_eq(json_array_size(values), questions[_i].count);
}
END_TEST

START_TEST(json_is_one_document)
{
    struct client_run run;
    json_auto_t *lines = ask(questions[_i].line);
    client_expect(&run, 0, "%s --format json", questions[_i].line);
    json_auto_t *document = json_loads(run.output, JSON_DECODE_ANY, NULL);
    ck_assert_msg(document != NULL, "not JSON: %.200s", run.output);
    ck_assert_int_eq(json_is_array(document), questions[_i].list);
    if (questions[_i].list)
        expect_same_json(document, lines, questions[_i].line);
    else if (!questions[_i].not_the_same)
        expect_same_json(document, json_array_get(lines, 0),
                         questions[_i].line);
    client_run_free(&run);
}
END_TEST

START_TEST(msgpack_is_the_same_values)
{
    struct client_run run;
    json_auto_t *lines = ask(questions[_i].line);
    client_expect(&run, 0, "%s --format msgpack", questions[_i].line);
    json_auto_t *values = values_of(&run);
    ck_assert_uint_eq(json_array_size(values), questions[_i].count);
    if (!questions[_i].not_the_same)
        expect_same_json(values, lines, questions[_i].line);
    client_run_free(&run);
}
END_TEST

START_TEST(csv_has_fixed_columns)
{
    struct client_run run;
    const char *head = questions[_i].csv;
    client_expect(&run, head == NULL ? 2 : 0, "%s --format csv",
                  questions[_i].line);
    if (head == NULL) {
        ck_assert_str_eq(run.output, "");
        ck_assert_msg(has(run.errors, "has no csv form"), "%s", run.errors);
    } else {
        size_t size = strcspn(run.output, "\n");
        ck_assert_msg(size == strlen(head) &&
                          strncmp(run.output, head, size) == 0,
                      "%.*s", (int)size, run.output);
        ck_assert_uint_gt(run.output_size, size + 1);
    }
    client_run_free(&run);
}
END_TEST

START_TEST(pipe_gets_jsonl_or_a_state_as_json)
{
    struct client_run plain, named;
    bool state = strncmp(questions[_i].line, "state ", 6) == 0;
    client_expect(&plain, 0, "%s", questions[_i].line);
    client_expect(&named, 0, "%s --format %s", questions[_i].line,
                  state ? "json" : "jsonl");
    if (!questions[_i].not_the_same)
        ck_assert_str_eq(plain.output, named.output);
    ck_assert_str_eq(plain.errors, "");
    client_run_free(&plain);
    client_run_free(&named);
}
END_TEST

START_TEST(csv_of_no_events_is_its_head)
{
    struct client_run run;
    client_expect(&run, 0, "replay --partnership none --format csv");
    ck_assert_str_eq(run.output, EVENT_COLUMNS "\n");
    client_run_free(&run);
    client_expect(&run, 0, "replay --partnership none --format json");
    ck_assert_str_eq(run.output, "[]\n");
    client_run_free(&run);
    client_expect(&run, 0, "replay --partnership none");
    ck_assert_str_eq(run.output, "");
    client_run_free(&run);
}
END_TEST

/* --- questions ------------------------------------------------------------*/

/* Both command lines ask for the same. */
static const struct {
    const char *a, *b;
} same_questions[] = {
    {"state microsoft-openai --at 2018 --then",
     "state microsoft-openai --known 2018 --at 2018"},
    {"list --at 2018 --then", "list --at 2018 --known 2018"},
    {"party openai --at 2018 --then", "party openai --at 2018 --known 2018"},
    {"timeline musk-openai --then --at 2018",
     "timeline musk-openai --at 2018 --known 2018"},
    {"replay --then --at 2018", "replay --at 2018 --known 2018"},
    {"gap --at 2018", "gap --at 2018 --known 2018"},
    {"diff microsoft-openai 2018 2019 --known 2026-12",
     "diff microsoft-openai --known=2026-12 2018 2019"},
    {"replay --superseded", "replay"},
    {"replay --order occurred --no-superseded", "replay --order occurred"},
    {"replay --from 2 --to 3", "replay --limit 2 --from=2"},
    {"state amazon-openai --recorded 200 --at 2020",
     "state amazon-openai --recorded 143 --at 2020"},
};

START_TEST(question_has_more_than_one_form)
{
    json_auto_t *a = ask(same_questions[_i].a);
    json_auto_t *b = ask(same_questions[_i].b);
    expect_same_json(a, b, same_questions[_i].a);
    ck_assert_uint_gt(json_array_size(a), 0);
}
END_TEST

static const struct {
    const char *line;
    size_t count;
} replays[] = {
    {"replay --no-superseded", 137},
    {"replay --order occurred", 137},
    {"replay --order disclosed --superseded", 143},
    {"replay --order occurred --from 2017 --to 2018 --type offer "
     "--type meeting",
     4},
    {"replay --from 140", 4},
    {"replay --from 2000-01-01 --to 2001-01-01", 0},
    {"replay --recorded 10", 10},
    {"replay --limit 7", 7},
    {"replay --party amazon --partnership microsoft-openai --limit 2", 2},
    {"list --party tesla", 2},
    {"list --party nobody", 0},
    {"list --recorded 0", 0},
    {"revelations amazon-openai", 0},
};

START_TEST(replay_gives_what_is_asked_for)
{
    json_auto_t *events = ask(replays[_i].line);
    ck_assert_uint_eq(json_array_size(events), replays[_i].count);
}
END_TEST

/* One more than a page, each a court revelation of a partnership of its own;
 * the first of them disclosed something, which text has to look up. */
START_TEST(all_pages_are_written)
{
    struct client_run run;
    json_t *events = json_array();
    for (int i = 0; i < 1001; i++)
        json_array_append_new(
            events, json_format("{'id': 'v%d', 'type': 'court_revelation', "
                                "'partnership': 'page-%04d', 'parties': "
                                "['paged'], 'occurred': '2026', 'title': 'V'}",
                                i, i));
    json_array_append_new(
        events, json_of("{'id': 'd', 'type': 'note', 'partnership': "
                        "'page-0000', 'parties': ['paged'], 'occurred': "
                        "'2018', 'disclosed_by': 'v0', 'title': 'Found out'}"));
    json_auto_t *arguments = json_pack("{s:o}", "events", events);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));

    json_auto_t *list = ask("list --party paged --at 2026");
    ck_assert_uint_eq(json_array_size(list), 1001);
    expect_includes(json_array_get(list, 1000), "{'partnership': 'page-1000'}");
    json_auto_t *revelations = ask("revelations");
    ck_assert_uint_eq(json_array_size(revelations), 1010);
    client_expect(&run, 0, "revelations --format text");
    ck_assert(has(run.output, "Found out\n") && has(run.output, " v1000\n") &&
              has(run.output, "1,010 revelations."));
    client_run_free(&run);
}
END_TEST

START_TEST(replay_goes_backwards)
{
    json_auto_t *events = ask("replay --reverse --limit 2");
    expect_includes(events, "[{'seq': 143}, {'seq': 142}]");
}
END_TEST

START_TEST(then_is_what_the_public_knew)
{
    json_auto_t *all = ask_one("state microsoft-openai --at 2018");
    json_auto_t *then = ask_one("state microsoft-openai --at 2018 --then");
    expect_includes(all, "{'known': null, 'undisclosed': 0}");
    expect_includes(then, "{'at': '2018-12-31T23:59:59.999Z', 'known': "
                          "'2018-12-31T23:59:59.999Z', 'undisclosed': 17}");
    json_auto_t *diff = ask_one("diff microsoft-openai 2017 2018 --then");
    expect_includes(diff,
                    "{'before': {'at': '2017-12-31T23:59:59.999Z', 'known': "
                    "'2017-12-31T23:59:59.999Z'}, 'after': {'at': "
                    "'2018-12-31T23:59:59.999Z', 'known': "
                    "'2018-12-31T23:59:59.999Z'}}");
}
END_TEST

START_TEST(recorded_goes_for_both_sides)
{
    json_auto_t *diff = ask_one("diff microsoft-openai 2018 2020 --recorded 9");
    expect_includes(diff, "{'before': {'position': 9}, 'after': {'position': "
                          "9}}");
}
END_TEST

/* The day in `--at WORD`, which may turn while the client runs. */
static void
check_day(const char *word, int days_back)
{
    char line[64], days[2][16];
    snprintf(line, sizeof(line), "state microsoft-openai --at %s", word);
    json_t *state;
    for (int i = 0; i < 2; i++) {
        struct tm utc;
        time_t when = time(NULL) - (time_t)days_back * 24 * 60 * 60;
        gmtime_r(&when, &utc);
        strftime(days[i], sizeof(days[i]), "%Y-%m-%d", &utc);
        if (i == 0)
            state = ask_one(line);
    }
    const char *at = json_string_value(json_object_get(state, "at"));
    ck_assert_msg(strncmp(at, days[0], 10) == 0 ||
                      strncmp(at, days[1], 10) == 0,
                  "%s is %s", word, at);
    json_decref(state);
}

START_TEST(today_is_a_date)
{
    check_day("today", 0);
    check_day("yesterday", 1);
    check_day("now", 0);
}
END_TEST

/* --- exit statuses --------------------------------------------------------*/

static const struct {
    const char *line;
    int status;
    const char *said;
} faults[] = {
    {"replay --type meting", 1, "invalid_request"},
    {"state", 2, "needs PARTNERSHIP"},
    {"state a b", 2, "b is one too many"},
    {"diff microsoft-openai 2018", 2, "needs PARTNERSHIP BEFORE AFTER"},
    {"revelatons", 2, "did you mean revelations?"},
    {"help revelatons", 2, "did you mean revelations?"},
    {"state microsoft-openai --att 2019", 2, "did you mean --at?"},
    {"state microsoft-openai --at 2017-13", 2, "\n  2017-13\n       ^\n"},
    {"diff microsoft-openai 2017 2018-02-30", 2, "AFTER: not a date: "},
    {"diff microsoft-openai 2017-13 2018", 2, "\n  2017-13\n       ^\n"},
    {"replay --order occurred --from 20175", 2, "\n  20175\n      ^\n"},
    {"replay --from 2017-13", 2, "\n  2017-13\n       ^\n"},
    {"replay --superseded --no-superseded", 2, "not both"},
    {"replay --limit 0", 2, "--limit"},
    {"replay --order sideways", 2, "recorded, occurred, disclosed"},
    {"state microsoft-openai --then --known 2017", 2, "--then or --known"},
    {"diff microsoft-openai 2017 2018 --then --known 2017", 2,
     "--then or --known"},
    {"ping --format xml", 2, "text, json, jsonl, csv, msgpack"},
    {"--socket gopher://x ping", 2, ""},
    {"--socket unix:/nonexistent/socket ping", 3, "/nonexistent/socket"},
    {"state nothing", 4, "\"nothing\""},
    {"timeline nothing", 4, "\"nothing\""},
    {"gap nothing", 4, "\"nothing\""},
    {"diff nothing 2017 2018", 4, "\"nothing\""},
    {"revelations nothing", 4, "\"nothing\""},
    {"party nothing", 4, "\"nothing\""},
    {"show nothing", 4, "\"nothing\""},
};

START_TEST(fault_has_its_exit_status)
{
    struct client_run run;
    client_expect(&run, faults[_i].status, "%s", faults[_i].line);
    ck_assert_msg(has(run.errors, faults[_i].said), "%s", run.errors);
    ck_assert_msg(strncmp(run.errors, "entente: ", 9) == 0, "%s", run.errors);
    ck_assert_str_eq(run.output, "");
    client_run_free(&run);
}
END_TEST

/* --- help -----------------------------------------------------------------*/

static const char *const names[] = {
    "append", "show",  "timeline", "state",       "list",
    "party",  "diff",  "gap",      "revelations", "replay",
    "watch",  "stats", "backup",   "ping",        "help",
};

START_TEST(help_is_there_for_every_command)
{
    struct client_run help, option;
    char usage[64];
    snprintf(usage, sizeof(usage), "Usage: entente %s", names[_i]);
    client_expect(&help, 0, "help %s", names[_i]);
    client_expect(&option, 0, "%s --help", names[_i]);
    ck_assert_msg(strncmp(help.output, usage, strlen(usage)) == 0, "%s",
                  help.output);
    ck_assert(has(help.output, "Options of every command"));
    ck_assert_str_eq(help.output, option.output);
    client_run_free(&help);
    client_run_free(&option);
    client_expect(&help, 0, "help");
    snprintf(usage, sizeof(usage), "\n  %-14s", names[_i]);
    ck_assert_msg(has(help.output, usage), "%s", help.output);
    client_run_free(&help);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client");
    TCase *tests = tcase_create("client");
    tcase_add_checked_fixture(tests, begin, fixture_end);
    tcase_set_timeout(tests, SECONDS_MAX);
    suite_add_tcase(suite, tests);
    size_t count = COUNT(questions);
    tcase_add_loop_test(tests, text_is_for_people, 0, (int)count);
    tcase_add_loop_test(tests, jsonl_is_a_value_a_line, 0, (int)count);
    tcase_add_loop_test(tests, json_is_one_document, 0, (int)count);
    tcase_add_loop_test(tests, msgpack_is_the_same_values, 0, (int)count);
    tcase_add_loop_test(tests, csv_has_fixed_columns, 0, (int)count);
    tcase_add_loop_test(tests, pipe_gets_jsonl_or_a_state_as_json, 0,
                        (int)count);
    tcase_add_test(tests, csv_of_no_events_is_its_head);
    tcase_add_loop_test(tests, question_has_more_than_one_form, 0,
                        COUNT(same_questions));
    tcase_add_loop_test(tests, replay_gives_what_is_asked_for, 0,
                        COUNT(replays));
    tcase_add_test(tests, all_pages_are_written);
    tcase_add_test(tests, replay_goes_backwards);
    tcase_add_test(tests, then_is_what_the_public_knew);
    tcase_add_test(tests, recorded_goes_for_both_sides);
    tcase_add_test(tests, today_is_a_date);
    tcase_add_loop_test(tests, fault_has_its_exit_status, 0, COUNT(faults));
    tcase_add_loop_test(tests, help_is_there_for_every_command, 0,
                        COUNT(names));
    return fixture_run(suite);
}
